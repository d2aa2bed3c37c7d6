"""Cells that a spreadsheet would run come back as they were."""

from __future__ import annotations

import pytest

from zoograph.data.files.csv_cells import guard, unguard


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "\tx", "\rx", "'=1", "''@", "'", "'s", "", "x=1"])
def test_guarded_text_comes_back(text: str) -> None:
    assert unguard(guard(text)) == text
    assert not guard(text).startswith(("=", "+", "-", "@", "\t", "\r"))
