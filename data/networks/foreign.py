"""Foreign code: calls into networks of others, whose failures are facts about one network and no bugs of ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from zoograph.data.errors import ZoographError


class NetworkError(ZoographError):
    """A network that cannot be built, or that cannot look at images."""


@contextmanager
def foreign_code(needs: str, hint: str, kind: type[ZoographError] = NetworkError) -> Iterator[None]:
    """Turn whatever a library or a network raises into an error that a user can act on.

    Only calls of foreign code belong inside: a mistake of our own would be taken for one of the network.

    Args:
        needs: what was expected, as the beginning of a sentence.
        hint: what to do next, as a sentence.
        kind: of the error that is raised.

    Raises:
        ZoographError: of that kind; one that is raised inside passes as it is.
    """
    try:
        yield
    except ZoographError:
        raise
    except Exception as error:
        reason = str(error).partition("\n")[0].rstrip(".") or type(error).__name__
        raise kind(f"{needs} (got: {reason}). {hint}") from error
