"""Models by name: names, patterns and files, each for itself and together."""

from __future__ import annotations

from pathlib import Path

import pytest

from zoograph.data.errors import UnknownName, ZoographError
from zoograph.data.records.cards import ModelCard
from zoograph.data.records.naming.names import index_names
from zoograph.training.candidates.named_models import NamedModels, find_named

KNOWN = {
    card.id: card
    for card in (
        ModelCard(id="resnet50.a1", source="t", aliases=("resnet50",)),
        ModelCard(id="resnet18.a1", source="t"),
        ModelCard(id="me/vit", source="t", aliases=("ViT-Mine",)),
    )
}
NAMES = index_names(("model", name, card.id) for card in KNOWN.values() for name in (card.id, *card.aliases))


def find(*wanted: str) -> NamedModels:
    return find_named(NAMES, KNOWN, wanted)


def test_names_and_patterns() -> None:
    assert find("resnet50") == (("resnet50.a1",), frozenset({"resnet50.a1"}), ())
    assert find("RESNET*", "vit-m*") == (("resnet50.a1", "resnet18.a1", "me/vit"), frozenset(), ())
    assert find("resnet*", "resnet18.a1").exact == {"resnet18.a1"}


def test_files_of_names(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("# ours\nme/vit  # the best\n\nresnet1*\n")
    assert find(str(tmp_path / "list.txt")).ids == ("me/vit", "resnet18.a1")
    (tmp_path / "list.csv").write_text("rank,model\n1,me/vit\n")
    assert find(str(tmp_path / "list.csv")).ids == ("me/vit",)


def test_a_name_is_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("resnet50").write_text("me/vit")
    assert find("resnet50").ids == ("resnet50.a1",)


def test_what_is_wrong_is_said(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match=r"Unknown model 'x\*'\. No name fits the pattern"):
        find("x*")
    with pytest.raises(ZoographError, match=r"The file of models 'gone\.txt' is not there"):
        find("gone.txt")
    (tmp_path / "empty.txt").write_text("# nothing\n")
    with pytest.raises(ZoographError, match="names no model"):
        find(str(tmp_path / "empty.txt"))
    (tmp_path / "bad.csv").write_text("name\nme/vit\n")
    with pytest.raises(ZoographError, match="must have a column 'model'"):
        find(str(tmp_path / "bad.csv"))
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9")
    with pytest.raises(ZoographError, match=r"cannot be read \(no UTF-8\)"):
        find(str(tmp_path / "latin.txt"))
    with pytest.raises(ZoographError, match=r"The file of models '\./gone' is not there\. Check the path"):
        find("./gone")
    (tmp_path / "typo.txt").write_text("me/vit\nresnet5O\n")
    with pytest.raises(UnknownName, match=r"Unknown model 'resnet5O'\..* It stands in '.*typo\.txt'\. Correct it"):
        find(str(tmp_path / "typo.txt"))
    with pytest.raises(UnknownName, match=r"Unknown model 'nobody-knows-this'"):
        find("nobody-knows-this")
