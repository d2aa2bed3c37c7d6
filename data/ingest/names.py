"""Name resolution: known names become ids, new ones get a card where one can be made, others are held back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from zoograph.data.collections.public_datasets import LEFT_OUT, find_public_dataset, read_public_datasets
from zoograph.data.errors import AmbiguousName, UnknownName
from zoograph.data.ingest.cards import AnyCard, BadCard, make_card
from zoograph.data.networks.find_model import find_known_model
from zoograph.data.records.cards import DatasetCard, ModelCard
from zoograph.data.records.naming.names import NameIndex
from zoograph.data.records.naming.spellings import is_figure_name

_MOST_EXPLAINED = 50  # finding the nearest names takes a while
_MODALITIES = frozenset({"modality", "modalities"})
_HINT = "Say what is known of it in columns such as 'model.family' or 'dataset.num_classes', or use --add-unknown."


@dataclass
class FoundNames:
    """The names in a file, with what the file knows of each: the fields of a card, as text.

    Attributes:
        models: name -> field of its card -> text.
        datasets: likewise.
        pairs: names of a model and a dataset that were measured together.
    """

    models: dict[str, dict[str, str]] = field(default_factory=dict)
    datasets: dict[str, dict[str, str]] = field(default_factory=dict)
    pairs: set[tuple[str, str]] = field(default_factory=set)

    def add(self, model: str, dataset: str, cards: Mapping[str, str]) -> None:
        """Add the names of one measurement; what an earlier one knew counts."""
        self.pairs.add((model, dataset))
        known = {"model": self.models.setdefault(model, {}), "dataset": self.datasets.setdefault(dataset, {})}
        for name, text in cards.items():
            kind, _, own = name.partition(".")
            known[kind].setdefault(own, text)


@dataclass
class ResolvedNames:
    """What names stand for.

    Attributes:
        models: name -> id.
        datasets: name -> id.
        new_models: cards that the store does not have.
        new_datasets: likewise.
        held: name of a kind (``model`` or ``dataset``) that stands for nothing, or for several things -> why.
    """

    models: dict[str, str] = field(default_factory=dict)
    datasets: dict[str, str] = field(default_factory=dict)
    new_models: dict[str, ModelCard] = field(default_factory=dict)
    new_datasets: dict[str, DatasetCard] = field(default_factory=dict)
    held: dict[tuple[str, str], str] = field(default_factory=dict)


def resolve_names(
    found: FoundNames, names: NameIndex, source: str, add_unknown: bool = False, hint: str = _HINT
) -> ResolvedNames:
    """Find out what every name stands for.

    An id of the store is itself. Another name is what the rule for names says: see
    :func:`zoograph.data.networks.find_model.find_model` for models, and
    :func:`zoograph.data.collections.public_datasets.find_public_dataset` for datasets. A model of timm, or a public
    dataset, that the store does not have gets its card; otherwise its card is what the file says of it; otherwise, if
    wanted, its name alone. A name for several things is held back, and so is one that stays unknown, with the nearest
    names.

    Args:
        found: names in the file.
        names: of the store.
        source: of cards that the file makes.
        add_unknown: whether a name alone makes a card.
        hint: what to do about a name that stays unknown.
    """
    resolver = _Resolver(names, source, add_unknown, hint)
    for name, fields in found.models.items():
        resolver.resolve("model", name, fields)
    for name, fields in found.datasets.items():
        resolver.resolve("dataset", name, fields)
    return resolver.result


class _Resolver:
    def __init__(self, names: NameIndex, source: str, add_unknown: bool, hint: str) -> None:
        self.result = ResolvedNames()
        self._names, self._source, self._add_unknown, self._hint = names, source, add_unknown, hint
        self._known_models = _fold(names.models)
        self._known_datasets = _fold((*names.datasets, *names.families))
        self._unknown = Counter[str]()  # kind -> names that were explained, or would have been
        self._new: dict[tuple[str, str], str] = {}  # kind and any name of a new card, regardless of case -> its id

    def resolve(self, kind: str, name: str, fields: Mapping[str, str]) -> None:
        """Enter what one name of a ``kind`` (``model`` or ``dataset``) stands for, or why it is held back."""
        ids, find = {
            "model": (self.result.models, self._find_model),
            "dataset": (self.result.datasets, self._find_dataset),
        }[kind]
        try:
            known = self._new.get((kind, name.casefold()))
            ids[name] = find(name, fields) if known is None else known
        except UnknownName as error:
            self.result.held[kind, name] = str(UnknownName(kind, name, error.nearest, self._hint))
        except (AmbiguousName, _NoCard) as error:
            self.result.held[kind, name] = str(error)

    def _find_model(self, name: str, fields: Mapping[str, str]) -> str:
        found = None if _is_odd(name) and name not in self._names.models else find_known_model(self._names, name)
        if found is not None and found.card is None:
            return found.id
        if found is not None and found.card is not None:
            card = found.card
            # The store may know these weights by another of their names; the architecture alone may mean others.
            own_names = [alias for alias in (card.id, *card.aliases) if alias != card.architecture]
            same = [self._names.models[alias] for alias in own_names if alias in self._names.models]
            return same[0][0] if same and len(same[0]) == 1 else self._enter(self.result.new_models, "model", card)
        if name.casefold() in self._known_models:
            return self._names.resolve_model(name)
        _require_no_figure("model", name, fields)
        if _says_something(fields) or self._add_unknown:
            return self._enter(self.result.new_models, "model", self._make_card(ModelCard, name, fields))
        self._explain("model", name)
        return self._names.resolve_model(name, lambda: _nearest_in_timm(name))

    def _find_dataset(self, name: str, fields: Mapping[str, str]) -> str:
        if name.casefold() not in self._known_datasets:
            public = _ask_public(name)
            if public is not None:
                known = public.id in self._names.datasets.get(public.id, ())
                return public.id if known else self._enter(self.result.new_datasets, "dataset", public)
            _require_no_figure("dataset", name, fields)
            if _says_something(fields) or self._add_unknown:
                return self._enter(self.result.new_datasets, "dataset", self._make_card(DatasetCard, name, fields))
            if name in LEFT_OUT:
                raise _NoCard(f"The dataset '{name}' is left out: {LEFT_OUT[name]}.")
            self._explain("dataset", name)
        ids = self._names.resolve_datasets(name)
        if len(ids) > 1:
            raise AmbiguousName("dataset", name, ids)
        return ids[0]

    def _enter(self, cards: dict[str, AnyCard], kind: str, card: AnyCard) -> str:
        cards[card.id] = card
        known = self._known_models if kind == "model" else self._known_datasets
        for name in (card.id, *card.aliases):
            if name == card.id or name.casefold() not in known:
                self._new.setdefault((kind, name.casefold()), card.id)
        return card.id

    def _explain(self, kind: str, name: str) -> None:
        self._unknown[kind] += 1
        if self._unknown[kind] > _MOST_EXPLAINED:
            raise _NoCard(f"Unknown {kind} '{name}'.")

    def _make_card(self, card: type[AnyCard], name: str, fields: Mapping[str, str]) -> AnyCard:
        try:
            return make_card(card, name, fields, self._source)
        except BadCard as error:
            raise _NoCard(f"No card can be made of '{name}': {error}.") from error


class _NoCard(ValueError):
    """A name that no card can be made for, and why."""


def _fold(names: Iterable[str]) -> set[str]:
    return {name.casefold() for name in names}


def _says_something(fields: Mapping[str, str]) -> bool:
    """Whether fields make a card; what something is read with alone says nothing of it."""
    return bool(fields.keys() - _MODALITIES)


def _require_no_figure(kind: str, name: str, fields: Mapping[str, str]) -> None:
    """Raise if a name of which nothing is known is that of a figure, which needs no card."""
    if not _says_something(fields) and is_figure_name(kind, name):
        raise _NoCard(f"'{name}' is no {kind}, as it seems, but a figure beside others.")


def _is_odd(name: str) -> bool:
    """Whether no library has such a name; importing them takes a while."""
    return any(sign.isspace() for sign in name)


def _ask_public(name: str) -> DatasetCard | None:
    try:
        found = find_public_dataset(name)
    except UnknownName:
        return None
    return next(card for card in read_public_datasets() if card.id == found)


def _nearest_in_timm(name: str) -> list[str]:
    from zoograph.data.networks.registry.timm_names import nearest_timm_names

    return nearest_timm_names(name)
