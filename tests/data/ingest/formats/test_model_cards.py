"""Model cards: each result goes to its owner, in its own unit, and whoever is at fault is told in our own words."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from zoograph.data.errors import RawDataError
from zoograph.data.ingest.formats.model_cards import read_model_card
from zoograph.data.ingest.tables import Reject

Helper = Callable[..., Any]

CARD = """\
---
base_model: vit
model-index:
- name: my-vit
  results:
  - task: {type: image-classification}
    dataset: {type: pets, name: Oxford Pets, split: test}
    metrics:
    - {type: accuracy, value: "90.5 ± 1.2"}
    - {type: bleu, value: 3}
  - task: {type: image-classification}
    dataset: {type: imagefolder, name: birds_1}
    metrics:
    - {type: f1, value: 81}
---
Text.
"""


def test_results_of_a_model_card_belong_to_its_base_model(
    tmp_path: Path, write: Helper, ingest_table: Helper, stored: Helper
) -> None:
    report = ingest_table(read_model_card(write(tmp_path / "README.md", CARD)))
    source = "model card my-vit"
    assert stored() == [
        ("vit", "birds_1", "finetune", "f1", 0.81, {}, source),
        ("vit", "pets", "finetune", "top1", 0.905, {"split": "test"}, source),
    ]
    ((reason, count),) = report.reasons.items()
    assert (reason.partition(" Known")[0][:36], count) == ("Unknown metric 'bleu'. Nearest names", 1)


@pytest.mark.parametrize("metrics", ["0.93", "accuracy", "true"])
def test_metrics_that_are_no_list_are_said(tmp_path: Path, write: Helper, metrics: str) -> None:
    text = f"---\nmodel-index:\n- name: mine\n  results:\n  - metrics: {metrics}\n---\n"
    with pytest.raises(RawDataError, match="is no metric with a type and a value"):
        read_model_card(write(tmp_path / "README.md", text))


@pytest.mark.parametrize("text", ["5", "words", "0.5"])
def test_eval_results_that_are_none_are_told(tmp_path: Path, write: Helper, text: str) -> None:
    (tmp_path / ".eval_results").mkdir()
    with pytest.raises(RawDataError, match="each result needs a 'dataset'"):
        read_model_card(write(tmp_path / ".eval_results" / "a.yaml", text), "vit")


def test_without_a_base_model_the_results_are_the_models_own(tmp_path: Path, cells: Helper, write: Helper) -> None:
    rows = cells(read_model_card(write(tmp_path / "README.md", CARD.replace("base_model: vit\n", ""))))
    assert {(row["model"], row.get("protocol")) for row in rows} == {("my-vit", None)}


def test_eval_results_take_their_model_from_the_card_beside_them(
    tmp_path: Path, write: Helper, ingest_table: Helper, stored: Helper
) -> None:
    write(tmp_path / "README.md", CARD)
    text = "- dataset: {id: pets, task_id: default}\n  value: 90.5\n  date: '2025-01-15T10:30:00Z'\n"
    path = write(tmp_path / ".eval_results" / "pets.yaml", text)
    ingest_table(read_model_card(path))
    assert stored() == [("vit", "pets", "finetune", "top1", 0.905, {"task": "default"}, "model card my-vit")]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("README.md", "No header.", "holds no results"),
        ("README.md", "---\nmodel-index: 3\n---\n", "cannot be read"),
        ("README.md", "---\n[\n---\n", "cannot be read"),
        ("a/b.yaml", "- 1\n", "cannot be read"),
        ("a/b.yaml", "!!python/object/apply:os.system ['true']\n", "cannot be read"),
    ],
)
def test_a_card_without_results_is_refused(tmp_path: Path, name: str, text: str, message: str, write: Helper) -> None:
    with pytest.raises(RawDataError, match=message):
        read_model_card(write(tmp_path / name, text))


def test_a_card_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RawDataError, match="is no file"):
        read_model_card(tmp_path / "README.md")


def _card(*entries: str, header: str = "base_model: vit") -> str:
    return "\n".join(("---", header, "model-index:", *entries, "---", "Text."))


def _entry(*metrics: str, name: str = "my-vit", dataset: str = "type: pets, name: Pets") -> str:
    found = "".join(f"\n    - {{{metric}}}" for metric in metrics)
    return f"- name: {name}\n  results:\n  - dataset: {{{dataset}}}\n    metrics:{found}"


def test_each_result_belongs_to_the_model_of_its_entry(tmp_path: Path, cells: Helper, write: Helper) -> None:
    entries = [_entry("type: accuracy, value: 0.9", name="resnet"), _entry("type: acc, value: 0.8", name="vit")]
    for header in ("license: mit", "base_model: other"):
        rows = cells(read_model_card(write(tmp_path / "README.md", _card(*entries, header=header))))
        assert [(row["model"], row["value"], row["source"]) for row in rows] == [
            ("resnet", 0.9, "model card resnet"),
            ("vit", 0.8, "model card vit"),
        ]


@pytest.mark.parametrize("relation", ["quantized", "merge"])
def test_other_weights_than_fine_tuned_ones_are_their_own(
    tmp_path: Path, relation: str, cells: Helper, write: Helper
) -> None:
    header = f"base_model: vit\nbase_model_relation: {relation}"
    text = _card(_entry("type: accuracy, value: 0.9"), header=header)
    assert [row["model"] for row in cells(read_model_card(write(tmp_path / "README.md", text)))] == ["my-vit"]


def test_each_result_has_its_own_unit(tmp_path: Path, write: Helper, ingest_table: Helper, stored: Helper) -> None:
    entry = _entry("type: accuracy, value: 0.914, verified: true", "type: f1, value: 88.2", "type: auroc, value: 1.5 %")
    report = ingest_table(read_model_card(write(tmp_path / "README.md", _card(entry))))
    assert (report.new, report.num_left_out) == (3, 0)
    assert sorted(row[4] for row in stored()) == [0.015, 0.882, 0.914]


@pytest.mark.parametrize(
    "result",
    [
        ("type: accuracy, value: 0.999", "type: pets, split: train"),
        ("type: accuracy, value: 0.999", "type: pets, split: 'train[:80%]'"),
        ("type: accuracy, name: Train Accuracy, value: 0.999", "type: pets"),
    ],
)
def test_results_on_the_training_split_are_left_out(
    tmp_path: Path, result: tuple[str, str], write: Helper, ingest_table: Helper
) -> None:
    text = _card(_entry(result[0], dataset=result[1]).replace("my-vit", "vit"))
    report = ingest_table(read_model_card(write(tmp_path / "README.md", text)))
    assert (report.new, report.tables[0].rejected) == (0, 1)
    assert "is what models learn from" in next(iter(report.reasons))


@pytest.mark.parametrize(
    ("metric", "meaning"),
    [
        ("type: Top 1 Accuracy", "top1"),
        ("type: acc@1", "top1"),
        ("type: accuracy, name: Top-5 accuracy", "top5"),
        ("type: accuracy, args: {top_k: 5}", "top5"),
        ("type: accuracy, name: My own words", "top1"),
        ("name: F1", "f1"),
    ],
)
def test_a_metric_is_what_its_type_or_name_says(
    tmp_path: Path, metric: str, meaning: str, cells: Helper, write: Helper
) -> None:
    table = read_model_card(write(tmp_path / "README.md", _card(_entry(f"{metric}, value: 0.9"))))
    assert [row["metric"] for row in cells(table)] == [meaning]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_byte_order_mark_and_line_ends_hide_nothing(tmp_path: Path, encoding: str, end: str, cells: Helper) -> None:
    path = tmp_path / "README.md"
    path.write_bytes(_card(_entry("type: accuracy, value: 0.9")).replace("\n", end).encode(encoding))
    assert len(cells(read_model_card(path))) == 1


def test_without_a_name_the_base_model_is_enough_or_the_card_is_told(
    tmp_path: Path, cells: Helper, write: Helper
) -> None:
    entry = _entry("type: accuracy, value: 0.9").replace("- name: my-vit\n  ", "- ")
    path = write(tmp_path / "README.md", _card(entry))
    assert [row["model"] for row in cells(read_model_card(path))] == ["vit"]
    write(path, _card(entry, header="license: mit"))
    with pytest.raises(RawDataError, match="its model-index has no 'name', and no 'base_model'"):
        read_model_card(path)
    assert [row["model"] for row in cells(read_model_card(path, "resnet"))] == ["resnet"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("---\nmodel-index: [1]\n---\n", "its 'model-index' is no list of models with results. Correct it."),
        ("---\na: b\nc: [\n---\n", r"its YAML has a fault at line 3\. Correct it\."),
        ("---\n- a\n---\n", "its header is no list of fields"),
    ],
)
def test_faults_are_told_in_our_own_words(tmp_path: Path, text: str, message: str, write: Helper) -> None:
    with pytest.raises(RawDataError, match=message):
        read_model_card(write(tmp_path / "README.md", text))


def test_what_is_no_result_costs_itself_alone(tmp_path: Path, write: Helper) -> None:
    entry = _entry("type: accuracy, value: 0.9") + "\n    - plain\n  - 3"
    rows = list(read_model_card(write(tmp_path / "README.md", _card(entry))).rows())
    reasons = [row.reason for row in rows if isinstance(row, Reject)]
    assert reasons == [
        "'plain' is no metric with a type and a value",
        "a result of entry 1 of the model-index is no list of fields",
    ]


@pytest.mark.parametrize(
    ("metric", "reason"),
    [
        ("type: accuracy, name: Error rate", "Unknown metric 'Error rate'"),
        ("type: accuracy, name: Macro F1", "Unknown metric 'Macro F1'"),
        ("type: accuracy, name: Accuracy (%)", r"0\.9 is called 'Accuracy \(%\)': it may be either"),
    ],
)
def test_an_accuracy_that_is_called_something_else_is_held_back(
    tmp_path: Path, metric: str, reason: str, cells: Helper, write: Helper
) -> None:
    good = "type: accuracy, name: Accuracy, value: 0.8"
    table = read_model_card(write(tmp_path / "README.md", _card(_entry(f"{metric}, value: 0.9", good))))
    assert [row["value"] for row in cells(table)] == [0.8]
    assert re.search(reason, next(row.reason for row in table.rows() if isinstance(row, Reject)))
    with pytest.raises(RawDataError, match=f"holds no result that can be stored .*{reason}"):
        read_model_card(write(tmp_path / "README.md", _card(_entry(f"{metric}, value: 0.9"))))


@pytest.mark.parametrize(
    ("task", "protocol"),
    [
        ("image-classification", "finetune"),
        ("zero-shot-image-classification", "zero_shot"),
        ("Text Classification", "finetune"),
        ("object-detection", None),
        ("token-classification", None),
    ],
)
def test_the_task_says_what_was_done(
    tmp_path: Path, task: str, protocol: str | None, cells: Helper, write: Helper
) -> None:
    entry = _entry("type: accuracy, value: 0.9", "type: miou, value: 0.5").replace(
        "- dataset", f"- task: {{type: {task}}}\n    dataset"
    )
    rows = cells(read_model_card(write(tmp_path / "README.md", _card(entry))))
    assert [row["protocol"] for row in rows if row["metric"] == "top1"] == ([protocol] if protocol else [])
    assert "miou" in [row["metric"] for row in rows]
