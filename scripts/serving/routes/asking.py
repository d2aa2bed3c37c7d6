"""Routes that ask a predictor: predict, recommend and explain, as the Python face does it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Query
from starlette.responses import Response

from zoograph.data.records.cards import DatasetCard
from zoograph.data.records.fields import Name
from zoograph.data.records.records import Metric, Protocol
from zoograph.scripts.serving.answering import Answers, Kept
from zoograph.scripts.serving.documents import ExplainDocument, PredictDocument, RecommendDocument
from zoograph.scripts.serving.folders import find_folder
from zoograph.scripts.serving.questions import RecommendQuestion
from zoograph.scripts.serving.rendering import to_json
from zoograph.scripts.serving.settings import Settings
from zoograph.scripts.terminal.documents import describe_answer, describe_explanation, describe_recommendation
from zoograph.scripts.terminal.output import SCHEMAS
from zoograph.training.answers.current.current_predictor import Provenance, describe_age
from zoograph.training.answers.explain import Explanation, explain
from zoograph.training.answers.predict import Answer, predict
from zoograph.training.answers.question import STORED
from zoograph.training.answers.recommend import Recommendation, recommend

Found = TypeVar("Found")
ModelName = Annotated[Name, Query(description="A model of the zoo, or any name that timm knows.")]
DatasetName = Annotated[Name, Query(description="A dataset or a family of the store, by any of its names.")]
AnyProtocol = Annotated[Protocol | None, Query(description="Default: as the dataset was measured.")]
AnyMetric = Annotated[Metric | None, Query(description="Default: what the dataset is measured in.")]


def asking(answers: Answers, settings: Settings) -> APIRouter:
    """Return the routes of questions to a predictor."""
    router = APIRouter(tags=["ask"])

    @router.get("/predict", response_model=PredictDocument)
    def get_predict(
        model: ModelName, dataset: DatasetName, protocol: AnyProtocol = None, metric: AnyMetric = None
    ) -> Response:
        """Predict the accuracy of a model on a dataset, with a 90 % interval."""
        kept = answers.get(
            ("predict", model, dataset, protocol, metric),
            lambda warn: predict(model, STORED + dataset, protocol, metric=metric, warn=warn, source=answers.source),
        )
        return _send("predict", kept, kept.value.provenance, lambda age: _describe_answer(kept.value, age))

    @router.get("/explain", response_model=ExplainDocument)
    def get_explain(
        model: ModelName, dataset: DatasetName, protocol: AnyProtocol = None, metric: AnyMetric = None
    ) -> Response:
        """Say what is known of a model on a dataset, and which command would measure the rest."""
        kept = answers.get(
            ("explain", model, dataset, protocol, metric),
            lambda warn: explain(model, STORED + dataset, protocol, metric=metric, warn=warn, source=answers.source),
        )
        return _send("explain", kept, kept.value.answer.provenance, lambda age: _describe_explanation(kept.value, age))

    @router.post("/recommend", response_model=RecommendDocument)
    def post_recommend(question: RecommendQuestion) -> Response:
        """Rank models for a dataset of the store, for one that is described, or for a folder of the server."""
        kept = recommend_kept(answers, settings, question)
        top = question.top

        def describe(age: str) -> tuple[dict[str, Any], tuple[str, ...]]:
            shown = _first(kept.value, top, age)
            return describe_recommendation(shown), shown.notes

        return _send("recommend", kept, kept.value.provenance, describe, top)

    return router


def recommend_kept(answers: Answers, settings: Settings, question: RecommendQuestion) -> Kept[Recommendation]:
    """Return the ranking of a question, of all candidates."""
    dataset: str | DatasetCard
    if question.folder is not None:
        dataset = find_folder(answers.store, settings.roots, question.folder)
    else:
        dataset = question.card.as_card() if question.card else STORED + str(question.dataset)
    about = dataset if isinstance(dataset, str) else dataset.model_dump_json()
    same = question.model_copy(update={"dataset": None, "card": None, "folder": None, "top": 0})

    def work(warn: Callable[[str], None]) -> Recommendation:
        return recommend(
            dataset,
            question.filters.as_filters(),
            question.protocol,
            top=0,
            explain=question.explain,
            metric=question.metric,
            trade_off=question.as_trade_off(),
            warn=warn,
            source=answers.source,
        )

    return answers.get(("recommend", about, same.model_dump_json()), work)


def _first(ranking: Recommendation, top: int, age: str) -> Recommendation:
    """Return a ranking that lists so many models, and says of no other one what is to be known."""
    first = ranking.everyone[: top or None]
    names = {candidate.model for candidate in first}
    cautions = tuple(text for text in ranking.cautions if text.partition(": ")[0] in names)
    provenance = _aged(ranking.provenance, age)
    return replace(ranking, provenance=provenance, candidates=first, cautions=cautions)


def _describe_answer(answer: Answer, age: str) -> tuple[dict[str, Any], tuple[str, ...]]:
    shown = replace(answer, provenance=_aged(answer.provenance, age))
    return describe_answer(shown), shown.notes


def _describe_explanation(found: Explanation, age: str) -> tuple[dict[str, Any], tuple[str, ...]]:
    shown = replace(found, answer=replace(found.answer, provenance=_aged(found.answer.provenance, age)))
    return describe_explanation(shown), shown.notes


def _aged(provenance: Provenance, age: str) -> Provenance:
    return replace(provenance, age=age)


def _send(
    command: str,
    kept: Kept[Found],
    provenance: Provenance,
    describe: Callable[[str], tuple[Mapping[str, Any], tuple[str, ...]]],
    asked: Hashable = None,
) -> Response:
    """Return the response of an answer, as it was sent before if the predictor is as old in words."""
    age = age_now(provenance)

    def make() -> bytes:
        content, notes = describe(age)
        notes = tuple(dict.fromkeys((*kept.warnings, *notes)))
        return to_json({"schema": SCHEMAS[command], **content, "notes": notes})

    headers = {"X-Zoograph-Revision": kept.moment.revision, "X-Zoograph-Predictor": provenance.version}
    return Response(kept.send((asked, age), make), headers=headers, media_type="application/json")


def age_now(provenance: Provenance) -> str:
    """Return how old a predictor is now, in words; empty for the baseline."""
    if not provenance.created_at:
        return provenance.age
    return describe_age((datetime.now(UTC) - datetime.fromisoformat(provenance.created_at)).total_seconds())
