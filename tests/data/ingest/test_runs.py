"""Runs of tables: what makes a whole table doubtful is refused, and nothing of it is stored."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from zoograph.data.errors import RawDataError
from zoograph.data.ingest.ingest import IngestReport
from zoograph.data.ingest.values.units import Unit
from zoograph.data.records.records import Metric
from zoograph.data.store.store import RecordStore

Ingest = Callable[..., IngestReport]


def _refused(store: RecordStore, ingest_lines: Ingest, message: str, *lines: str, name: str = "runs.csv") -> None:
    revision = store.revision
    with pytest.raises(RawDataError, match=message):
        ingest_lines(*lines, name=name)
    assert store.revision == revision


def test_a_unit_that_changes_half_way_names_the_line(toy_store: RecordStore, ingest_lines: Ingest) -> None:
    lines = ("model,dataset,accuracy", "vit,pets,80", "vit,birds_1,81", "vit,pets,0.82", "vit,birds_1,0.83")
    _refused(toy_store, ingest_lines, "like percent before line 4, and like fraction from there on.*say --unit", *lines)
    assert ingest_lines(*lines, unit=Unit.PERCENT).new == 4


def test_a_unit_that_changes_between_the_rows_of_a_matrix_is_found(
    toy_store: RecordStore, ingest_lines: Ingest
) -> None:
    lines = ("model,pets,birds_1", "vit,0.8,0.7", "resnet,80,70")
    _refused(toy_store, ingest_lines, "like fraction before line 3, and like percent from there on", *lines)


def test_columns_of_other_things_do_not_decide_the_unit(toy_store: RecordStore, ingest_lines: Ingest) -> None:
    lines = ("model,pets,birds_1,Params,GMACs", "vit,0.8,0.7,86.6,17.6", "resnet,0.9,0.6,25.6,4.1")
    report = ingest_lines(*lines)
    assert (report.tables[0].unit, report.new, report.num_left_out) == (Unit.FRACTION, 4, 0)
    assert report.tables[0].notes == ("runs.csv: 'Params', 'GMACs' are no datasets and were passed over.",)
    assert sorted(toy_store.snapshot().runs["value"])[:3] == [0.5, 0.6, 0.7]


def test_rows_and_columns_of_summaries_become_no_names(toy_store: RecordStore, ingest_lines: Ingest) -> None:
    lines = ("model,pets,new set,Average,Rank", "vit,0.8,0.6,0.7,1", "own net,0.9,0.5,0.7,1", "Mean,0.85,0.55,0.7,1")
    report = ingest_lines(*lines, add_unknown=True)
    assert (report.new, report.num_left_out) == (4, 0)
    assert (report.new_models, report.new_datasets) == (("own net",), ("new set",))
    assert "'Mean' is no model" in report.tables[0].notes[0]
    assert "'Average', 'Rank'" in report.tables[0].notes[1]


def test_a_summary_in_a_tidy_row_is_held_back(ingest_lines: Ingest) -> None:
    report = ingest_lines("model,dataset,accuracy", "vit,pets,0.81", "vit,Average,0.7", add_unknown=True)
    assert (report.new, report.tables[0].held_back) == (1, 1)
    assert list(report.reasons) == ["'Average' is no dataset, as it seems, but a figure beside others."]


def test_rows_that_do_not_go_in_have_no_say_in_the_unit(toy_store: RecordStore, ingest_lines: Ingest) -> None:
    rows = (f"nobody's net {i},pets,{80 + i}" for i in range(4))
    report = ingest_lines("model,dataset,accuracy", "vit,pets,0.81", *rows, "resnet,pets,0.7")
    assert (report.new, report.tables[0].unit, report.tables[0].against_unit) == (2, Unit.FRACTION, 0)
    assert 0.81 in set(toy_store.snapshot().runs["value"])


def test_each_column_of_a_matrix_has_its_unit_and_the_answer_says_so(
    toy_store: RecordStore, ingest_lines: Ingest
) -> None:
    report = ingest_lines("model,pets,birds_1", "vit,0.81,62.5", "resnet,0.9,71.5")
    assert (report.new, report.num_left_out, report.tables[0].unit) == (4, 0, None)
    assert {0.81, 0.9, 0.625, 0.715} <= set(toy_store.snapshot().runs["value"])
    assert report.tables[0].notes == ("Units differ in runs.csv: 'pets' in fraction; 'birds_1' in percent.",)


@pytest.mark.parametrize("column", ["source", "metric"])
def test_sources_and_metrics_of_rows_have_their_units(
    toy_store: RecordStore, ingest_lines: Ingest, column: str
) -> None:
    one, other = ("paper", "hub") if column == "source" else ("top1", "auroc")
    lines = (f"vit,pets,0.81,{one}", f"resnet,pets,0.9,{one}", f"vit,pets,62.5,{other}", f"resnet,pets,71.5,{other}")
    report = ingest_lines(f"model,dataset,accuracy,{column}", *lines)
    assert (report.new, report.num_left_out) == (4, 0)
    assert "Units differ in runs.csv" in report.tables[0].notes[0]


def test_spellings_of_one_metric_share_their_unit(toy_store: RecordStore, ingest_lines: Ingest) -> None:
    lines = ("vit,pets,0.914,Top-1", "resnet,pets,88.2,top1", "vit,birds_1,90.5,Accuracy", "resnet,birds_1,0.9,auroc")
    report = ingest_lines("model,dataset,value,metric", *lines)
    assert (report.new, report.tables[0].rejected) == (3, 1)
    assert report.tables[0].notes == ("Units differ in runs.csv: 'top1' in percent; 'auroc' in fraction.",)


def test_a_mixed_column_is_held_back_where_it_is_in_doubt(toy_store: RecordStore, ingest_lines: Ingest) -> None:
    before = set(toy_store.snapshot().runs["value"])
    report = ingest_lines("model,dataset,accuracy", "vit,pets,0.914", "resnet,pets,88.2", "vit,birds_1,90.5")
    assert (report.new, report.tables[0].rejected) == (2, 1)
    assert set(toy_store.snapshot().runs["value"]) - before == {0.882, 0.905}


def test_semicolons_mean_decimal_commas(toy_store: RecordStore, ingest_lines: Ingest) -> None:
    report = ingest_lines("model;dataset;accuracy;train_size", "vit;pets;0,075;200", "resnet;pets;0,100;1,281,167")
    runs = toy_store.snapshot().runs.set_index("value")
    assert (report.new, runs.loc[0.075, "train_size"], runs.loc[0.1, "train_size"]) == (2, 200, 1_281_167)


def test_a_comma_is_blamed_where_it_may_be_either(ingest_lines: Ingest) -> None:
    quoted = ingest_lines("model,dataset,accuracy", 'vit,pets,"91,375"', 'resnet,pets,"0,075"')
    assert quoted.new == 0
    assert all("comma" in reason for reason in quoted.reasons)
    sizes = ingest_lines("model;dataset;accuracy;seed", "vit;pets;91,4;50,000")
    assert sizes.new == 0
    assert list(sizes.reasons) == ["the seed '50,000' has a comma that may group thousands or not: write it without"]


@pytest.mark.parametrize(
    ("name", "lines", "reason"),
    [
        ("m.csv", ("model,pets,birds_1", "vit,-0.5,1.2", "resnet,0.3,-2"), "values below 0 beside values above 1"),
        ("m.csv", ("model,pets,birds_1", "vit,150,300", "resnet,5,700"), "most of its values are outside"),
        ("m.csv", ("model,pets,birds_1", "vit,1.1,0.9", "resnet,1.4,1.2"), "values above 1 and none above 5"),
        ("logme.csv", ("model,pets", "vit,0.5"), "the file is called 'logme'"),
        ("H-score matrix.csv", ("model,pets", "vit,0.5"), "the file is called 'Hscore'"),
        ("leep_pets.csv", ("model,pets", "vit,0.5"), "'leep' is in the name of the file"),
        ("m.csv", ("model,LogME,parc", "vit,0.5,0.6"), "there is a column 'LogME'"),
    ],
)
def test_transferability_scores_are_no_accuracies(
    toy_store: RecordStore, ingest_lines: Ingest, name: str, lines: tuple[str, ...], reason: str
) -> None:
    _refused(toy_store, ingest_lines, f"{reason}.*--scores", *lines, name=name)


def test_values_in_a_column_called_like_a_score_are_none_either(ingest_lines: Ingest) -> None:
    with pytest.raises(RawDataError, match=r"the values are in the column 'logme'.*--scores"):
        ingest_lines("model,dataset,logme", "vit,pets,0.5", mapping={"value": "logme"})


def test_who_says_the_unit_says_that_they_are_accuracies(ingest_lines: Ingest) -> None:
    lines = ("model,dataset,accuracy", "vit,pets,1.1", "vit,birds_1,1.2", "resnet,pets,1.3")
    assert ingest_lines(*lines, name="logme.csv", unit=Unit.PERCENT).new == 3
    assert ingest_lines("model,dataset,accuracy", "vit,pets,0.77", name="knn.csv").new == 1  # a classifier too


@pytest.mark.parametrize(
    ("column", "cell", "reason"),
    [
        ("metric", "acuracy", "Unknown metric 'acuracy'. Nearest names: top1"),
        ("shots", "many", "the shots 'many' is no whole number"),
        ("input_size", "224.5", "the input_size '224.5' is no whole number"),
        ("img_size", "224x224", "the input_size '224x224' is no whole number"),
        ("repeats", "a few", "the repeats 'a few' is no whole number"),
    ],
)
def test_a_run_of_an_unknown_kind_refuses_the_table(
    toy_store: RecordStore, ingest_lines: Ingest, column: str, cell: str, reason: str
) -> None:
    lines = (f"model,dataset,accuracy,{column}", "vit,pets,0.8,", f"vit,pets,0.9,{cell}")
    _refused(toy_store, ingest_lines, f"'runs.csv', line 3: {reason}.*Nothing was stored", *lines)


def test_a_metric_has_many_spellings_and_none_is_the_default(toy_store: RecordStore, ingest_lines: Ingest) -> None:
    rows = [f"vit,pets,0.61{at},{name}" for at, name in enumerate(("Top-1 Accuracy", "mIoU", "", "F1-score"))]
    assert ingest_lines("model,dataset,accuracy,metric", *rows, metric=Metric.MAP).new == 4
    runs = toy_store.snapshot().runs.set_index("value")["metric"]
    assert [runs[value] for value in (0.610, 0.611, 0.612, 0.613)] == ["top1", "miou", "map", "f1"]


def test_minus_nothing_is_nothing(toy_store: RecordStore, ingest_lines: Ingest) -> None:
    assert ingest_lines("model,dataset,accuracy,seed", "vit,pets,-0.0,1", "vit,pets,0,1", "vit,pets,0.5,1").new == 2


def test_a_history_is_one_run(toy_store: RecordStore, ingest_lines: Ingest) -> None:
    rows = [f"vit,pets,{epoch},0.{epoch}1" for epoch in range(1, 9)]
    report = ingest_lines("model,dataset,epoch,accuracy", *rows)
    assert (report.new, report.tables[0].layout) == (1, "history")
    assert "the last 'accuracy' (epoch 8: 0.81) is the result" in report.notes[2]


def test_rows_on_the_training_split_are_left_out_and_have_no_say(toy_store: RecordStore, ingest_lines: Ingest) -> None:
    lines = ("vit,pets,99.9,train", "vit,birds_1,99.8,Training", "vit,pets,0.91,test")
    report = ingest_lines("model,dataset,accuracy,split", *lines)
    assert (report.new, report.tables[0].rejected, report.tables[0].unit) == (1, 2, Unit.FRACTION)
    assert "the split 'train' is what models learn from" in next(iter(report.reasons))


def test_columns_of_words_are_said_once_each(toy_store: RecordStore, ingest_lines: Ingest) -> None:
    lines = ("model,Backbone,pets,Notes", "vit,ViT-B,0.81,", "resnet,ResNet-50,0.9,a good run", "vit,ViT-L,,-")
    report = ingest_lines(*lines, add_unknown=True)
    assert (report.new, report.num_left_out, report.new_datasets) == (2, 0, ())
    assert report.tables[0].notes == ("runs.csv: 'Backbone', 'Notes' hold no numbers and were passed over.",)


def test_numbers_that_cannot_be_read_are_left_out_one_by_one(ingest_lines: Ingest) -> None:
    report = ingest_lines("model,pets,birds_1", "vit,0.81,70 pct", "resnet,0.9,n/a")
    assert (report.new, report.tables[0].rejected) == (2, 2)
    assert list(report.reasons) == ["the value '70 pct' is no number", "the value 'n/a' is no number"]


def test_a_spread_is_in_the_unit_of_the_value(toy_store: RecordStore, ingest_lines: Ingest) -> None:
    head = "model,dataset,accuracy,spread,seed"
    ingest_lines(head, "vit,birds_1,91.2,0.4,1", "vit,birds_1,92,,2", "vit,birds_1,93,none,3", name="percent.csv")
    ingest_lines(head, "vit,birds_1,0.912,0.004,4", name="fraction.csv")
    runs = {run.seed: run.hyperparameters for run in toy_store.runs_of(model="vit", datasets=["birds_1"])}
    assert [runs[seed].get("spread") for seed in (1, 2, 3, 4)] == [0.004, None, "none", 0.004]


def test_columns_that_are_no_fields_are_said(ingest_lines: Ingest) -> None:
    head = "model,dataset,accuracy,protocol,split,hyperparameters"
    asked_for = ingest_lines(head, 'vit,pets,0.5,probe,test,"{""lr"": 1}"')
    assert len(asked_for.notes) == 2  # what is new, and its batch
    kept = ingest_lines("model,dataset,accuracy,Test images,lr", "vit,pets,0.5,3669,0.1", name="other.csv")
    assert (
        "other.csv: 'Test images', 'lr' are kept as settings of the runs. If one holds a field of them, say so, as in "
        "--map test_size='Test images'." in kept.notes
    )


def test_the_rows_of_pandas_have_numbers_before_them(toy_store: RecordStore, ingest_lines: Ingest) -> None:
    report = ingest_lines(",model,dataset,accuracy", "0,vit,pets,0.81", "1,vit,birds_1,0.82")
    assert (report.new, report.num_left_out) == (2, 0)


def test_fractions_below_a_heading_that_says_percent_may_be_either(
    toy_store: RecordStore, ingest_lines: Ingest
) -> None:
    lines = ("model,dataset,accuracy (%)", "vit,pets,0.81", "vit,birds_1,0.82")
    _refused(
        toy_store, ingest_lines, r"'accuracy \(%\)' without a value above 1.*--unit fraction if it is 90 %", *lines
    )
    assert ingest_lines(*lines, unit=Unit.FRACTION).new == 2
    assert ingest_lines("model,dataset,accuracy (%)", "vit,pets,81.5").tables[0].unit is Unit.PERCENT
