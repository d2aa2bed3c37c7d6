"""Routes for the page's views: the plane of the zoo, neighbours, stored answers against measurements, and versions."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from starlette.responses import Response

from zoograph.data.collections.citations import read_citations, read_origin
from zoograph.data.errors import PredictorError
from zoograph.data.records.fields import Name
from zoograph.data.records.records import Metric, Protocol
from zoograph.data.records.sources import collection_of
from zoograph.data.records.zoo import Zoo
from zoograph.scripts.serving.answering import Answers
from zoograph.scripts.serving.problems import Refused
from zoograph.scripts.serving.rendering import respond
from zoograph.scripts.serving.routes.stored_answers import StoredAnswer, coverage_by_group, list_stored_answers
from zoograph.training.versions.artifact import Artifact
from zoograph.training.versions.folders import PredictorFolder, find_predictors
from zoograph.training.versions.listing import list_versions, predictor_root
from zoograph.training.versions.load import load_current

_NEAREST = 12
_log = logging.getLogger("zoograph.serve")
Kind = Annotated[Literal["models", "datasets"], Query(description="What the points are.")]
AnyName = Annotated[Name, Query()]
Modality = Annotated[Name, Query(description="What the datasets are made of.")]


def exploring(answers: Answers) -> APIRouter:
    """Return the routes of the views."""
    router = APIRouter(tags=["explore"])

    @router.get("/map")
    def get_map(
        kind: Kind = "datasets",
        protocol: Protocol = Protocol.HEAD,
        metric: Metric = Metric.TOP1,
        modality: Modality = "image",
    ) -> Response:
        """Place models or datasets on a plane, near each other where the predictor takes them to be alike."""
        artifact, planes = _planes(answers, protocol, metric, modality)
        plane, zoo = planes[kind == "datasets"], answers.store.snapshot()
        runs = Counter(zoo.runs["dataset" if kind == "datasets" else "model"])
        cards: Any = zoo.datasets if kind == "datasets" else zoo.models
        points = [
            {
                "name": name,
                "x": round(float(x), 5),
                "y": round(float(y), 5),
                "group": cards[name].domain if kind == "datasets" else cards[name].family,
                "runs": runs[name],
            }
            for name, (x, y) in zip(plane.ids, plane.points, strict=True)
            if name in cards  # it may have been taken out since
        ]
        said = {"kind": kind, "predictor": artifact.manifest.version, "explained": plane.explained}
        return respond({**said, "points": points})

    @router.get("/neighbours")
    def get_neighbours(
        kind: Kind,
        name: AnyName,
        protocol: Protocol = Protocol.HEAD,
        metric: Metric = Metric.TOP1,
        modality: Modality = "image",
    ) -> Response:
        """List what is most like a model or a dataset, and what the graph connects it with."""
        _, planes = _planes(answers, protocol, metric, modality)
        nearest = planes[kind == "datasets"].nearest(name, _NEAREST)
        edges = _dataset_edges if kind == "datasets" else _model_edges
        found = [{"name": other, "likeness": likeness} for other, likeness in nearest]
        return respond({"kind": kind, "name": name, "nearest": found, "edges": edges(answers.store.snapshot(), name)})

    @router.get("/answers")
    def get_answers(
        model: Annotated[Name | None, Query()] = None,
        dataset: Annotated[Name | None, Query()] = None,
        protocol: Protocol = Protocol.HEAD,
        metric: Metric = Metric.TOP1,
        modality: Modality = "image",
    ) -> Response:
        """Hold what the predictor said of measured pairs, without their own records, against the measurements."""
        artifact, known = _stored(answers, protocol, metric, modality)
        pairs = [vars(pair) for pair in known if model in (None, pair.model) and dataset in (None, pair.dataset)]
        return respond({"predictor": artifact.manifest.version, "pairs": pairs})

    @router.get("/zoo")
    def get_zoo() -> Response:
        """Say where the records come from, how much of the zoo they cover, and how good the predictors were."""
        return respond(answers.get("zoo", lambda _: _describe_zoo(answers)).value)

    return router


def _require(protocol: Protocol, metric: Metric, modality: str) -> Artifact:
    artifact = load_current(predictor_root(protocol, None, metric, modality))
    if artifact is None:
        what = f"{metric.description} ({protocol.description}, {modality})"
        raise Refused(404, f"There is no predictor of {what} yet. Ask for a recommendation of that kind first.")
    return artifact


def _planes(answers: Answers, protocol: Protocol, metric: Metric, modality: str) -> Any:
    from zoograph.training.analysis.plane import make_planes

    artifact = _require(protocol, metric, modality)

    def work(_: object) -> Any:
        zoo = answers.store.snapshot()
        return make_planes(artifact, zoo.part(metric, modality))

    return artifact, answers.get(("planes", artifact.folder), work).value


def _stored(
    answers: Answers, protocol: Protocol, metric: Metric, modality: str
) -> tuple[Artifact, tuple[StoredAnswer, ...]]:
    artifact = _require(protocol, metric, modality)
    zoo = answers.store.snapshot
    kept = answers.get(("stored", artifact.folder), lambda _: tuple(list_stored_answers(artifact, zoo())))
    return artifact, kept.value


def _model_edges(zoo: Zoo, name: str) -> list[dict[str, Any]]:
    card = zoo.models.get(name)
    if card is None:
        return []
    up = [{"kind": step.kind.value.replace("_", " "), "model": step.model} for step in card.derived_from]
    down = [
        {"kind": f"gave rise to ({step.kind.value.replace('_', ' ')})", "model": other.id}
        for other in zoo.models.values()
        for step in other.derived_from
        if step.model == name
    ]
    return [*({"kind": "trained on", "dataset": corpus} for corpus in card.trained_on), *up, *down]


def _dataset_edges(zoo: Zoo, name: str) -> list[dict[str, Any]]:
    rows = zoo.relations[(zoo.relations["dataset"] == name) | (zoo.relations["other"] == name)]
    columns = zip(rows["name"], rows["dataset"], rows["other"], rows["value"], strict=True)
    near = [
        {"kind": kind, "dataset": other if one == name else one, "value": float(value)}
        for kind, one, other, value in columns
    ]
    trained = [{"kind": "trained", "model": card.id} for card in zoo.models.values() if name in card.trained_on]
    return [*sorted(near, key=lambda edge: (edge["kind"], edge["value"]))[:50], *trained[:50]]


def _describe_zoo(answers: Answers) -> dict[str, Any]:
    zoo, folders = answers.store.snapshot(), find_predictors()
    return {
        "sources": [
            {"source": source, **read_origin(text)._asdict(), "text": text} for source, text in read_citations().items()
        ],
        "coverage": list(_cover(zoo)),
        "predictors": [{"title": folder.title, **_kind(folder), "versions": _versions(folder)} for folder in folders],
        "calibration": [row for folder in folders for row in _calibrate(folder, zoo)],
    }


def _kind(folder: PredictorFolder) -> dict[str, Any]:
    return {"protocol": folder.protocol.value, "metric": folder.metric.value, "modality": folder.modality}


def _cover(zoo: Zoo) -> Iterator[dict[str, Any]]:
    # What zoograph itself measured has a source for each pair, which would be a row each.
    for (source, protocol), runs in zoo.runs.groupby([zoo.runs["source"].map(collection_of), "protocol"]):
        models, datasets = runs["model"].nunique(), runs["dataset"].nunique()
        pairs = len(runs[["model", "dataset"]].drop_duplicates())
        yield {
            "collection": source,
            "protocol": protocol,
            "runs": len(runs),
            "failed": int(runs["failure"].notna().sum()),
            "models": models,
            "datasets": datasets,
            "pairs": pairs,
            "share": pairs / (models * datasets),
        }


def _versions(folder: PredictorFolder) -> list[dict[str, Any]]:
    known = list_versions(folder.root)
    return [
        {
            "version": manifest.version,
            "created_at": manifest.created_at.isoformat(timespec="seconds"),
            "records": manifest.num_records,
            "is_current": manifest.version == known.current,
            "promoted": manifest.verdict.promoted,
            "error": manifest.verdict.error,
            "parent_error": manifest.verdict.parent_error,
            "coverage": manifest.verdict.coverage,
            "reason": manifest.verdict.reason,
        }
        for manifest in known.readable
    ]


def _calibrate(folder: PredictorFolder, zoo: Zoo) -> list[dict[str, Any]]:
    """Return how often the intervals of a predictor held what was measured, by the kind of images or texts.

    Of a predictor that cannot be read nothing is said; the next question to it replaces it.
    """
    if folder.source is not None:
        return []
    try:
        artifact = load_current(folder.root)
    except PredictorError as error:
        _log.warning("%s", error)
        return []
    pairs = tuple(list_stored_answers(artifact, zoo)) if artifact else ()
    groups = coverage_by_group(pairs, lambda pair: zoo.datasets[pair.dataset].domain or "not known")
    return [{**_kind(folder), "title": folder.title, **group._asdict()} for group in groups]
