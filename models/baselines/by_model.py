"""Linear regression with one row a model: the level of the dataset plus the skill that a card promises."""

from __future__ import annotations

from collections.abc import Callable
from typing import Self

import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from zoograph.graphs.schema import DATASET, MODEL
from zoograph.models.baselines.least_squares import RidgeFit, fit_ridge
from zoograph.models.evidence.node_features import ModelFeatures, one_hot
from zoograph.models.intervals import Widths, around
from zoograph.models.method import Method, Prediction
from zoograph.models.standardizer import Standardizer
from zoograph.models.training_records import TrainingRecords, count, look_up, total

_PENALTIES = (0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
Cards = Callable[[HeteroData, Tensor], Tensor]


def card_numbers(graph: HeteroData, measured: Tensor) -> Tensor:
    """Return (M, F) scaled numbers of models' cards with flags of the known ones, and one-hot families.

    Args:
        graph: as built.
        measured: models that set the scale.
    """
    return _rows(graph, MODEL, measured)


def card_facts(graph: HeteroData, measured: Tensor) -> Tensor:
    """Return (M, F) all that models' cards say: sizes, ImageNet accuracies, corpora, objective and family.

    What a card does not say is estimated from what it does, see
    :class:`zoograph.models.evidence.node_features.ModelFeatures`.
    """
    blocks = ModelFeatures.of(graph).blocks
    facts = [block for name, block in blocks.items() if name != "text"]
    return torch.cat([*facts, one_hot(graph[MODEL].x_category)], 1).double()


class RegressionByModel(Method):
    r"""Ridge regression of skill on the model's card, and of level on the dataset's.

    .. math:: \hat a_{md} = \beta^\top z_d + \gamma^\top x_m

    A model is one row, its skill the mean of its accuracies above those of their datasets, and a dataset is one row, so
    that what was measured often counts no more than what was measured once, and a penalty is chosen by leaving out
    models, or datasets, whole. A dataset with records has the level that these leave. Intervals hold 90 % of the errors
    on left-out models, and of left-out datasets where the dataset has no record.

    Args:
        cards: what is read of the models.
    """

    def __init__(self, cards: Cards = card_numbers) -> None:
        self.cards = cards

    def fit(self, graph: HeteroData) -> Self:
        """See :meth:`Method.fit`."""
        records = self._records = TrainingRecords.of(graph, minimum=2)
        models, datasets = (torch.unique(nodes) for nodes in (records.model, records.dataset))
        means = _mean(records.value, records.dataset, len(records.dataset_ids))
        skill = _mean(records.value - means[records.dataset], records.model, len(records.model_ids))
        rows = self.cards(graph, models)
        skills = _fit(rows[models], skill[models])
        self._skill = rows @ skills.weight + skills.bias
        level = _mean(records.value - self._skill[records.model], records.dataset, len(records.dataset_ids))
        about = _rows(graph, DATASET, datasets)
        levels = _fit(about[datasets], level[datasets])
        measured = count(records.dataset, len(level)) > 0
        self._level = torch.where(measured, level, about @ levels.weight + levels.bias)
        new_skill = _spread(skill[models] - skills.errors, models, len(self._skill))[records.model]
        new_level = _spread(level[datasets] - levels.errors, datasets, len(level))[records.dataset]
        known, new = (records.value - part - new_skill for part in (means[records.dataset], new_level))
        self._widths = Widths.of(known, new if len(datasets) > 1 else new[:0])
        return self

    def predict(self, pairs: Tensor, graph: HeteroData | None = None) -> Prediction:
        """See :meth:`Method.predict`; a node that was not in the fitted graph has the mean skill or level."""
        models, datasets = self._records.models_of(graph, pairs[0]), self._records.datasets_of(graph, pairs[1])
        mean = look_up(self._level, datasets, self._level.mean()) + look_up(self._skill, models, self._skill.mean())
        return around(mean, self._widths.at(self._records.seen(graph, pairs[1])))


def _fit(rows: Tensor, target: Tensor) -> RidgeFit:
    return fit_ridge(rows, target, torch.ones_like(target), _PENALTIES)


def _mean(values: Tensor, groups: Tensor, size: int) -> Tensor:
    return total(values, groups, size) / count(groups, size).clamp(min=1)


def _spread(values: Tensor, places: Tensor, size: int) -> Tensor:
    return torch.zeros(size, dtype=torch.float64).index_copy_(0, places, values)


def _rows(graph: HeteroData, kind: str, measured: Tensor) -> Tensor:
    store = graph[kind]
    scaler = Standardizer(store.x_number.shape[1]).fit(store.x_number[measured], store.x_number_mask[measured])
    return torch.cat([scaler(store.x_number, store.x_number_mask).double(), one_hot(store.x_category)], 1)
