from __future__ import annotations

import errno
import os
from pathlib import Path

import numpy as np
import pytest

from zoograph.data.errors import EncoderError
from zoograph.data.testing.hash_encoder import hash_encoder
from zoograph.data.text.encoders.encoder import Encoder
from zoograph.data.text.table import TextTable

TEXTS = ["cat", "dog", "flying saucer"]


@pytest.fixture
def table() -> TextTable:
    encoder = hash_encoder(8)
    return TextTable.empty(encoder).extended(encoder, TEXTS)


def test_lookup_keeps_the_order_and_repeats(table: TextTable) -> None:
    found = table.lookup(["dog", "cat", "dog"])
    assert (found.dtype, found.shape) == (np.float32, (3, 8))
    assert np.array_equal(found, table.vectors[[1, 0, 1]])
    assert table.lookup([]).shape == (0, 8)
    np.testing.assert_allclose(found, hash_encoder(8).embed(["dog", "cat", "dog"]), atol=1e-3)


def test_missing_lists_each_text_once(table: TextTable) -> None:
    assert table.missing(["owl", "cat", "owl", "elk"]) == ["owl", "elk"]


def test_lookup_names_what_is_missing(table: TextTable) -> None:
    with pytest.raises(EncoderError, match=r"2 missing: 'owl', 'elk'.*encoder 'hash-8'"):
        table.lookup(["owl", "cat", "elk"])


def test_extended_embeds_only_what_is_missing(table: TextTable) -> None:
    asked: list[str] = []
    plain = hash_encoder(8)

    def embed(texts: list[str]) -> np.ndarray:
        asked.extend(texts)
        return plain.embed(texts)

    longer = table.extended(Encoder(plain.id, plain.digest, 8, embed), ["owl", "cat", "owl"])
    assert (asked, longer.texts, table.texts) == (["owl"], (*TEXTS, "owl"), tuple(TEXTS))


def test_two_encoders_are_never_mixed(table: TextTable) -> None:
    plain = hash_encoder(8)
    with pytest.raises(EncoderError, match=r"'hash-8' .* must not be mixed .*got 'hash-16'"):
        table.extended(hash_encoder(16), ["owl"])
    with pytest.raises(EncoderError, match="must not be mixed"):
        table.joined(TextTable.empty(hash_encoder(16)))
    # The same weights under another name are the same encoder.
    assert len(table.extended(Encoder("renamed", plain.digest, 8, plain.embed), ["owl"])) == 4


def test_an_encoder_must_keep_its_word(table: TextTable) -> None:
    digest = hash_encoder(8).digest
    with pytest.raises(EncoderError, match=r"shape \(1, 8\) \(got \(1, 9\)\)"):
        table.extended(Encoder("wide", digest, 8, lambda texts: np.ones((len(texts), 9), np.float32)), ["owl"])
    with pytest.raises(EncoderError, match="finite"):
        table.extended(Encoder("nan", digest, 8, lambda texts: np.full((len(texts), 8), np.nan, np.float32)), ["owl"])


def test_a_table_checks_its_parts() -> None:
    with pytest.raises(EncoderError, match="one row for each of 1 texts"):
        TextTable("e", "d", ("a",), np.zeros((2, 3), np.float32))
    with pytest.raises(EncoderError, match="distinct"):
        TextTable("e", "d", ("a", "a"), np.zeros((2, 3), np.float32))


def test_vectors_cannot_be_changed(table: TextTable) -> None:
    with pytest.raises(ValueError, match="read-only"):
        table.vectors[0, 0] = 1.0
    table.lookup(["cat"])[0, 0] = 9.0
    assert table.lookup(["cat"])[0, 0] != 9.0


def test_taken_and_joined(table: TextTable) -> None:
    part = table.taken(["dog"])
    joined = part.joined(table)
    assert (part.texts, joined.texts) == (("dog",), ("dog", "cat", "flying saucer"))
    assert np.array_equal(joined.lookup(TEXTS), table.lookup(TEXTS))


@pytest.mark.parametrize("texts", [[], ["naïve café", "テスト", "", '"quoted"\n', "\x00"], TEXTS])
def test_save_and_load_give_the_same_bits(texts: list[str], tmp_path: Path) -> None:
    encoder = hash_encoder(8)
    saved = TextTable.empty(encoder).extended(encoder, texts)
    saved.save(tmp_path / "a")
    read = TextTable.load(tmp_path / "a")
    assert (read.encoder, read.digest, read.texts) == (saved.encoder, saved.digest, saved.texts)
    assert np.array_equal(read.vectors, saved.vectors)
    read.save(tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_every_changed_byte_is_noticed(table: TextTable, tmp_path: Path) -> None:
    path = tmp_path / "t.safetensors"
    table.save(path)
    raw = path.read_bytes()
    for offset in range(len(raw)):
        for mask in (0x01, 0xFF):
            path.write_bytes(raw[:offset] + bytes([raw[offset] ^ mask]) + raw[offset + 1 :])
            with pytest.raises(EncoderError, match="must be an unchanged file"):
                TextTable.load(path)


def test_every_truncation_is_noticed(table: TextTable, tmp_path: Path) -> None:
    path = tmp_path / "t.safetensors"
    table.save(path)
    raw = path.read_bytes()
    for length in range(len(raw)):
        path.write_bytes(raw[:length])
        with pytest.raises(EncoderError, match="Delete it"):
            TextTable.load(path)
    path.write_bytes(raw + b"\0")
    with pytest.raises(EncoderError, match="Delete it"):
        TextTable.load(path)


def test_a_foreign_safetensors_file_is_refused(tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    save_file({"vectors": np.zeros((1, 2), np.float16)}, tmp_path / "t")
    with pytest.raises(EncoderError, match="no table of format"):
        TextTable.load(tmp_path / "t")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="cannot be read"):
        TextTable.load(tmp_path / "none")
    with pytest.raises(EncoderError, match="cannot be read"):
        TextTable.load(tmp_path)


def test_a_full_disk_leaves_the_old_file(table: TextTable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "t.safetensors"
    table.taken(["cat"]).save(path)

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(EncoderError, match="No space left"):
        table.save(path)
    assert TextTable.load(path).texts == ("cat",)
    assert list(tmp_path.iterdir()) == [path]
