"""Columns of a table of texts: which one holds the texts, as the user says it or by a guess."""

from __future__ import annotations

from zoograph.data.tasks.columns import WORDY, Columns, find_split, guess_label, list_columns, mean_words, require_named
from zoograph.data.tasks.tables import Table
from zoograph.data.texts.errors import TextTaskError

_TEXT_NAMES = ("text", "sentence", "texts", "content", "review", "body", "utterance", "comment", "tweet", "question")
_MORE_TEXT_NAMES = ("title", "headline", "message", "query", "document", "description", "abstract", "summary", "prompt")


def choose_columns(table: Table, id: str) -> Columns:
    """Return the columns of texts, of labels or real targets and, if there is one, of splits.

    What was named is taken. Else names that such columns often have decide, then what is in them: texts are the
    column of the most words, labels the one that repeats most. Real targets are never guessed.

    Args:
        table: with a row at least.
        id: of the dataset, for the sentences.

    Raises:
        TextTaskError: if a column that was named is not there, or none can be guessed.
    """
    wanted = require_named(table, id, TextTaskError)
    text = wanted.text or _guess_text(table, (wanted.label, wanted.target))
    label = None if wanted.target else wanted.label or guess_label(table, text)
    if text is None and (empty := [name for name in table.columns if name.casefold() in _TEXT_NAMES]):
        raise TextTaskError(
            f"The column '{empty[0]}' of '{id}' must hold texts (got none with a letter in it). Fill it, or name "
            "another with --text-column."
        )
    for what, name in (("text", text), ("label", label or wanted.target)):
        if name is None:
            raise TextTaskError(
                f"'{id}' must have a column of texts and one of labels (got {list_columns(table)}). "
                f"Name it with --{what}-column."
            )
    return Columns(text, label, find_split(table, (text, label, wanted.target)), wanted.target)


def _guess_text(table: Table, taken: tuple[str | None, ...]) -> str | None:
    words = {name: mean_words(cells) for name, cells in table.columns.items() if name not in taken}
    for name in (*_TEXT_NAMES, *_MORE_TEXT_NAMES):
        found = next((column for column in words if column.casefold() == name and words[column] > 0), None)
        if found is not None:
            return found
    best = max(words, key=lambda name: words[name], default=None)
    return best if best is not None and words[best] >= WORDY else None
