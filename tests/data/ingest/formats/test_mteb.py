"""MTEB's result files: classifications become runs, and what is none is passed over, counted and named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from zoograph.data.errors import RawDataError
from zoograph.data.ingest.formats.mteb import read_mteb
from zoograph.data.ingest.ingest import IngestSettings, ingest
from zoograph.data.ingest.tables import Reject, Row
from zoograph.data.store.store import RecordStore

DINO = "facebook__dinov2-small/ed25f3a31f01632728cabb09d1542f84ab7b0056"
# As MIEB published it for DINOv2 small (CC0).
DTD: dict[str, Any] = {
    "dataset_revision": "d2afa97d9f335b1a6b3b09c637aef667f98f966e",
    "mteb_version": "1.14.15",
    "task_name": "DTD",
    "scores": {
        "test": [
            {
                "accuracy": 0.7242553191489361,
                "hf_subset": "default",
                "languages": ["eng-Latn"],
                "main_score": 0.7242553191489361,
                "scores_per_experiment": [
                    {"accuracy": value}
                    for value in (
                        *(0.7303191489361702, 0.7313829787234043, 0.7132978723404255),
                        *(0.725, 0.7212765957446808),
                    )
                ],
            }
        ]
    },
}
NEW = {"name": "me/eye", "n_parameters": 22100000.0, "embed_dim": 384, "license": "mit", "modalities": ["image"]}


def _write(folder: Path, place: str, task: str, *entries: dict[str, Any], split: str = "test", **more: Any) -> None:
    document = {"task_name": task, "mteb_version": "2.0", "scores": {split: list(entries)}, **more}
    path = folder / place / f"{task}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document), encoding="utf-8")


def _entry(accuracy: float | None = None, subset: str = "default", **scores: Any) -> dict[str, Any]:
    return {"hf_subset": subset, **({} if accuracy is None else {"accuracy": accuracy}), **scores}


def _experiments(*values: float) -> list[dict[str, float]]:
    return [{"accuracy": value} for value in values]


def _cells(folder: Path) -> list[dict[str, Any]]:
    return [dict(row.cells) for row in read_mteb(folder).rows() if isinstance(row, Row)]


@pytest.mark.usefixtures("shipped_home")
def test_a_result_that_ships_is_known_again_and_one_of_a_new_model_comes_in(tmp_path: Path) -> None:
    for name in (DINO, "me__eye/first"):
        _write(tmp_path, name, "DTD", *DTD["scores"]["test"])
    (tmp_path / "me__eye" / "first" / "model_meta.json").write_text(json.dumps(NEW), encoding="utf-8")
    with RecordStore.open() as store:
        report = ingest(store, [read_mteb(tmp_path)])
        assert (report.tables[0].good, report.new, report.new_models) == (2, 1, ("me/eye",))
        ((card,), _) = store.find_cards(models=["me/eye"])
        assert (card.parameters, card.num_features, card.licence, card.hub_id) == (22_100_000, 384, "mit", "me/eye")
        names = ("model", "dataset", "protocol", "value", "shots", "train_size", "test_size", "repeats")
        rows = [row for part in store.stream_runs((*names, "hyperparameters", "source")) for row in part]
    assert [row for row in rows if row[0] == "me/eye"] == [
        ("me/eye", "dtd", "probe", 0.724255, 16, 752, 1880, 5, {"revision": "first", "spread": 0.00736}, "mieb")
    ]


def test_zero_shot_tasks_are_told_by_their_name_or_by_the_table(tmp_path: Path) -> None:
    for task in ("DTDZeroShot", "RenderedSST2", "MyOwnZeroShot"):
        _write(tmp_path, "me__eye/1", task, _entry(0.4))
    rows = _cells(tmp_path)
    assert [(row["dataset"], row["protocol"], row["shots"], row["repeats"]) for row in rows] == [
        ("DTDZeroShot", "zero_shot", None, None),
        ("MyOwnZeroShot", "zero_shot", None, None),
        ("RenderedSST2", "zero_shot", None, None),
    ]
    assert [row["hyperparameters"] for row in rows] == [
        {"revision": "1"},
        {"revision": "1", "split": "test"},
        {"revision": "1"},
    ]


def test_tasks_with_several_right_answers_count_by_how_these_are_ranked(tmp_path: Path) -> None:
    experiments = [{"accuracy": 0.41, "lrap": 0.85}, {"accuracy": 0.45, "lrap": 0.88}]
    _write(tmp_path, "me__eye/1", "VOC2007", _entry(0.43, lrap=0.8694, scores_per_experiment=experiments))
    (row,) = _cells(tmp_path)
    assert (row["metric"], row["value"], row["repeats"], row["hyperparameters"]) == (
        *("lrap", 0.8694, 2),
        {"revision": "1"},
    )


def test_the_split_and_the_subset_of_the_other_runs_are_read(tmp_path: Path) -> None:
    experiments = _experiments(0.7, 0.8)
    entries = [
        _entry(0.1, "de", scores_per_experiment=experiments),
        _entry(0.7, "en", scores_per_experiment=experiments),
    ]
    _write(tmp_path, "me__bert/1", "MassiveIntentClassification", *entries)
    _write(tmp_path, "me__bert/1", "MTOPIntentClassification", entries[0])
    _write(tmp_path, "me__bert/1", "ImdbClassification", entries[1], split="train")
    table = read_mteb(tmp_path)
    (row,) = [row.cells for row in table.rows() if isinstance(row, Row)]
    assert (row["dataset"], row["value"], row["source"]) == ("MassiveIntentClassification", 0.7, "mteb")
    assert row["hyperparameters"] == {"revision": "1", "spread": 0.07071}
    assert list(table.notes) == [
        "2 passed over, because the zoo's runs are about another split or subset of the task: "
        "ImdbClassification, MTOPIntentClassification."
    ]


def test_what_is_no_classification_is_counted_and_named(tmp_path: Path) -> None:
    _write(tmp_path, "me__eye/1", "CIFAR10Clustering", _entry(v_measure=0.7))
    _write(tmp_path, "me__eye/1", "CVBenchCount", _entry(0.5))
    (tmp_path / "me__eye" / "1" / "old.json").write_text('{"test": {"accuracy": 0.5}}', encoding="utf-8")
    (tmp_path / "me__eye" / "1" / "bad.json").write_text("{", encoding="utf-8")
    _write(tmp_path, "nobody", "DTD", _entry(0.5))
    table = read_mteb(tmp_path)
    assert [row.reason.partition(":")[0] for row in table.rows() if isinstance(row, Reject)] == [
        "bad.json cannot be read",
        "DTD.json does not say its model",
    ]
    assert list(table.notes) == [
        "2 passed over, because they are no classification: CIFAR10Clustering, CVBenchCount.",
        "1 passed over, because they are no results of MTEB since version 1.11: old.",
    ]


def test_an_image_tower_of_timm_has_no_results_on_texts(tmp_path: Path) -> None:
    _write(tmp_path, DINO, "Banking77Classification", _entry(0.5, scores_per_experiment=_experiments(0.4, 0.6)))
    message = "has no classification .* as an image tower, which reads no texts: Banking77Classification. Give another"
    with pytest.raises(RawDataError, match=message):
        read_mteb(tmp_path)


def test_results_that_a_card_states_say_so(tmp_path: Path) -> None:
    _write(tmp_path, "me__bert/external", "Banking77Classification", _entry(0.8))
    (row,) = _cells(tmp_path)
    assert (row["protocol"], row["repeats"]) == ("probe", None)
    assert row["hyperparameters"] == {"revision": "external", "self_reported": True}


def test_a_new_dataset_of_a_text_model_is_one_of_texts_once_it_is_let_in(
    toy_store: RecordStore, tmp_path: Path
) -> None:
    _write(
        tmp_path, "me__bert/1", "GermanNewsClassification", _entry(0.8, scores_per_experiment=_experiments(0.7, 0.9))
    )
    meta = {"name": "me/bert", "n_parameters": 1000, "modalities": ["text"]}
    (tmp_path / "me__bert" / "1" / "model_meta.json").write_text(json.dumps(meta), encoding="utf-8")
    held = ingest(toy_store, [read_mteb(tmp_path)])
    assert (held.new, held.tables[0].held_back) == (0, 1)
    assert ingest(toy_store, [read_mteb(tmp_path)], IngestSettings(add_unknown=True)).new == 1
    _, (card,) = toy_store.find_cards(datasets=["GermanNewsClassification"])
    assert card.modality == "text"


@pytest.mark.parametrize(("place", "message"), [("none", "is no folder"), (".", "has no result files")])
def test_a_place_without_results_is_refused(tmp_path: Path, place: str, message: str) -> None:
    with pytest.raises(RawDataError, match=message):
        read_mteb(tmp_path / place)
