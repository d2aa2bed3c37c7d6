"""`recommend`: from a store to a printed ranking."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import typer

from zoograph.data.collections.tables import write_tables
from zoograph.data.records.cards import ModelCard
from zoograph.data.records.collection import Collection
from zoograph.data.records.records import Protocol, Run
from zoograph.data.store.store import RecordStore
from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.synthetic_zoo import make_synthetic_zoo
from zoograph.data.text.table import TextTable
from zoograph.data.text.words import zoo_texts
from zoograph.scripts.commands.recommend import recommend
from zoograph.scripts.terminal.program import run as run_program

BEST = "densenet_0"


class Ran(NamedTuple):
    code: int
    out: str
    err: str


def _zoo() -> Collection:
    """Eight models on 20 tasks in families, of which the first is the best by far, and one that was never measured."""
    zoo = make_synthetic_zoo(8, 20).zoo
    first = next(iter(zoo.models))
    models = [card.model_copy(update={"id": BEST} if card.id == first else {}) for card in zoo.models.values()]
    models[3] = models[3].model_copy(update={"parameters": None})
    models.append(ModelCard(id="newcomer", family="vit", parameters=10**6, source="t"))
    runs = [
        Run(
            source="t",
            model=BEST if row.model == first else row.model,
            dataset=row.dataset,
            protocol=Protocol.HEAD,
            value=0.98 if row.model == first else 0.7 * row.value,
        )
        for row in zoo.runs.itertuples()
        if row.dataset != "task_19" or row.model != first
    ]
    return Collection(models=tuple(models), datasets=tuple(zoo.datasets.values()), runs=tuple(runs))


def _text_for(zoo: Any, encoder: str | None = None) -> TextTable:
    texts = zoo_texts(zoo.models.values(), zoo.datasets.values())
    return TextTable("hash", "0" * 64, tuple(texts), HashEmbedder(8)(texts))


@pytest.fixture(scope="module")
def _prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The tables of the zoo, and a home with a predictor that was hardly trained on them."""
    from zoograph.training.predictors.evidence import TrainingConfig
    from zoograph.training.retraining.train import train_predictor
    from zoograph.training.versions.listing import predictor_root

    tables, home = tmp_path_factory.mktemp("tables"), tmp_path_factory.mktemp("prepared") / "home"
    write_tables(_zoo(), tables)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ZOOGRAPH_HOME", str(home))
        patch.setattr("zoograph.data.collections.tables.shipped_zoo", lambda: tables)
        patch.setattr("zoograph.data.text.lookup.text_for", _text_for)
        config = TrainingConfig(num_steps=3, num_records=60)
        with RecordStore.open() as store:
            train_predictor(store, predictor_root(Protocol.HEAD, None), Protocol.HEAD, config=config)
    return tables, home


@pytest.fixture
def run(
    _prepared: tuple[Path, Path], home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Ran]:
    """A callable that runs ``recommend`` in this process."""
    tables, prepared = _prepared
    shutil.copytree(prepared, home)
    monkeypatch.setattr("zoograph.data.collections.tables.shipped_zoo", lambda: tables)
    monkeypatch.setattr("zoograph.data.text.lookup.text_for", _text_for)
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(recommend)

    def call(*arguments: str, columns: int = 120) -> Ran:
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setattr(sys, "argv", ["recommend", *arguments])
        with pytest.raises(SystemExit) as stopped:
            run_program(app)
        printed = capsys.readouterr()
        return Ran(int(stopped.value.code or 0), printed.out, printed.err)

    return call


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for name in ("cat", "dog"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for i in range(3):
            (tmp_path / "photos" / name / f"{i}.png").touch()
    return tmp_path / "photos"


def answer_of(ran: Ran) -> dict[str, Any]:
    assert (ran.code, ran.err) == (0, "")
    return dict(json.loads(ran.out))


def test_json_of_a_dataset(run: Callable[..., Ran]) -> None:
    answer = answer_of(run("--dataset", "task_3", "--json"))
    assert list(answer) == [
        *("schema", "dataset", "tasks", "protocol", "metric", "modality", "predictor", "cost", "utility"),
        *("num_candidates", "filters", "num_hidden", "unranked", "candidates", "explanation"),
        *("csv", "picture", "notes"),
    ]
    assert (answer["dataset"], answer["tasks"], answer["protocol"]) == ("task_3", ["task_3"], "head")
    assert (answer["num_candidates"], answer["unranked"], answer["explanation"]) == (9, [], None)
    assert answer["predictor"]["records"] == 159
    first = answer["candidates"][0]
    assert list(first) == [
        *("rank", "model", "family", "predicted", "lower", "upper", "best", "regret", "cost", "front", "utility"),
        *("measured", "measured_runs", "parameters", "gmacs", "input_size", "licence", "twins"),
    ]
    assert (first["rank"], first["model"], first["measured"], first["measured_runs"]) == (1, BEST, 0.98, 1)
    assert first["best"] > 0.95
    assert first["regret"] < 0.1
    assert sum(model["best"] for model in answer["candidates"]) == pytest.approx(1)
    regrets = [model["regret"] for model in answer["candidates"]]
    assert regrets == sorted(regrets)
    assert all(model["lower"] <= model["predicted"] <= model["upper"] for model in answer["candidates"])


def test_a_family_is_ranked_by_the_mean_over_its_tasks(run: Callable[..., Ran]) -> None:
    zoo = _zoo()
    family = next(card.family for card in zoo.datasets if card.id == "task_19")
    tasks = [card.id for card in zoo.datasets if card.family == family]
    assert family is not None
    answer = answer_of(run("--dataset", family, "--json"))
    each = [answer_of(run("--dataset", task, "--json")) for task in tasks]
    assert (answer["dataset"], answer["tasks"]) == (family, tasks)
    for model in answer["candidates"]:
        alone = [next(m for m in one["candidates"] if m["model"] == model["model"]) for one in each]
        assert model["predicted"] == pytest.approx(sum(m["predicted"] for m in alone) / len(alone))
        measured = [m["measured"] for m in alone]
        # One model lacks a record on one task: the mean over the others would not compare.
        assert model["measured"] == (None if None in measured else pytest.approx(sum(measured) / len(measured)))
    assert answer["candidates"][0]["measured"] is None


def test_top_and_filters(run: Callable[..., Ran]) -> None:
    answer = answer_of(run("--dataset", "task_3", "--top", "2", "--json"))
    assert [model["rank"] for model in answer["candidates"]] == [1, 2]
    assert answer["num_candidates"] == 9
    everyone = answer_of(run("--dataset", "task_3", "--json"))
    newcomer = next(model for model in everyone["candidates"] if model["model"] == "newcomer")
    assert (newcomer["measured"], newcomer["parameters"], newcomer["gmacs"]) == (None, 1_000_000, None)
    small = answer_of(run("--dataset", "task_3", "--max-params", "1M", "--json"))
    assert [model["model"] for model in small["candidates"]] == ["newcomer"]
    assert (small["candidates"][0]["best"], small["candidates"][0]["regret"]) == (1.0, 0.0)
    assert small["filters"] == [{"option": "--max-params", "left": 1, "removed": 8, "unknown": 1}]
    family = answer_of(run("--dataset", "task_3", "--family", "vit", "--json"))
    assert {model["family"] for model in family["candidates"]} == {"vit"}


def test_a_folder_of_images_with_its_evidence(run: Callable[..., Ran], photos: Path) -> None:
    answer = answer_of(run("--dataset", str(photos), "--domain", "sketch", "--explain", "--json"))
    assert (answer["dataset"], answer["candidates"][0]["model"]) == ("photos", BEST)
    assert answer["candidates"][0]["measured"] is None
    why = answer["explanation"]
    assert list(why) == ["model", "datasets", "models", "records"]
    assert why["model"] == BEST
    assert list(why["datasets"][0]) == ["dataset", "similarity", "measured", "best_model", "best_measured"]
    assert list(why["models"][0]) == ["model", "similarity", "measured"]
    assert list(why["records"][0]) == ["model", "dataset", "measured", "num_runs", "points"]
    assert [len(why[part]) for part in ("datasets", "models", "records")] == [5, 5, 5]


@pytest.mark.parametrize("columns", [80, 120])
def test_printed_lines_fit_and_say_what_they_mean(run: Callable[..., Ran], columns: int, photos: Path) -> None:
    ran = run("--dataset", "task_3", "--explain", "--max-params", "1B", columns=columns)
    assert (ran.code, ran.err) == (0, "")
    assert max(len(line) for line in ran.out.splitlines()) <= columns
    text = " ".join(ran.out.split())
    assert "Models for task_3, retrained head: top-1 accuracy" in text
    assert BEST in text
    assert "GMACs" in text
    assert "the probability of being the best of 8 candidates" in text
    assert "A measured model is predicted with its own record, unlike in `predict`" in text
    assert "Candidates after each filter: --max-params left 8 (1 left out as unknown)." in text
    assert f"What the prediction of {BEST} rests on:" in text
    assert "Records that moved the prediction most" in text
    folder = run("--dataset", str(photos), columns=columns).out
    assert "meas" not in folder.partition("best: the probability")[0]  # nothing is measured there
    assert "photos has no record of this kind yet: the answer rests on its card" in " ".join(folder.split())
    assert "were off by 7 to 16 points on average." in " ".join(folder.split())


def test_newer_records_count(run: Callable[..., Ran]) -> None:
    before = answer_of(run("--dataset", "task_3", "--json"))["candidates"][0]["predicted"]
    with RecordStore.open() as store:
        worse = Run(source="later", model=BEST, dataset="task_3", protocol=Protocol.HEAD, value=0.1)
        assert store.add(runs=[worse]) == 1
    answer = answer_of(run("--dataset", "task_3", "--json"))
    assert next(m for m in answer["candidates"] if m["model"] == BEST)["predicted"] < before
    assert any(note.startswith("1 newer record is in this answer") for note in answer["notes"])
    assert "1 newer record is in this answer, though" in " ".join(run("--dataset", "task_3").out.split())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--dataset", "tsak_3"], "Error: Unknown dataset 'tsak_3'. Nearest names: task_3"),
        (["--dataset", "./nowhere"], "Error: The dataset 'nowhere' must be a folder"),
        (["--dataset", "task_3", "--family", "vitt"], "Error: Unknown family 'vitt'. Nearest names: vit"),
        (["--dataset", "task_3", "--max-params", "1k"], "Relax or leave out --max-params."),
        (["--dataset", "task_3", "--max-params", "30X"], "must be a count such as 30M"),
        (["--dataset", "task_3", "--top", "-1"], "'--top'"),
        (["--dataset", "task_3", "--utility", "1.5"], "must be a number from 0 to 1, such as 0.7 (got '1.5')"),
        (["--dataset", "task_3", "--utility", "1", "--prefer", "speed"], "must be left out where --prefer is given"),
        (["--dataset", "task_3", "--on", "abacus", "--cost", "time"], "Unknown device 'abacus'"),
        (["--dataset", "task_3", "--objective", "fun"], "Unknown objective 'fun'"),
        (["--dataset", "task_3", "--models", "zzz*"], "No name fits the pattern"),
        (["--dataset", "task_3", "--models", ""], "must be a word or more (got ''). Leave the option out."),
        (["--dataset", "task_3", "--domain", " "], "must be a word or more (got ' '). Leave the option out."),
        (["--dataset", "task_3", "--family", "vit", "--max-params", "1k"], "--family left 2, --max-params left 0"),
        (["--dataset", "task_3", "--csv", "/nowhere/at.csv"], "cannot be written (No such file or directory)"),
    ],
)
def test_mistakes_end_with_2_and_a_sentence(run: Callable[..., Ran], arguments: list[str], message: str) -> None:
    ran = run(*arguments, "--json", columns=200)
    assert (ran.code, json.loads(ran.out)["error"]["exit_code"]) == (2, 2)
    assert message in ran.err


def test_a_card_without_images_its_files_and_its_order(run: Callable[..., Ran], tmp_path: Path) -> None:
    card, table, drawing = tmp_path / "trees.yaml", tmp_path / "all.csv", tmp_path / "all.png"
    card.write_text("labels: [label 1, label 2]\nnum_samples: 100")
    files = ("--csv", str(table), "--picture", str(drawing))
    answer = answer_of(
        run("--dataset", str(card), "--cost", "parameters", "--utility", "0", "--top", "2", *files, "--json")
    )
    assert (answer["dataset"], answer["utility"], answer["cost"]["name"]) == ("trees", 0.0, "parameters")
    costs = [candidate["cost"] for candidate in answer["candidates"]]
    assert costs == sorted(costs)
    assert answer["candidates"][0]["front"]
    rows = table.read_text().splitlines()
    assert len(rows) == 1 + 9
    assert rows[0].startswith("rank,model,family,predicted,lower,upper,best,regret,cost,front,utility")
    assert drawing.read_bytes().startswith(b"\x89PNG")
    assert "Ordered by utility: accuracy counts 0.5" in " ".join(
        run("--dataset", str(card), "--prefer", "balanced").out.split()
    )


def test_named_models_alone(run: Callable[..., Ran], tmp_path: Path) -> None:
    listed = tmp_path / "mine.txt"
    listed.write_text(f"# of ours\n{BEST}\n")
    answer = answer_of(run("--dataset", "task_3", "--models", f"newcomer,{listed}", "--json"))
    assert {candidate["model"] for candidate in answer["candidates"]} == {BEST, "newcomer"}
    assert answer_of(run("--dataset", "task_3", "--measured-only", "--json"))["num_candidates"] == 8
