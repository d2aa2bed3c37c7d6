"""Settings of the server: who may ask and write, what may be read, and how much of it."""

from __future__ import annotations

import hmac
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

from zoograph.data.errors import ZoographError

TOKEN_VARIABLE = "ZOOGRAPH_TOKEN"
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_LEAST_TOKEN = 16


@dataclass(frozen=True)
class Limits:
    """How much one client may ask of the server.

    Attributes:
        body_bytes: of a request.
        result_bytes: of an export.
        kept_bytes: of an export that stays in memory until the store changes; a larger one is made for each request.
        seconds_to_send: that a client may take for its request, and for each part of the answer.
        waiting: questions that may wait while another one is worked out; more are told to come back.
        connections: at a time.
        answers: that are kept until the store or a predictor changes.
        parts: predictors that stay loaded with their graphs, of some 180 MB each: one ranks, and one answers for single
            models. Who asks for a third kind of answer has one loaded, which takes some seconds.
        jobs: that run at a time.
        job_seconds: budget of a job.
    """

    body_bytes: int = 8 << 20
    result_bytes: int = 512 << 20
    kept_bytes: int = 16 << 20
    seconds_to_send: float = 20.0
    waiting: int = 32
    connections: int = 256
    answers: int = 64
    parts: int = 2
    jobs: int = 1
    job_seconds: float = 3_600.0


@dataclass(frozen=True)
class Settings:
    """What the operator chose.

    Attributes:
        hosts: names by which the server may be called, in small letters; requests that call it otherwise are refused.
        tokens: that allow writing; empty for a server that only reads.
        roots: folders whose sub-folders may be asked about as datasets, by the name that clients see.
        limits: see :class:`Limits`.
        weights_dir: folder of files of weights that jobs may use, beside those of the hub's cache; None for none.
        models_dir: folder in whose sub-folders jobs may keep the models that they fine-tuned; None to keep none.
    """

    hosts: frozenset[str] = LOOPBACK
    tokens: tuple[str, ...] = field(default=(), repr=False)
    roots: Mapping[str, Path] = field(default_factory=dict)
    limits: Limits = Limits()
    weights_dir: Path | None = None
    models_dir: Path | None = None

    def has_token(self, given: str) -> bool:
        """Return whether a token allows writing; it takes as long for a wrong one as for a right one."""
        matches = [hmac.compare_digest(given.encode(), token.encode()) for token in self.tokens]
        return any(matches)


def read_tokens(file: Path | None) -> tuple[str, ...]:
    """Return the tokens in a file, one a line, and the one in ``$ZOOGRAPH_TOKEN``.

    Raises:
        ZoographError: if the file cannot be read, or a token is short enough to be guessed.
    """
    lines = [os.environ.get(TOKEN_VARIABLE, "")]
    if file is not None:
        try:
            lines += file.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "no UTF-8"
            raise ZoographError(f"The tokens in '{file}' cannot be read ({reason}). Check --token-file.") from error
    tokens = tuple(dict.fromkeys(line.strip() for line in lines if line.strip()))
    if short := next((token for token in tokens if len(token) < _LEAST_TOKEN), None):
        raise ZoographError(
            f"A token must have {_LEAST_TOKEN} characters or more (got one of {len(short)}). "
            "Make one with 'python -c \"import secrets; print(secrets.token_urlsafe(32))\"'."
        )
    return tokens


def allowed_hosts(host: str, more: Iterable[str] = ()) -> frozenset[str]:
    """Return the names by which a server that listens on ``host`` may be called.

    Raises:
        ZoographError: if it listens to other machines and no name is given.
    """
    names = frozenset(name.strip().lower() if _is_address(name) else host_name(name) for name in more if name.strip())
    if is_any(host) and not names:
        raise ZoographError(
            f"A server on '{host}' must know by which names it is called. Give them with --allow-host, "
            "such as --allow-host zoo.example.org."
        )
    return LOOPBACK | names | (frozenset() if is_any(host) else {host.lower()})


def _is_address(name: str) -> bool:
    try:
        ip_address(name.strip())
    except ValueError:
        return False
    return True


def is_any(host: str) -> bool:
    """Return whether ``host`` stands for every address of this machine."""
    try:
        return ip_address(host).is_unspecified
    except ValueError:
        return False


def name_roots(folders: Iterable[Path]) -> dict[str, Path]:
    """Return folders by their own names, which clients see.

    Raises:
        ZoographError: if one is no folder, or two have one name.
    """
    roots: dict[str, Path] = {}
    for folder in folders:
        path = folder.expanduser().resolve()
        if not path.is_dir():
            raise ZoographError(f"'{folder}' must be a folder of datasets (got none). Check --images.")
        if roots.setdefault(path.name, path) != path:
            raise ZoographError(f"Two folders of --images are called '{path.name}'. Give folders of different names.")
    return roots


def host_name(host: str) -> str:
    """Return a host without its port, and an address of IPv6 without its brackets.

    >>> host_name("LocalHost:80"), host_name("[::1]:80"), host_name("zoo.example.org")
    ('localhost', '::1', 'zoo.example.org')
    """
    name = host.strip().lower()
    if name.startswith("["):
        return name[1:].partition("]")[0]
    return name.partition(":")[0]
