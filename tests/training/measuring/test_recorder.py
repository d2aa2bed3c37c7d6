"""TransferRecorder: what a Lightning training reached is a run of the store, and a wrong name costs no training."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import lightning as L
import pytest
import torch
from torch import Tensor
from torch.utils.data import DataLoader, TensorDataset

from zoograph.data.errors import ZoographError
from zoograph.data.records.cards import DatasetCard, ModelCard
from zoograph.data.records.records import Metric
from zoograph.data.store.store import RecordStore
from zoograph.training.measuring.recorder import TransferRecorder

COLUMNS = ("batch", "model", "dataset", "protocol", "metric", "value", "train_size", "test_size", "hyperparameters")


class _Module(L.LightningModule):  # type: ignore[misc]
    """Logs a constant as the accuracy of validation and of the test."""

    def __init__(self, accuracy: float = 0.75, width: int = 2, loss: object = torch.nn.functional.mse_loss) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.layer = torch.nn.Linear(width, 1)

    def training_step(self, batch: list[Tensor], index: int) -> Tensor:
        return self.layer(batch[0]).square().mean()

    def validation_step(self, batch: list[Tensor], index: int) -> None:
        self.log("val_accuracy", self.hparams["accuracy"] / 2)

    def test_step(self, batch: list[Tensor], index: int) -> None:
        self.log("test_accuracy", self.hparams["accuracy"])

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.1)


@pytest.fixture
def train(toy_store: RecordStore, recwarn: pytest.WarningsRecorder) -> Callable[..., list[str]]:
    """A callable that trains and tests with a recorder, and returns what the recorder warned of."""

    def run(recorder: TransferRecorder, *, test: bool = True, accuracy: float = 0.75, **options: Any) -> list[str]:
        chosen = {"max_epochs": 2, "logger": False, "enable_checkpointing": False, "accelerator": "cpu", **options}
        quiet = {"enable_progress_bar": False, "enable_model_summary": False}
        trainer = L.Trainer(callbacks=[recorder], **chosen, **quiet)
        module = _Module(accuracy)
        trainer.fit(module, _loader(8), _loader(3))
        if test:
            trainer.test(module, _loader(5), verbose=False)
        return [str(warning.message) for warning in recwarn if "transfer was recorded" in str(warning.message)]

    return run


def _loader(size: int) -> DataLoader[Any]:
    return DataLoader(TensorDataset(torch.zeros(size, 2)), batch_size=4)


def _stored(store: RecordStore) -> list[tuple[Any, ...]]:
    return [row[1:] for part in store.stream_runs(COLUMNS) for row in part if row[0] != "shipped"]


def test_a_test_is_recorded_when_it_ends(toy_store: RecordStore, train: Callable[..., list[str]]) -> None:
    assert train(TransferRecorder("owner/resnet", "pets", hyperparameters={"lr": 0.1})) == []
    ((*row, settings),) = _stored(toy_store)
    assert row == ["resnet", "pets", "finetune", "top1", 0.75, 8, 5]
    assert {name: settings[name] for name in ("lr", "epochs", "steps", "width", "monitor")} == {
        "lr": 0.1,
        "epochs": 2,
        "steps": 4,
        "width": 2,
        "monitor": "test_accuracy",
    }
    assert toy_store.batches()[0].origin == "a Lightning trainer"


@pytest.mark.parametrize("test", [False, True])
def test_a_metric_of_validation_is_recorded_once_when_fit_ends(
    toy_store: RecordStore, train: Callable[..., list[str]], test: bool
) -> None:
    assert train(TransferRecorder("resnet", "pets", "val_accuracy", Metric.F1), test=test) == []
    assert [row[3:7] for row in _stored(toy_store)] == [("f1", 0.375, 8, 3)]


def test_new_cards_come_in_with_their_run(toy_store: RecordStore, train: Callable[..., list[str]]) -> None:
    cards = ModelCard(id="mine", source="me"), DatasetCard(id="task", source="me")
    train(TransferRecorder(*cards))
    assert [row[:2] for row in _stored(toy_store)] == [("mine", "task")]
    known = ModelCard(id="resnet", source="me")
    train(TransferRecorder(known, "task"))
    assert toy_store.snapshot().models["resnet"].source == "toy"


@pytest.mark.parametrize(
    ("model", "dataset", "message"),
    [
        ("nobody knows", "pets", r"Unknown model 'nobody knows'\..* Give its card instead of its name"),
        ("resnet", "pest", r"Unknown dataset 'pest'\. Nearest names: pets.* Give its card instead of its name"),
        ("net", "pets", "The model name 'net' is ambiguous"),
        ("resnet", "birds", "The dataset name 'birds' is ambiguous"),
    ],
)
def test_a_wrong_name_is_said_before_the_training(
    train: Callable[..., list[str]], model: str, dataset: str, message: str
) -> None:
    with pytest.raises(ZoographError, match=message):
        train(TransferRecorder(model, dataset))


@pytest.mark.parametrize("accuracy", [float("nan"), 1.5, 75.0])
def test_what_is_no_fraction_is_not_recorded(
    toy_store: RecordStore, train: Callable[..., list[str]], accuracy: float
) -> None:
    (warning,) = train(TransferRecorder("resnet", "pets"), accuracy=accuracy)
    assert "'test_accuracy' needs to be in [0, 1]" in warning
    assert _stored(toy_store) == []


def test_a_metric_that_is_never_logged_is_said(toy_store: RecordStore, train: Callable[..., list[str]]) -> None:
    (warning,) = train(TransferRecorder("resnet", "pets", "acc"))
    assert "'acc' was not logged (got test_accuracy)" in warning
    assert _stored(toy_store) == []


def test_a_trial_of_one_batch_is_not_recorded(toy_store: RecordStore, train: Callable[..., list[str]]) -> None:
    (warning,) = train(TransferRecorder("resnet", "pets"), fast_dev_run=True)
    assert "'fast_dev_run' sees a few batches only" in warning
    assert _stored(toy_store) == []


def test_the_name_is_imported_without_torch(run_python: Callable[..., Any]) -> None:
    ran = run_python("import sys, zoograph; print('TransferRecorder' in dir(zoograph), 'torch' in sys.modules)")
    assert ran.out.strip() == "True False"
    ran = run_python("import zoograph; zoograph.nothing")
    assert "has no attribute 'nothing'" in ran.err


def test_an_unknown_protocol_or_metric_costs_no_training() -> None:
    with pytest.raises(ZoographError, match=r"Unknown protocol 'heads'\. Nearest names: head\."):
        TransferRecorder("resnet", "pets", protocol="heads")
    with pytest.raises(ZoographError, match=r"Unknown metric 'top11'\."):
        TransferRecorder("resnet", "pets", metric="top11")
