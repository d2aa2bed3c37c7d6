"""Synthetic hub: tables of a model hub of any size, drawn in chunks onto memory-mapped files, with known truth.

Everything in it is made up; only the shapes of its degree distributions follow what was published of real hubs:

- Models come from other models in trees, most of them from few: a growing network with redirection (Krapivsky and
  Redner, 2001, "Organization of growing random networks"), whose family sizes vary as widely as those that Laufer,
  Oderinwale and Kleinberg found (2025, "Anatomy of a Machine Learning Ecosystem: 2 Million Models on Hugging Face").
- Seven models of ten were never run, and the runs of the others have a power law: Osborne, Ding and Kirk (2024, "The AI
  Community Building the Future?") found that over seven of ten models had no download, and one in a hundred nearly all.
- Datasets are used by a Zipf law.

How large the share of derived models is, how good a model is, and that runs are as unequal as downloads, is assumed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.lib.format import open_memmap
from numpy.random import Generator

NEVER_RUN = 0.7
DERIVED = 0.6
_REDIRECTED = 0.8  # children of a model have a power law with exponent 1 + 1 / 0.8
_NUM_FACTORS, _NUM_FAMILIES, _NUM_DOMAINS = 4, 200, 30
_KEPT = 0.8  # correlation of a model's skill and taste with those of its parent
_SKILL, _TASTE, _RUN_NOISE = 0.6, 0.35, 0.1
_MODELS_AT_ONCE, _RUNS_AT_ONCE = 100_000, 2_000_000
_CLASSES = np.array((2, 4, 8, 16, 32, 100, 1000))


class Hub(NamedTuple):
    """Memory-mapped columns of a hub.

    Attributes:
        model_number: (M, 2) log of the parameters and source accuracy; NaN where a card does not say.
        model_family: (M,) from 1.
        parent: (M,) the model that each comes from; -1 for none.
        corpus: (M,) the dataset that each was trained on.
        dataset_number: (D, 2) logs of the numbers of classes and of samples.
        dataset_domain: (D,) from 1.
        dataset_size: (D,) samples that its runs are measured on.
        run_model, run_dataset, run_value: (R,) measured accuracies in no order, each pair once.
        skill, taste, hardness, appeal: (M,), (M, 4), (D,), (D, 4) the truth, for judging answers and nothing else.
    """

    model_number: np.ndarray
    model_family: np.ndarray
    parent: np.ndarray
    corpus: np.ndarray
    dataset_number: np.ndarray
    dataset_domain: np.ndarray
    dataset_size: np.ndarray
    run_model: np.ndarray
    run_dataset: np.ndarray
    run_value: np.ndarray
    skill: np.ndarray
    taste: np.ndarray
    hardness: np.ndarray
    appeal: np.ndarray

    @classmethod
    def open(cls, folder: Path) -> Hub:
        """Return the hub whose files are in a folder."""
        return cls(*(np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in cls._fields))

    def true_logits(self, models: np.ndarray, datasets: np.ndarray) -> np.ndarray:
        r"""Return (n,) noiseless logits :math:`1 + \alpha_m - \beta_d + u_m^\top v_d` of what is above chance."""
        interaction = (self.taste[models] * self.appeal[datasets]).sum(1)
        return 1.0 + self.skill[models] - self.hardness[datasets] + interaction

    def true_accuracies(self, models: np.ndarray, datasets: np.ndarray) -> np.ndarray:
        """Return (n,) noiseless accuracies."""
        return _accuracy(self.true_logits(models, datasets), self.dataset_number[datasets, 0])


def make_synthetic_hub(
    folder: Path,
    num_models: int,
    num_datasets: int,
    num_runs: int,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Hub:
    """Draw a hub into a folder, which is made.

    Memory is bounded by a chunk of runs, besides a few numbers a model.

    Args:
        folder: of the files, one a column.
        num_models: models, of which three of ten have runs.
        num_datasets: datasets.
        num_runs: about how many runs; each model that has any has half of the datasets at most.
        seed: everything is drawn from it, each chunk by a stream of its own.
        progress: called with (runs drawn, runs in all).
    """
    folder.mkdir(parents=True, exist_ok=True)
    _draw_datasets(folder, num_datasets, np.random.default_rng([seed, 0]))
    _draw_models(folder, num_models, np.random.default_rng([seed, 1]))
    degrees = _draw_degrees(num_models, num_datasets, num_runs, np.random.default_rng([seed, 2]))
    total = int(degrees.sum())
    for name, kind in (("run_model", np.int32), ("run_dataset", np.int32), ("run_value", np.float32)):
        _create(folder, name, kind, (total,))
    hub, start = Hub.open(folder), 0
    columns = [open_memmap(folder / f"{name}.npy", mode="r+") for name in ("run_model", "run_dataset", "run_value")]
    popularity = _Popularity.of(num_datasets, np.random.default_rng([seed, 3]))
    for number, models in enumerate(_shares(degrees, total)):
        rng = np.random.default_rng([seed, 4, number])
        model, dataset = popularity.draw(models, degrees[models], rng)
        mixed = rng.permutation(len(model))
        model, dataset = model[mixed], dataset[mixed]
        drawn = (model, dataset, _measure(hub, model, dataset, rng))
        for column, values in zip(columns, drawn, strict=True):
            column[start : start + len(model)] = values
        start += len(model)
        if progress is not None:
            progress(start, total)
    return hub


def _create(folder: Path, name: str, kind: type, shape: tuple[int, ...]) -> np.ndarray:
    return open_memmap(folder / f"{name}.npy", mode="w+", dtype=kind, shape=shape)


def _write(folder: Path, **columns: np.ndarray) -> None:
    for name, values in columns.items():
        np.save(folder / f"{name}.npy", values, allow_pickle=False)


def _draw_datasets(folder: Path, size: int, rng: Generator) -> None:
    domain = _zipf(_NUM_DOMAINS, size, rng)
    classes = _CLASSES[rng.integers(len(_CLASSES), size=size)]
    appeal = rng.normal(size=(_NUM_DOMAINS, _NUM_FACTORS))[domain] + 0.5 * rng.normal(size=(size, _NUM_FACTORS))
    samples = np.exp(rng.normal(8.0, 1.0, size)).clip(500, 1e6)
    _write(
        folder,
        dataset_number=np.stack([np.log(classes), np.log(samples)], 1).astype(np.float32),
        dataset_domain=(domain + 1).astype(np.int64),
        dataset_size=samples.astype(np.float32),
        hardness=(0.25 * np.log2(classes) - 1.0 + rng.normal(0, 0.4, size)).astype(np.float32),
        appeal=appeal.astype(np.float32),
    )


def _draw_models(folder: Path, size: int, rng: Generator) -> None:
    """Draw models in the order in which they came, each chunk from what was there before it."""
    number = _create(folder, "model_number", np.float32, (size, 2))
    family, parent, corpus = (_create(folder, name, np.int64, (size,)) for name in ("model_family", "parent", "corpus"))
    skill = _create(folder, "skill", np.float32, (size,))
    taste = _create(folder, "taste", np.float32, (size, _NUM_FACTORS))
    appeal = np.load(folder / "appeal.npy", allow_pickle=False)
    first = 0
    while first < size:
        count = min(size - first, max(16, first // 4), _MODELS_AT_ONCE)
        rows = slice(first, first + count)
        derived = (rng.random(count) < DERIVED) & (first > 0)
        candidate = rng.integers(max(first, 1), size=count)
        above = parent[candidate] if first else np.full(count, -1)
        redirected = (rng.random(count) < _REDIRECTED) & (above >= 0)
        origin = np.where(redirected, above, candidate)
        parent[rows] = np.where(derived, origin, -1)
        family[rows] = np.where(derived, family[origin], 1 + _zipf(_NUM_FAMILIES, count, rng))
        corpus[rows] = np.where(
            derived & (rng.random(count) < 0.3), corpus[origin], _zipf(len(appeal), count, rng, 0.8)
        )
        share = np.where(derived, _KEPT, 0.0)
        fresh = np.sqrt(1 - share**2)
        skill[rows] = share * skill[origin] + fresh * rng.normal(0, _SKILL, count)
        own = rng.normal(0, _TASTE, (count, _NUM_FACTORS)) + 0.2 * appeal[corpus[rows]]
        taste[rows] = share[:, None] * taste[origin] + fresh[:, None] * own
        size_log = np.where(derived, number[origin, 0], rng.normal(18.0, 1.5, count))
        accuracy = 1 / (1 + np.exp(-(1.0 + skill[rows] + rng.normal(0, 0.3, count))))
        number[rows, 0] = size_log
        number[rows, 1] = np.where(rng.random(count) < 0.3, accuracy, np.nan)
        first += count


def _draw_degrees(num_models: int, num_datasets: int, num_runs: int, rng: Generator) -> np.ndarray:
    """Return (M,) runs of each model: none of most, and a power law of the others, as steep as the total asks for."""
    values = np.arange(1, max(1, num_datasets // 2) + 1, dtype=np.float64)
    wanted = num_runs / (num_models * (1 - NEVER_RUN))
    low, high = -1.0, 6.0
    for _ in range(60):
        exponent = (low + high) / 2
        weight = values**-exponent
        low, high = (exponent, high) if (weight * values).sum() / weight.sum() > wanted else (low, exponent)
    degrees = np.searchsorted(np.cumsum(weight) / weight.sum(), rng.random(num_models)) + 1
    return np.where(rng.random(num_models) < NEVER_RUN, 0, degrees.clip(max=len(values)))


def _shares(degrees: np.ndarray, total: int) -> Iterator[np.ndarray]:
    """Yield models in shares of about equal numbers of runs, each from everywhere, so that runs are in no order."""
    count = max(1, -(-total // _RUNS_AT_ONCE))
    for first in range(count):
        models = np.arange(first, len(degrees), count)
        yield models[degrees[models] > 0]


class _Popularity(NamedTuple):
    """How often datasets are chosen.

    Attributes:
        order: (D,) datasets, the most popular first.
        rest: (D + 1,) share of choices that falls on the first k of them, k = 0 ... D.
        certain: (D,) numbers of runs up to which the first k are not yet all taken for certain.
    """

    order: np.ndarray
    rest: np.ndarray
    certain: np.ndarray

    @classmethod
    def of(cls, size: int, rng: Generator) -> _Popularity:
        weight = (np.arange(size) + 10.0) ** -0.8
        rest = np.concatenate([[0.0], np.cumsum(weight / weight.sum())])
        certain = np.arange(size) + (1 - rest[:-1]) / (weight / weight.sum())
        return cls(rng.permutation(size), rest, certain)

    def draw(self, models: np.ndarray, degrees: np.ndarray, rng: Generator) -> tuple[np.ndarray, np.ndarray]:
        """Return models and datasets (n,) of runs: ``degrees`` different datasets of each model.

        By systematic sampling: those so popular that they fall into every step are taken, and the others by chance.
        """
        taken = np.searchsorted(self.certain, degrees)
        row = np.repeat(np.arange(len(models)), degrees)
        place = np.arange(len(row)) - np.repeat(np.cumsum(degrees) - degrees, degrees)
        some = (degrees - taken).clip(min=1)
        begun, offset = self.rest[taken], rng.random(len(models))
        step = (place - taken[row] + offset[row]) / some[row]
        drawn = np.searchsorted(self.rest, begun[row] + step * (1 - begun[row]), side="right") - 1
        rank = np.where(place < taken[row], place, drawn.clip(max=len(self.order) - 1))
        return models[row], self.order[rank]


def _measure(hub: Hub, models: np.ndarray, datasets: np.ndarray, rng: Generator) -> np.ndarray:
    logit = hub.true_logits(models, datasets) + rng.normal(0, _RUN_NOISE, len(models))
    size = hub.dataset_size[datasets].astype(np.int64)
    accuracy = _accuracy(logit, hub.dataset_number[datasets, 0])
    return rng.binomial(size, accuracy) / size


def _accuracy(logit: np.ndarray, log_classes: np.ndarray) -> np.ndarray:
    chance = np.exp(-log_classes)
    return chance + (1 - chance) / (1 + np.exp(-logit))


def _zipf(num_values: int, size: int, rng: Generator, exponent: float = 1.0) -> np.ndarray:
    weight = (np.arange(num_values) + 1.0) ** -exponent
    drawn: np.ndarray = np.searchsorted(np.cumsum(weight) / weight.sum(), rng.random(size)).clip(max=num_values - 1)
    return drawn
