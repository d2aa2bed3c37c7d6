"""The guard before the application: host, origin, sizes, slow clients, and headers that a browser obeys."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from zoograph.scripts.serving.problems import Refused, problem
from zoograph.scripts.serving.settings import Settings, host_name

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_SAME_SITE = frozenset({"same-origin", "none"})
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "cache-control": "no-cache",
}
"""Of every response."""


class Guard:
    """Lets through what may be asked, with its whole body, and adds :data:`HEADERS` to whatever is answered.

    A page of another site can make a browser ask us, under a name that it made point here, or with a form: requests
    must call us by a name that we have, and those that may change something must come from our own page or from no
    page at all.

    Args:
        app: the application.
        settings: of the operator.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app, self._settings = app, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        limits = self._settings.limits

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            async with asyncio.timeout(limits.seconds_to_send):
                await send(message)

        try:
            self._check(scope["method"], Headers(scope=scope))
            body = await self._read(scope, receive)
        except Refused as error:
            await problem(error.status, error.detail, headers=error.headers)(scope, receive, answer)
            return
        await self._app(scope, _replay(body, receive), answer)

    def _check(self, method: str, headers: Headers) -> None:
        hosts = headers.getlist("host")
        if len(hosts) != 1 or host_name(hosts[0]) not in self._settings.hosts:
            raise Refused(421, "The server is not called so. The operator names it with --allow-host.")
        if method in _SAFE:
            return
        origin, site = headers.get("origin"), headers.get("sec-fetch-site")
        if origin is not None and _host_of(origin) != hosts[0].lower():
            raise Refused(403, "The request comes from a page of another site. Send it from the page of this server.")
        if site is not None and site not in _SAME_SITE:
            raise Refused(403, "The request comes from a page of another site. Send it from the page of this server.")

    async def _read(self, scope: Scope, receive: Receive) -> bytes:
        """Return the whole body.

        Raises:
            Refused: if it is too large, or takes too long.
        """
        limits, headers = self._settings.limits, Headers(scope=scope)
        too_large = Refused(
            413, f"A request must be of {limits.body_bytes:,} bytes at most. Send less.", {"Connection": "close"}
        )
        if (
            headers.get("content-length", "0").isdecimal()
            and int(headers.get("content-length", "0")) > limits.body_bytes
        ):
            raise too_large
        parts, size = [], 0
        try:
            async with asyncio.timeout(limits.seconds_to_send):
                while True:
                    message = await receive()
                    if message["type"] != "http.request":
                        return b""
                    parts.append(message.get("body", b""))
                    size += len(parts[-1])
                    if size > limits.body_bytes:
                        raise too_large
                    if not message.get("more_body", False):
                        return b"".join(parts)
        except TimeoutError:
            seconds = f"{limits.seconds_to_send:g}"
            raise Refused(408, f"A request must be sent within {seconds} seconds.", {"Connection": "close"}) from None


def _replay(body: bytes, receive: Receive) -> Receive:
    """Return what gives the body that was read, and then whatever comes."""
    messages: Iterable[Message] = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def replay() -> Message:
        for message in messages:
            return message
        return await receive()

    return replay


def _host_of(origin: str) -> str | None:
    """Return host and port of an origin; None for what is no address."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return None
