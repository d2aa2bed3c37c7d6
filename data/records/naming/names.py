"""Names: one canonical id, any number of aliases, and families that stand for all their members."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from zoograph.data.errors import AmbiguousName, UnknownName

NEAREST = 5


@dataclass(frozen=True)
class NameIndex:
    """Everything that a model or a dataset can be called.

    Attributes:
        models: name or alias -> ids that it stands for.
        datasets: name or alias -> ids that it stands for.
        families: family of datasets -> ids of its members, in order.
    """

    models: Mapping[str, tuple[str, ...]]
    datasets: Mapping[str, tuple[str, ...]]
    families: Mapping[str, tuple[str, ...]]

    def resolve_model(self, name: str, more_names: Callable[[], Iterable[str]] = tuple) -> str:
        """Return the id of the one model called ``name``.

        Args:
            name: an id or an alias.
            more_names: other names worth suggesting, asked for only when ``name`` is not known.

        Raises:
            UnknownName: with the nearest names.
            AmbiguousName: if several models share the alias.
        """
        found = _look_up(self.models, name)
        if not found:
            raise UnknownName("model", name, _nearest(name, [*self.models, *more_names()]))
        if len(found) > 1:
            raise AmbiguousName("model", name, found)
        return found[0]

    def resolve_datasets(self, name: str) -> tuple[str, ...]:
        """Return the ids that ``name`` stands for: one dataset, or every member of a family.

        Raises:
            UnknownName: with the nearest names.
            AmbiguousName: if several datasets that are no family share the alias.
        """
        if name in self.families and name not in self.datasets:
            return self.families[name]
        found = _look_up(self.datasets, name)
        if len(found) > 1:
            raise AmbiguousName("dataset", name, found)
        found = found or _look_up(self.families, name)
        if not found:
            raise UnknownName(
                "dataset",
                name,
                _nearest(name, [*self.families, *self.datasets]),
                "A folder of images or texts, one sub-folder a class, or a table of texts can be given too.",
            )
        return found

    def of_model(self, id: str) -> NameIndex:
        """Return the names that can mean one model, with all that each of them stands for, and no datasets."""
        own = {name: found for name, found in self.models.items() if name == id or id in found}
        return NameIndex(own, {}, {})


def index_names(rows: Iterable[tuple[str, str, str]]) -> NameIndex:
    """Build the index from ``(kind, name, target)`` rows; kinds are model, dataset and family."""
    tables: dict[str, dict[str, list[str]]] = {"model": {}, "dataset": {}, "family": {}}
    for kind, name, target in rows:
        tables[kind].setdefault(name, []).append(target)
    models, datasets, families = (
        {name: tuple(targets) for name, targets in table.items()} for table in tables.values()
    )
    return NameIndex(models, datasets, families)


def _look_up(table: Mapping[str, tuple[str, ...]], name: str) -> tuple[str, ...]:
    """Return what ``name`` stands for exactly, or else regardless of case."""
    if name in table:
        # An id always means itself, even where it is somebody else's alias.
        return (name,) if name in table[name] else table[name]
    folded = name.casefold()
    return tuple({target: None for key in table if key.casefold() == folded for target in table[key]})


def _nearest(name: str, candidates: list[str]) -> list[str]:
    folded: dict[str, str] = {}
    for candidate in candidates:
        folded.setdefault(candidate.casefold(), candidate)
    matches = difflib.get_close_matches(name.casefold(), folded, n=NEAREST, cutoff=0.0)
    return [folded[match] for match in matches]
