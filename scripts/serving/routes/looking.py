"""Routes that look things up: models, datasets and collections, with filters and a page at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from zoograph.data.collections.public.encoder_facts import with_encoder_facts
from zoograph.data.records.cards import DatasetCard, ModelCard
from zoograph.data.records.catalogue import Entry, Wanted, count_runs, make_entries
from zoograph.data.records.fields import Count, Name
from zoograph.data.records.pretraining import Objective
from zoograph.data.records.records import Metric, Protocol
from zoograph.data.tasks.identity import is_local
from zoograph.scripts.serving.answering import Answers
from zoograph.scripts.serving.documents import (
    CollectionPage,
    DatasetDocument,
    DatasetPage,
    Health,
    ModelDocument,
    ModelPage,
)
from zoograph.scripts.serving.folders import list_folders
from zoograph.scripts.serving.rendering import respond
from zoograph.scripts.serving.settings import Settings
from zoograph.scripts.zoo.entries import collection_rows, dataset_row, model_row
from zoograph.scripts.zoo.rows import Rows
from zoograph.scripts.zoo.show import about_dataset, about_model
from zoograph.training.answers.current.current_predictor import describe_age
from zoograph.training.versions.folders import find_predictors
from zoograph.training.versions.listing import list_versions

MOST_ROWS = 5_000
Limit = Annotated[int, Query(ge=1, le=MOST_ROWS, description="Rows to send at most.")]
Offset = Annotated[int, Query(ge=0, le=10_000_000, description="Rows to pass over.")]
Search = Annotated[str | None, Query(max_length=300, description="Words that names must contain; letters in any case.")]
Text = Annotated[Name | None, Query()]


def looking(answers: Answers, settings: Settings) -> APIRouter:
    """Return the routes of what is known."""
    router = APIRouter(tags=["look up"])

    @router.get("/health", response_model=Health)
    def get_health() -> Response:
        """Say whether the server answers, and from what."""
        return respond(_health(answers, settings))

    @router.get("/models", response_model=ModelPage)
    def get_models(
        search: Search = None,
        family: Text = None,
        modality: Text = None,
        licence: Text = None,
        objective: Objective | None = None,
        corpus: Text = None,
        max_params: Annotated[Count | None, Query()] = None,
        published: bool = False,
        with_runs: bool = False,
        protocol: Protocol | None = None,
        limit: Limit = 100,
        offset: Offset = 0,
    ) -> Response:
        """List models, those with most measured runs first."""
        corpora = None if corpus is None else answers.store.names().resolve_datasets(corpus)
        wanted = Wanted(
            family, modality, with_runs, protocol, objective, corpora, max_params, licence=licence, published=published
        )
        entries = [entry for entry in _models(answers) if wanted.has_model(entry) and _is_called(entry.card, search)]
        return _page("models", [model_row(entry) for entry in entries[offset : offset + limit]], len(entries), offset)

    @router.get("/models/{name:path}", response_model=ModelDocument)
    def get_model(name: Annotated[Name, Path()]) -> Response:
        """Show the card of a model, its runs, lineage and sources."""
        return respond(about_model(answers.store, name))

    @router.get("/datasets", response_model=DatasetPage)
    def get_datasets(
        search: Search = None,
        family: Text = None,
        domain: Text = None,
        modality: Text = None,
        with_runs: bool = False,
        protocol: Protocol | None = None,
        limit: Limit = 100,
        offset: Offset = 0,
    ) -> Response:
        """List datasets, those with most measured runs first."""
        wanted = Wanted(family, modality, with_runs, protocol, domain=domain)
        entries = [
            entry for entry in _datasets(answers) if wanted.has_dataset(entry) and _is_called(entry.card, search)
        ]
        rows = [dataset_row(entry) for entry in entries[offset : offset + limit]]
        return _page("datasets", rows, len(entries), offset)

    @router.get("/datasets/{name:path}", response_model=DatasetDocument)
    def get_dataset(name: Annotated[Name, Path()]) -> Response:
        """Show the card of a dataset, or the members of a family, with runs and sources."""
        found = about_dataset(answers.store, name)
        if found["card"] is not None:
            found["card"]["aliases"] = _told(found["card"]["aliases"])
        return respond(found)

    @router.get("/collections", response_model=CollectionPage)
    def get_collections(protocol: Protocol | None = None, limit: Limit = 100, offset: Offset = 0) -> Response:
        """List the collections that cards and runs come from."""
        rows = [row for row in _collections(answers) if protocol is None or row[f"runs_{protocol.value}"]]
        return _page("collections", rows[offset : offset + limit], len(rows), offset)

    @router.get("/choices")
    def get_choices() -> Response:
        """List what can be chosen where: families, licences, domains, devices, protocols, metrics and folders."""
        return respond(
            {**answers.read("choices", lambda: _choices(answers)), "folders": list(list_folders(settings.roots))}
        )

    return router


def first_dataset(answers: Answers) -> str:
    """Return the dataset that most runs are on; the page begins with it."""
    return _datasets(answers)[0].card.id


def _page(kind: str, rows: Rows, total: int, offset: int) -> Response:
    return respond({"total": total, "offset": offset, kind: rows})


def _told(aliases: Iterable[str]) -> list[str]:
    """Return the aliases that do not say where something lies on this machine."""
    return [alias for alias in aliases if not is_local(alias)]


def _is_called(card: ModelCard | DatasetCard, search: str | None) -> bool:
    if not search:
        return True
    names = "\n".join((card.id, *_told(card.aliases))).casefold()
    return all(word in names for word in search.casefold().split())


def _models(answers: Answers) -> Sequence[Entry[ModelCard]]:
    def read() -> Sequence[Entry[ModelCard]]:
        zoo = answers.store.snapshot()
        cards = map(with_encoder_facts, zoo.models.values())
        return make_entries(cards, count_runs(_pairs(answers, "model")))

    return answers.read("models", read)


def _datasets(answers: Answers) -> Sequence[Entry[DatasetCard]]:
    def read() -> Sequence[Entry[DatasetCard]]:
        zoo = answers.store.snapshot()
        return make_entries(zoo.datasets.values(), count_runs(_pairs(answers, "dataset")))

    return answers.read("datasets", read)


def _collections(answers: Answers) -> Rows:
    def read() -> Rows:
        zoo = answers.store.snapshot()
        return collection_rows(zoo.models, zoo.datasets, count_runs(_pairs(answers, "source")))

    return answers.read("collections", read)


def _pairs(answers: Answers, column: str) -> Iterable[tuple[str, str]]:
    runs = answers.store.snapshot().runs
    return zip(runs[column], runs["protocol"], strict=True)


def _choices(answers: Answers) -> dict[str, Any]:
    zoo = answers.store.snapshot()
    models, datasets = zoo.models.values(), zoo.datasets.values()
    return {
        "families": _known(card.family for card in models),
        "licences": _known(card.licence for card in models),
        "objectives": _known(card.objective and card.objective.value for card in models),
        "domains": _known(card.domain for card in datasets),
        "devices": _known(speed.device for card in models for speed in card.speeds),
        "modalities": _known(card.modality for card in datasets),
        "protocols": [{"name": kind.value, "description": kind.description} for kind in Protocol],
        "metrics": [{"name": kind.value, "description": kind.description} for kind in Metric],
        "ways": [
            {"protocol": protocol.value, "metric": metric.value, "modality": modality, "runs": count}
            for (protocol, metric, modality), count in answers.store.ways_measured().items()
        ],
    }


def _known(names: Iterable[str | None]) -> list[str]:
    return sorted({name for name in names if name})


def _health(answers: Answers, settings: Settings) -> dict[str, Any]:
    zoo = answers.store.snapshot()
    return {
        "status": "ok",
        "zoograph": version("zoograph"),
        "data_hash": answers.read("data hash", zoo.fingerprint),
        "revision": answers.store.revision,
        "models": len(zoo.models),
        "datasets": len(zoo.datasets),
        "runs": len(zoo.runs),
        "predictors": [
            {
                "predictor": folder.key,
                "protocol": folder.protocol.value,
                "metric": folder.metric.value,
                "modality": folder.modality,
                "version": manifest.version,
                "created_at": manifest.created_at.isoformat(timespec="seconds"),
                "age": describe_age((datetime.now(UTC) - manifest.created_at).total_seconds()),
                "records": manifest.num_records,
            }
            for folder in find_predictors()
            for known in [list_versions(folder.root)]
            for manifest in known.readable
            if manifest.version == known.current
        ],
        "writable": bool(settings.tokens),
    }
