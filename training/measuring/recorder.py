"""A Lightning callback that puts what a fine-tuning reached into the store."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import lightning as L
from lightning.pytorch.utilities import rank_zero_warn
from pydantic import ValidationError

from zoograph.data.errors import ZoographError
from zoograph.data.ingest.columns import to_plain
from zoograph.data.ingest.names import FoundNames, resolve_names
from zoograph.data.records.cards import DatasetCard, ModelCard
from zoograph.data.records.naming.choices import choose
from zoograph.data.records.records import Metric, Protocol, Run
from zoograph.data.store.store import RecordStore


class TransferRecorder(L.Callback):  # type: ignore[misc]
    """Records a run when ``fit`` or ``test`` ends, if the metric was logged there.

    A metric that only ``test`` logs gives one run, after ``test``; one that only validation logs gives one run, after
    ``fit``. Names are looked up before the training begins, so that a wrong one costs nothing. A training that was
    interrupted, a trial of a few batches (``fast_dev_run``) and a value that is no accuracy are not recorded; the last
    two are said in a warning.

    Args:
        model: name of the pre-trained model, in the store or known to timm; or its card, if it is new.
        dataset: name of a dataset in the store; or its card, if it is new.
        monitor: name under which the metric is logged; a fraction in [0, 1], higher is better.
        metric: what it measures.
        protocol: how the model was transferred.
        source: of the run.
        hyperparameters: of the run, beside those that the module saved.
        url: of the database; None for the store of the home.

    Raises:
        UnknownName: if nobody knows the metric or the protocol.

    Example:
        ``L.Trainer(callbacks=[TransferRecorder("resnet50", "pets", monitor="test_accuracy")])``
    """

    def __init__(
        self,
        model: str | ModelCard,
        dataset: str | DatasetCard,
        monitor: str = "test_accuracy",
        metric: Metric | str = Metric.TOP1,
        protocol: Protocol | str = Protocol.FINETUNE,
        source: str = "lightning",
        hyperparameters: Mapping[str, Any] | None = None,
        url: str | None = None,
    ) -> None:
        self._model, self._dataset, self._monitor = model, dataset, monitor
        self._metric, self._protocol, self._source = choose(Metric, metric), choose(Protocol, protocol), source
        self._hyperparameters, self._url = dict(hyperparameters or {}), url
        self._train_size: int | None = None
        self._recorded = False

    def setup(self, trainer: L.Trainer, pl_module: L.LightningModule, stage: str) -> None:
        """Look the names up.

        Raises:
            ZoographError: if one is not known, or stands for several things.
        """
        if trainer.is_global_zero and stage in ("fit", "test"):
            with RecordStore.open(self._url) as store:
                self._resolve(store)

    def on_fit_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Record the run, if validation logged the metric."""
        self._train_size = _count(trainer.train_dataloader)
        if not trainer.interrupted:
            self._record(trainer, pl_module, _count(trainer.val_dataloaders))

    def on_test_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Record the run, if the test logged the metric."""
        if self._monitor not in trainer.callback_metrics and not self._recorded:
            logged = ", ".join(trainer.callback_metrics) or "nothing"
            rank_zero_warn(f"No transfer was recorded: '{self._monitor}' was not logged (got {logged}).")
        self._record(trainer, pl_module, _count(trainer.test_dataloaders))

    def _record(self, trainer: L.Trainer, module: L.LightningModule, test_size: int | None) -> None:
        logged = trainer.callback_metrics.get(self._monitor)
        if logged is None or not trainer.is_global_zero:
            return
        if trainer.fast_dev_run:
            rank_zero_warn("No transfer was recorded: 'fast_dev_run' sees a few batches only.")
            return
        with RecordStore.open(self._url) as store:
            model, dataset, new_models, new_datasets = self._resolve(store)
            try:
                run = Run(
                    source=self._source,
                    model=model,
                    dataset=dataset,
                    protocol=self._protocol,
                    metric=self._metric,
                    value=float(logged),
                    train_size=self._train_size,
                    test_size=test_size,
                    seed=_seed(),
                    hyperparameters=self._settings(trainer, module),
                    measured_at=datetime.now(UTC),
                )
            except ValidationError:
                rank_zero_warn(
                    f"No transfer was recorded: '{self._monitor}' needs to be in [0, 1] (got {float(logged)})."
                )
                return
            store.add(models=new_models, datasets=new_datasets, runs=[run], origin="a Lightning trainer")
            self._recorded = True

    def _settings(self, trainer: L.Trainer, module: L.LightningModule) -> dict[str, Any]:
        saved = {name: to_plain(value) for name, value in dict(module.hparams).items()}
        steps = {"epochs": trainer.current_epoch, "steps": trainer.global_step}
        settings = {**steps, **saved, "monitor": self._monitor, **self._hyperparameters}
        return {name: value for name, value in settings.items() if value is not None}

    def _resolve(self, store: RecordStore) -> tuple[str, str, list[ModelCard], list[DatasetCard]]:
        """Return the ids of model and dataset, and the cards that the store is to get."""
        names, found = store.names(), FoundNames()
        if isinstance(self._model, str):
            found.models[self._model] = {}
        if isinstance(self._dataset, str):
            found.datasets[self._dataset] = {}
        resolved = resolve_names(found, names, self._source, hint="Give its card instead of its name.")
        if resolved.held:
            raise ZoographError(next(iter(resolved.held.values())))
        new_models, new_datasets = list(resolved.new_models.values()), []
        if isinstance(self._model, ModelCard) and self._model.id not in names.models:
            new_models.append(self._model)
        if isinstance(self._dataset, DatasetCard) and self._dataset.id not in names.datasets:
            new_datasets.append(self._dataset)
        model = resolved.models[self._model] if isinstance(self._model, str) else self._model.id
        dataset = resolved.datasets[self._dataset] if isinstance(self._dataset, str) else self._dataset.id
        return model, dataset, new_models, new_datasets


def _count(loaders: Any) -> int | None:
    """Return how many samples a loader goes through; None if it does not know."""
    try:
        return len(loaders.dataset) or None
    except (AttributeError, TypeError):
        return None


def _seed() -> int | None:
    """Return the seed of ``seed_everything``, if it was called."""
    text = os.environ.get("PL_GLOBAL_SEED", "")
    return int(text) if text.isdigit() else None
