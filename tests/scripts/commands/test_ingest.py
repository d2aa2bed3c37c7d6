"""``ingest`` from the outside: counts first, then runs, and exit codes that a cron job can use."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from zoograph.data.collections import tables
from zoograph.data.collections.public.mteb_tasks import read_task_table
from zoograph.data.records.collection import Collection
from zoograph.data.records.records import Protocol
from zoograph.data.store.store import RecordStore
from zoograph.scripts.commands.ingest import ingest

Command = Callable[..., Any]


@pytest.fixture(autouse=True)
def _small_zoo(toy_zoo: Collection) -> None:
    """The commands start from the small zoo."""


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """A file with two good rows, and a name that is not known."""
    path = tmp_path / "runs.csv"
    path.write_text("model,dataset,eval_acc\nresnet,pets,81.5\nvit,birds_2,50\nvit,pest,70\n", encoding="utf-8")
    return path


def _counts() -> dict[Protocol, int]:
    with RecordStore.open() as store:
        return {protocol: count for protocol in Protocol if (count := store.count_runs(protocol))}


def test_good_rows_come_in_and_the_exit_code_tells_of_others(runs: Path, run_command: Command, tmp_path: Path) -> None:
    out = tmp_path / "rejects.csv"
    options = ("--map", "accuracy=eval_acc", "--protocol", "finetune", "--rejects", str(out))
    ran = run_command(ingest, str(runs), *options, "--json")
    assert ran.code == 1
    answer = json.loads(ran.out)
    assert (answer["new"], answer["left_out"], answer["tables"][0]["unit"]) == (2, 1, "percent")
    assert answer["rejects"] == str(out)
    assert "Unknown dataset 'pest'. Nearest names: pets" in out.read_text()
    assert _counts() == {Protocol.HEAD: 1, Protocol.FINETUNE: 4}
    again = run_command(ingest, str(runs), *options)
    assert "0 runs are new, 2 are known or came twice." in again.out


def test_the_table_says_what_happened(runs: Path, run_command: Command) -> None:
    ran = run_command(ingest, str(runs), "--map", "accuracy=eval_acc")
    text = " ".join(ran.out.split())
    assert "2 runs are new, 0 are known or came twice." in text
    assert "Rows that name no protocol are taken as retrained head; --protocol says otherwise." in text
    assert "takes it back" in text
    assert "Left out, with line and reason" in text


def test_a_dry_run_stores_nothing(runs: Path, run_command: Command) -> None:
    ran = run_command(ingest, str(runs), "--map", "accuracy=eval_acc", "--dry-run", "--add-unknown")
    assert ran.code == 0
    assert "3 runs would be new" in ran.out
    assert "New datasets: pest." in ran.out
    assert _counts() == {Protocol.HEAD: 1, Protocol.FINETUNE: 2}


def test_the_unit_and_the_source_can_be_said(run_command: Command, tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text(json.dumps({"model": "vit", "dataset": "pets", "accuracy": 0.5}), encoding="utf-8")
    assert run_command(ingest, str(path), "--unit", "percent", "--source", "lab").code == 0
    with RecordStore.open() as store:
        assert store.measured("vit", ["pets"], Protocol.HEAD)["pets"].value == 0.005
        assert "lab" in set(store.snapshot().runs["source"])


def test_trackers_and_cards_are_ways_in(run_command: Command, tmp_path: Path) -> None:
    export, card = tmp_path / "runs.json", tmp_path / "README.md"
    run = {"id": "a", "state": "finished", "config": {"model": "vit", "dataset": "pets"}, "summary": {"accuracy": 0.5}}
    export.write_text(json.dumps([run]), encoding="utf-8")
    card.write_text(
        "---\nbase_model: vit\nmodel-index:\n- name: m\n  results:\n  - task: {type: image-classification}\n"
        "    dataset: {type: pets, name: pets}\n    metrics: [{type: accuracy, value: 0.6}]\n---\n",
        encoding="utf-8",
    )
    ran = run_command(ingest, "--wandb", str(export), "--model-card", str(card), "--json")
    assert (ran.code, json.loads(ran.out)["new"]) == (0, 2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "give a file, or --mlflow, --wandb, --model-card or --mteb"),
        (("none.csv",), "Error: 'none.csv' cannot be read (No such file or directory)"),
        (("none.xlsx",), "Error: 'none.xlsx' needs to be CSV, JSON or Parquet"),
        (("none.csv", "--map", "accuracy"), "--map needs FIELD=COLUMN"),
        (("none.csv", "--protocol", "linear"), "Invalid value for '--protocol'"),
    ],
)
def test_what_cannot_be_done_is_exit_code_2(run_command: Command, arguments: tuple[str, ...], message: str) -> None:
    ran = run_command(ingest, *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err
    assert "Traceback" not in ran.err


def test_a_file_with_nothing_to_store_is_exit_code_2_and_one_that_is_known_is_not(
    run_command: Command, tmp_path: Path
) -> None:
    path = tmp_path / "l.csv"
    path.write_text("model,score\nvit,0.5\n", encoding="utf-8")
    ran = run_command(ingest, str(path))
    assert (ran.code, ran.err) == (2, "Failed: there are no runs with a value to store.\n")
    assert "0 runs are new" in ran.out
    path.write_text("model,pets\nvit,0.5\n", encoding="utf-8")
    assert [run_command(ingest, str(path)).code for _ in range(2)] == [0, 0]


def test_scores_are_told_from_accuracies(run_command: Command, tmp_path: Path) -> None:
    path = tmp_path / "matrix.csv"
    path.write_text("model,pets,birds_1\nvit,-0.5,1.2\nresnet,1.5,1.1\n", encoding="utf-8")
    refused = run_command(ingest, str(path))
    assert (refused.code, refused.out) == (2, "")
    assert "come in with --scores" in refused.err
    ran = run_command(ingest, str(path), "--score", "logme", "--json")
    answer = json.loads(ran.out)
    assert (ran.code, answer["kind"], answer["new"], answer["tables"][0]["unit"]) == (0, "scores", 4, None)
    assert "4 scores are new" not in run_command(ingest, str(path), "--scores", "--score", "LogME").out


def test_one_dataset_and_one_model_can_be_said_for_all_rows(run_command: Command, tmp_path: Path) -> None:
    (tmp_path / "results.csv").write_text("model,top1\nresnet,91.4\nvit,88.2\n", encoding="utf-8")
    (tmp_path / "all_results.json").write_text('{"eval_accuracy": 0.5, "epoch": 3.0}', encoding="utf-8")
    refused = run_command(ingest, str(tmp_path / "results.csv"))
    assert "name the one dataset of all rows with --dataset NAME" in refused.err
    assert run_command(ingest, str(tmp_path / "results.csv"), "--dataset", "pets").code == 0
    options = ("--model", "vit", "--dataset", "birds_1", "--keep", "last")
    assert run_command(ingest, str(tmp_path / "all_results.json"), *options).code == 0
    with RecordStore.open() as store:
        assert store.measured("resnet", ["pets"], Protocol.HEAD)["pets"].value == 0.914
        assert store.measured("vit", ["birds_1"], Protocol.HEAD)["birds_1"].value == 0.5


def test_results_of_mteb_come_in_by_their_folder(run_command: Command, tmp_path: Path) -> None:
    place = tmp_path / "results" / "owner__resnet" / "1"
    place.mkdir(parents=True)
    entry = {"hf_subset": "default", "accuracy": 0.4}
    document = {"task_name": "OxfordPetsZeroShot", "mteb_version": "2", "scores": {"test": [entry]}}
    (place / "OxfordPetsZeroShot.json").write_text(json.dumps(document), encoding="utf-8")
    assert "OxfordPetsZeroShot" in read_task_table()  # of the zoo that ships, not of the small one
    ran = run_command(ingest, "--mteb", str(tmp_path / "results"), "--json")
    assert (ran.code, json.loads(ran.out)["new"]) == (0, 1)
    both = run_command(ingest, "--mteb", str(tmp_path / "results"), "--scores")
    assert both.code == 2
    assert "--mteb reads accuracies" in both.err


@pytest.mark.usefixtures("shipped_home")
def test_the_example_of_the_page_on_contributing_can_go_in(
    run_command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path(tables.__file__).parents[1] / "zoo"
    monkeypatch.setattr(tables, "shipped_zoo", lambda: real)
    page = (Path(__file__).parents[3] / "docs" / "contribute-a-table.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```csv\n(.*?)```", page, re.DOTALL)
    (tmp_path / "my-table.csv").write_text(example, encoding="utf-8")
    ran = run_command(ingest, "--dry-run", "--json", str(tmp_path / "my-table.csv"))
    answer = json.loads(ran.out)
    assert (ran.code, answer["new"], answer["left_out"]) == (0, example.count("\n") - 1, 0)
    assert (answer["new_models"], answer["new_datasets"]) == ([], [])


def test_a_mapping_needs_both_sides(runs: Path, run_command: Command) -> None:
    ran = run_command(ingest, str(runs), "--map", "accuracy")
    assert ran.code == 2
    assert "--map needs FIELD=COLUMN" in ran.err


def test_help_shows_an_example(run_command: Command) -> None:
    ran = run_command(ingest, "--help")
    assert "zoograph ingest runs.csv --map accuracy=eval_acc --protocol finetune" in " ".join(ran.out.split())


@pytest.mark.parametrize("link", [False, True])
def test_the_rejects_never_replace_what_is_read(
    runs: Path, run_command: Command, tmp_path: Path, home: Path, link: bool
) -> None:
    before, out = runs.read_bytes(), tmp_path / "out.csv" if link else runs
    if link:
        out.hardlink_to(runs)
    ran = run_command(ingest, str(runs), "--map", "accuracy=eval_acc", "--rejects", str(out))
    assert (ran.code, runs.read_bytes(), _counts()[Protocol.FINETUNE]) == (2, before, 2)
    assert "is what is read, and would be replaced" in " ".join(ran.err.split())
    ran = run_command(ingest, str(runs), "--map", "accuracy=eval_acc", "--rejects", str(home / "zoograph.db"))
    assert (ran.code, _counts()[Protocol.FINETUNE]) == (2, 2)


def test_a_file_with_old_mac_line_ends_is_read(run_command: Command, tmp_path: Path) -> None:
    path = tmp_path / "mac.csv"
    path.write_bytes(b"model,dataset,accuracy\rresnet,pets,0.815\rvit,birds_2,0.5\r")
    ran = run_command(ingest, str(path))
    assert (ran.code, "2 runs are new" in ran.out) == (0, True)


def test_rejects_of_a_killed_process_are_swept_at_the_next_start(runs: Path, run_command: Command, home: Path) -> None:
    folder = home / "rejects"
    folder.mkdir(parents=True, exist_ok=True)
    left = folder / ".20260101T000000-abc.csv.xyz12345.zoograph-part"
    left.write_text("file,line\n")
    run_command(ingest, str(runs), "--map", "accuracy=eval_acc")
    assert not left.exists()
    assert len(list(folder.iterdir())) == 1
