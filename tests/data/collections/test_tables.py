"""The tables: what is written is read back, and what ships is what was measured."""

from __future__ import annotations

import gzip
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import pytest

from zoograph.data.collections.tables import TABLES, read_tables, shipped_zoo, table_files, write_tables
from zoograph.data.errors import RawDataError
from zoograph.data.networks.registry.timm_names import published_weights
from zoograph.data.records.cards import DatasetCard, ModelCard
from zoograph.data.records.collection import Collection
from zoograph.data.records.records import ClassInfluence, Protocol, Relation, Run, Score

TOY = Collection(
    models=(
        ModelCard(id="b", source="toy", pretrained_on="pets", aliases=("bee", 'b,"c"')),
        ModelCard(id="a", source="toy", parameters=3, imagenet_top1=0.1 + 0.2),
    ),
    datasets=(
        DatasetCard(id="pets", source="toy", labels=("Großer Hund", "cat")),
        DatasetCard(id="x", source="toy"),
        DatasetCard(id="y", source="toy", modality="text", splits={"test": 3, "a,b": 9}, languages=("en",)),
    ),
    runs=(
        Run(
            source="toy",
            model="b",
            dataset="pets",
            protocol=Protocol.HEAD,
            value=1.0,
            hyperparameters={"z": 1, "a": [2.5]},
        ),
        Run(
            source="toy",
            model="a",
            dataset="x",
            protocol=Protocol.FINETUNE,
            value=1 / 3,
            seed=0,
            test_size=7,
        ),
    ),
    scores=(Score(source="toy", model="a", dataset="x", name="logme", value=-1e-7),),
    relations=(Relation(source="toy", dataset="x", other="pets", name="domain_distance", value=8.5),),
    influences=(
        ClassInfluence(source="toy", label="cat", corpus="x", dataset="pets", name="influence_correct", value=-0.25),
    ),
)


@pytest.fixture(scope="module")
def zoo() -> Collection:
    return read_tables(shipped_zoo())


def test_round_trip_keeps_every_field(tmp_path: Path) -> None:
    write_tables(TOY, tmp_path)
    back = read_tables(tmp_path)
    assert set(back.models) == set(TOY.models)
    assert set(back.datasets) == set(TOY.datasets)
    assert {run.identity for run in back.runs} == {run.identity for run in TOY.runs}
    assert back.scores == TOY.scores
    assert back.relations == TOY.relations
    assert back.influences == TOY.influences


def test_order_of_rows_leaves_no_trace(tmp_path: Path) -> None:
    shuffled = replace(TOY, models=TOY.models[::-1], datasets=TOY.datasets[::-1], runs=TOY.runs[::-1])
    write_tables(TOY, tmp_path / "one")
    write_tables(shuffled, tmp_path / "two")
    for name in TABLES:
        text = (tmp_path / "one" / name).read_bytes()
        assert text == (tmp_path / "two" / name).read_bytes()
        assert b"\r" not in text


def test_empty_collection_round_trips(tmp_path: Path) -> None:
    write_tables(Collection(), tmp_path)
    assert read_tables(tmp_path) == Collection()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("top1,0.3333333333333333", "top1,1.5", r"'value' at .*runs.csv', line 2, .*got '1.5'"),
        ("top1,0.3333333333333333", "top1,nan", r"'value' at .*runs.csv', line 2"),
        ("toy,a,x,finetune,top1", "toy,a,x,finetune,bleu", r"'metric' at .*line 2"),
        ("toy,a,x,finetune", ",a,x,finetune", r"'source' at .*line 2"),
        ("toy,a,x,finetune", "toy,nobody,x,finetune", r"The model 'nobody' .*needs a card"),
        ("toy,b,pets,head", "toy,b,pets,head,", r"line 3, needs 15 cells \(got 16\)"),
        ('{""a""', '{""a', r"'hyperparameters' at .*line 3, needs to be JSON"),
        ("source,model", "sauce,model", r"needs a column 'source'"),
    ],
)
def test_bad_row_names_file_and_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    write_tables(TOY, tmp_path)
    path = tmp_path / "runs.csv"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(RawDataError, match=message):
        read_tables(tmp_path)


def test_missing_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(RawDataError, match=r"models.csv' is needed .*No such file"):
        read_tables(tmp_path)


def test_text_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    write_tables(TOY, tmp_path)
    (tmp_path / "models.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RawDataError, match=r"models.csv' needs to be a UTF-8 CSV file"):
        read_tables(tmp_path)


def test_bad_collection_leaves_the_folder_as_it_was(tmp_path: Path) -> None:
    write_tables(TOY, tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(RawDataError, match="'pets' has records"):
        write_tables(Collection(models=TOY.models), tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_failed_write_keeps_the_old_file_and_no_temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_tables(TOY, tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def full_disk(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full_disk)
    with pytest.raises(RawDataError, match="No space left on device"):
        write_tables(Collection(), tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


# -- the shipped tables ---------------------------------------------------------------------------


def test_shipped_tables_rewrite_to_the_same_bytes(zoo: Collection, tmp_path: Path) -> None:
    write_tables(zoo, tmp_path, compressed=True)
    shipped = {path.name: path for path in table_files(shipped_zoo())}
    assert shipped.keys() == {f"{name}.gz" for name in TABLES}
    for name, path in shipped.items():
        # The text, because another version of zlib may pack it otherwise.
        assert gzip.decompress((tmp_path / name).read_bytes()) == gzip.decompress(path.read_bytes())


def test_shipped_zoo_is_small() -> None:
    assert sum(path.stat().st_size for path in table_files(shipped_zoo())) < 1_000_000
    assert sum(path.stat().st_size for path in shipped_zoo().iterdir() if path.is_file()) < 6_000_000


def test_shipped_counts(zoo: Collection) -> None:
    assert zoo.counts() == {
        "models": 2338,
        "datasets": 450,
        "runs": 24_169,
        "scores": 2466,
        "relations": 2346,
        "influences": 0,
    }
    assert Counter(run.source for run in zoo.runs) == {
        "timm-results": 9336,
        "open-clip": 4130,
        "domainnet-10x270": 2700,
        "mteb": 2666,
        "transfergraph": 2254,
        "mieb": 2127,
        "clip-benchmark": 528,
        "fastai-pets": 428,
    }
    assert Counter(run.protocol for run in zoo.runs) == {
        Protocol.NATIVE: 9336,
        Protocol.ZERO_SHOT: 4130 + 1015,
        Protocol.PROBE: 1112 + 2666 + 276,
        Protocol.HEAD: 2700 + 252,
        Protocol.FINETUNE: 2254 + 428,
    }
    for rows in (zoo.runs, zoo.scores, zoo.relations):
        assert len({row.identity for row in rows}) == len(rows)  # storing them drops none


def test_shipped_bars(zoo: Collection) -> None:
    weights = published_weights()
    measured = {run.model for run in zoo.runs}
    beyond = {run.model for run in zoo.runs if not run.dataset.startswith("imagenet")}
    cards = {card.id: card for card in zoo.models}
    architectures = {cards[name].timm_name for name in beyond} - {None}
    assert weights <= cards.keys()
    assert all(cards[name].family and cards[name].objective and cards[name].parameters for name in weights)
    assert len(weights & measured) >= 1260
    assert len(architectures) >= 131
    modality = {card.id: card.modality for card in zoo.datasets}
    kinds = Counter(modality[run.dataset] for run in zoo.runs)
    assert kinds["image"] >= 17_000
    assert kinds["text"] >= 2600


def test_shipped_runs_are_of_models_that_read_the_dataset(zoo: Collection) -> None:
    models = {card.id: card.modalities for card in zoo.models}
    datasets = {card.id: card.modality for card in zoo.datasets}
    assert all(datasets[run.dataset] in models[run.model] for run in zoo.runs)


def test_shipped_imagenet_is_one_node(zoo: Collection) -> None:
    (imagenet,) = [card for card in zoo.datasets if "imagenet-1k" in (card.id, *card.aliases)]
    assert (imagenet.id, imagenet.num_classes, imagenet.num_samples) == ("imagenet", 1000, 1_281_167)
    assert Counter(card.source for card in zoo.models if card.pretrained_on == "imagenet") == {
        "timm": 1319,
        "transfergraph": 46,
        "torchvision; domainnet-10x270": 10,
    }


def test_shipped_names_are_ambiguous_only_where_hub_models_share_them(zoo: Collection) -> None:
    ids = {card.id for card in zoo.models}
    names = Counter(alias for card in zoo.models for alias in card.aliases)
    assert names["rare-puppers"] > 5
    assert not ids & names.keys()
    datasets = Counter(name for card in zoo.datasets for name in (card.id, *card.aliases))
    assert max(datasets.values()) == 1


def test_shipped_relations_hold_each_pair_once(zoo: Collection) -> None:
    pairs = [frozenset((row.dataset, row.other)) for row in zoo.relations]
    nodes = set().union(*pairs)
    assert {row.name for row in zoo.relations} == {"domain_distance"}
    assert len(nodes) == 69
    assert set(pairs) == {frozenset(pair) for pair in combinations(nodes, 2)}
    assert len(pairs) == len(set(pairs))


def test_shipped_accuracies_are_whole_numbers_of_test_images(zoo: Collection) -> None:
    # Five decimals are published, so a whole number is known to within 5e-6 of the test images.
    values = defaultdict(list)
    for run in zoo.runs:
        if run.source == "transfergraph" and run.test_size is not None:
            images = run.value * run.test_size
            values[run.dataset].append(abs(images - round(images)) <= 5.1e-6 * run.test_size + 1e-3)
    assert len(values) == 13
    misfits = {name: fits.count(False) for name, fits in values.items() if not all(fits)}
    assert misfits == {"cifar100": 2}


def test_compressed_tables_read_the_same_are_smaller_and_the_same_bytes_each_time(tmp_path: Path) -> None:
    for name, compressed in (("plain", False), ("packed", True), ("again", True)):
        write_tables(TOY, tmp_path / name, compressed=compressed)
    assert {path.name for path in (tmp_path / "packed").iterdir()} == {f"{name}.gz" for name in TABLES}
    assert read_tables(tmp_path / "packed") == read_tables(tmp_path / "plain")
    for name in TABLES:
        assert (tmp_path / "packed" / f"{name}.gz").read_bytes() == (tmp_path / "again" / f"{name}.gz").read_bytes()


@pytest.mark.parametrize("damage", [lambda raw: raw[: len(raw) // 2], lambda raw: b"no gzip at all"])
def test_a_damaged_compressed_table_is_an_error_that_names_it(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    write_tables(TOY, tmp_path, compressed=True)
    path = tmp_path / "runs.csv.gz"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(RawDataError, match=r"runs\.csv\.gz"):
        read_tables(tmp_path)
