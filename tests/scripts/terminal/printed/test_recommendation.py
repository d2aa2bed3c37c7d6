"""How a ranking is printed: a column in which nothing is known is left out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from zoograph.data.records.cards import Modality
from zoograph.data.records.records import Metric, Protocol
from zoograph.scripts.terminal.printed.recommendation import print_recommendation
from zoograph.training.answers.current.current_predictor import Provenance
from zoograph.training.answers.recommend import Candidate, CountedCost, Recommendation
from zoograph.training.candidates.trade_off import Cost


def _answer(measured: float | None, parameters: int | None = 25_000_000) -> Recommendation:
    candidate = Candidate(
        *("resnet", None, 0.75, 0.5, 1.0, 0.999, 0.25),
        *(25e6, True, 0.75, measured, 1, parameters, None, 224, None),
    )
    return Recommendation(
        dataset="birds",
        tasks=("birds_1", "birds_2"),
        protocol=Protocol.HEAD,
        metric=Metric.TOP1,
        modality=Modality.IMAGE.value,
        provenance=Provenance("v1", "2024", "just now", 100, 0, False, 0, "hash"),
        cost=CountedCost(Cost.PARAMETERS, "parameters"),
        weight=1.0,
        candidates=(candidate,),
        everyone=(candidate,),
        steps=(),
        num_hidden=0,
        unranked=(),
        num_known=(3, 3),
        explanation=None,
    )


@pytest.mark.parametrize(("measured", "shown"), [(None, False), (0.5, True)])
def test_columns_that_say_nothing_are_left_out(
    measured: float | None, shown: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    print_recommendation(_answer(measured))
    out = capsys.readouterr().out
    assert out.startswith("Models for birds (mean of 2 tasks), retrained head: top-1 accuracy\n")
    assert ("measured ┃" in out) == shown
    assert "GMACs" not in out
    row = next(line for line in out.splitlines() if "resnet" in line)
    cells = ["1", "resnet", "0.750", "0.50 – 1.00", *(["0.500"] if shown else []), ">99 %", "0.25", "25.0M", "*"]
    assert [cell.strip() for cell in row.strip("│").split("│")] == cells


@pytest.mark.parametrize(
    ("parameters", "shown"), [(4_000, "0.0M"), (999_900_000, "999.9M"), (5_066_900_000, "5.07B"), (None, None)]
)
def test_parameters_are_in_millions_or_billions(
    parameters: int | None, shown: str | None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    print_recommendation(_answer(None, parameters))
    out = capsys.readouterr().out
    assert ("params" in out) == (shown is not None)
    assert shown is None or shown in out


@pytest.mark.parametrize(
    ("utilities", "shown"),
    [
        ((0.3, 0.0, -0.001), ["0.300", "0.000", "-0.001"]),
        ((0.3, 0.0, -0.25), ["0.30", "0.00", "-0.25"]),
        ((0.0, -1e-4, -1e-4), ["0.0000", "-0.0001", "-0.0001"]),
        ((0.0, -1e-7, None), ["0.00", "0.00", "–"]),
    ],
)
def test_utilities_differ_where_the_order_does_and_none_is_minus_zero(
    utilities: tuple[float | None, ...],
    shown: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("COLUMNS", "140")
    answer = _answer(None)
    candidates = tuple(replace(answer.candidates[0], utility=utility) for utility in utilities)
    print_recommendation(replace(answer, weight=0.25, candidates=candidates))
    lines = [line.strip("│").split("│") for line in capsys.readouterr().out.splitlines() if "resnet" in line]
    assert [line[6].strip() for line in lines] == shown
