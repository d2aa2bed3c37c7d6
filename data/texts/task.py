"""Text tasks: ordered, labelled texts, made of raw rows of which the unusable ones are left out and counted."""

from __future__ import annotations

import hashlib
import logging
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from zoograph.data.files.counts import count_of
from zoograph.data.records.cards import DatasetCard, Modality, ModelCard
from zoograph.data.tasks.labels import as_number, require_classes
from zoograph.data.tasks.splits import Split, join_splits
from zoograph.data.tasks.task import LabelledTask, TaskError, Values, make_card, sizes_of
from zoograph.data.tasks.values import keep_real
from zoograph.data.text.printable import is_plain
from zoograph.data.texts.errors import TextTaskError

LOST = "\N{REPLACEMENT CHARACTER}"
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
_MOST_TOKEN_LABELS = 0.9
_LETTERS = 4.5  # of a token, with the space after it, as English has them
_MANY = 10  # classes
_MOST_TOKENS = 512  # that an encoder reads, where its card does not say
_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class TextTask(LabelledTask):
    """Labelled texts; a row is read as a string that is not empty."""

    modality: ClassVar[Modality] = Modality.TEXT
    sample_word: ClassVar[str] = "text"
    error: ClassVar[type[TaskError]] = TextTaskError

    def content_hash(self, row: int) -> bytes:
        """Return SHA-256 of a text, but for white space around and inside it."""
        return hashlib.sha256(" ".join(self.read(row).split()).encode("utf-8", "surrogatepass")).digest()

    def gmacs(self, card: ModelCard) -> float | None:
        """Return them for a text of middling length: one for each parameter and token, up to where the model reads."""
        if self.modality not in card.modalities or card.parameters is None:
            return card.gmacs
        tokens = 2 + (self.card.text_length or 0.0) / _LETTERS
        return card.parameters * min(tokens, card.max_tokens or _MOST_TOKENS) / 1e9


@dataclass(frozen=True)
class RawRows:
    """The rows of one split as they were found.

    Attributes:
        texts: cells; what is no string, or an empty one, is left out.
        labels: cells, see :func:`name_labels`.
        names: what each row is called in messages.
    """

    texts: Sequence[Any]
    labels: Sequence[Any]
    names: Sequence[str]


def make_text_task(
    id: str,
    source: str,
    splits: Mapping[Split, RawRows],
    domain: str | None = None,
    classes: Sequence[str] = (),
    label_column: str = "label",
) -> TextTask:
    """Return a task; what is left out and what is doubtful is warned of.

    Args:
        id: of the dataset.
        source: where it comes from.
        splits: the training split among them.
        domain: kind of texts.
        classes: names in the order of the labels, where labels are places among them; default: the labels themselves.
        label_column: where the labels come from, for the sentences.

    Raises:
        TextTaskError: if labels are none of whole texts, or if fewer than two classes have texts.
    """
    labels = {split: name_labels(rows, id, label_column, classes) for split, rows in splits.items()}
    known = {name for name in labels[Split.TRAIN] if name is not None}
    order = list(classes) or sorted(known, key=_natural)
    filled = _filled(splits)
    joined = join_splits(
        id, order, {split: [labels[split][row] for row in rows] for split, rows in filled.items()}, "texts"
    )
    places = [(split, filled[split][row], label) for split, row, label in joined.rows]
    _warn_of_empty(id, splits, filled)
    for warning in joined.warnings:
        _warn(warning)
    texts = tuple(str(splits[split].texts[row]) for split, row, _ in places)
    numbers = tuple(label for _, _, label in places)
    used = [order[number] for number in sorted(set(numbers))]
    words = () if all(_NUMBER.fullmatch(name) for name in used) or not all(map(is_plain, used)) else order
    card = make_card(
        id,
        source,
        words,
        numbers,
        domain,
        TextTaskError,
        modality=Modality.TEXT,
        text_length=sum(map(len, texts)) / len(texts) if texts else None,
    )
    task = TextTask(
        card,
        tuple(order),
        tuple(splits[split].names[row] for split, row, _ in places),
        numbers,
        texts.__getitem__,
        joined.mask(joined.test),
        joined.mask(joined.validation),
        joined.warnings,
    )
    for sentence in _doubts(task, texts):
        _warn(sentence)
    return replace(task, card=card.model_copy(update={"splits": dict(sizes_of(task))}))


def make_real_text_task(
    id: str, source: str, splits: Mapping[Split, RawRows], domain: str | None, column: str
) -> TextTask:
    """Return a task of real values, which ``labels`` of the rows hold; what is left out is warned of.

    Raises:
        TaskError: if most of them are no numbers, or all are the same.
    """
    filled = _filled(splits)
    _warn_of_empty(id, splits, filled)
    kept = keep_real(id, column, {split: rows.labels for split, rows in splits.items()}, filled)
    texts = tuple(str(splits[split].texts[row]) for split, row in kept.rows)
    card = DatasetCard(
        id=f"{id}-{column}",
        source=source,
        domain=domain,
        num_samples=len(texts) or None,
        modality=Modality.TEXT,
        text_length=sum(map(len, texts)) / len(texts) if texts else None,
    )
    task = TextTask(
        card,
        (),
        tuple(splits[split].names[row] for split, row in kept.rows),
        kept.strata,
        texts.__getitem__,
        kept.mask(Split.TEST),
        kept.mask(Split.VALIDATION),
        values=Values(column, kept.numbers),
    )
    return replace(task, card=card.model_copy(update={"splits": dict(sizes_of(task))}))


def _filled(splits: Mapping[Split, RawRows]) -> dict[Split, list[int]]:
    """Return the rows of each split that have a text."""
    return {
        split: [row for row, text in enumerate(rows.texts) if isinstance(text, str) and text.strip()]
        for split, rows in splits.items()
    }


def _warn_of_empty(id: str, splits: Mapping[Split, RawRows], filled: Mapping[Split, Sequence[int]]) -> None:
    if empty := sum(len(rows.texts) - len(filled[split]) for split, rows in splits.items()):
        _warn(f"{_texts_of(id, empty)} {'is' if empty == 1 else 'are'} empty and left out.")


def name_labels(rows: RawRows, id: str, column: str, classes: Sequence[str] = ()) -> list[str | None]:
    """Return the name of the class of each row; None where it has none.

    Raises:
        TextTaskError: if there is a label for each token, or several for each text, or a measurement.
    """
    cells = rows.labels
    if _is_per_token(rows):
        raise TextTaskError(
            f"The labels of '{id}' must be one for each text (got a list for each in '{column}', of one for each "
            "token). Name another column with --label-column."
        )
    require_classes(cells, id, column, "text", TextTaskError, named=bool(classes))
    if classes:
        return [classes[cell] if isinstance(cell, int) and 0 <= cell < len(classes) else None for cell in cells]
    return [_name(cell) for cell in cells]


def _is_per_token(rows: RawRows) -> bool:
    """Return whether nearly every label has as many words as its text has, and several."""
    pairs = [
        (len(text.split()), len(label.strip("[]()").replace(",", " ").split()))
        for text, label in zip(rows.texts[:1000], rows.labels[:1000], strict=True)
        if isinstance(text, str) and isinstance(label, str) and len(text.split()) > 1
    ]
    return bool(pairs) and sum(words == labels for words, labels in pairs) > _MOST_TOKEN_LABELS * len(pairs)


def _doubts(task: TextTask, texts: Sequence[str]) -> list[str]:
    """Return sentences about texts that are used all the same."""
    said = []
    lost = sum(LOST in text for text in texts)
    if lost:
        said.append(f"{_texts_of(task.card.id, lost)} hold the sign {LOST}: an earlier conversion lost letters.")
    if nul := sum("\0" in text for text in texts):
        said.append(f"{_texts_of(task.card.id, nul)} with the character NUL: look at the encoding of the file.")
    if _MANY <= len(set(task.labels)) == len(texts):
        said.append(f"Each text of '{task.card.id}' is of a class of its own: --label-column names another column.")
    labels: dict[bytes, set[int]] = {}
    for content, label in zip(task.hashes, task.labels, strict=True):
        labels.setdefault(content, set()).add(label)
    two = sum(len(found) > 1 for found in labels.values())
    if two:
        said.append(f"{_texts_of(task.card.id, two)} {'is' if two == 1 else 'are'} there with different labels.")
    return said


def _warn(sentence: str) -> None:
    _log.warning("%s", sentence)


def _texts_of(id: str, number: int) -> str:
    return f"{count_of(number, 'text')} of '{id}'"


def _name(cell: Any) -> str | None:
    """Return the name of a class: a whole number without its fraction, a text without white space around it."""
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float):
        return None if math.isnan(cell) else f"{cell:g}"
    if cell is None or isinstance(cell, list | tuple | dict):
        return None
    return str(cell).strip() or None


def _natural(name: str) -> tuple[bool, float, str]:
    """Sort numbers by size, and before names."""
    number = as_number(name)
    return number is None, number or 0.0, name
