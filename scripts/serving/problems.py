"""Errors as the server tells them: problem details of RFC 9457, without a path or a line of code in them."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException
from starlette.responses import Response

from zoograph.data.errors import AmbiguousName, StoreError, UnknownName, ZoographError
from zoograph.data.records.fields import say_fault
from zoograph.data.text.printable import show
from zoograph.scripts.serving.rendering import to_json

MEDIA_TYPE = "application/problem+json"
_LONGEST = 2_000  # characters of a detail, which may repeat what was sent
_log = logging.getLogger("zoograph.serve")


class Problem(BaseModel):
    """What went wrong, as RFC 9457 has it.

    Attributes:
        type: always ``about:blank``: ``status`` says what kind of error it is.
        title: the words of ``status``.
        status: of HTTP.
        detail: one sentence, and what to do next.
        kind: class of the error in the Python package, such as ``UnknownName``.
        nearest: names that are like an unknown one.
    """

    model_config = ConfigDict(extra="forbid")

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    kind: str = "Request"
    nearest: tuple[str, ...] = ()


class Refused(Exception):
    """A request that is not answered, and why."""

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.detail, self.headers = status, detail, dict(headers or {})


class Busy(Refused):
    """More questions wait than the server lets wait."""

    def __init__(self) -> None:
        super().__init__(
            503, "Too many questions wait for an answer. Ask again in a few seconds.", {"Retry-After": "5"}
        )


def problem(
    status: int,
    detail: str,
    kind: str = "Request",
    nearest: Sequence[str] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return the response of an error."""
    found = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, kind=kind, nearest=tuple(nearest))
    return Response(to_json(found.model_dump()), status, dict(headers or {}), MEDIA_TYPE)


def tell_problems(app: FastAPI) -> None:
    """Have an application tell every error as a problem."""

    @app.exception_handler(Refused)
    def refused(_: Request, error: Refused) -> Response:
        return problem(error.status, error.detail, type(error).__name__, headers=error.headers)

    @app.exception_handler(ZoographError)
    def ours(_: Request, error: ZoographError) -> Response:
        return describe_error(error)

    @app.exception_handler(RequestValidationError)
    def invalid(_: Request, error: RequestValidationError) -> Response:
        return problem(422, _first_fault(error.errors()))

    @app.exception_handler(HTTPException)
    def http(_: Request, error: HTTPException) -> Response:
        detail = error.detail if error.status_code < 500 else HTTPStatus(error.status_code).phrase
        return problem(error.status_code, str(detail), headers=error.headers)

    @app.exception_handler(Exception)
    def bug(_: Request, error: Exception) -> Response:
        _log.exception("A bug of zoograph", exc_info=error)
        return problem(500, "This is a bug of zoograph. The operator finds it in the server's log.", "Bug")


def describe_error(error: ZoographError) -> Response:
    """Return the problem of an error of the package; what concerns the operator alone is logged, and not told."""
    kind, text = type(error).__name__, show(str(error)[:_LONGEST])
    if isinstance(error, StoreError):
        _log.error("%s", text)
        return problem(503, "The store cannot be read now. The operator finds the reason in the server's log.", kind)
    if error.is_private:
        _log.error("%s", text)
        return problem(503, "No predictor answers this now. The operator finds the reason in the server's log.", kind)
    if isinstance(error, UnknownName):
        nearest = f" Nearest names: {', '.join(error.nearest)}." if error.nearest else ""
        return problem(404, show(f"Unknown {error.kind} '{error.name}'.{nearest}"), kind, error.nearest)
    if isinstance(error, AmbiguousName):
        return problem(409, text, kind, error.nearest)
    return problem(422, text, kind)


def _first_fault(errors: Sequence[Any]) -> str:
    """Return the first fault in a sentence; what was sent is not repeated, as it may be large, or no number."""
    first = errors[0]
    place = ".".join(str(part) for part in first["loc"] if part != "body")
    where = f"'{show(place)}' " if place else "The request "
    return f"{where}does not fit: {show(say_fault(first))}."
