"""Card files: what is known of a dataset, written down in YAML or JSON, so that no images are needed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from zoograph.data.errors import RawDataError
from zoograph.data.files.yaml_text import read_yaml
from zoograph.data.records.cards import DatasetCard
from zoograph.data.records.fields import say_fault
from zoograph.data.text.words import label_text

_MOST_BYTES = 1 << 24
_FIELDS = tuple(name for name in DatasetCard.model_fields if name != "source")


def read_dataset_card(path: Path) -> DatasetCard:
    """Return the card in a file of YAML or JSON, whose fields are those of :class:`DatasetCard`.

    ``id`` is the name of the file unless it says another, and ``source`` is always the file. Where labels are given,
    they say the number of classes.

    Raises:
        RawDataError: if the file cannot be read, holds no card, or contradicts itself.
    """
    fields = _load(path)
    unknown = sorted(str(name) for name in fields if name not in (*_FIELDS, "source"))
    if unknown:
        raise _error(path, f"must have no other fields than {', '.join(_FIELDS)} (got {', '.join(unknown)})")
    given = {str(name): value for name, value in fields.items() if value is not None}
    for name in ("labels", "aliases", "languages"):
        if isinstance(given.get(name), str):
            raise _error(path, f"must have a list as '{name}' (got the words '{given[name]}')")
    labels = given.get("labels")
    if isinstance(labels, list):
        given["labels"] = [_as_word(label) for label in labels]
    try:
        card = DatasetCard.model_validate({"id": path.stem, **given, "source": "card file"}, strict=False)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the card"
        own = first["type"] == "value_error"  # a sentence of ours, which says what it got
        said = f": {_describe(first)}" if own else f" in '{where}' (got {_describe(first)})"
        raise _error(path, f"must be valid{said}") from error
    try:
        return complete_card(card)
    except ValueError as error:
        raise _error(path, str(error)) from error


def complete_card(card: DatasetCard) -> DatasetCard:
    """Return a card that somebody wrote, with the number of classes and samples a class that the rest of it says.

    Raises:
        ValueError: if what it says cannot all be true.
    """
    if not card.num_classes and card.labels:
        card = card.model_copy(update={"num_classes": len(card.labels)})
    if fault := next(_contradictions(card), None):
        raise ValueError(fault)
    if card.samples_per_class is None and card.num_classes and card.num_samples:
        card = card.model_copy(update={"samples_per_class": card.num_samples / card.num_classes})
    return card


def _load(path: Path) -> Mapping[Any, Any]:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise _error(path, f"must be smaller than {_MOST_BYTES >> 20} MiB")
        text = path.read_text(encoding="utf-8-sig")
        content = _parse_json(text) if path.suffix.lower() == ".json" else _parse_yaml(text)
    except OSError as error:
        raise RawDataError(
            f"The dataset card '{path}' cannot be read ({error.strerror or error}). Check the path."
        ) from error
    except (ValueError, RecursionError) as error:
        kind = "JSON" if path.suffix.lower() == ".json" else "YAML"
        raise _error(path, f"must be {kind} with one value for each field (got {_first_line(error)})") from error
    if not isinstance(content, dict):
        raise _error(path, f"must hold fields with values, such as 'num_classes: 12' (got {_kind_of(content)})")
    return content


def _parse_json(text: str) -> Any:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in pairs]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"'{twice[0]}' twice")
        return dict(pairs)

    return json.loads(text, object_pairs_hook=once)


def _parse_yaml(text: str) -> Any:
    try:
        return read_yaml(text)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error


def _as_word(label: Any) -> Any:
    """Return a label as text; YAML reads ``no`` as false and ``7`` as a number, and what was written is not known."""
    if isinstance(label, bool) or label is None:
        return label
    return str(label) if isinstance(label, int | float) else label


def _describe(error: Any) -> str:
    given, message = error.get("input"), say_fault(error)
    if isinstance(given, bool) or given is None:
        return f"{given}, which YAML reads from words such as 'yes', 'no' and 'null': put it in quotes"
    shown = repr(given) if isinstance(given, str | int | float) else ""
    return f"{shown}: {message}".removeprefix(": ")


def _contradictions(card: DatasetCard) -> Iterator[str]:
    """Yield what a card says that cannot all be true."""
    if card.labels and card.num_classes != len(card.labels):
        yield f"contradicts itself: 'num_classes' is {card.num_classes:,}, and {len(card.labels):,} 'labels' are given"
    if twice := _alike(card.labels):
        yield f"must have labels that differ in more than case and separators (got '{twice[0]}' and '{twice[1]}')"
    classes, samples, each = card.num_classes, card.num_samples, card.samples_per_class
    if classes == 1:
        yield "must be of two classes or more (got 1)"
    if classes and samples and samples < classes:
        yield f"contradicts itself: 'num_samples' is {samples:,}, fewer than the {classes:,} classes"
    if classes and samples and each and classes * each > samples + classes:
        yield (
            f"contradicts itself: {each:g} 'samples_per_class' of {classes:,} classes are {classes * each:,.0f}, more "
            f"than the {samples:,} of 'num_samples'"
        )
    total = sum(card.splits.values())
    if samples and total and samples > total:
        yield f"contradicts itself: 'num_samples' is {samples:,}, and the 'splits' have {total:,} together"


def _alike(labels: tuple[str, ...]) -> tuple[str, str] | None:
    seen: dict[str, str] = {}
    for label in labels:
        if (text := label_text(label)) in seen:
            return seen[text], label
        seen[text] = label
    return None


def _error(path: Path, fault: str) -> RawDataError:
    return RawDataError(f"The dataset card '{path}' {fault}. Correct the file.")


def _first_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__


def _kind_of(content: Any) -> str:
    if content is None:
        return "an empty file"
    return "a list" if isinstance(content, list) else f"'{content}'"
