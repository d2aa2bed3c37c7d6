"""``explain`` from the outside: what was measured is there, what was not is named with its command."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from zoograph.data.records.records import PARAMETER_DISTANCE, ClassInfluence, Score
from zoograph.data.store.store import RecordStore
from zoograph.graphs.scores.relatedness.tasks import Task
from zoograph.scripts.commands.explain import explain
from zoograph.training.analysis.distance.compare import Block, DistanceReport
from zoograph.training.analysis.kept_folders import checkpoints_folder, relatedness_folder
from zoograph.training.analysis.relatedness.kept import relate_once
from zoograph.training.analysis.relatedness.relate import QUICK
from zoograph.training.answers.current.current_predictor import CurrentPredictor
from zoograph.training.answers.evidence import Evidence

Command = Callable[..., Any]
PAIR = ("--model", "resnet50", "--dataset", "clipart_32_a_10")
# Of that name, torchvision's weights were measured there, and timm's default ones were not.
MODEL = "torchvision/resnet50.IMAGENET1K_V2"
OTHERS = ("torchvision/convnext_tiny.IMAGENET1K_V1", "torchvision/resnet18.IMAGENET1K_V1")


def _task(name: str, seed: int) -> Task:
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(40) % 2
    features, held = (torch.randn(40, 3, generator=generator) + labels[:, None] for _ in range(2))
    return Task(name, features, labels, held, labels)


def _influence(label: str, value: float, **fields: Any) -> ClassInfluence:
    given = {"source": "t", "dataset": "clipart_32_a_10", "name": "influence_correct", "standard_error": 0.001}
    return ClassInfluence.model_validate({**given, "label": label, "value": value, **fields})


@pytest.fixture
def measured_pair(trained_home: Path) -> None:
    """Everything but parameter distances is known of the pair."""
    with RecordStore.open() as store:
        corpus = store.snapshot().models[MODEL].pretrained_on
        assert corpus is not None
        scores = [
            Score(source="t", model=model, dataset="clipart_32_a_10", name="logme", value=value)
            for model, value in ((MODEL, 1.5), (OTHERS[0], 2.5), (OTHERS[1], 0.5))
        ]
        influences = [_influence(f"class {i}", i / 100, corpus=corpus) for i in range(-6, 7)]
        other = [_influence("elsewhere", 9.0, corpus="clipart_32_b_10")]
        store.add(scores=scores, influences=[*influences, *other])
    relate_once(_task("pets", 0), _task("clipart_32_a_10", 1), QUICK, relatedness_folder(), MODEL)
    relate_once(_task("pets", 2), _task("clipart_32_a_10", 3), QUICK, relatedness_folder(), OTHERS[0])


_FOUND: dict[str, Evidence | None] = {}


@pytest.fixture(autouse=True)
def _evidence_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The evidence of a model takes seconds: the first test that asks for it looks for it, and others reuse it."""
    find = CurrentPredictor.find_evidence

    def once(self: CurrentPredictor, model: str) -> Evidence | None:
        if model not in _FOUND:
            _FOUND[model] = find(self, model)
        return _FOUND[model]

    monkeypatch.setattr(CurrentPredictor, "find_evidence", once)


def test_what_was_measured_is_there(measured_pair: None, run_command: Command) -> None:
    ran = run_command(explain, *PAIR, "--json")
    assert ran.code == 0, ran.err
    found = json.loads(ran.out)
    assert (found["model"], found["dataset"]) == (MODEL, PAIR[3])
    assert found["prediction"]["lower"] < found["prediction"]["predicted"] < found["prediction"]["upper"]
    assert len(found["evidence"]["datasets"]) == 5
    assert found["scores"] == [{"name": "logme", "value": 1.5, "rank": 2, "out_of": 3}]
    (bound,) = found["bounds"]
    assert bound["reference"] == "pets"
    assert bound["bound"] == pytest.approx(
        bound["reference_loss"] + bound["label_mismatch"] + bound["lipschitz"] * bound["distance"]
    )
    # Of the model's own corpus alone, the most helpful and the most harmful ones first.
    assert [effect["label"] for effect in found["helpful"]] == [f"class {i}" for i in (6, 5, 4, 3, 2)]
    assert [effect["label"] for effect in found["harmful"]] == [f"class {i}" for i in (-6, -5, -4, -3, -2)]
    assert "scores" not in " ".join(missing["what"] for missing in found["missing"])


def test_the_tables(measured_pair: None, run_command: Command) -> None:
    ran = run_command(explain, *PAIR)
    assert ran.code == 0, ran.err
    text = " ".join(ran.out.split())
    assert "Transferability scores, higher is better" in text
    assert "2 of 3" in text
    assert "Source classes that help most" in text
    assert "Source classes that harm most" in text
    assert "+0.0600" in text


def test_parameter_distance_is_there_and_no_transferability_score(
    measured_pair: None, run_command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocks = [Block(name="stem", from_random=2.0, from_pretrained=1.0, ratio=2.0)]
    answer = DistanceReport(
        model=MODEL,
        blocks=blocks,
        head=None,
        head_note=None,
        transferability=2.0,
        log_transferability=0.7,
        unmoved=[],
    )
    asked: list[tuple[str, str]] = []
    checkpoints_folder().mkdir(parents=True, exist_ok=True)  # where there are none, nobody looks
    monkeypatch.setattr(
        "zoograph.training.analysis.distance.measure.find_distance", lambda *pair: [asked.append(pair), answer][1]
    )
    with RecordStore.open() as store:
        pair = {"model": MODEL, "dataset": "clipart_32_a_10"}
        store.add(scores=[Score(source="t", **pair, name=PARAMETER_DISTANCE, value=0.7)])
    found = json.loads(run_command(explain, *PAIR, "--json").out)
    assert asked == [(MODEL, PAIR[3])]
    assert found["distance"]["blocks"] == [blocks[0].model_dump()]
    assert [score["name"] for score in found["scores"]] == ["logme"]
    assert found["missing"] == []
    assert "Parameter distance T after fine-tuning" in " ".join(run_command(explain, *PAIR).out.split())


def test_what_was_not_measured_is_named_with_its_command(trained_home: Path, run_command: Command) -> None:
    ran = run_command(explain, *PAIR, "--json")
    found = json.loads(ran.out)
    assert (found["scores"], found["bounds"], found["helpful"], found["outcome"]) == ([], [], [], None)
    commands = [missing["command"] for missing in found["missing"]]
    assert f"zoograph score --models {MODEL} --dataset DATA" in commands
    assert any(command.startswith(f"zoograph relatedness --models {MODEL}") for command in commands)
    assert "zoograph measure" not in " ".join(commands)  # its accuracy is known
    assert f"zoograph score --models {MODEL} --dataset DATA" in run_command(explain, *PAIR).out
    assert found["notes"][0].startswith(f"This is about '{MODEL}', the weights of that name that were measured there.")


def test_weights_that_timm_does_not_load_are_sent_nowhere(trained_home: Path, run_command: Command) -> None:
    pair = ("--model", "convnext_tiny", "--dataset", "clipart_32_a_10")
    found = json.loads(run_command(explain, *pair, "--json").out)
    assert found["model"] == OTHERS[0]
    assert [missing["what"] for missing in found["missing"]] == ["the influence of source classes"]
    sentence = f"Nobody here loads the weights '{OTHERS[0]}': nothing more can be measured of them."
    assert sentence in found["notes"]
    assert sentence in " ".join(run_command(explain, *pair).out.split())


def test_a_family_is_refused_with_its_members(trained_home: Path, run_command: Command) -> None:
    ran = run_command(explain, "--model", "convnext_tiny", "--dataset", "clipart_32")
    assert ran.code == 2
    assert "stands for 9 datasets: choose one of clipart_32_a_10" in ran.err


def test_a_damaged_bound_is_passed_over(measured_pair: None, run_command: Command) -> None:
    for path in relatedness_folder().iterdir():
        path.write_bytes(path.read_bytes()[:100])
    ran = run_command(explain, *PAIR, "--json")
    assert ran.code == 0, ran.err
    assert json.loads(ran.out)["bounds"] == []
