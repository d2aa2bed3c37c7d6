"""YAML: what looks like a decimal number is that number, and nothing else is one."""

from __future__ import annotations

import math
from typing import Any

import pytest
import yaml

from zoograph.data.files.yaml_text import read_yaml


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("90", 90),
        ("-7", -7),
        ("075", 75),
        ("0.75", 0.75),
        (".5", 0.5),
        ("91.", 91.0),
        ("1e-3", 0.001),
        ("1.5E+2", 150.0),
        ("-.inf", -math.inf),
        ("1:30", "1:30"),
        ("1:30.5", "1:30.5"),
        ("190:20:30", "190:20:30"),
        ("1_000", "1_000"),
        ("0b11", "0b11"),
        ("0x1F", "0x1F"),
        ("1e", "1e"),
        (".", "."),
        ("'90'", "90"),
        ("true", True),
        ("null", None),
    ],
)
def test_a_number_is_what_it_looks_like(text: str, content: Any) -> None:
    found = read_yaml(f"value: {text}")["value"]
    assert (found, type(found)) == (content, type(content))


def test_a_field_that_stands_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="'value' twice"):
        read_yaml("results:\n- value: 0.9\n  value: 0.8\n")


def test_nothing_is_made_of_a_tag() -> None:
    with pytest.raises(yaml.YAMLError, match="could not determine a constructor"):
        read_yaml("!!python/object/apply:os.system [true]")
