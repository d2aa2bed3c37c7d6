"""Transfer from a source of one's own: models are trained on it, transferred to a target, and the two are related."""

from __future__ import annotations

from dataclasses import replace

from zoograph.data.errors import ZoographError
from zoograph.data.records.cards import Modality
from zoograph.data.records.records import Protocol
from zoograph.training.analysis.relatedness.own_images import RelatednessReport, rank_on_images
from zoograph.training.analysis.relatedness.relate import Relating
from zoograph.training.measuring.finetuning.finetune import FinetuneConfig
from zoograph.training.measuring.measure import measure_models
from zoograph.training.measuring.pretrain import Pretraining, pretrain_models
from zoograph.training.measuring.reports import MeasureReport, SourceTraining
from zoograph.training.measuring.subject import Subject
from zoograph.training.runtime.progress import Progress, part_of


def measure_from_source(
    source: Subject,
    target: Subject,
    protocol: Protocol,
    seeds: int = 1,
    test_fraction: float = 0.3,
    config: FinetuneConfig | None = None,
    progress: Progress | None = None,
) -> MeasureReport:
    """Train models on a source, measure them on a target, and bound their loss there by task-relatedness.

    New weights, runs and the relation of the two datasets enter the store. What is kept is not trained again.

    Args:
        source: models, the weights that they begin with, and the dataset that they are trained on.
        target: the same models, and the dataset that they are transferred to.
        protocol: a retrained head or full fine-tuning on the target.
        seeds: runs of each model on the target.
        test_fraction: of each class, in (0, 1), where a dataset has no test images of its own.
        config: of both trainings.
        progress: called with (steps done, steps in all).

    Raises:
        ZoographError: if a dataset cannot be read, or if both are the same images.
    """
    source, target = (replace(subject, modality=Modality.IMAGE) for subject in (source, target))
    if source.open().digest == target.open().digest:
        raise ZoographError(
            f"The source must be other images than the dataset (got those of '{source.dataset}' for both). "
            "Choose another source."
        )
    pretrained = pretrain_models(source, config, test_fraction, part_of(progress, 0, 3))
    subject = replace(target, models=[one.name for one in pretrained.models], weights=str(pretrained.folder))
    if not pretrained.models:
        return MeasureReport(target.dataset, (), {}, pretrained.failures)
    report = measure_models(subject, protocol, seeds, test_fraction, config, part_of(progress, 1, 3))
    related = rank_on_images(subject, source.dataset, Relating(), progress=part_of(progress, 2, 3), stored=True)
    failures = {failure.model: failure for part in (related, report, pretrained) for failure in part.failures}
    return replace(report, failures=tuple(failures.values()), sources=_sources(pretrained, related))


def _sources(pretrained: Pretraining, related: RelatednessReport) -> tuple[SourceTraining, ...]:
    bounds = {one.model: one.bound for one in related.models}
    return tuple(
        SourceTraining(one.id, pretrained.source, one.accuracy, str(one.file), bounds.get(one.id))
        for one in pretrained.models
    )
