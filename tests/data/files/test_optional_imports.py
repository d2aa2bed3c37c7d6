"""Packages that may be missing or unfit: what is said, and what works all the same."""

from __future__ import annotations

import subprocess
import sys

import pytest


def test_a_torchvision_that_does_not_fit_is_imported_all_the_same() -> None:
    # A stand-in for a wheel whose operators are missing: its first import fails as the real one's does.
    code = """
import sys, types
from importlib import abc, machinery
import torch

class Finder(abc.MetaPathFinder, abc.Loader):
    def find_spec(self, name, path=None, target=None):
        return machinery.ModuleSpec(name, self) if name == "torchvision" else None
    def exec_module(self, module):
        for operator in ("nms", "qnms"):
            if not hasattr(torch.ops.torchvision, operator):
                raise RuntimeError(f"operator torchvision::{operator} does not exist")

sys.meta_path.insert(0, Finder())
from zoograph.data.files.optional_imports import import_torchvision
import_torchvision()
import_torchvision()
print("torchvision" in sys.modules)
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "True"


def test_a_broken_torchvision_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    from zoograph.data.errors import ZoographError
    from zoograph.data.files import optional_imports as torchvision_ops

    def fail(name: str) -> None:
        raise RuntimeError("undefined symbol")

    monkeypatch.setattr(torchvision_ops.importlib, "import_module", fail)
    monkeypatch.setattr(torchvision_ops, "_declare_operators", lambda: None)
    monkeypatch.setattr(torchvision_ops.sys, "modules", dict(sys.modules))
    with pytest.raises(ZoographError, match=r"must fit the installed torch \(got: undefined symbol\).*pip install"):
        torchvision_ops.import_torchvision()
