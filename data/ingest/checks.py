"""Checks of what tables say against what is known of a model and a dataset."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from zoograph.data.ingest.names import FoundNames, ResolvedNames
from zoograph.data.records.cards import DatasetCard, ModelCard
from zoograph.data.store.store import RecordStore

_FAR = 2.0  # another head, as for 21,843 classes, changes the number of parameters less for all but the smallest
_CHUNK = 5_000


class Contradiction(ValueError):
    """A table that says something else than what is known, and what to do."""


class KnownCards:
    """The cards of all models and datasets that some tables name, those that come in with them included."""

    def __init__(self, models: Iterable[ModelCard], datasets: Iterable[DatasetCard]) -> None:
        self._models = {card.id: card for card in models}
        self._datasets = {card.id: card for card in datasets}

    def check(self, model: str, dataset: str, said: Mapping[str, str]) -> None:
        """Raise if a model reads no samples of a dataset, or a row contradicts the model's card.

        Args:
            model: id.
            dataset: id.
            said: what the row says of both cards, by ``model.`` or ``dataset.`` and the field.

        Raises:
            Contradiction: in a sentence.
        """
        card, target = self._models[model], self._datasets[dataset]
        if target.modality not in card.modalities:
            raise Contradiction(
                f"'{model}' reads {' and '.join(card.modalities)}, and '{dataset}' is a dataset of {target.modality}. "
                "Correct one of the names."
            )
        if card.parameters and (text := said.get("model.parameters")):
            number = _read_count(text)
            if number is not None and not card.parameters / _FAR <= number <= card.parameters * _FAR:
                who = "timm counts" if card.timm_name == card.architecture and card.timm_name else "its card says"
                raise Contradiction(
                    f"'model.parameters' of '{model}' is {number:,}, and {who} {card.parameters:,}. Give the number of "
                    "parameters itself, not thousands or millions, or a name of their own to other weights."
                )


def load_cards(store: RecordStore, names: ResolvedNames, found: FoundNames) -> KnownCards:
    """Return the cards that resolved names stand for.

    A new card that the tables make and that does not say what its model reads, or what its dataset is of, gets the
    modality of the known ones that it was measured with, if that is one; ``names`` then has that card.
    """
    models = sorted(set(names.models.values()) - names.new_models.keys())
    datasets = sorted(set(names.datasets.values()) - names.new_datasets.keys())
    known_models, known_datasets = list[ModelCard](), list[DatasetCard]()
    for start in range(0, len(models), _CHUNK):
        known_models += store.find_cards(models=models[start : start + _CHUNK])[0]
    for start in range(0, len(datasets), _CHUNK):
        known_datasets += store.find_cards(datasets=datasets[start : start + _CHUNK])[1]
    _adopt_modalities(names, found, known_models, known_datasets)
    return KnownCards([*known_models, *names.new_models.values()], [*known_datasets, *names.new_datasets.values()])


def _adopt_modalities(
    names: ResolvedNames, found: FoundNames, models: Iterable[ModelCard], datasets: Iterable[DatasetCard]
) -> None:
    reads = {card.id: set(card.modalities) for card in models}
    reads |= {id: set(card.modalities) for id, card in names.new_models.items() if _states(card, "modalities")}
    shows = {card.id: {card.modality} for card in datasets}
    shows |= {id: {card.modality} for id, card in names.new_datasets.items() if _states(card, "modality")}
    of_models, of_datasets = dict[str, set[str]](), dict[str, set[str]]()
    for model_name, dataset_name in found.pairs:
        model, dataset = names.models.get(model_name), names.datasets.get(dataset_name)
        if model is not None and dataset is not None:
            of_models.setdefault(model, set()).update(shows.get(dataset, ()))
            of_datasets.setdefault(dataset, set()).update(reads.get(model, ()))
    for id, modalities in of_models.items():
        if id in names.new_models and id not in reads and modalities:
            names.new_models[id] = _with(names.new_models[id], modalities=tuple(sorted(modalities)))
    for id, modalities in of_datasets.items():
        if id in names.new_datasets and id not in shows and len(modalities) == 1:
            names.new_datasets[id] = _with(names.new_datasets[id], modality=modalities.pop())


def _states(card: ModelCard | DatasetCard, field: str) -> bool:
    return field in card.model_fields_set


def _with(card: Any, **fields: Any) -> Any:
    return card.model_copy(update=fields)


def _read_count(text: str) -> float | None:
    try:
        return float(text.replace(",", ""))
    except ValueError:
        return None
