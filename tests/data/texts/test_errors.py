"""The error of texts is one of tasks."""

from __future__ import annotations

from zoograph.data.errors import ZoographError
from zoograph.data.texts.errors import TextTaskError


def test_it_is_printed_as_one_of_the_users_own() -> None:
    assert issubclass(TextTaskError, ZoographError)
