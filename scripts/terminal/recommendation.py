"""How ``recommend`` prints a ranking of models, in 80 columns or more."""

from __future__ import annotations

from collections.abc import Callable

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from zoograph.scripts.terminal.evidence import SIMILARITY_NOTE, WIDE, evidence_tables, format_number, make_table
from zoograph.training.answers.recommend import Candidate, Recommendation


def print_recommendation(answer: Recommendation) -> None:
    """Print the table, the evidence if it was asked for, and the footnotes."""
    console = Console()
    wide = console.width >= WIDE
    console.print(_ranking(answer, wide))
    if answer.explanation:
        console.print(f"What the prediction of [bold]{escape(answer.explanation.model)}[/] rests on:", highlight=False)
        for table in evidence_tables(answer.explanation, answer.dataset, wide):
            console.print(table)
    console.print("\n".join(_footnotes(answer)), highlight=False, markup=False)


def _ranking(answer: Recommendation, wide: bool) -> Table:
    """Return the table; a column in which nothing is known is left out."""
    tasks = f" (mean of {len(answer.tasks)} tasks)" if len(answer.tasks) > 1 else ""
    shown: list[tuple[str, str, Callable[[Candidate], str]]] = [
        ("predicted", "pred.", lambda c: f"{c.predicted:.3f}"),
        (
            *("90 % interval", "90 % int."),
            lambda c: f"{c.lower:.3f} – {c.upper:.3f}" if wide else f"{c.lower:.2f}–{c.upper:.2f}",
        ),
        ("measured", "meas.", lambda c: format_number(c.measured, ".3f")),
        ("best", "best", lambda c: _percent(c.probability_best)),
        ("regret", "regret", lambda c: f"{c.expected_regret_points:.2f}"),
        (
            "parameters",
            "params",
            lambda c: format_number(c.parameters and c.parameters / 1e6, ".1f", " M" if wide else "M"),
        ),
        ("GMACs", "GMACs", lambda c: format_number(c.gmacs, ".2f")),
    ]
    columns = [(long if wide else short, [cell(c) for c in answer.candidates]) for long, short, cell in shown]
    columns = [(heading, cells) for heading, cells in columns if set(cells) != {"–"}]
    return make_table(
        f"Models for {answer.dataset}{tasks}, {answer.protocol.description}: top-1 accuracy",
        ("#", "model", *(heading for heading, _ in columns)),
        [
            (str(i + 1), candidate.model, *(cells[i] for _, cells in columns))
            for i, candidate in enumerate(answer.candidates)
        ],
        wide,
    )


def _footnotes(answer: Recommendation) -> list[str]:
    known = answer.provenance
    notes = [
        f"best: the probability of being the best of {answer.num_candidates} candidates. "
        "regret: points of accuracy that picking the model loses in expectation against the best.",
        f"Predicts the accuracy of a {answer.protocol.description}, from {known.records + known.newer_records:,} "
        f"records; predictor {known.version}, trained {known.age}.",
    ]
    if known.newer_records:
        verb = "is" if known.newer_records == 1 else "are"
        notes.append(f"{known.newer_records:,} of them {verb} newer than the predictor: used, but not learned from.")
    if any(candidate.measured_runs for candidate in answer.candidates):
        notes.append("A measured model is predicted with its own record, unlike in `predict`: all evidence counts.")
    if answer.unranked:
        notes.append(f"Measured accuracies that are nearly all the same rank nobody: {', '.join(answer.unranked)}.")
    if answer.num_unknown_size:
        count = answer.num_unknown_size
        notes.append(
            f"{count:,} {'model' if count == 1 else 'models'} of unknown size: left out because of --max-params."
        )
    if answer.new:
        notes.append(f"Known by its card alone: {', '.join(answer.new)}.")
    if answer.explanation:
        notes.append(SIMILARITY_NOTE)
    return notes


def _percent(probability: float) -> str:
    if probability < 0.005:
        return "<1 %"
    return ">99 %" if probability > 0.995 else f"{100 * probability:.0f} %"
