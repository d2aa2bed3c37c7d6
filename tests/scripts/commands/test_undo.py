"""``undo`` from the outside: batches are listed, and one is taken back."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from zoograph.data.records.cards import ModelCard
from zoograph.data.records.records import Protocol, Run
from zoograph.data.store.store import RecordStore
from zoograph.scripts.commands.undo import undo

Command = Callable[..., Any]


@pytest.fixture(autouse=True)
def _monday(toy_store: RecordStore) -> None:
    """The small zoo with a batch of one's own."""
    run = Run(source="me", model="vit", dataset="pets", protocol=Protocol.HEAD, value=0.5)
    toy_store.add(runs=[run], batch="monday", origin="[b]a file[/b]")


def test_batches_are_listed(run_command: Command) -> None:
    ran = run_command(undo, "--list", "--json")
    assert [(row["id"], row["records"], row["origin"]) for row in json.loads(ran.out)["batches"]] == [
        ("monday", 1, "[b]a file[/b]"),
        ("shipped", 3, "the zoo that ships"),
    ]
    newest = json.loads(run_command(undo, "--list", "--json").out)["batches"][0]
    assert (newest["models"], newest["num_models"], newest["datasets"], newest["num_datasets"]) == (
        ["vit"],
        1,
        ["pets"],
        1,
    )
    assert all("T" in row["created_at"] for row in json.loads(ran.out)["batches"])  # ISO 8601
    table = run_command(undo, "--list")
    assert (table.code, "monday" in table.out, "[b]a file[/b]" in table.out) == (0, True, True)
    assert "birds_1" in table.out


def test_many_models_of_a_batch_are_counted(run_command: Command, toy_store: RecordStore) -> None:
    cards = [ModelCard(id=f"m{place:02}", source="me") for place in range(12)]
    runs = [Run(source="me", model=card.id, dataset="pets", protocol=Protocol.HEAD, value=0.5) for card in cards]
    toy_store.add(models=cards, runs=runs, batch="tuesday")
    assert "m00, m01 and 10 more" in " ".join(run_command(undo, "--list").out.replace("│", " ").split())
    newest = json.loads(run_command(undo, "--list", "--json").out)["batches"][0]
    assert (newest["models"], newest["num_models"]) == ([card.id for card in cards[:10]], 12)


def test_a_batch_is_taken_back(run_command: Command, toy_store: RecordStore) -> None:
    ran = run_command(undo, "monday")
    assert ran == (0, "Batch monday is taken back: 1 record, 0 models and datasets.\n", "")
    assert toy_store.count_runs(Protocol.HEAD) == 1


def test_json_says_what_was_taken_back(run_command: Command) -> None:
    assert json.loads(run_command(undo, "monday", "--json").out) == {
        "schema": 1,
        "batch": "monday",
        "records": 1,
        "cards": 0,
        "notes": [],
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("mondya",), "Unknown batch 'mondya'. Nearest names: monday, shipped. See 'zoograph undo --list'."),
        (("shipped",), "The zoo that ships cannot be taken back"),
        ((), "give the id of a batch, or --list"),
        (("monday", "--list"), "give the id of a batch, or --list"),
    ],
)
def test_what_cannot_be_done_is_exit_code_2(run_command: Command, arguments: tuple[str, ...], message: str) -> None:
    ran = run_command(undo, *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err
