"""The token of what learning starts from changes with every number, and needs no torch."""

from __future__ import annotations

import subprocess
import sys

import pytest

from zoograph.models.evidence import kernel_start
from zoograph.models.evidence.kernel_start import PRIOR, start_digest


def test_it_changes_with_every_kind_of_number(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {start_digest()}
    monkeypatch.setattr(kernel_start, "COMMON", 0.4)
    found.add(start_digest())
    monkeypatch.setattr(kernel_start, "PLACES", ((0.0, 0.0),))
    found.add(start_digest())
    monkeypatch.setitem(PRIOR, "pair", 0.2)
    found.add(start_digest())
    monkeypatch.setattr(kernel_start, "LEAD", 0.3)
    found.add(start_digest())
    monkeypatch.setattr(kernel_start, "LEAD_TRUST", (3.0, 5.0))
    found.add(start_digest())
    monkeypatch.setattr(kernel_start, "LEAD_REACH", 2.0)
    found.add(start_digest())
    assert len(found) == 7


def test_it_is_had_without_torch() -> None:
    code = "import sys, zoograph.models.evidence.kernel_start; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
