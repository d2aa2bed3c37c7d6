"""Ingest: good rows go in as runs, bad ones are written down with line and reason, and twice is once."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from zoograph.data.errors import RawDataError
from zoograph.data.ingest.ingest import IngestReport, IngestSettings, ingest
from zoograph.data.ingest.tables import open_table
from zoograph.data.ingest.values.units import Unit
from zoograph.data.records.cards import ModelCard
from zoograph.data.records.records import Metric, Protocol, Run
from zoograph.data.store.store import RecordStore

pytestmark = pytest.mark.usefixtures("database_url")  # every test runs on both databases

Ingest = Callable[..., IngestReport]


@pytest.fixture
def read(toy_store: RecordStore, tmp_path: Path) -> Ingest:
    """A callable that ingests lines of text."""

    def read_lines(*lines: str, name: str = "runs.csv", **settings: Any) -> IngestReport:
        path = tmp_path / name
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        options = {key: settings.pop(key) for key in ("rejects", "dry_run") if key in settings}
        return ingest(toy_store, [open_table(path)], IngestSettings(**settings), **options)

    return read_lines


def _stored(store: RecordStore, *columns: str) -> list[tuple[Any, ...]]:
    """Return columns of the runs that did not ship, sorted."""
    rows = [row for part in store.stream_runs(("batch", *columns)) for row in part]
    return sorted((row[1:] for row in rows if row[0] != "shipped"), key=str)


def _reasons(path: Path | None) -> list[tuple[str, str]]:
    assert path is not None
    with path.open(encoding="utf-8", newline="") as file:
        return [(row["line"], row["reason"]) for row in csv.DictReader(file)]


def test_tidy_rows_become_runs_with_all_that_they_say(toy_store: RecordStore, read: Ingest) -> None:
    report = read(
        "Model,dataset,Accuracy,protocol,metric,train_size,test_size,seed,measured_at,source,lr,optimizer,note",
        'owner/resnet,PETS,81.5,finetune,f1,"1,000",100.0,3,2024-01-02T03:04:05+02:00,lab,0.1,sgd,',
    )
    assert report.new == 1
    columns = Run.model_fields.keys() - {"measured_at"}
    ((row, moment),) = [(r[:-1], r[-1]) for r in _stored(toy_store, *columns, "measured_at")]
    assert dict(zip(columns, row, strict=True)) == {
        "model": "resnet",
        "dataset": "pets",
        "value": 0.815,
        "protocol": "finetune",
        "metric": "f1",
        "train_size": 1000,
        "test_size": 100,
        "seed": 3,
        "source": "lab",
        "hyperparameters": {"lr": 0.1, "optimizer": "sgd"},
        **dict.fromkeys(("shots", "input_size", "repeats", "failure")),
    }
    assert moment.isoformat() == "2024-01-02T01:04:05+00:00"


def test_what_rows_do_not_say_is_as_set(toy_store: RecordStore, read: Ingest) -> None:
    read("model,dataset,value", "vit,pets,0.5", protocol=Protocol.FINETUNE, metric=Metric.MIOU, source="lab")
    assert _stored(toy_store, "protocol", "metric", "source") == [("finetune", "miou", "lab")]


def test_a_table_without_rows_is_said_to_be_one(read: Ingest) -> None:
    assert read("model,dataset,value").tables[0].notes == ("runs.csv has columns and no row with a value.",)
    assert read("model,dataset,value", "vit,pets,0.5").tables[0].notes == ()
    assert read("model,dataset,value", "vit,pets,7.5").tables[0].notes == ()


def test_which_weights_a_name_was_taken_for_is_said(read: Ingest) -> None:
    report = read("model,dataset,value", "vit,pets,0.5", "resnet50,pets,0.75", "vgg16,nobody,0.5")
    assert report.meanings == ("'resnet50' means timm's default weights, 'resnet50.a1_in1k'.",)
    assert set(report.meanings) < set(report.notes)


@pytest.mark.parametrize("known_as", ["accuracy", "value"])
def test_columns_can_be_mapped(toy_store: RecordStore, read: Ingest, known_as: str) -> None:
    read("arch,task,eval_acc", "vit,pets,0.5", mapping={"model": "arch", "dataset": "task", known_as: "eval_acc"})
    assert _stored(toy_store, "model", "dataset", "value", "hyperparameters") == [("vit", "pets", 0.5, {})]


@pytest.mark.parametrize(
    ("header", "mapping", "message"),
    [
        ("model,dataset", {}, r"has no column for the value .got model, dataset.. Say which with --map value=COLUMN"),
        ("model,dataset,logme", {}, "has no column for the value .*; transferability scores come in with --scores."),
        ("name,dataset,accuracy", {}, "has no column for the model"),
        ("model,accuracy", {}, "has no column for the dataset"),
        ("model,dataset,acc,top1", {}, r"several columns for the value .acc, top1.. Say which: --map value=acc"),
        ("model,dataset,acc", {"accuracy": "none"}, "has no column 'none'"),
        ("model,dataset,acc", {"nothing": "acc"}, "--map knows no field 'nothing'"),
    ],
)
def test_a_header_that_says_too_little_is_refused(
    toy_store: RecordStore, read: Ingest, header: str, mapping: dict[str, str], message: str
) -> None:
    revision = toy_store.revision
    with pytest.raises(RawDataError, match=message):
        read(header, "a,b,c,d"[: 2 * header.count(",") + 1], mapping=mapping)
    assert toy_store.revision == revision


@pytest.mark.parametrize(
    "lines",
    [
        ("model,pets,birds_1", "resnet,81.5,", "vit,,60"),
        (",pets,birds_1", "resnet,81.5,", "vit,,60"),
        ("dataset,resnet,vit", "pets,81.5,", "birds_1,,60"),
    ],
)
def test_a_matrix_is_read_either_way_round(toy_store: RecordStore, read: Ingest, lines: Sequence[str]) -> None:
    report = read(*lines)
    assert (report.tables[0].layout, report.new, report.num_left_out) == ("matrix", 2, 0)
    assert _stored(toy_store, "model", "dataset", "value") == [("resnet", "pets", 0.815), ("vit", "birds_1", 0.6)]


def test_bad_rows_are_written_down_and_the_others_go_in(toy_store: RecordStore, read: Ingest, tmp_path: Path) -> None:
    report = read(
        "model,dataset,accuracy,protocol,seed,measured_at,hyperparameters",
        'resnet,pets,20.0 ± 1.2,,1,,"{""lr"": 0.1}"',
        'vit,pets,"1,014.45",,,,',
        "vit,pets,nan,,,,",
        "vit,pets,-inf,,,,",
        "vit,pets,,,,,",
        "vit,pets,50,linear,,,",
        "vit,pets,50,,1.5,,",
        "vit,pets,50,,,yesterday,",
        "vit,pets,50,,,,[1]",
        ",pets,50,,,,",
        "vit\x1b[31m,pets,50,,,,",
        f"{'v' * 301},pets,50,,,,",
        "vit,pets",
        rejects=tmp_path / "out.csv",
    )
    assert (report.new, report.tables[0].good, report.tables[0].rejected, report.num_left_out) == (1, 1, 12, 12)
    assert _stored(toy_store, "value", "seed", "hyperparameters") == [(0.2, 1, {"lr": 0.1})]
    assert report.rejects == tmp_path / "out.csv"
    assert _reasons(report.rejects) == [
        ("3", "the value '1,014.45' is above 100; transferability scores come in with --scores"),
        ("4", "the value 'nan' is not finite"),
        ("5", "the value '-inf' is not finite"),
        ("6", "the value is missing"),
        ("7", "the protocol does not fit: it should be 'native', 'zero_shot', 'probe', 'head' or 'finetune'"),
        ("8", "the seed '1.5' is no whole number"),
        ("9", "the time 'yesterday' is not as in 2024-12-31T23:59:00Z"),
        ("10", "the hyperparameters are no JSON object: got list"),
        ("11", "the model is missing"),
        ("12", "the name of the model has a control character"),
        ("13", "the name of the model is longer than 300 signs"),
        ("14", "the row needs 7 cells (got 2)"),
    ]
    assert len(report.reasons) == 12
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.csv", "runs.csv"]


def test_rejects_are_safe_to_open_in_a_spreadsheet(read: Ingest, tmp_path: Path) -> None:
    report = read("model,dataset,accuracy", '"=cmd|calc",pets,0.5', "=x", rejects=tmp_path / "out.csv")
    assert report.rejects is not None
    with report.rejects.open(encoding="utf-8", newline="") as file:
        assert [row["row"] for row in csv.DictReader(file)] == ["'=cmd|calc, pets, 0.5", "'=x"]


def test_without_a_choice_rejects_are_kept_in_the_home(read: Ingest, home: Path) -> None:
    report = read("model,dataset,accuracy", "vit,pets,0.5", "vit,pets,x")
    assert report.rejects == home / "rejects" / f"{report.batch}.csv"
    assert _reasons(report.rejects) == [("3", "the value 'x' is no number")]
    assert read("model,dataset,accuracy", "vit,pets,0.5").rejects is None
    assert len(list((home / "rejects").iterdir())) == 1


def test_one_unit_holds_for_the_whole_file(toy_store: RecordStore, read: Ingest) -> None:
    report = read("model,dataset,accuracy", "vit,pets,80", "vit,pets,0.5", "vit,pets,90")
    assert (report.tables[0].unit, report.tables[0].against_unit) == (Unit.PERCENT, 1)
    assert [value for (value,) in _stored(toy_store, "value")] == [0.8, 0.9]
    ((line, reason),) = _reasons(report.rejects)
    assert (line, reason[:55]) == ("3", "the value 0.5 looks like a fraction in a column in perc")
    assert read("model,dataset,accuracy", "vit,pets,80", "vit,pets,0.5", unit=Unit.PERCENT).num_left_out == 0
    assert [value for (value,) in _stored(toy_store, "value")] == [0.005, 0.8, 0.9]


def test_a_percentage_in_a_file_of_fractions_is_rejected(read: Ingest) -> None:
    report = read("model,dataset,accuracy", "vit,pets,0.8", "vit,pets,0.9", "vit,pets,70")
    assert report.new == 2
    assert _reasons(report.rejects) == [("4", "the value 70 is above 1 in a column of fractions")]


def test_the_unit_can_be_said(toy_store: RecordStore, read: Ingest) -> None:
    read("model,dataset,accuracy", "vit,pets,0.8", unit=Unit.PERCENT)
    assert _stored(toy_store, "value") == [(0.008,)]


def test_the_same_file_twice_adds_nothing_and_repeats_are_kept(toy_store: RecordStore, read: Ingest) -> None:
    lines = ("model,dataset,accuracy,seed", "vit,pets,0.5,1", "vit,pets,0.6,1", "vit,pets,0.5,2", "vit,pets,0.5,1")
    assert read(*lines).new == 3
    batches, revision = toy_store.batches(), toy_store.revision
    again = read(*lines, name="copy.csv")
    assert (again.new, again.batch, again.tables[0].good) == (0, None, 4)
    assert (toy_store.batches(), toy_store.revision) == (batches, revision)
    assert read(*lines, "vit,pets,0.7,1").new == 1  # a file that grew


def test_a_percentage_and_its_fraction_are_the_same_run(read: Ingest) -> None:
    assert read("model,dataset,accuracy", "vit,pets,79.3").new == 1
    assert read('{"model": "vit", "dataset": "pets", "accuracy": 0.793}', name="r.jsonl").new == 0


def test_a_dry_run_counts_and_stores_nothing(toy_store: RecordStore, read: Ingest, home: Path, tmp_path: Path) -> None:
    read("model,dataset,accuracy", "vit,pets,0.5")
    revision = toy_store.revision
    lines = ("model,dataset,accuracy,dataset.domain", "vit,pets,0.5,", "vit,new,0.6,photo", "vit,pets,x,")
    report = read(*lines, dry_run=True)
    assert (report.new, report.new_datasets, report.batch, report.rejects) == (1, ("new",), None, None)
    assert report.tables[0].rejected == 1
    assert toy_store.revision == revision
    assert not (home / "rejects").exists()
    assert _reasons(read(*lines, dry_run=True, rejects=tmp_path / "out.csv").rejects) != []


def test_several_files_are_one_batch(toy_store: RecordStore, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("model,dataset,accuracy\nvit,pets,50\n")
    (tmp_path / "b.jsonl").write_text(json.dumps({"model": "vit", "dataset": "pets", "acc": 0.6}) + "\n")
    report = ingest(toy_store, [open_table(tmp_path / "a.csv"), open_table(tmp_path / "b.jsonl")])
    assert [table.unit for table in report.tables] == [Unit.PERCENT, Unit.FRACTION]
    assert {batch for (batch,) in _stored(toy_store, "batch")} == {report.batch}
    assert (toy_store.batches()[0].origin, toy_store.batches()[0].records) == ("a.csv, b.jsonl", 2)
    assert report.batch is not None
    assert toy_store.undo(report.batch).records == 2
    assert _stored(toy_store, "value") == []


# -- names ----------------------------------------------------------------------------------------


def test_unknown_and_ambiguous_names_are_held_back_with_the_nearest(toy_store: RecordStore, read: Ingest) -> None:
    report = read("model,dataset,accuracy", "nobody knows,pets,0.5", "net,pets,0.5", "vit,birds,0.5", "vit,pest,0.5")
    assert (report.new, report.tables[0].held_back) == (0, 4)
    reasons = [reason for _, reason in _reasons(report.rejects)]
    assert reasons[0].startswith("Unknown model 'nobody knows'. Nearest names: ")
    assert "--add-unknown" in reasons[0]
    assert reasons[1] == "The model name 'net' is ambiguous. Say which: resnet, vit."
    assert reasons[2] == "The dataset name 'birds' is ambiguous. Say which: birds_1, birds_2."
    assert reasons[3].startswith("Unknown dataset 'pest'. Nearest names: pets, ")
    assert len(toy_store.names().models) == 4


def test_a_model_that_timm_knows_gets_its_card(toy_store: RecordStore, read: Ingest) -> None:
    report = read("model,dataset,accuracy", "test_resnet,pets,0.5", "timm/test_resnet.r160_in1k,pets,0.6")
    assert (report.new, report.new_models) == (2, ("test_resnet.r160_in1k",))
    card = toy_store.snapshot().models["test_resnet.r160_in1k"]
    assert (card.timm_name, card.source[:4]) == ("test_resnet", "timm")
    for name in ("test_resnet.r160_in1k", "test_resnet", "timm/test_resnet"):
        assert read("model,dataset,accuracy", f"{name},pets,0.7").new_models == ()


@pytest.mark.parametrize("names", [("resnet50", "resnet50.a1_in1k"), ("resnet50.a1_in1k", "resnet50")])
def test_a_bare_name_that_the_store_has_is_not_taken_by_the_weights_that_timm_means(
    toy_store: RecordStore, read: Ingest, names: tuple[str, str]
) -> None:
    # As in the DomainNet record, where 'resnet50' is torchvision's.
    toy_store.add(models=[ModelCard(id="resnet50", source="toy")])
    report = read("model,dataset,accuracy", *(f"{name},pets,0.51{at}" for at, name in enumerate(names)))
    assert report.new_models == ("resnet50.a1_in1k",)
    runs = toy_store.snapshot().runs
    assert dict(zip(runs["value"], runs["model"], strict=True)).items() >= {(0.510, names[0]), (0.511, names[1])}


def test_cards_come_from_columns_of_the_file(toy_store: RecordStore, read: Ingest) -> None:
    report = read(
        "model,dataset,accuracy,model.family,model.parameters,dataset.labels,dataset.num_classes",
        "my net,my task,0.5,cnn,1000,cat; dog,2",
        "My Net,my task,0.6,,,,",
        "bad net,my task,0.6,cnn,many,,",
    )
    assert (report.new, report.new_models, report.new_datasets) == (2, ("my net",), ("my task",))
    zoo = toy_store.snapshot()
    assert zoo.models["my net"] == ModelCard(id="my net", source="own records", family="cnn", parameters=1000)
    assert (zoo.datasets["my task"].labels, zoo.datasets["my task"].num_classes) == (("cat", "dog"), 2)
    ((line, reason),) = _reasons(report.rejects)
    assert (line, reason[:61]) == ("4", "No card can be made of 'bad net': 'parameters' does not fit: ")


def test_names_alone_are_let_in_when_asked_for(toy_store: RecordStore, read: Ingest) -> None:
    report = read("model,dataset,accuracy", "a b,new,0.5", "c d,new,x", add_unknown=True)
    assert (report.new, report.new_models, report.new_datasets) == (1, ("a b",), ("new",))
    assert "c d" not in toy_store.names().models


def test_the_report_is_a_table_with_notes_in_right_plurals(read: Ingest) -> None:
    report = read("model,dataset,accuracy", "vit,pets,0.5", "vit,birds_1,x")
    assert report.title == "What came in"
    (row,) = report.to_frame().to_dict("records")
    assert (row["name"], row["layout"], row["unit"], row["good"], row["rejected"]) == (
        *("runs.csv", "tidy", Unit.FRACTION, 1, 1),
    )
    assert report.notes[0] == "1 run is new, 0 are known or came twice."
    assert report.notes[-1] == f"Batch {report.batch}: 'zoograph undo {report.batch}' takes it back."
    assert any(note.startswith("1 × ") for note in report.notes)
    again = read("model,dataset,accuracy", "vit,pets,0.5", dry_run=True)
    assert again.title == "What is in the files"
    assert again.notes[0] == "0 runs would be new, 1 is known or came twice."
    assert "<td>runs.csv</td>" in again._repr_html_()


# -- files that change, and places that cannot be written -----------------------------------------


def test_a_file_that_changes_meanwhile_changes_nothing(
    toy_store: RecordStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "r.csv"
    path.write_text("model,dataset,accuracy\nvit,pets,0.5\n")
    names = toy_store.names

    def append() -> Any:
        with path.open("a") as file:
            file.write("vit,pets,0.6\n")
        return names()

    monkeypatch.setattr(toy_store, "names", append)
    with pytest.raises(RawDataError, match=r"was changed while it was read, and nothing was stored. Try again"):
        ingest(toy_store, [open_table(path)])
    assert _stored(toy_store, "value") == []


def test_rejects_that_cannot_be_written_change_nothing(toy_store: RecordStore, read: Ingest, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RawDataError, match=r"rejects cannot be written to .* Choose another file with --rejects"):
        read("model,dataset,accuracy", "vit,pets,0.5", "vit,pets,x", rejects=tmp_path / "file" / "out.csv")
    assert _stored(toy_store, "value") == []


def test_a_store_that_refuses_leaves_no_rejects_behind(
    toy_store: RecordStore, read: Ingest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError("no")

    monkeypatch.setattr("zoograph.data.store.staging.staging.put_models", refuse)
    with pytest.raises(OSError, match="no"):
        read("model,dataset,accuracy", "vit,pets,0.5", "vit,pets,x", rejects=tmp_path / "out.csv")
    assert os.listdir(tmp_path) == ["runs.csv"]  # noqa: PTH208
    assert _stored(toy_store, "value") == []
