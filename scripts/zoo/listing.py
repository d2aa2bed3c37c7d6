"""``zoograph zoo list``: the models, datasets and collections that are known, as a table, JSON or CSV."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zoograph.data.records.catalogue import count_runs
from zoograph.data.records.pretraining import Objective
from zoograph.data.records.records import Protocol
from zoograph.scripts.terminal.numbers import parse_count
from zoograph.scripts.terminal.options import AsJson, Domain
from zoograph.scripts.terminal.program import new_app
from zoograph.scripts.zoo.entries import collection_rows, count_columns, dataset_row, model_row
from zoograph.scripts.zoo.rows import put_rows

if TYPE_CHECKING:
    from zoograph.data.store.store import RecordStore

app = new_app("List the models, datasets or collections that are known, your own included.")

Family = Annotated[str | None, typer.Option(help="Family, such as `convnext` or `clipart_32`.")]
Modality = Annotated[str | None, typer.Option(help="`image` or `text`.")]
WithRuns = Annotated[bool, typer.Option("--with-runs", help="Only what something was measured of.")]
MeasuredBy = Annotated[Protocol | None, typer.Option("--protocol", help="Only what was measured like this.")]
Limit = Annotated[int, typer.Option(min=0, help="Rows of the table; 0 for all. JSON and CSV always have all.")]
ToCsv = Annotated[Path | None, typer.Option("--csv", help="Write everything to this CSV file.", metavar="FILE")]

_FEW = 30


@app.command()
def models(
    family: Family = None,
    objective: Annotated[Objective | None, typer.Option(help="What the features were trained for.")] = None,
    corpus: Annotated[str | None, typer.Option(help="A dataset that the weights were trained on.")] = None,
    modality: Modality = None,
    max_params: Annotated[
        int | None, typer.Option(parser=parse_count, metavar="COUNT", help="Most parameters, such as `30M` or `900k`.")
    ] = None,
    licence: Annotated[str | None, typer.Option(help="Licence of the weights, such as `apache-2.0`.")] = None,
    published: Annotated[bool, typer.Option("--published", help="Leave out uploads and closed models.")] = False,
    with_runs: WithRuns = False,
    protocol: MeasuredBy = None,
    limit: Limit = _FEW,
    to_csv: ToCsv = None,
    as_json: AsJson = False,
) -> None:
    """List models, those with most measured runs first.

    Example: `zoograph zoo list models --family convnext --corpus imagenet-21k --max-params 30M`
    """
    from zoograph.data.collections.public.encoder_facts import with_encoder_facts
    from zoograph.data.records.catalogue import Wanted, make_entries
    from zoograph.data.store.store import RecordStore

    with RecordStore.open(to_read=True) as store:
        cards = {id: with_encoder_facts(card) for id, card in store.cards()[0].items()}
        corpora = None if corpus is None else store.names().resolve_datasets(corpus)
        entries = make_entries(cards.values(), _count_runs(store, "model"))
    _require_known("family", family, (card.family for card in cards.values()))
    _require_known("licence", licence, (card.licence for card in cards.values()))
    _require_known("modality", modality, (name for card in cards.values() for name in card.modalities))
    wanted = Wanted(
        family, modality, with_runs, protocol, objective, corpora, max_params, licence=licence, published=published
    )
    rows = [model_row(entry) for entry in entries if wanted.has_model(entry)]
    headings = {
        "model": "model",
        "family": "family",
        "objective": "trained for",
        "corpora": "on",
        "parameters": "parameters",
        "runs": "runs",
    }
    put_rows("models", rows, headings, limit, to_csv, as_json)


@app.command()
def datasets(
    family: Family = None,
    domain: Domain = None,
    modality: Modality = None,
    with_runs: WithRuns = False,
    protocol: MeasuredBy = None,
    limit: Limit = _FEW,
    to_csv: ToCsv = None,
    as_json: AsJson = False,
) -> None:
    """List datasets, those with most measured runs first.

    Example: `zoograph zoo list datasets --modality image --with-runs`
    """
    from zoograph.data.records.catalogue import Wanted, make_entries
    from zoograph.data.store.store import RecordStore

    domain = None if domain is None else domain.lower()  # as cards have it
    with RecordStore.open(to_read=True) as store:
        _, cards = store.cards()
        entries = make_entries(cards.values(), _count_runs(store, "dataset"))
    _require_known("family", family, (card.family for card in cards.values()))
    _require_known("domain", domain, (card.domain for card in cards.values()))
    _require_known("modality", modality, (card.modality for card in cards.values()))
    wanted = Wanted(family, modality, with_runs, protocol, domain=domain)
    rows = [dataset_row(entry) for entry in entries if wanted.has_dataset(entry)]
    headings = {
        "dataset": "dataset",
        "family": "family",
        "domain": "domain",
        "modality": "modality",
        "num_classes": "classes",
        "num_samples": "samples",
        "runs": "runs",
    }
    put_rows("datasets", rows, headings, limit, to_csv, as_json)


@app.command()
def collections(
    protocol: MeasuredBy = None,
    to_csv: ToCsv = None,
    as_json: AsJson = False,
) -> None:
    """List the collections that cards and runs come from, and what to cite.

    Example: `zoograph zoo list collections`
    """
    from zoograph.data.store.store import RecordStore

    with RecordStore.open(to_read=True) as store:
        cards, dataset_cards = store.cards()
        runs = _count_runs(store, "source")
    rows = [row for row in collection_rows(cards, dataset_cards, runs) if protocol is None or row[f"runs_{protocol}"]]
    headings = {"collection": "collection", "models": "models", "datasets": "datasets"}
    headings |= {key: key.removeprefix("runs_") for key in count_columns(Counter())}
    put_rows("collections", rows, headings, 0, to_csv, as_json)


def _count_runs(store: RecordStore, column: str) -> Mapping[str, Counter[Protocol]]:
    """Return the number of runs by protocol, for each model, dataset or source."""
    parts = store.stream_runs([column, "protocol"])
    return count_runs((str(name), str(protocol)) for part in parts for name, protocol in part)


def _require_known(kind: str, wanted: str | None, known: Iterable[str | None]) -> None:
    """Raise unless some card has what a filter asks for."""
    from zoograph.data.errors import UnknownName

    names = {name.casefold(): name for name in known if name}
    if wanted is not None and wanted.casefold() not in names:
        nearest = difflib.get_close_matches(wanted.casefold(), names, n=5, cutoff=0.3)
        raise UnknownName(kind, wanted, [names[name] for name in nearest])
