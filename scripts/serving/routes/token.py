"""The token that a request needs which changes something."""

from __future__ import annotations

from typing import Annotated

from fastapi import Header

from zoograph.scripts.serving.problems import Refused
from zoograph.scripts.serving.settings import Settings

Authorization = Annotated[str, Header(description="`Bearer` and a token of the operator.")]


def require_token(settings: Settings, authorization: str) -> None:
    """Raise unless a header names a token that allows writing.

    Raises:
        Refused: if it does not.
    """
    if not settings.tokens:
        raise Refused(403, "The server only reads. Its operator lets it take runs and jobs with --token-file.")
    kind, _, token = authorization.partition(" ")
    if kind.lower() != "bearer" or not settings.has_token(token.strip()):
        raise Refused(401, "This needs a token: 'Authorization: Bearer TOKEN'.", {"WWW-Authenticate": "Bearer"})
