"""What a split of a dataset cannot measure: refused where it says nothing, warned of where it leaves something out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from hashlib import sha256

from torch import Tensor

from zoograph.data.errors import FoldsError
from zoograph.data.files.counts import count_of, some
from zoograph.data.records.cards import Modality
from zoograph.data.tasks.task import LabelledTask

_SAME = 1e-5


def judge_split(task: LabelledTask, is_test: Sequence[bool], rows: Sequence[int] | None = None) -> list[str]:
    """Return what is to be known of an accuracy that is measured on a split, in sentences.

    Args:
        task: whose samples are split.
        is_test: for each row, whether it is tested on; the others are trained on.
        rows: of the task that are used; default: all.

    Raises:
        FoldsError: if the test samples are of fewer than two classes, if all samples are one and the same, or if all
            test samples are training samples too: then an accuracy says nothing.
    """
    rows = range(len(task)) if rows is None else rows
    one, many = task.sample_word, task.samples_word
    sides = [(row, bool(test)) for row, test in zip(rows, is_test, strict=True)]
    train, test = (Counter(task.labels[row] for row, side in sides if side is wanted) for wanted in (False, True))
    hashes = task.hashes
    seen = {hashes[row] for row, side in sides if not side}
    again = sum(side and hashes[row] in seen for row, side in sides)
    if len({hashes[row] for row, _ in sides}) == 1:
        raise FoldsError(f"The {many} of '{task.card.id}' must differ (got one {one} {len(sides):,} times).")
    _require_classes(task, train, test)
    if again == sum(test.values()):
        raise FoldsError(
            f"The test {many} of '{task.card.id}' must be others than the training {many}, or their accuracy says "
            f"nothing (got the same {again:,}). Hold out others."
        )
    warnings = list(task.warnings)
    if untested := sorted(train.keys() - test.keys()):
        names = some([task.classes[label] for label in untested])
        warnings.append(f"Nothing is known of {names}: no test {one} is of {'them' if untested[1:] else 'it'}.")
    if untrained := sorted(test.keys() - train.keys()):
        names, number = some([task.classes[label] for label in untrained]), sum(test[label] for label in untrained)
        warnings.append(f"No training {one} is of {names}: their {number:,} test {many} count as errors.")
    if again:
        warnings.append(f"{again:,} of the {sum(test.values()):,} test {many} are among the training {many} too.")
    return warnings + _contradictions(task, [row for row, _ in sides])


def _contradictions(task: LabelledTask, rows: Sequence[int]) -> list[str]:
    """Return a sentence on images that are in several classes; a task of texts counts its own when it is opened."""
    if task.modality is not Modality.IMAGE:
        return []
    hashes, unreadable = task.hashes, sha256(b"").digest()
    classes: dict[bytes, set[int]] = {}
    for row in rows:
        classes.setdefault(hashes[row], set()).add(task.labels[row])
    found = sum(len(several) > 1 for content, several in classes.items() if content != unreadable)
    return [f"{count_of(found, 'image is', 'images are')} in several classes: one label at most is right."] * bool(
        found
    )


def require_split(task: LabelledTask, is_test: Sequence[bool]) -> None:
    """Raise if a split says nothing, as far as its classes tell: before a sample or a model is looked at.

    Args:
        task: whose samples are split.
        is_test: for each row, whether it is tested on.

    Raises:
        FoldsError: if the test samples are of fewer than two classes.
    """
    sides = list(zip(task.labels, is_test, strict=True))
    train, test = (Counter(label for label, side in sides if bool(side) is wanted) for wanted in (False, True))
    _require_classes(task, train, test)


def _require_classes(task: LabelledTask, train: Counter[int], test: Counter[int]) -> None:
    one, many = task.sample_word, task.samples_word
    if len(test) == 1:
        (tested,) = test
        others = some([task.classes[label] for label in sorted(train.keys() - test.keys())])
        raise FoldsError(
            f"The test {many} of '{task.card.id}' must be of two classes or more, or their accuracy says nothing "
            f"(got {test[tested]:,} of '{task.classes[tested]}' alone). Add {many} of {others or 'another class'}."
        )
    if not test:
        raise FoldsError(
            f"A class of '{task.card.id}' must have two {many}, so that one of them can be tested on (got "
            f"{len(train):,} classes of one {one} each). Add {many}; of a table, --label-column names another column."
        )


def require_difference(features: Tensor, dataset: str, samples: str = "images") -> None:
    """Raise if a model sees no difference between the samples.

    Args:
        features: (N, D).
        dataset: its id.
        samples: what they are called.

    Raises:
        FoldsError: if all rows are the same, up to the last digits.
    """
    spread = float((features.amax(0) - features.amin(0)).max())
    if spread <= _SAME * float(features.abs().max()):
        raise FoldsError(
            f"The {samples} of '{dataset}' must differ in what the model sees (got the same features for all "
            f"{len(features):,}). Look at some of them, or choose another model."
        )
