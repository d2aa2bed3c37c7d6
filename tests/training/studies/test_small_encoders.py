"""Small encoders trained here: what they learn, that they are kept, and that they are read like any other."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch

from zoograph.data.files.facts import load_facts
from zoograph.data.networks.encoders import load_encoder
from zoograph.training.studies import small_encoders
from zoograph.training.studies.language import ENCODERS
from zoograph.training.studies.small_encoders import (
    SHAPES,
    Shape,
    python_reference,
    small_encoder,
    train_small_encoders,
)


@pytest.fixture(autouse=True)
def _tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(small_encoders, "SHAPES", {"own, 1 x 32": Shape(1, 32)})
    few = python_reference()[:300]
    monkeypatch.setattr(small_encoders, "python_reference", lambda: few)


def test_it_learns_is_kept_and_says_how_it_pools(monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[tuple[int, int]] = []
    (before,) = train_small_encoders(steps=1).values()
    (after,) = train_small_encoders(lambda *step: steps.append(step), steps=30).values()
    assert before == pytest.approx(math.log(2000), abs=1)
    assert after < before - 0.3
    assert steps[-1][0] == steps[-1][1]
    monkeypatch.setattr(small_encoders, "_train", None)
    folder = small_encoder("own, 1 x 32", steps=30)
    assert load_facts(folder / "training.json") == {"loss": pytest.approx(after), "steps": 30}
    model = load_encoder(str(folder))
    tokens = model.transform("Return the mean.")
    with torch.inference_mode():
        vector = model.network.forward_features(tokens[None])
        hidden = model.network.body(input_ids=tokens[None]).last_hidden_state
    assert torch.allclose(vector, hidden.mean(1), atol=1e-5)
    assert model.card.num_features == 32


def test_the_same_seed_gives_the_same_encoder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    digests = []
    for name in ("one", "other"):
        monkeypatch.setenv("ZOOGRAPH_HOME", str(tmp_path / name))
        torch.rand(1)
        digests.append(load_encoder(str(small_encoder("own, 1 x 32", steps=2))).digest)
    assert digests[0] == digests[1]


def test_the_study_has_them_as_encoders_of_their_own() -> None:
    assert SHAPES.keys() <= ENCODERS.keys()
    assert len(set(SHAPES.values())) == len(SHAPES) == 3
