"""``explain``: everything that is known of a model on a dataset, and how to measure what is not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import zoograph
from zoograph.data.records.card_words import describe_model
from zoograph.scripts.commands.distance import format_ratio
from zoograph.scripts.commands.predict import print_answer
from zoograph.scripts.commands.relatedness import bound_parts
from zoograph.scripts.terminal.documents import describe_explanation
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
from zoograph.scripts.terminal.printed.evidence import print_evidence
from zoograph.scripts.terminal.printed.tables import print_notes, print_table
from zoograph.scripts.terminal.progress import progress_bar
from zoograph.training.answers.notes import SIMILARITY

if TYPE_CHECKING:
    from zoograph.training.answers.explain import ClassEffect, Explanation


def explain(
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
    """Say what is known of a model on a dataset, and which command would measure the rest.

    The prediction and what it rests on, transferability scores, bounds of the loss, parameter distance by layer,
    and the source classes that help and harm most: each only where it was measured.

    Example: `zoograph explain --model convnext_tiny --dataset clipart_32_a_10`
    """
    with progress_bar("Predicting") as progress:
        explanation = zoograph.explain(
            model, dataset, protocol, encoder, progress, warn, say_stage, metric, domain=domain
        )
    if as_json:
        print_json("explain", describe_explanation(explanation), explanation.notes)
    else:
        _print(explanation)


def _print(explanation: Explanation) -> None:
    print_answer(explanation.answer)
    if about := describe_model(explanation.card):
        print_notes([about])
    if explanation.evidence:
        print_evidence(explanation.evidence, explanation.answer.dataset)
    _print_scores(explanation)
    _print_bounds(explanation)
    _print_distance(explanation)
    _print_effects("help", explanation.helpful)
    _print_effects("harm", explanation.harmful)
    if explanation.evidence:
        print_notes([SIMILARITY])
    if not explanation.loadable:
        print_notes([explanation.cannot_load])
    if explanation.missing:
        where = f" ({explanation.missing_where})" if explanation.missing_where else ""
        print_notes([f"Not measured yet{where}:"])
        for missing in explanation.missing:
            # A command is never broken: it is there to be copied.
            print(f"- {missing.what}: {missing.command}")


def _print_scores(explanation: Explanation) -> None:
    print_table(
        "Transferability scores, higher is better",
        ("score", "value", "rank"),
        [(score.name, f"{score.value:.4g}", f"{score.rank} of {score.out_of}") for score in explanation.scores],
        names={"score"},
    )


def _print_bounds(explanation: Explanation) -> None:
    print_table(
        "Bounds of the loss after transfer, nats, lower is better",
        ("reference", "bound", "reference loss", "label mismatch", "distance × τ"),
        [(kept.reference, *(f"{part:.3f}" for part in bound_parts(kept.bound))) for kept in explanation.bounds],
        names={"reference"},
    )


def _print_distance(explanation: Explanation) -> None:
    found = explanation.distance
    if found is None:
        return
    rows = [(block.name, format_ratio(block.ratio)) for block in found.blocks]
    print_table(
        "Parameter distance T after fine-tuning, larger is nearer",
        ("block", "T"),
        [*rows, ("mean of the blocks", format_ratio(found.transferability))],
        names={"block"},
    )


def _print_effects(does: str, effects: Sequence[ClassEffect]) -> None:
    print_table(
        f"Source classes that {does} most",
        ("class", "corpus", "influence", "standard error"),
        [
            (
                effect.label,
                effect.corpus,
                f"{effect.value:+.4f}",
                "–" if effect.standard_error is None else f"{effect.standard_error:.4f}",
            )
            for effect in effects
        ],
        names={"class", "corpus"},
    )
