"""What scoring and measuring a user's own pairs return, to be read as tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zoograph.data.files.counts import count_of, some
from zoograph.data.images.reading.unreadable import describe_unreadable
from zoograph.data.records.naming.spellings import Target
from zoograph.data.records.records import WARNINGS, Run
from zoograph.data.records.report import Report
from zoograph.training.measuring.subject import Failure

if TYPE_CHECKING:
    import pandas as pd

    from zoograph.graphs.scores.relatedness.bound import Bound

_H_SCORE, _SFDA = "h_score", "sfda"
_ROUNDING = 1e-6


@dataclass(frozen=True)
class PairScores:
    """The scores of one model on the dataset.

    Attributes:
        model: id in the store.
        scores: by name, higher means that better transfer is expected.
        undefined: names of the scores without a value, and why.
        skipped: images that could not be read -> what is wrong with them; empty if the scores were in the store.
        num_computed: scores that were not in the store.
        num_cut: samples that the model does not read to their end; 0 if the scores were in the store.
        num_pixels: places of its maps of features that were looked at, where pixels have classes; 0 likewise.
    """

    model: str
    scores: dict[str, float]
    undefined: dict[str, str]
    skipped: Mapping[str, str]
    num_computed: int
    num_cut: int = 0
    num_pixels: int = 0


@dataclass(frozen=True)
class ScoreReport(Report):
    """Everything that ``score`` prints.

    Attributes:
        dataset: id in the store.
        num_images: samples that were looked at, out of ``num_samples``.
        pairs: one for each model that did not fail.
        failures: the others.
        meanings: which weights the names of models were taken for, in sentences.
        reference: the task that the dataset was compared with, if there was one.
        samples: what was looked at, ``images`` or ``texts``.
        target: what the scores were held against.
        num_classes: of the samples that were looked at; None of real values.
    """

    dataset: str
    num_images: int
    num_samples: int
    pairs: tuple[PairScores, ...]
    failures: tuple[Failure, ...]
    meanings: tuple[str, ...] = ()
    reference: str | None = None
    samples: str = "images"
    target: Target = Target.CLASSES
    num_classes: int | None = None

    @property
    def title(self) -> str:
        """The dataset, and which way is up."""
        return f"Transferability to {self.dataset}, higher is better"

    @property
    def notes(self) -> tuple[str, ...]:
        """Which weights were looked at, how many images and scores there were, and what has no value."""
        computed = sum(pair.num_computed for pair in self.pairs)
        known = sum(len(pair.scores) for pair in self.pairs) - computed
        scores = count_of(computed, "score")
        return (
            *self.meanings,
            f"{self.num_images:,} of {self.num_samples:,} {self.samples}; {scores} computed, {known:,} known.",
            *self._reference_notes(),
            *self._target_notes(),
            *self._limit_notes(),
            *describe_cut({pair.model: pair.num_cut for pair in self.pairs}, self.samples),
            *(
                f"{pair.model}: {name} is undefined, {reason}."
                for pair in self.pairs
                for name, reason in pair.undefined.items()
            ),
            *_describe_skipped({name: kind for pair in self.pairs for name, kind in pair.skipped.items()}),
        )

    def _reference_notes(self) -> Iterator[str]:
        if self.reference is not None:
            yield (
                f"OTCE and OT-NCE compare the dataset with '{self.reference}'; they are not stored, since of another "
                "reference they are other numbers."
            )

    def _target_notes(self) -> Iterator[str]:
        if self.target is not Target.CLASSES:
            yield (
                f"These are scores of {self.target}, stored as '{self.target.stored('logme')}' and so on: they rank "
                "these models on this dataset, and no prediction reads them."
            )
        if self.target is Target.VALUES:
            yield "The other scores need classes."
        for pair in self.pairs:
            if pair.num_pixels:
                yield (
                    f"{pair.model}: {pair.num_pixels:,} places of its last map of features, drawn in proportion to the "
                    "classes of their pixels with seed 0."
                )

    def _limit_notes(self) -> Iterator[str]:
        if self.num_classes is None:
            return
        for name, limit in ((_H_SCORE, self.num_classes - 1), (_SFDA, 1)):
            there = [pair.model for pair in self.pairs if pair.scores.get(name, 0) >= limit * (1 - _ROUNDING)]
            if there:
                yield (
                    f"{name} is {limit} at most, and {some(there)} {'reaches' if len(there) == 1 else 'reach'} it: so "
                    f"does nearly any model with as many features as there are {self.samples}. Go by another score, or "
                    "look at more."
                )

    def to_frame(self) -> pd.DataFrame:
        """Return one row a model and score: ``model``, ``score``, ``value``, and ``reason`` where there is no value.

        A model that failed has one row without a score.
        """
        import pandas as pd

        return pd.DataFrame(self._rows(), columns=["model", "score", "value", "reason"])

    def _rows(self) -> Iterator[tuple[str, str | None, float | None, str | None]]:
        for pair in self.pairs:
            yield from ((pair.model, name, value, None) for name, value in pair.scores.items())
            yield from ((pair.model, name, None, reason) for name, reason in pair.undefined.items())
        yield from ((failure.model, None, None, failure.reason) for failure in self.failures)


@dataclass(frozen=True)
class SourceTraining:
    """What pre-training on a source gave, and how far the source is from the dataset under it.

    Attributes:
        model: id of the new weights in the store.
        source: id of the dataset that it was trained on.
        accuracy: top-1 on the source's test images, in [0, 1].
        weights: file that ``--weights`` takes.
        bound: of the loss on the dataset after transfer, see ``zoograph relatedness``; None if it could not be had.
    """

    model: str
    source: str
    accuracy: float
    weights: str
    bound: Bound | None


@dataclass(frozen=True)
class MeasureReport(Report):
    """Everything that ``measure`` prints.

    Attributes:
        dataset: id in the store.
        runs: one for each model and seed that did not fail, as they were stored.
        skipped: images that could not be read -> what is wrong with them.
        failures: the models that failed.
        meanings: which weights the names of models were taken for, in sentences.
        cut: which models do not read how many samples to their end, in sentences.
        sources: what the models were pre-trained on here; empty if they were not.
        saved: folder with the fine-tuned model; None if none was to be kept.
        num_known: runs that were in the store, and were not measured again.
    """

    dataset: str
    runs: tuple[Run, ...]
    skipped: Mapping[str, str]
    failures: tuple[Failure, ...]
    meanings: tuple[str, ...] = ()
    cut: tuple[str, ...] = ()
    sources: tuple[SourceTraining, ...] = ()
    saved: str | None = None
    num_known: int = 0

    @property
    def title(self) -> str:
        """The dataset and the protocol."""
        protocol = f", {self.runs[0].protocol.description}" if self.runs else ""
        return f"{self.dataset}{protocol}: measured top-1 accuracy"

    @property
    def notes(self) -> tuple[str, ...]:
        """Which weights were looked at, what was known, which images were left out, what accuracies do not say."""
        said = [text for run in self.runs for text in run.hyperparameters.get(WARNINGS, ())]
        kept = [f"'{one.model}' is kept in '{one.weights}', which --weights takes." for one in self.sources]
        if self.saved is not None:
            best = max(self.runs, key=lambda run: run.value)
            kept.append(f"The fine-tuned '{best.model}' is in '{self.saved}': zoograph.load_finetuned reads it.")
        left_out = _describe_skipped(self.skipped)
        return (*self.meanings, *self._known_notes(), *left_out, *self.cut, *dict.fromkeys(said), *kept)

    def _known_notes(self) -> Iterator[str]:
        if self.num_known:
            measured = count_of(len(self.runs) - self.num_known, "run")
            was = "was" if self.num_known == 1 else "were"
            yield f"{measured} measured, {self.num_known:,} {was} in the store already; --fresh measures again."

    def to_frame(self) -> pd.DataFrame:
        """Return one row a run: ``model``, ``value`` in [0, 1], ``seed``, ``train_size``, ``test_size``, ``seconds``.

        A model that failed has one row with the ``reason`` alone.
        """
        import pandas as pd

        columns = ["model", "value", "seed", "train_size", "test_size", "seconds", "reason"]
        table = pd.DataFrame(self._rows(), columns=columns)
        return table.astype(dict.fromkeys(("seed", "train_size", "test_size"), "Int64"))

    def _rows(self) -> Iterator[dict[str, Any]]:
        for run in self.runs:
            kept = run.model_dump(include={"model", "value", "seed", "train_size", "test_size"})
            yield {**kept, "seconds": run.hyperparameters.get("seconds")}
        for failure in self.failures:
            yield {"model": failure.model, "reason": failure.reason}


def describe_cut(numbers: Mapping[str, int], samples: str) -> list[str]:
    """Return which models do not read how many samples to their end, in sentences.

    >>> describe_cut({"minilm": 3, "bge": 0}, "texts")
    ["'minilm' does not read 3 texts to their end: they are longer than it takes."]
    """
    return [
        f"'{model}' does not read {count_of(number, samples.removesuffix('s'))} to "
        f"{'their end: they are' if number > 1 else 'its end: it is'} longer than it takes."
        for model, number in numbers.items()
        if number
    ]


def _describe_skipped(skipped: Mapping[str, str]) -> list[str]:
    if not skipped:
        return []
    images = count_of(len(skipped), "image is", "images are")
    return [f"{images} left out, which cannot be read ({describe_unreadable(skipped)})."]
