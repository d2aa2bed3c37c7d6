"""``recommend``: which model to pick for a dataset, and what it would cost to pick another."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from decimal import Decimal
from threading import Timer
from typing import Annotated

import typer

from zoograph.data.records.records import Protocol
from zoograph.training.answers import recommend as answers
from zoograph.training.answers.recommend import Filters, Recommendation

_COUNT = re.compile(r"([0-9]+(?:\.[0-9]+)?)([kmbg]?)", re.IGNORECASE)
_UNITS = {"": 1, "k": 10**3, "m": 10**6, "b": 10**9, "g": 10**9}
_PATIENCE_S = 2.0


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
    dataset: Annotated[
        str,
        typer.Option(help="A dataset, a family of datasets, or a folder of images with one sub-folder a class."),
    ],
    top: Annotated[int, typer.Option(min=1, help="Number of models to list.")] = 10,
    max_params: Annotated[
        int | None,
        typer.Option(parser=parse_count, metavar="COUNT", help="Most parameters, such as `30M` or `900k`."),
    ] = None,
    family: Annotated[str | None, typer.Option(help="Architecture family, such as `resnet`.")] = None,
    all_models: Annotated[
        bool, typer.Option("--all-models", help="Also rank models without any record of the protocol, by their cards.")
    ] = False,
    protocol: Annotated[
        Protocol | None,
        typer.Option(help="How the model is transferred. Default: as the dataset was measured."),
    ] = None,
    domain: Annotated[str | None, typer.Option(help="Kind of images in a folder, such as `sketch` or `photo`.")] = None,
    encoder: Annotated[
        str | None, typer.Option(help="Text encoder: a hub id or a local path. Default: all-MiniLM-L6-v2.")
    ] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Say what the first prediction rests on.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON on stdout, and nothing else there.")] = False,
) -> None:
    """Rank models for a dataset by expected accuracy, with the probability of being the best and the expected regret.

    All records count, those of the ranked pairs included.

    Example: `zoograph recommend --dataset clipart_32 --max-params 30M`
    """
    from zoograph.scripts.terminal.progress import progress_bar
    from zoograph.scripts.terminal.recommendation import print_recommendation

    filters = Filters(max_params, family, all_models)
    with progress_bar("Training the predictor (first call only)") as train, _spinner("Weighing the records") as stop:

        def progress(done: int, total: int) -> None:
            stop()
            train(done, total)

        answer = answers.recommend(dataset, filters, protocol, domain, encoder, top, explain, progress, warn=_warn)
    if as_json:
        json.dump(_as_dict(answer), sys.stdout, indent=1)
        print()
    else:
        print_recommendation(answer)


@contextmanager
def _spinner(description: str) -> Iterator[Callable[[], None]]:
    """Show a spinner on stderr from two seconds on; yield what takes it away before the end."""
    from rich.console import Console

    status = Console(stderr=True).status(description)
    timer = Timer(_PATIENCE_S, status.start)
    timer.daemon = True
    timer.start()

    def stop() -> None:
        timer.cancel()
        timer.join()
        status.stop()

    try:
        yield stop
    finally:
        stop()


def _warn(message: str) -> None:
    print(f"Warning: {message}", file=sys.stderr)


def _as_dict(answer: Recommendation) -> dict[str, object]:
    return {
        "dataset": answer.dataset,
        "tasks": list(answer.tasks),
        "protocol": answer.protocol.value,
        "predictor": asdict(answer.provenance),
        "num_candidates": answer.num_candidates,
        "num_unknown_size": answer.num_unknown_size,
        "unranked": list(answer.unranked),
        "models": [{"rank": rank, **asdict(model)} for rank, model in enumerate(answer.candidates, 1)],
        "explanation": asdict(answer.explanation) if answer.explanation else None,
    }
