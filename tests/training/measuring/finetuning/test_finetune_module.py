"""The module of fine-tuning and its batches, against sums by hand."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import pytest
import timm
import torch
from torch import Tensor, nn

from zoograph.data.networks.foreign import NetworkError
from zoograph.training.measuring.finetuning.finetune_module import (
    Batches,
    Finetuning,
    freeze_layers,
    make_schedule,
    weight_groups,
)
from zoograph.training.measuring.finetuning.finetune_state import FinetuneConfig, FinetuneState

IMAGES = torch.arange(11.0).reshape(11, 1, 1, 1).expand(11, 3, 2, 2)
TARGETS = torch.arange(11) % 3


class Rows:
    """The images, read by row."""

    def __len__(self) -> int:
        return len(IMAGES)

    def read(self, rows: Sequence[int]) -> Iterator[Tensor]:
        yield from (IMAGES[row] for row in rows)


def _state(epoch: int = 0, **changes: float) -> FinetuneState:
    state = FinetuneState(FinetuneConfig(**changes), 0, "run", None, None)  # type: ignore[arg-type]
    state.epoch = epoch
    return state


def test_batches_are_equal_shares_in_order() -> None:
    rows = torch.tensor([10, 0, 1, 2, 3, 4, 5, 6, 7])
    batches = Batches(IMAGES, TARGETS, rows, 4)
    taken = list(batches)
    assert len(batches) == len(taken) == 3
    assert [images[:, 0, 0, 0].tolist() for images, _ in taken] == [[10, 0, 1], [2, 3, 4], [5, 6, 7]]
    assert torch.equal(torch.cat([targets for _, targets in taken]), TARGETS[rows])


def test_each_epoch_has_an_order_of_its_own_that_does_not_depend_on_how_images_are_read() -> None:
    orders = []
    for epoch in (0, 0, 1):
        for images in (IMAGES, Rows()):
            taken = list(Batches(images, TARGETS, torch.arange(11), 4, _state(epoch)))
            orders.append(torch.cat([batch[:, 0, 0, 0] for batch, _ in taken]).tolist())
            assert torch.equal(torch.cat([targets for _, targets in taken]), TARGETS[torch.tensor(orders[-1]).long()])
    assert orders[0] == orders[1] == orders[2] == orders[3]
    assert orders[4] == orders[5] != orders[0]
    assert sorted(orders[0]) == sorted(orders[4]) == list(range(11))


class Fixed(nn.Module):
    """Logits that are the first pixels of an image."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(2, 2))

    def forward(self, images: Tensor) -> Tensor:
        return images[:, 0, 0, :] * self.scale[0]


def test_accuracy_and_loss_are_means_over_images_and_not_over_batches() -> None:
    module = Finetuning(Fixed(), FinetuneConfig(), _state(), 1)
    logits = torch.tensor([[2.0, 0.0], [0.0, 1.0], [3.0, 0.0]])
    images = logits[:, None, None, :].expand(3, 3, 2, 2)
    targets = torch.tensor([0, 0, -1])  # right, wrong, and of a class that the network has not
    for rows in ([0, 1], [2]):
        module.validation_step((images[rows], targets[rows]), 0)
    module.on_validation_epoch_end()
    assert module.accuracy == pytest.approx(1 / 3, abs=1e-12)
    losses = [math.log(1 + math.exp(-2.0)), math.log(1 + math.exp(1.0)), 0.0]
    assert module.loss == pytest.approx(sum(losses) / 3, rel=1e-6)
    module.test_step((images[:1], targets[:1]), 0)
    module.on_test_epoch_end()
    assert module.accuracy == 1.0  # what was before is forgotten


@pytest.mark.parametrize("begun", [0, 2])
def test_rates_rise_in_a_line_and_fall_as_a_cosine_from_where_the_run_is_taken_up(begun: int) -> None:
    config = FinetuneConfig(max_epochs=5, learning_rate=0.5, weight_decay=0.1, warmup_epochs=1)
    module = Finetuning(nn.Linear(2, 2), config, _state(begun), num_batches=4)
    made = module.configure_optimizers()
    optimizer, scheduler = made["optimizer"], made["lr_scheduler"]["scheduler"]  # type: ignore[index]
    assert [group["weight_decay"] for group in optimizer.param_groups] == [0.1, 0.0]  # biases do not decay
    rates = []
    for _ in range(8):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    line = [0.125, 0.25, 0.375]
    fall = [0.25 * (1 + math.cos(math.pi * step / 17)) for step in range(17)]  # 20 steps, of which 3 rise
    assert rates == pytest.approx([*line, *fall][4 * begun : 4 * begun + 8])


@pytest.mark.parametrize(("device", "fused"), [("cpu", True), ("meta", False)])
def test_steps_are_fused_on_the_cpu_alone(device: str, fused: bool) -> None:
    module = Finetuning(nn.Linear(2, 2, device=device), FinetuneConfig(), _state(), num_batches=4)
    assert module.configure_optimizers()["optimizer"].defaults["fused"] is fused  # type: ignore[attr-defined]


def test_without_a_warm_up_the_rate_begins_at_its_highest() -> None:
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
    schedule = make_schedule(optimizer, FinetuneConfig(max_epochs=2, warmup_epochs=0), 2)
    rates = []
    for _ in range(4):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    assert rates == pytest.approx([(1 + math.cos(math.pi * step / 4)) / 2 for step in range(4)])


def test_each_layer_learns_slower_than_the_one_after_it() -> None:
    network = timm.create_model("test_resnet", pretrained=False, num_classes=3)
    groups = weight_groups(network, FinetuneConfig(learning_rate=1.0, layer_decay=0.5, weight_decay=0.1))
    rate_of = {id(parameter): group["lr"] for group in groups for parameter in group["params"]}
    decay_of = {id(parameter): group["weight_decay"] for group in groups for parameter in group["params"]}
    rates = {name: rate_of[id(parameter)] for name, parameter in network.named_parameters()}
    assert rates["fc.weight"] == rates["fc.bias"] == 1.0
    assert rates["conv1.0.weight"] < rates["layer1.0.conv1.weight"] < rates["layer4.0.conv1.weight"] < 1.0
    assert all(math.log2(rate).is_integer() for rate in rates.values())
    assert (decay_of[id(network.fc.weight)], decay_of[id(network.fc.bias)]) == (0.1, 0.0)


def test_the_first_groups_of_layers_can_stay_as_they_are() -> None:
    network = timm.create_model("test_resnet", pretrained=False, num_classes=3)
    freeze_layers(network, 2)
    frozen = {name.partition(".")[0] for name, weight in network.named_parameters() if not weight.requires_grad}
    trained = {name.partition(".")[0] for name, weight in network.named_parameters() if weight.requires_grad}
    assert "conv1" in frozen
    assert {"layer4", "fc"} <= trained
    assert not frozen & trained
    module = Finetuning(network.train(), FinetuneConfig(freeze=2), _state(), 1)
    module.on_train_batch_start()
    assert (network.layer1.training, network.layer4.training) == (False, True)
    trained_weights = [weight for group in weight_groups(network, FinetuneConfig()) for weight in group["params"]]
    assert all(weight.requires_grad for weight in trained_weights)
    with pytest.raises(NetworkError, match=r"At most \d+ groups of this network's layers can be frozen \(got 99\)"):
        freeze_layers(network, 99)
    with pytest.raises(NetworkError, match="does not say what its layers are"):
        freeze_layers(nn.Linear(2, 2), 1)


def test_training_reads_changed_images_where_there_are_some() -> None:
    class Changing(Rows):
        def read_augmented(self, rows: Sequence[int], seed: int) -> Iterator[Tensor]:
            yield from (IMAGES[row] + 1000 * (seed == _state(1).epoch_seed) for row in rows)

    rows = torch.arange(11)
    plain = torch.cat([images for images, _ in Batches(Changing(), TARGETS, rows, 4)])
    changed = torch.cat([images for images, _ in Batches(Changing(), TARGETS, rows, 4, _state(1))])
    assert (float(plain.max()), float(changed.min())) == (10.0, 1000.0)
