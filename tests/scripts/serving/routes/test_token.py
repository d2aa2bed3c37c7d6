"""The token: compared whole, and told apart from having none."""

from __future__ import annotations

import pytest

from zoograph.scripts.serving.problems import Refused
from zoograph.scripts.serving.routes.token import require_token
from zoograph.scripts.serving.settings import Settings

OURS = Settings(tokens=("a token of sixteen",))


@pytest.mark.parametrize("header", ["Bearer a token of sixteen", "bearer  a token of sixteen "])
def test_a_token_lets_in(header: str) -> None:
    require_token(OURS, header)


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Bearer a token of sixtee", "Basic a token of sixteen"])
def test_anything_else_does_not(header: str) -> None:
    with pytest.raises(Refused, match="This needs a token") as refused:
        require_token(OURS, header)
    assert refused.value.status == 401


def test_a_server_without_tokens_only_reads() -> None:
    with pytest.raises(Refused, match="only reads") as refused:
        require_token(Settings(), "Bearer a token of sixteen")
    assert refused.value.status == 403
