"""Sentences of ``ingest`` name fields of a request."""

from __future__ import annotations

import pytest

from zoograph.scripts.serving.routes.fields import as_fields


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("Say which: --map value=acc.", "Say which: map=value=acc."),
        ("as in --map test_size='my column'.", "as in map=test_size='my column'."),
        ("--map knows no field 'x'.", "'map' knows no field 'x'."),
        ("say --unit percent if it is", "say unit=percent if it is"),
        ("Say --unit if the unit is another.", "Say 'unit' if the unit is another."),
        ("scores come in with --scores; if", "scores come in with scores=true; if"),
        ("with --score NAME, and with --model or --dataset.", "with score=NAME, and with 'model' or 'dataset'."),
        ("or use --add-unknown.", "or use add_unknown=true."),
        ("--keep best takes the best.", "keep=best takes the best."),
        (
            "If it has one object a line, let it end in '.jsonl'.",
            "If it has one object a line, send it as application/x-ndjson.",
        ),
        ("the column '--model' and --model-card", "the column '--model' and --model-card"),
    ],
)
def test_options_become_fields(said: str, meant: str) -> None:
    assert as_fields(said) == meant
