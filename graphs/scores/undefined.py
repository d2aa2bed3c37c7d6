"""The error of a score that has no value on its inputs."""

from __future__ import annotations

from zoograph.data.errors import ZoographError


class UndefinedScore(ZoographError):
    """A score has no value on these inputs; :attr:`reason` says why, in one clause."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"The score is undefined: {reason}.")
        self.reason = reason
