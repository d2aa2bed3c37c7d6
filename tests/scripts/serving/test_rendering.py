"""JSON that is sent."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from zoograph.scripts.serving.rendering import respond, to_json


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_what_is_no_number_is_null(number: float) -> None:
    assert json.loads(to_json({"a": [number, 1.5], "b": {"c": (number,)}})) == {"a": [None, 1.5], "b": {"c": [None]}}


def test_text_is_text() -> None:
    assert to_json({"a": "</script>é", "b": Path("x")}) == '{"a":"</script>é","b":"x"}'.encode()
    assert json.loads(to_json("\ud800")) == "?"  # half of a pair is no text


def test_a_response_is_json() -> None:
    response = respond({"a": 1}, {"X-A": "b"})
    assert (response.body, response.media_type, response.headers["x-a"]) == (b'{"a":1}', "application/json", "b")
