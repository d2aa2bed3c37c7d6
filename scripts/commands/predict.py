"""``predict``: the accuracy of a model on a dataset, or on every task of a family."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import zoograph
from zoograph.scripts.terminal.documents import describe_answer
from zoograph.scripts.terminal.messages import say_stage, warn
from zoograph.scripts.terminal.options import (
    AnyMetric,
    AnyProtocol,
    AsJson,
    Domain,
    Encoder,
    FollowLinks,
    LabelColumn,
    Model,
    Question,
    TextColumn,
)
from zoograph.scripts.terminal.output import print_json
from zoograph.scripts.terminal.printed.evidence import format_number
from zoograph.scripts.terminal.printed.tables import print_notes, print_table
from zoograph.scripts.terminal.progress import progress_bar

if TYPE_CHECKING:
    from zoograph.training.answers.predict import Answer, Row


def predict(
    model: Model,
    dataset: Question,
    protocol: AnyProtocol = None,
    metric: AnyMetric = None,
    domain: Domain = None,
    encoder: Encoder = None,
    follow_links: FollowLinks = False,
    text_column: TextColumn = None,
    label_column: LabelColumn = None,
    as_json: AsJson = False,
) -> None:
    """Predict the accuracy of a pre-trained model on a dataset, or another metric, with a 90 % interval.

    Where the pair was measured, the prediction leaves that record out, and a quarter of all others with it, so that
    the two can be compared. The column 'linear regression' is no answer: it is a baseline, fitted to what cards say,
    that the answer is compared with.

    Example: `predict --model convnext_tiny --dataset clipart_32`
    """
    with progress_bar("Predicting") as progress:
        answer = zoograph.predict(model, dataset, protocol, domain, encoder, progress, warn, say_stage, metric)
    if as_json:
        print_json("predict", describe_answer(answer), answer.notes)
    else:
        print_answer(answer)


def print_answer(answer: Answer) -> None:
    """Print the table and its footnotes."""
    rows = [_cells(row.dataset, row, f" ({row.measured_runs} runs)" * (row.measured_runs > 1)) for row in answer.rows]
    last = len(rows)
    if last > 1:
        rows.append(_cells(f"mean of {last}", answer.mean))
    print_table(
        f"{answer.model} on {answer.dataset}, {answer.protocol.description}: {answer.metric.description}",
        ("dataset", "predicted", "90 % interval", "linear regression", "measured"),
        rows,
        names={"dataset"},
        bold={last},
        sections={last},
    )
    print_notes(answer.notes)


def _cells(name: str, row: Row, how_often: str = "") -> Sequence[str]:
    return (
        name,
        f"{row.predicted:.3f}",
        f"{row.lower:.3f} – {row.upper:.3f}",
        format_number(row.linear_regression, ".3f"),
        format_number(row.measured, ".3f", how_often),
    )
