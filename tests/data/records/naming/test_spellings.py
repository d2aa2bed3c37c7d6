"""Metrics and scores by the names that people give them."""

from __future__ import annotations

import pytest

from zoograph.data.errors import UnknownName
from zoograph.data.records.naming.spellings import (
    OF_OTHER_TARGETS,
    SCORE_NAMES,
    UNREAD_SCORES,
    Target,
    fold,
    is_figure_name,
    is_score_name,
    read_metric,
    read_score_name,
)
from zoograph.data.records.records import PARAMETER_DISTANCE, Metric


@pytest.mark.parametrize("metric", list(Metric))
def test_every_metric_is_called_by_its_own_name(metric: Metric) -> None:
    assert read_metric(metric.value) is read_metric(metric.value.upper().replace("_", " ")) is metric


@pytest.mark.parametrize(
    ("text", "metric"),
    [
        ("Top 1 Accuracy", Metric.TOP1),
        ("top-1-accuracy", Metric.TOP1),
        ("acc@1", Metric.TOP1),
        ("acc@5", Metric.TOP5),
        ("balanced accuracy", Metric.MEAN_PER_CLASS),
        ("mean_iou", Metric.MIOU),
        ("ROC AUC", Metric.AUROC),
        ("R²", None),
        ("loss", None),
        ("", None),
    ],
)
def test_other_spellings_are_known_and_other_metrics_are_not(text: str, metric: Metric | None) -> None:
    if metric is None:
        with pytest.raises(UnknownName, match=r"Unknown metric .* Known are top1, top5, "):
            read_metric(text)
    else:
        assert read_metric(text) is metric


@pytest.mark.parametrize("name", [*SCORE_NAMES, PARAMETER_DISTANCE, "logme_regression", "knn_pixels"])
def test_every_score_is_called_by_its_own_name(name: str) -> None:
    assert read_score_name(name) == read_score_name(name.upper().replace("_", "-")) == name
    assert is_score_name(name)


def test_names_that_are_no_score_are_told_with_the_nearest() -> None:
    assert not is_score_name("pets")
    with pytest.raises(UnknownName, match=r"Unknown score 'logmee'. Nearest names: logme, "):
        read_score_name("logmee")
    assert fold("H-Score 2") == "hscore2"


def test_scores_of_other_targets_have_names_of_their_own() -> None:
    assert [Target.CLASSES.stored(name) for name in SCORE_NAMES] == list(SCORE_NAMES)
    assert len(OF_OTHER_TARGETS) == 2 * len(SCORE_NAMES)
    assert not UNREAD_SCORES & {*SCORE_NAMES}


@pytest.mark.parametrize(
    "name",
    ["img/s", "images/s", "it/s", "Time (h)", "GFLOPs", "pets top5", "pets top-5 acc", "Pets Acc@5", "flowers error",
     "pets_f1", "pets AUROC", "cars loss", "Oxford pets accuracy"],
)  # fmt: skip
def test_a_figure_is_no_dataset(name: str) -> None:
    assert is_figure_name("dataset", name)


@pytest.mark.parametrize("name", ["pets", "Stanford Cars", "imagenet-r2", "Human errors in text", "SAT-6", "s2"])
def test_a_name_is_not_taken_for_a_figure_without_need(name: str) -> None:
    assert not is_figure_name("dataset", name)


@pytest.mark.parametrize("name", ["Best", "worst", "SOTA", "Previous best", "chance level", "random guess", "mean"])
def test_a_summary_and_a_rival_are_no_models(name: str) -> None:
    assert is_figure_name("model", name)


@pytest.mark.parametrize("name", ["resnet18", "best-vit", "random forest", "ours", "baseline"])
def test_a_name_of_a_model_stays_one(name: str) -> None:
    assert not is_figure_name("model", name)
