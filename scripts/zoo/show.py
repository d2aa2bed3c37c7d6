"""``zoograph zoo show``: everything that is known of one model, dataset or collection."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from zoograph.data.files.counts import count_of
from zoograph.scripts.terminal.options import AsJson
from zoograph.scripts.terminal.output import print_json
from zoograph.scripts.terminal.printed.tables import print_notes, print_table

if TYPE_CHECKING:
    from zoograph.data.records.cards import Card
    from zoograph.data.records.records import Run
    from zoograph.data.store.store import RecordStore

_TOP = 10


class _Cell(NamedTuple):
    """Runs that are repeats of each other; ``name`` is of the model, or of the dataset."""

    name: str
    metric: str
    shots: int | None
    input_size: int | None
    source: str
    failure: str | None


def show(
    name: Annotated[str, typer.Argument(help="A model, a dataset or a collection, by any of its names.")],
    as_json: AsJson = False,
) -> None:
    """Show a card in full, its runs by protocol, its lineage and names, and where the facts come from.

    Example: `zoograph zoo show convnext_tiny.fb_in22k_ft_in1k`
    """
    from zoograph.data.store.store import RecordStore

    with RecordStore.open(to_read=True) as store:
        found = _find(store, name)
    if as_json:
        print_json("zoo show", found)
    else:
        _print(found)


def _find(store: RecordStore, name: str) -> dict[str, Any]:
    """Return what is known of a name: of a model first, then of a dataset, a family of datasets, a collection."""
    from zoograph.data.collections.citations import read_citations
    from zoograph.data.errors import UnknownName
    from zoograph.data.records.sources import collection_of

    names = store.names()
    if name in names.models:
        return about_model(store, name)
    if name in names.datasets or name in names.families:
        return about_dataset(store, name)
    name = {known.casefold(): known for known in read_citations()}.get(name.casefold(), name)
    if name in read_citations() or any(name in (source, collection_of(source)) for source, _ in store.count_sources()):
        return {**_about(None, "collection", ()), "name": name, "sources": _sources([name])}
    try:
        return about_model(store, name, anywhere=True)
    except UnknownName as error:
        others = [*names.datasets, *names.families, *read_citations()]
        nearest = dict.fromkeys((*error.nearest, *_nearest(name, others)))
        raise UnknownName("name", name, list(nearest), "'zoograph zoo list' has them all.") from error


def about_model(store: RecordStore, name: str, *, anywhere: bool = False) -> dict[str, Any]:
    """Return everything that is known of the model that a name means.

    Args:
        store: of cards and runs.
        name: of the model, as :func:`zoograph.data.networks.find_model.find_model` reads it.
        anywhere: whether a folder, the hub and installed packages are looked into for an encoder of that name.

    Raises:
        UnknownName: if nobody who is asked knows it.
        AmbiguousName: if it stands for several.
    """
    from zoograph.data.collections.public.encoder_facts import with_encoder_facts
    from zoograph.data.errors import UnknownName
    from zoograph.data.networks.find_model import find_model
    from zoograph.data.records.published import copied_from, is_published

    models = store.cards()[0]
    found = find_model(store.names(), name, anywhere=anywhere)
    card = models.get(found.id) or found.card
    if card is None:
        raise UnknownName("model", found.id, ())
    card = with_encoder_facts(card)
    derived = [
        {"model": other.id, "kind": step.kind.value}
        for other in models.values()
        for step in other.derived_from
        if step.model == card.id
    ]
    about = _about(card, "model", store.runs_of(model=card.id))
    return {**about, "published": is_published(card), "copied_from": copied_from(card), "derived": derived}


def about_dataset(store: RecordStore, name: str) -> dict[str, Any]:
    """Return everything that is known of a dataset, or of a family of them.

    Raises:
        UnknownName: if the store knows none of that name.
    """
    ids = store.names().resolve_datasets(name)
    runs = store.runs_of(datasets=ids)
    if len(ids) == 1:
        return _about(store.find_cards(datasets=ids)[1][0], "dataset", runs)
    return {**_about(None, "family", runs), "name": name, "members": list(ids)}


def _about(card: Card | None, kind: str, runs: Sequence[Run]) -> dict[str, Any]:
    """Return a document; what does not apply to a kind of thing is there, and empty."""
    sources = dict.fromkeys([*(card.source.split("; ") if card else ()), *(run.source for run in runs)])
    return {
        "kind": kind,
        "name": card.id if card else None,
        "card": card.model_dump(mode="json") if card else None,
        "published": None,
        "copied_from": None,
        "derived": [],
        "members": [],
        "runs": [run.model_dump(mode="json") for run in runs],
        "sources": _sources(list(sources)),
    }


def _sources(names: Sequence[str]) -> list[dict[str, str | None]]:
    from zoograph.data.collections.citations import summarise

    return [{"source": name, "about": summarise(name)} for name in names]


def _nearest(name: str, known: Sequence[str]) -> list[str]:
    import difflib

    return difflib.get_close_matches(name, known, n=3)


# -- printing -----------------------------------------------------------------------------------------


def _print(found: Mapping[str, Any]) -> None:
    card = found["card"] or {}
    lineage = [(f"{step['kind'].replace('_', ' ')} from", step["model"]) for step in card.get("derived_from", ())]
    rows = [(key.replace("_", " "), _text(value)) for key, value in card.items() if _is_known(key, value)]
    rows += lineage
    if found["published"] is not None:
        rows.append(("published", "yes" if found["published"] else "no"))
    if found["members"]:
        rows.append(("members", ", ".join(found["members"])))
    print_table(f"The {found['kind']} {found['name']}", ("what", "value"), rows, names={"what", "value"})
    if found["derived"]:
        lines = [(step["model"], step["kind"].replace("_", " ")) for step in found["derived"]]
        print_table("What comes from it", ("model", "how"), lines, names={"how"}, copied={"model"})
    key = "model" if found["kind"] in ("dataset", "family") else "dataset"
    for protocol, runs in _by_protocol(found["runs"]):
        _print_runs(protocol, runs, key)
    own = [row["source"] for row in found["sources"] if not row["about"]]
    print_notes([f"{row['source']}: {row['about']}" for row in found["sources"] if row["about"]])
    if own:
        print_notes([f"Your own records: {'; '.join(own)}."])


def _is_known(key: str, value: Any) -> bool:
    return key != "derived_from" and value not in (None, [], {})


def _by_protocol(runs: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    from zoograph.data.records.records import Protocol

    for protocol in Protocol:
        chosen = [run for run in runs if run["protocol"] == protocol.value]
        if chosen:
            yield protocol.description, chosen


def _print_runs(protocol: str, runs: Sequence[Mapping[str, Any]], key: str) -> None:
    """Print runs of one protocol, repeats as their mean; of a dataset only the best models of each metric."""
    from zoograph.data.store.soundness.run_weights import mean_of_runs

    cells: dict[_Cell, list[tuple[float, int | None]]] = defaultdict(list)
    for run in runs:
        cells[_Cell(*(run[name] for name in (key, *_Cell._fields[1:])))].append((run["value"], run["test_size"]))
    rows = [(cell, mean_of_runs(*zip(*repeats, strict=True)), len(repeats)) for cell, repeats in cells.items()]
    if key == "model":
        rows.sort(key=lambda row: (row[0].metric, row[0].failure is not None, -row[1]))
    else:
        rows.sort(key=lambda row: tuple(map(str, row[0])))
    shown = rows[:_TOP] if key == "model" else rows
    best = f", the best {_TOP}" if len(shown) < len(rows) else ""
    columns = {
        key: [cell.name for cell, _, _ in shown],
        "metric": [cell.metric for cell, _, _ in shown],
        "value": [f"{value:.4f}" for _, value, _ in shown],
        "runs": [str(count) for _, _, count in shown],
        "shots": [_text(cell.shots) for cell, _, _ in shown],
        "input": [_text(cell.input_size) for cell, _, _ in shown],
        "source": [cell.source for cell, _, _ in shown],
        "failed": [_text(cell.failure) for cell, _, _ in shown],
    }
    known = {heading: cells for heading, cells in columns.items() if set(cells) != {_text(None)}}
    print_table(
        f"{protocol.capitalize()}: {count_of(len(runs), 'run')}{best}",
        tuple(known),
        list(zip(*known.values(), strict=True)),
        names={"metric", "source", "failed"},
        copied={key},
    )


def _text(value: Any) -> str:
    """Return a value of a card as a person reads it."""
    if value is None:
        return "–"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_text(part)}" for key, part in value.items() if part is not None)
    if isinstance(value, list):
        return "; ".join(map(_text, value)) if any(isinstance(part, Mapping) for part in value) else ", ".join(value)
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
