"""Tables as text."""

from __future__ import annotations

from zoograph.training.evaluation.collections.markdown import WORST, cells, headings, notes, title, to_markdown
from zoograph.training.evaluation.collections.significance import Versus
from zoograph.training.evaluation.collections.tables import Line, Table

VERSUS = Versus(
    measure="orders",
    method="zoograph",
    other="size",
    units="models",
    num_units=27,
    difference=-0.02,
    lower=-0.03,
    upper=-0.01,
    p=0.01,
)
TABLE = Table(
    collection="pets",
    protocol="model_out",
    num_questions=6,
    num_all=86,
    num_cells=6,
    num_datasets=1,
    num_families=1,
    num_models=6,
    lines=[
        Line(method="size", means={"orders": 0.75, "mae": 0.012}, worst={"orders": ("pets", 0.75)}),
        Line(
            method="zoograph",
            means={"orders": 0.8, "mae": 0.01},
            worst={"orders": ("pets", 0.7), "mae": ("pets", 0.02)},
            coverage_interval=(0.85, 0.95),
        ),
        Line(method="imagenet", reason="0% of the models have it"),
    ],
    comparisons=[VERSUS],
)


def test_a_table_says_how_much_was_asked_of_how_much():
    assert title(TABLE) == "pets, model_out: 6 of 86 questions, 6 cells, 6 models, 1 datasets of 1 families"


def test_only_measures_that_somebody_has_are_columns_and_the_worst_row_follows_the_project():
    assert headings(TABLE) == ["method", "orders", "MAE", "worst dataset"]
    assert cells(TABLE) == [
        ["size", "0.750", "0.0120", "pets 0.75"],
        ["zoograph", "0.800", "0.0100", "pets 0.70"],
        [WORST, "0.700", "0.0200", ""],
    ]


def test_notes_say_why_a_line_is_missing_and_what_is_significant():
    assert notes(TABLE) == [
        "imagenet: 0% of the models have it",
        "zoograph: coverage of all cells 0.85 to 0.95, 95 % over families of datasets",
        "zoograph against size, loss of orders: -0.0200 (95 % bootstrap over 27 models -0.0300 to -0.0100; negative is "
        "better)",
    ]


def test_markdown_has_a_heading_a_table_and_a_reason_where_there_is_none():
    text = to_markdown([TABLE, Table(collection="pets", protocol="both_new", reason="One family.")])
    assert "| method | orders | MAE | worst dataset |\n| --- | --- | --- | --- |\n| size | 0.750 |" in text
    assert text.endswith("## pets, both_new\n\n- One family.\n")
