"""Documents of answers: what ``--json`` prints of them, and what the server sends."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zoograph.data.ingest.report import IngestReport
    from zoograph.training.answers.explain import Explanation
    from zoograph.training.answers.predict import Answer
    from zoograph.training.answers.recommend import Candidate, Recommendation


def describe_answer(answer: Answer) -> dict[str, Any]:
    """Return the document of ``predict``."""
    return {
        **_asked(answer),
        "predictor": asdict(answer.provenance),
        "tasks": [asdict(row) for row in answer.rows],
        "mean": asdict(answer.mean),
    }


def describe_recommendation(answer: Recommendation) -> dict[str, Any]:
    """Return the document of ``recommend``, without the files that the command writes."""
    return {
        "dataset": answer.dataset,
        "tasks": list(answer.tasks),
        "protocol": answer.protocol.value,
        "metric": answer.metric.value,
        "modality": answer.modality,
        "predictor": asdict(answer.provenance),
        "cost": asdict(answer.cost),
        "utility": answer.weight,
        "num_candidates": answer.num_candidates,
        "filters": [step._asdict() for step in answer.steps],
        "num_hidden": answer.num_hidden,
        "unranked": list(answer.unranked),
        "candidates": [describe_candidate(rank, candidate) for rank, candidate in enumerate(answer.candidates, 1)],
        "explanation": asdict(answer.explanation) if answer.explanation else None,
    }


def describe_candidate(rank: int, candidate: Candidate) -> dict[str, Any]:
    """Return one row of a ranking."""
    return {"rank": rank, **vars(candidate), "twins": list(candidate.twins)}


def describe_explanation(explanation: Explanation) -> dict[str, Any]:
    """Return the document of ``explain``."""
    answer = explanation.answer
    return {
        **_asked(answer),
        "card": explanation.card.model_dump(mode="json"),
        "predictor": asdict(answer.provenance),
        "prediction": asdict(answer.rows[0]),
        "evidence": asdict(explanation.evidence) if explanation.evidence else None,
        "scores": [asdict(score) for score in explanation.scores],
        "bounds": [
            {"reference": kept.reference, "bound": kept.bound.total, **kept.bound._asdict()}
            for kept in explanation.bounds
        ],
        "distance": json.loads(explanation.distance.model_dump_json()) if explanation.distance else None,
        "outcome": explanation.outcome,
        "helpful": [asdict(effect) for effect in explanation.helpful],
        "harmful": [asdict(effect) for effect in explanation.harmful],
        "missing": [asdict(missing) for missing in explanation.missing],
    }


def describe_ingest(report: IngestReport) -> dict[str, Any]:
    """Return the document of ``ingest``."""
    content = asdict(report)
    del content["meanings"]  # they are among the notes
    return {**content, "left_out": report.num_left_out}


def _asked(answer: Answer) -> dict[str, Any]:
    return {
        "model": answer.model,
        "dataset": answer.dataset,
        "protocol": answer.protocol.value,
        "metric": answer.metric.value,
        "modality": answer.modality,
    }
