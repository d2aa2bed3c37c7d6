"""How ``recommend`` prints a ranking of models."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from zoograph.scripts.terminal.printed.evidence import format_number, print_evidence
from zoograph.scripts.terminal.printed.tables import print_notes, print_table
from zoograph.training.answers.notes import format_chance, format_interval
from zoograph.training.candidates.trade_off import Cost

if TYPE_CHECKING:
    from zoograph.training.answers.recommend import Candidate, Recommendation

_DIGITS = range(2, 6)  # of utilities


def print_recommendation(answer: Recommendation) -> None:
    """Print the table, the evidence if it was asked for, and the footnotes."""
    _print_ranking(answer)
    if answer.explanation:
        print_notes([f"What the prediction of {answer.explanation.model} rests on:"])
        print_evidence(answer.explanation, answer.dataset)
    print_notes(answer.notes)


def _print_ranking(answer: Recommendation) -> None:
    """Print the table; a column in which nothing is known is left out."""
    digits = _tell_apart([c.utility for c in answer.candidates if c.utility is not None])
    shown: dict[str, Callable[[Candidate], str]] = {
        "predicted": lambda c: f"{c.predicted:.3f}",
        "90 % interval": lambda c: format_interval(c.lower, c.upper),
        "measured": lambda c: format_number(c.measured, ".3f"),
        "best": lambda c: format_chance(c.best),
        "regret": lambda c: f"{c.regret:.2f}",
        "twins": lambda c: f"{len(c.twins):,}" if c.twins else "–",
        "utility": lambda c: "–" if answer.weight == 1 else format_number(c.utility, f"z.{digits}f"),
        "params": lambda c: _format_parameters(c.parameters),
        "GMACs": lambda c: format_number(c.gmacs, ".2f"),
        "ms/image": lambda c: format_number(c.cost, ".3g") if answer.cost.name is Cost.TIME else "–",
        "front": lambda c: "*" if c.front else "–",
    }
    columns = {heading: [cell(c) for c in answer.candidates] for heading, cell in shown.items()}
    columns = {heading: cells for heading, cells in columns.items() if set(cells) != {"–"}}
    columns = {
        heading: [cell.replace("–", "") if heading == "front" else cell for cell in cells]
        for heading, cells in columns.items()
    }
    print_table(
        answer.title,
        ("#", "model", *columns),
        [
            (str(i + 1), candidate.model, *(cells[i] for cells in columns.values()))
            for i, candidate in enumerate(answer.candidates)
        ],
        names={"model"},
    )


def _tell_apart(values: Sequence[float]) -> int:
    """Return the fewest digits that show different values differently, or the most that are shown."""
    num_different = len({round(value, _DIGITS[-1]) for value in values})
    return next(digits for digits in _DIGITS if len({f"{value:z.{digits}f}" for value in values}) >= num_different)


def _format_parameters(count: int | None) -> str:
    if count is None or count < 1e9:
        return format_number(count and count / 1e6, ".1f", "M")
    return format_number(count / 1e9, ".2f", "B")
