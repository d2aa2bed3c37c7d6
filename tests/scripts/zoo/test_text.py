from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from zoograph.data.testing.hash_encoder import hash_encoder
from zoograph.data.text.table import TextTable
from zoograph.scripts.zoo import text


def test_build_writes_the_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(text, "find_encoder", lambda name: asked.append(name) or hash_encoder(8))
    path = tmp_path / "t.safetensors"
    ran = CliRunner().invoke(text.app, ["build", "--encoder", "some", "--out", str(path), "--json"])
    assert ran.exit_code == 0, ran.output
    table = TextTable.load(path)
    assert asked == ["some"]
    assert json.loads(ran.stdout) == {
        "schema": 1,
        "file": str(path),
        "encoder": "hash-8",
        "digest": hash_encoder(8).digest,
        "texts": len(table),
        "dim": 8,
        "bytes": path.stat().st_size,
        "notes": [],
    }
    shown = CliRunner().invoke(text.app, ["build", "--out", str(path)])
    assert shown.exit_code == 0
    assert "hash-8" in shown.stdout
