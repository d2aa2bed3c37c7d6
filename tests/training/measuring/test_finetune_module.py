"""The module of fine-tuning and its batches, against sums by hand."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import pytest
import torch
from torch import Tensor, nn

from zoograph.training.measuring.finetune_module import Batches, Finetuning
from zoograph.training.measuring.finetune_state import FinetuneConfig, FinetuneState

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
def test_rates_follow_the_epochs_of_the_run_from_where_it_is_taken_up(begun: int) -> None:
    config = FinetuneConfig(max_epochs=5, learning_rate=0.5, weight_decay=0.1)
    module = Finetuning(nn.Linear(2, 2), config, _state(begun), num_batches=4)
    made = module.configure_optimizers()
    optimizer, scheduler = made["optimizer"], made["lr_scheduler"]["scheduler"]  # type: ignore[index]
    assert [group["weight_decay"] for group in optimizer.param_groups] == [0.1, 0.0]  # biases do not decay
    rates = []
    for _ in range(8):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    assert rates == [0.5 * config.rate_share(begun + (step + 1) / 4) for step in range(8)]
