"""YAML as the cards of models and datasets are meant: numbers are decimal, and no field stands twice."""

from __future__ import annotations

import re
from typing import Any

import yaml

_INTEGER, _FLOAT = "tag:yaml.org,2002:int", "tag:yaml.org,2002:float"
# Version 1.1 of YAML, which the library reads, makes 90 of 1:30, and 61 of 075.
_NUMBERS = {
    _INTEGER: re.compile(r"[-+]?[0-9]+$"),
    _FLOAT: re.compile(r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?$|[-+]?\.(?:inf|Inf|INF)$"
                       r"|\.(?:nan|NaN|NAN)$"),
}  # fmt: skip


class _Loader(yaml.SafeLoader):  # type: ignore[misc]
    """Reads safe YAML, numbers as they look."""

    yaml_implicit_resolvers = {  # noqa: RUF012
        first: [pair for pair in pairs if pair[0] not in _NUMBERS]
        for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        """Refuse a field that stands twice, of which the library takes the last."""
        names = [key.value for key, _ in node.value]
        if twice := sorted({str(name) for name in names if names.count(name) > 1}):
            raise ValueError(f"'{twice[0]}' twice")
        return super().construct_mapping(node, deep)

    def construct_integer(self, node: Any) -> int:
        """Return a whole number, of which zeros in front make no other."""
        return int(self.construct_scalar(node))


_Loader.add_constructor(_INTEGER, _Loader.construct_integer)
for _tag, _pattern in _NUMBERS.items():
    _Loader.add_implicit_resolver(_tag, _pattern, list("-+.0123456789"))


def read_yaml(text: str) -> Any:
    """Return what a text in YAML says.

    >>> read_yaml("{a: 075, b: 1:30, c: 1e-3, d: 90.5}")
    {'a': 75, 'b': '1:30', 'c': 0.001, 'd': 90.5}

    Raises:
        yaml.YAMLError: if it is no YAML.
        ValueError: if a field stands twice, or a date or a number is none.
        RecursionError: if it is nested too deeply.
    """
    return yaml.load(text, Loader=_Loader)
