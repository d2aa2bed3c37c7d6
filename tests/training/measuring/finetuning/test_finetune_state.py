"""Where a fine-tuning run stands: learning rates by hand, seeds of epochs, and when it ends."""

from __future__ import annotations

import pytest
from torch import nn

from zoograph.data.errors import ZoographError
from zoograph.training.measuring.finetuning.finetune_state import FinetuneConfig, FinetuneState


class Ended:
    """A network with what its evaluation said after an epoch."""

    def __init__(self, accuracy: float, loss: float = 1.0) -> None:
        self.network, self.accuracy, self.loss = nn.Linear(1, 1), accuracy, loss


class Trainer:
    """What a state asks of a trainer."""

    def __init__(self) -> None:
        self.optimizers, self.should_stop = [None], False


def _run(accuracies: list[Ended], config: FinetuneConfig) -> tuple[FinetuneState, list[bool]]:
    state, trainer, stops = FinetuneState(config, 3, "run", None, None), Trainer(), []
    for ended in accuracies:
        state.on_train_epoch_end(trainer, ended)  # type: ignore[arg-type]
        stops.append(trainer.should_stop)
    return state, stops


def test_what_was_there_before_the_first_epoch_can_be_the_best() -> None:
    state = FinetuneState(FinetuneConfig(patience=2), 3, "run", None, None)
    state.begin(Ended(0.8, 0.5))
    stops = []
    for ended in (Ended(0.8, 0.6), Ended(0.7, 0.1)):
        trainer = Trainer()
        state.on_train_epoch_end(trainer, ended)  # type: ignore[arg-type]
        stops.append(trainer.should_stop)
    assert (state.best_epoch, state.best_accuracy, stops) == (0, 0.8, [False, True])


@pytest.mark.parametrize("wrong", [{"max_epochs": 0}, {"layer_decay": 0.0}, {"layer_decay": 1.1}, {"batch_size": 1}])
def test_settings_without_sense_are_refused(wrong: dict[str, float]) -> None:
    (name,) = wrong
    with pytest.raises(ZoographError, match=f"'{name}' of fine-tuning has no such value"):
        FinetuneConfig(**wrong)  # type: ignore[arg-type]


def test_the_best_epoch_is_the_most_accurate_then_the_one_of_least_loss() -> None:
    ends = [Ended(0.5, 2.0), Ended(0.7, 3.0), Ended(0.7, 1.0), Ended(0.7, 1.0), Ended(0.6, 0.1)]
    state, _ = _run(ends, FinetuneConfig())
    assert (state.epoch, state.best_epoch, state.best_accuracy) == (5, 3, 0.7)
    assert state.best.keys() == {"weight", "bias"}


def test_it_ends_after_as_many_epochs_without_a_better_one_as_there_is_patience() -> None:
    ends = [Ended(0.5), Ended(0.6), Ended(0.6), Ended(0.5)]
    assert _run(ends, FinetuneConfig(patience=2))[1] == [False, False, False, True]
    assert _run(ends, FinetuneConfig(patience=9, max_epochs=3))[1] == [False, False, True, True]


def test_every_epoch_of_every_seed_has_a_seed_of_its_own() -> None:
    seeds = set()
    for seed in range(3):
        state = FinetuneState(FinetuneConfig(), seed, "run", None, None)
        for state.epoch in range(12):
            seeds.add(state.epoch_seed)
    assert len(seeds) == 36
