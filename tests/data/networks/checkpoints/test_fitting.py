"""Weights under the names that their authors publish them with, and those that only look as if they fitted."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from zoograph.data.networks.checkpoints.fitting import fit_weights
from zoograph.data.networks.weight_files import WeightsError


class Toy(nn.Module):
    """A body of two layers with normalisation, and a classifier."""

    pretrained_cfg: Any = {"classifier": "fc"}  # noqa: RUF012 - as timm has it

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 1)
        self.norm = nn.BatchNorm2d(4)
        self.layer = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
        self.fc = nn.Linear(4, 1000)


def _state(seed: int = 0, classes: int | None = 5) -> dict[str, Tensor]:
    torch.manual_seed(seed)
    toy = Toy()
    toy.fc = nn.Linear(4, classes or 1)
    state = dict(toy.state_dict())
    return state if classes else {name: value for name, value in state.items() if not name.startswith("fc.")}


def _under(prefix: str, state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {prefix + name: value for name, value in state.items()}


def _fit(tensors: dict[str, Tensor]) -> Any:
    with torch.device("meta"):
        return fit_weights(tensors, Toy(), "toy", "a.pth")


def _noise(*names: str) -> dict[str, Tensor]:
    return {name: torch.zeros(7) for name in names}


def test_plain_names() -> None:
    fitted = _fit(_state())
    assert (fitted.state.keys(), fitted.num_classes, fitted.said) == (_state().keys(), 5, ())


@pytest.mark.parametrize("prefix", ["model.", "module.", "backbone.", "_orig_mod.module.", "net.encoder."])
def test_a_prefix_is_taken_off_and_said(prefix: str) -> None:
    fitted = _fit(_under(f"state_dict.{prefix}", _state()))
    assert (fitted.state.keys(), fitted.num_classes) == (_state().keys(), 5)
    assert fitted.said == (f"The names in 'a.pth' begin with '{prefix}', which is taken off.",)


def test_a_prefix_that_is_not_common_to_all() -> None:
    fitted = _fit({**_under("model.", _state()), **_noise("loss.weight", "head.0.weight")})
    assert fitted.state.keys() == _state().keys()
    assert fitted.said[1] == "Left out of 'a.pth', because it is not of the network: 'loss' (1), 'head.0' (1)."


OTHER = _state(1)
LAYOUTS = {
    "robust": (
        {
            **_under("model.module.model.", _state()),
            **_under("model.module.attacker.model.", OTHER),
            **_noise("model.module.normalizer.new_mean", "model.module.attacker.normalize.new_std"),
        },
        5,
    ),
    "moco v2": (
        {
            **_under("state_dict.module.encoder_q.", _state(0, None)),
            **_under("state_dict.module.encoder_k.", _state(1, None)),
            **_noise("state_dict.module.encoder_q.fc.0.weight", "state_dict.module.queue"),
        },
        0,
    ),
    "moco v1": (
        {**_under("state_dict.module.encoder_q.", _state(0, 128)), **_under("state_dict.module.encoder_k.", OTHER)},
        0,
    ),
    "moco v3": (
        {
            **_under("state_dict.module.base_encoder.", _state(0, None)),
            **_under("state_dict.module.momentum_encoder.", _state(1, None)),
            **_noise("state_dict.module.base_encoder.fc.0.weight", "state_dict.module.predictor.0.weight"),
        },
        0,
    ),
    "swav": (
        _under("module.", {**_state(0, None), **_noise("projection_head.0.weight", "prototypes.weight")}),
        0,
    ),
    "simclr": ({**_under("encoder.", _state(0, None)), **_noise("projector.0.weight")}, 0),
    "simclr with its projector in the classifier's place": (
        _under("state_dict.backbone.", {**_state(0, None), **_noise("fc.0.weight", "fc.2.weight")}),
        0,
    ),
    "dino": (_state(0, None), 0),
    "dino, whole": (
        {
            **_under("student.module.backbone.", _state(1, None)),
            **_under("teacher.backbone.", _state(0, None)),
            **_noise("student.module.head.mlp.0.weight", "teacher.head.last_layer.weight_v", "dino_loss.center"),
        },
        0,
    ),
    "averaged": ({**_under("state_dict.", OTHER), **_under("state_dict_ema.", _state())}, 5),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_published_layouts(layout: str) -> None:
    tensors, num_classes = LAYOUTS[layout]
    fitted = _fit(tensors)
    assert fitted.num_classes == num_classes
    expected = _state() if num_classes else _state(0, None)
    assert fitted.state.keys() == expected.keys()
    assert all(torch.equal(fitted.state[name], value) for name, value in _state(0, None).items())


def test_two_networks_that_fit_alike() -> None:
    with pytest.raises(WeightsError, match=r"of one network \(got several that fit, under 'a\.', 'b\.'\)"):
        _fit({**_under("a.", _state()), **_under("b.", OTHER)})
    assert _fit({**_under("a.", _state()), **_under("b.", _state())}).num_classes == 5


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"conv.weight": None}, r"got 1 missing: conv\.weight\)"),
        ({"norm.running_mean": None}, r"got 1 missing: norm\.running_mean\)"),
        ({"layer.2.weight": torch.zeros(4, 4)}, r"got 1 unexpected: layer\.2\.weight\)"),
        ({"reg_token": torch.zeros(4)}, r"got 1 unexpected: reg_token\)"),
        ({"conv.weight": torch.zeros(2, 3, 1, 1)}, r"1 of another shape: conv.weight \(2, 3, 1, 1\) in place of"),
        (
            {"a.num_batches_tracked": torch.zeros(1), "x.w": torch.zeros(1)},
            r"2 unexpected: x\.w, a\.num_batches_tracked\)",
        ),
        ({"conv.bias": None, "x.w": torch.zeros(1)}, r"got 1 missing: conv\.bias; 1 unexpected: x\.w\)"),
    ],
)
def test_another_architecture_is_refused_with_all_names(changes: dict[str, Tensor | None], message: str) -> None:
    state = {name: value for name, value in {**_state(), **changes}.items() if value is not None}
    with pytest.raises(WeightsError, match=rf"must fit 'toy' \(got .*{message.removeprefix('got ')}"):
        _fit(state)


def test_counters_of_batches_may_be_missing() -> None:
    state = _state()
    del state["norm.num_batches_tracked"]
    assert "norm.num_batches_tracked" not in _fit(state).state


def test_a_classifier_of_another_width_is_a_head() -> None:
    fitted = _fit({**_state(0, None), "fc.weight": torch.zeros(10, 9), "fc.bias": torch.zeros(10)})
    assert (fitted.num_classes, "fc.weight" in fitted.state) == (0, False)
    assert "'fc' (2)" in fitted.said[0]


def test_nothing_of_the_network() -> None:
    with pytest.raises(WeightsError, match=r"10 missing: conv.weight, .*, …; 1 unexpected: a.b\)"):
        _fit({"a.b": torch.zeros(3)})
