"""``recommend``: which model to pick for a dataset, and what it would cost to pick another."""

from __future__ import annotations

import re
from dataclasses import asdict
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import typer

import zoograph
from zoograph.scripts.terminal.messages import say_stage, warn
from zoograph.scripts.terminal.options import AnyMetric, AnyProtocol, AsJson, Domain, Encoder, FollowLinks, Question
from zoograph.scripts.terminal.output import print_json
from zoograph.scripts.terminal.progress import progress_bar

if TYPE_CHECKING:
    from zoograph.training.answers.recommend import Recommendation

_COUNT = re.compile(r"([0-9]+(?:\.[0-9]+)?)([kmbg]?)", re.IGNORECASE)
_UNITS = {"": 1, "k": 10**3, "m": 10**6, "b": 10**9, "g": 10**9}


def parse_count(text: str) -> int:
    """Return a count such as ``30M``, ``1.5B``, ``900k`` or ``25557032``.

    >>> parse_count("1.5B"), parse_count("25,557,032")
    (1500000000, 25557032)

    Raises:
        typer.BadParameter: if it is no count of at least one.
    """
    found = _COUNT.fullmatch(text.strip().replace(",", "").replace("_", ""))
    count = int(Decimal(found[1]) * _UNITS[found[2].lower()]) if found else 0
    if count < 1:
        raise typer.BadParameter(f"must be a count such as 30M, 1.5B, 900k or 25557032 (got '{text}').")
    return count


def recommend(
    dataset: Question,
    top: Annotated[int, typer.Option(min=1, help="Number of models to list.")] = 10,
    max_params: Annotated[
        int | None,
        typer.Option(parser=parse_count, metavar="COUNT", help="Most parameters, such as `30M` or `900k`."),
    ] = None,
    family: Annotated[str | None, typer.Option(help="Architecture family, such as `resnet`.")] = None,
    all_models: Annotated[
        bool, typer.Option("--all-models", help="Also rank models without any record of the protocol, by their cards.")
    ] = False,
    all_variants: Annotated[
        bool, typer.Option("--all-variants", help="Also rank uploads, and near-copies of other candidates.")
    ] = False,
    protocol: AnyProtocol = None,
    metric: AnyMetric = None,
    domain: Domain = None,
    encoder: Encoder = None,
    explain: Annotated[bool, typer.Option("--explain", help="Say what the first prediction rests on.")] = False,
    follow_links: FollowLinks = False,
    as_json: AsJson = False,
) -> None:
    """Rank models for a dataset by expected accuracy, with the probability of being the best and the expected regret.

    All records count, those of the ranked pairs included.

    Example: `zoograph recommend --dataset clipart_32 --max-params 30M`
    """
    from zoograph.scripts.terminal.recommendation import print_recommendation
    from zoograph.training.answers.candidates import Filters

    filters = Filters(max_params, family, all_models, all_variants)
    with progress_bar("Weighing the records") as progress:
        answer = zoograph.recommend(
            dataset, filters, protocol, domain, encoder, top, explain, progress, warn, say_stage, metric
        )
    if as_json:
        print_json("recommend", _as_dict(answer), answer.notes)
    else:
        print_recommendation(answer)


def _as_dict(answer: Recommendation) -> dict[str, Any]:
    return {
        "dataset": answer.dataset,
        "tasks": list(answer.tasks),
        "protocol": answer.protocol.value,
        "metric": answer.metric.value,
        "modality": answer.modality,
        "predictor": asdict(answer.provenance),
        "num_candidates": answer.num_candidates,
        "num_unknown_size": answer.num_unknown_size,
        "num_hidden": answer.num_hidden,
        "unranked": list(answer.unranked),
        "models": [{"rank": rank, **asdict(model)} for rank, model in enumerate(answer.candidates, 1)],
        "explanation": asdict(answer.explanation) if answer.explanation else None,
    }
