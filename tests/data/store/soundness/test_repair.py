"""A store is looked through and mended: rows, cards, names, indexes; and no flipped bit goes unnoticed."""

from __future__ import annotations

import logging
import random
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from zoograph.data.errors import StoreError
from zoograph.data.records.cards import DatasetCard, ModelCard
from zoograph.data.records.records import Metric, Protocol, Run
from zoograph.data.store.store import RecordStore


def change(home: Path, *statements: str) -> None:
    """Change a database as something else than zoograph would."""
    with closing(sqlite3.connect(home / "zoograph.db")) as connection, connection:
        connection.execute("PRAGMA foreign_keys=OFF")
        for statement in statements:
            connection.execute(statement)


@pytest.fixture
def own(toy_store: RecordStore) -> RecordStore:
    """A store with a model, a dataset of texts and a run of the user's own."""
    toy_store.add(
        [ModelCard(id="reader", source="mine", modalities=("text",), parameters=7)],
        [DatasetCard(id="reviews", source="mine", modality="text", family="words")],
        [Run(source="mine", model="reader", dataset="reviews", protocol=Protocol.HEAD, value=0.5)],
        batch="mine",
    )
    return toy_store


def test_what_came_with_the_package_comes_back(own: RecordStore, home: Path) -> None:
    before = own.snapshot().fingerprint(), own.names()
    change(
        home,
        "UPDATE runs SET value = 0.25 WHERE dataset = 'birds_1'",
        "UPDATE runs SET id = CAST(x'ff' AS TEXT) WHERE model = 'vit'",
        """UPDATE models SET card = replace(card, '"toy"', '"tox"') WHERE id = 'vit'""",
        "UPDATE datasets SET id = 'birds_7' WHERE id = 'birds_2'",
        "UPDATE names SET target = 'vit' WHERE name = 'owner/resnet'",
    )
    condition = own.check()
    assert Counter(row.table for row in condition.rows) == {"runs": 2, "models": 1, "datasets": 1}
    assert own.repair() == condition
    with RecordStore.open() as store:
        assert store.check().is_sound
        assert (store.snapshot().fingerprint(), store.names()) == before


def test_a_card_of_ones_own_keeps_its_records_and_its_modality(own: RecordStore, home: Path) -> None:
    change(home, """UPDATE datasets SET card = replace(card, '"words"', '"wordt"') WHERE id = 'reviews'""")
    own.repair()
    assert own.check().is_sound
    card = own.cards()[1]["reviews"]
    assert (card.family, card.modality) == (None, "text")
    assert own.count_runs(Protocol.HEAD, modality="text") == 1


@pytest.mark.parametrize(
    ("table", "id", "field"), [("models", "reader", "modalities"), ("datasets", "reviews", "modality")]
)
@pytest.mark.parametrize("value", ["7", "[[1], {}]", '{"a": 1}'])
def test_a_card_with_a_modality_that_is_none_becomes_bare(
    own: RecordStore, home: Path, table: str, id: str, field: str, value: str
) -> None:
    change(home, f"UPDATE {table} SET card = json_set(card, '$.{field}', json('{value}')) WHERE id = '{id}'")
    own.repair()
    assert own.check().is_sound


def test_a_card_that_is_gone_is_told_and_made_again(own: RecordStore, home: Path) -> None:
    change(home, "DELETE FROM models WHERE id = 'reader'")
    (names, card) = sorted(own.check().rows, reverse=True)
    assert (card.table, card.what) == ("models", "reader, which records name")
    assert names.table == "names"
    own.repair()
    assert own.check().is_sound
    assert own.count_runs(Protocol.HEAD) == 2


def test_names_that_changed_are_made_anew(own: RecordStore, home: Path) -> None:
    names = own.names()
    change(home, "UPDATE names SET target = 'vit' WHERE name = 'owner/resnet'")
    assert [row.what for row in own.check().rows] == ["model, for resnet", "model, for vit"]
    own.repair()
    assert own.names() == names


def test_an_index_is_made_anew(own: RecordStore, home: Path) -> None:
    own.close()
    change(home, "PRAGMA wal_checkpoint(TRUNCATE)")
    raw, entry = (home / "zoograph.db").read_bytes(), b"petsresnetfinetunetop1"  # as it stands in the index alone
    assert raw.count(entry) == 1
    (home / "zoograph.db").write_bytes(raw.replace(entry, b"petsresnetfinetunetop0"))
    assert own.measured("resnet", ["pets"], Protocol.FINETUNE) == {}
    condition = own.check()
    assert condition.rows == ()
    assert "runs_by_pair" in condition.pages[0]
    assert own.read_all(Metric.TOP1).zoo.num_runs.sum() == own.snapshot().num_runs.sum()  # without the index
    own.repair()
    assert own.check().is_sound
    assert own.measured("resnet", ["pets"], Protocol.FINETUNE)["pets"].value == 0.75


@pytest.mark.slow
def test_no_flipped_bit_is_read_as_another_number(own: RecordStore, home: Path) -> None:
    logging.disable(logging.WARNING)
    truth = own.snapshot()
    runs = set(map(tuple, truth.runs.astype(str).to_numpy().tolist()))
    own.close()
    path = home / "zoograph.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    whole, found = path.read_bytes(), Counter[str]()
    draw = random.Random(0)
    used = [place for place, byte in enumerate(whole) if byte]
    for _ in range(400):
        place = draw.choice(used)
        for file in home.glob("zoograph.db*"):
            file.unlink()
        path.write_bytes(whole[:place] + bytes([whole[place] ^ (1 << draw.randrange(8))]) + whole[place + 1 :])
        try:
            with RecordStore.open() as store:
                zoo, sound = store.snapshot(), store.check().is_sound
                read = set(map(tuple, zoo.runs.astype(str).to_numpy().tolist()))
                assert read <= runs

                assert not sound or zoo.fingerprint() == truth.fingerprint()
                found["sound" if sound else "told"] += 1
        except StoreError:
            found["refused"] += 1
    assert found["told"] > 50
