"""The face of the package: it costs nothing, its names are what they say, and cheap mistakes come first."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import zoograph
from zoograph.data.errors import UnknownName, ZoographError
from zoograph.data.records.records import Protocol
from zoograph.data.store.store import RecordStore

HEAVY = {"torch", "lightning", "transformers", "torch_geometric", "timm", "pandas", "sqlalchemy", "typer", "rich"}


def test_importing_costs_nothing(run_python: Callable[..., Any]) -> None:
    ran = run_python("import zoograph, sys; print(*sys.modules)")
    assert not HEAVY & set(ran.out.split())


def test_every_name_is_there_and_no_other() -> None:
    assert dir(zoograph) == sorted(zoograph.__all__)
    for name in zoograph.__all__:
        assert getattr(zoograph, name) is not None
    assert zoograph.__version__ == "0.1.0"
    assert zoograph.predict.__module__ == "zoograph.training.answers.predict"
    with pytest.raises(AttributeError, match="module 'zoograph' has no attribute 'predicted'"):
        zoograph.predicted  # noqa: B018


def test_predicting_a_known_pair_needs_nothing_heavy(trained_home: Path, run_python: Callable[..., Any]) -> None:
    code = "import zoograph, sys; print(len(zoograph.predict('convnext_tiny', 'clipart_32').rows)); print(*sys.modules)"
    count, loaded = run_python(code).out.splitlines()
    assert count == "9"
    assert not {"torch", "lightning", "transformers", "torch_geometric", "timm", "pandas"} & set(loaded.split())


def test_a_file_is_ingested(toy_zoo: object, tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    path.write_text("model,dataset,eval_acc\nresnet,birds_1,60\nvit,birds_2,70\nvit,pets,80\n")
    tried = zoograph.ingest(path, mapping={"accuracy": "eval_acc"}, protocol="finetune", dry_run=True)
    assert (tried.new, tried.batch) == (3, None)
    report = zoograph.ingest(path, mapping={"accuracy": "eval_acc"}, protocol="finetune", unit="percent")
    assert report.new == 3
    with RecordStore.open() as store:
        known = store.measured("vit", ["birds_2"], Protocol.FINETUNE)
    assert known["birds_2"].value == pytest.approx(0.7)


def test_a_model_card_is_ingested(toy_zoo: object, tmp_path: Path) -> None:
    card = tmp_path / "README.md"
    card.write_text(
        "---\nmodel-index:\n- name: resnet\n  results:\n  - task: {type: image-classification}\n"
        "    dataset: {type: pets, name: pets}\n    metrics: [{type: accuracy, value: 0.6}]\n---\n",
        encoding="utf-8",
    )
    rejects = tmp_path / "rejects.csv"
    report = zoograph.ingest(model_cards=str(card), rejects=str(rejects), dry_run=True)
    assert (report.new, report.rejects, rejects.is_file()) == (1, rejects, True)
    assert zoograph.ingest(model_cards=[card]).new == 1


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: zoograph.score("resnet18", "./nowhere"), "got nothing there"),
        (lambda: zoograph.score(["a", "b"], ".", weights="x"), r"belongs to one model \(got 2\)"),
        (lambda: zoograph.measure("resnet18", "./nowhere"), "got nothing there"),
    ],
)
def test_mistakes_are_sentences(ask: Callable[[], object], message: str) -> None:
    with pytest.raises(ZoographError, match=message):
        ask()


def test_there_must_be_something_to_ingest() -> None:
    with pytest.raises(ValueError, match=r"must be named at least in 'ingest' \(got none\)"):
        zoograph.ingest()


def test_a_path_is_a_dataset(tmp_path: Path) -> None:
    with pytest.raises(
        ZoographError, match=r"must hold one sub-folder of images for each class \(got no sub-folders\)"
    ):
        zoograph.measure("resnet18", tmp_path, weights="random")


def test_names_of_choices_are_checked_first(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="Unknown protocol 'haed'"):
        zoograph.measure("resnet18", "./nowhere", "haed")
    with pytest.raises(UnknownName, match="Unknown protocol 'haed'"):
        zoograph.retrain("haed")
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "0.png").touch()
    with pytest.raises(UnknownName, match=r"Unknown score 'logmee'\. Nearest names: logme,"):
        zoograph.score("resnet18", str(tmp_path), ["logmee"], weights="random")
    with pytest.raises(UnknownName, match=r"Unknown score 'logmee'\. Nearest names: logme"):
        zoograph.score("resnet18", str(tmp_path), "logmee", weights="random")


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda place: zoograph.score([], place), r"at least \(got none\)"),
        (lambda place: zoograph.score("resnet18", place, max_images=1), r"'max_images' must be .* \(got 1\)"),
        (lambda place: zoograph.measure([], place), r"at least \(got none\)"),
        (lambda place: zoograph.measure("resnet18", place, seeds=0), r"'seeds' must be .* \(got 0\)"),
        (lambda place: zoograph.choose(place, -1), r"'budget' must be a number of seconds.* \(got -1\)"),
        (lambda place: zoograph.choose(place, "30m"), r"'budget' must be .* \(got '30m'\)"),
        (lambda place: zoograph.choose(place, float("nan")), r"'budget' must be .* \(got nan\)"),
        (lambda place: zoograph.choose(place, 9, regret=-1), r"'regret' must be a number of points"),
    ],
)
def test_numbers_that_make_no_sense_are_told_before_anything_is_done(
    ask: Callable[[str], object], message: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=message):
        ask(str(tmp_path))
