from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest

from zoograph.data.errors import EncoderError
from zoograph.data.records.cards import DatasetCard
from zoograph.data.records.collection import Collection
from zoograph.data.records.zoo import Zoo
from zoograph.data.testing.hash_encoder import hash_encoder
from zoograph.data.text import lookup
from zoograph.data.text.encoders.encoder import Encoder
from zoograph.data.text.encoders.find_encoder import DEFAULT_ENCODER, find_encoder
from zoograph.data.text.lookup import SHIPPED, text_for, text_table_for
from zoograph.data.text.table import TextTable
from zoograph.data.text.words import zoo_texts


@pytest.fixture
def finds(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let every encoder be the hash encoder, and list what was looked for."""
    asked: list[str] = []

    def find(name: str = DEFAULT_ENCODER) -> Encoder:
        asked.append(name)
        return hash_encoder(16)

    monkeypatch.setattr(lookup, "find_encoder", find)
    return asked


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    encoder = hash_encoder(16)
    path = tmp_path / "shipped.safetensors"
    TextTable.empty(encoder).extended(encoder, ["cat", "dog"]).save(path)
    return path


def test_shipped_texts_need_no_encoder(finds: list[str], shipped: Path, tmp_path: Path) -> None:
    table = text_table_for(["dog", "cat"], cache=tmp_path / "cache", shipped=shipped)
    assert table.texts == ("cat", "dog")
    assert finds == []
    assert not (tmp_path / "cache").exists()


def test_missing_texts_are_embedded_once_and_cached(finds: list[str], shipped: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    first = text_table_for(["cat", "owl", "emu"], cache=cache, shipped=shipped)
    again = text_table_for(["emu", "cat", "owl"], DEFAULT_ENCODER, cache=cache, shipped=shipped)
    assert finds == [DEFAULT_ENCODER]
    assert TextTable.load(cache / f"{first.digest}.safetensors").texts == ("owl", "emu")
    assert np.array_equal(first.lookup(["owl", "dog"]), again.lookup(["owl", "dog"]))
    text_table_for(["elk"], cache=cache, shipped=shipped)
    assert TextTable.load(cache / f"{first.digest}.safetensors").texts == ("owl", "emu", "elk")


def test_the_cache_lies_in_the_home(
    finds: list[str], shipped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZOOGRAPH_HOME", str(tmp_path / "home"))
    table = text_table_for(["owl"], shipped=shipped)
    assert [path.stem for path in (tmp_path / "home" / "cache" / "text").iterdir()] == [table.digest]


def test_another_encoder_computes_everything(finds: list[str], shipped: Path, tmp_path: Path) -> None:
    table = text_table_for(["cat", "owl"], "some/encoder", cache=tmp_path / "cache", shipped=shipped)
    assert finds == ["some/encoder"]
    assert table.texts == ("cat", "owl")


def test_nothing_shipped_is_computed(finds: list[str], tmp_path: Path) -> None:
    table = text_table_for(["cat"], cache=tmp_path / "cache", shipped=tmp_path / "none")
    assert (finds, table.texts) == ([DEFAULT_ENCODER], ("cat",))


@pytest.mark.parametrize("content", [b"", b"no table", b"\xff" * 100])
def test_a_broken_cache_is_ignored_and_rewritten(
    content: bytes, finds: list[str], shipped: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    path = cache / f"{hash_encoder(16).digest}.safetensors"
    path.write_bytes(content)
    with caplog.at_level(logging.WARNING):
        table = text_table_for(["owl"], cache=cache, shipped=shipped)
    assert "text cache is ignored" in caplog.text
    assert np.array_equal(TextTable.load(path).lookup(["owl"]), table.lookup(["owl"]))


def test_a_cache_of_another_encoder_is_ignored(finds: list[str], shipped: Path, tmp_path: Path) -> None:
    other = hash_encoder(8)
    cache = tmp_path / "cache"
    cache.mkdir()
    TextTable.empty(other).extended(other, ["owl"]).save(cache / f"{hash_encoder(16).digest}.safetensors")
    assert text_table_for(["owl"], cache=cache, shipped=shipped).dim == 16


def test_a_cache_that_cannot_be_written_costs_no_answer(
    finds: list[str], shipped: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    with caplog.at_level(logging.WARNING):
        table = text_table_for(["owl"], cache=tmp_path / "cache", shipped=shipped)
    assert table.missing(["owl"]) == []
    assert "cannot be written" in caplog.text


def test_a_shipped_table_of_another_encoder_is_not_mixed(
    shipped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookup, "find_encoder", lambda name: hash_encoder(8))
    with pytest.raises(EncoderError, match="must not be mixed"):
        text_table_for(["owl"], cache=tmp_path / "cache", shipped=shipped)


def test_the_shipped_table_holds_the_shipped_cards() -> None:
    from zoograph.data.collections.tables import read_tables, shipped_zoo

    zoo = read_tables(shipped_zoo())
    table = TextTable.load(SHIPPED)
    assert table.missing(zoo_texts(zoo.models, zoo.datasets)) == []
    assert table.encoder == DEFAULT_ENCODER
    assert SHIPPED.stat().st_size < 5_000_000
    np.testing.assert_allclose(np.linalg.norm(table.vectors, axis=1), 1.0, atol=1e-3)


def test_the_shipped_table_equals_fresh_vectors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    table = TextTable.load(SHIPPED)
    encoder = find_encoder()
    some = list(table.texts[::20])
    assert encoder.digest == table.digest
    np.testing.assert_allclose(encoder.embed(some), table.lookup(some), atol=1e-3)


@pytest.fixture
def alone(shipped: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What ships, where there is no encoder."""

    def find(name: str = DEFAULT_ENCODER) -> Encoder:
        raise EncoderError("no encoder")

    monkeypatch.setattr(lookup, "find_encoder", find)
    monkeypatch.setattr(lookup, "SHIPPED", shipped)
    monkeypatch.setattr(lookup.text_table_for, "__defaults__", (None, None, shipped, None))
    return shipped


def test_texts_that_nobody_can_embed_are_absent_in_one_line(alone: Path, caplog: pytest.LogCaptureFixture) -> None:
    zoo = Zoo.of(Collection(datasets=(DatasetCard(id="cat", source="t", labels=("dog", "wug")),)))
    table = text_for(zoo)
    assert [record.getMessage() for record in caplog.records] == [
        "The text encoder is not to be had here, so 1 text is not read: 'wug'. "
        'To read it: pip install "zoograph[offline]".'
    ]
    found = table.lookup(["dog", "wug"])
    assert np.isnan(found[1]).all()
    assert np.array_equal(found[0], TextTable.load(alone).lookup(["dog"])[0])
    with pytest.raises(EncoderError, match="no encoder"):
        text_for(zoo, "some/encoder")


def test_absent_texts_are_told_of_what_is_asked_about_alone(alone: Path, caplog: pytest.LogCaptureFixture) -> None:
    cards = (
        DatasetCard(id="cat", source="t", labels=("dog", "wug")),
        DatasetCard(id="owl", source="t", labels=("dog", "17")),
    )
    zoo = Zoo.of(Collection(datasets=cards))
    table = text_for(zoo, asked=("elsewhere",))
    assert not caplog.records
    assert {"wug", "17"} <= table.absent
    text_for(zoo, asked=("cat",))
    (record,) = caplog.records
    assert "1 text is not read: 'wug'." in record.getMessage()
