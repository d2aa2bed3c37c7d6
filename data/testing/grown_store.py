"""A store as it grows in use: runs of the models that ship on tasks of one's own, of any number and seeded."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil, sqrt

import numpy as np

from zoograph.data.records.cards import DatasetCard, Modality, ModelCard
from zoograph.data.records.records import Protocol, Run, Score
from zoograph.data.store.store import RecordStore

SOURCE = "made up"
_BATCH = 500_000  # runs
_REPEATS = 5  # runs of a pair, each with a seed of its own
_SPLITS = 4  # tasks of a family
_PROTOCOLS = ((Protocol.HEAD, None), (Protocol.HEAD, None), (Protocol.PROBE, 16), (Protocol.FINETUNE, None))
_CLASSES = (2, 5, 10, 20, 40)
_PER_CLASS = (20, 50, 200)
_SCORES = ("logme", "knn")
_SHARE_SCORED = 10  # one pair of so many


def grow_store(store: RecordStore, num_runs: int, seed: int = 0) -> int:
    """Add runs of known models on new tasks, several seeds a pair, and scores of some pairs; return how many are new.

    Tasks are splits of families, with labels of classes that the store knows. Protocols, sizes, skills, difficulties
    and noise are drawn; twice as many runs have twice as many pairs, on more models and more tasks. They come in
    batches of half a million, and those that are there are passed over: a call that was stopped goes on.

    Args:
        store: with cards of models and of datasets with labels.
        num_runs: at least 1.
        seed: of everything that is drawn.
    """
    rng = np.random.default_rng(seed)
    models, labels = _known(store)
    pairs = ceil(num_runs / _REPEATS)
    num_models = min(len(models), ceil(sqrt(5 * pairs)))
    datasets = list(_make_tasks(rng, ceil(pairs / num_models), labels))
    chosen = [models[i] for i in rng.permutation(len(models))[:num_models]]
    skill = rng.normal(0, 0.6, num_models)
    hardness = rng.normal(0, 0.8, len(datasets))

    def runs(batch: int) -> Iterator[Run]:
        rng = np.random.default_rng((seed, batch))
        for number in range(batch * _BATCH, min(num_runs, (batch + 1) * _BATCH)):
            pair, repeat = divmod(number, _REPEATS)
            place, model = divmod(pair, num_models)
            card = datasets[place]
            protocol, shots = _PROTOCOLS[(place + model // 7) % len(_PROTOCOLS)]
            classes, samples = card.num_classes or 2, card.num_samples or 40
            above = 1 / (1 + np.exp(-(1.0 + skill[model] - hardness[place] + rng.normal(0, 0.3))))
            test_size = max(10, samples // 5)
            right = rng.binomial(test_size, 1 / classes + (1 - 1 / classes) * above)
            yield Run(
                source=SOURCE,
                model=chosen[model].id,
                dataset=card.id,
                protocol=protocol,
                value=right / test_size,
                train_size=samples - test_size,
                test_size=test_size,
                seed=repeat,
                shots=shots,
            )

    scores = (
        Score(source=SOURCE, model=chosen[pair % num_models].id, dataset=datasets[pair // num_models].id, name=name,
              value=float(skill[pair % num_models] + rng.normal(0, 0.3)))
        for pair in range(0, pairs, _SHARE_SCORED)
        for name in _SCORES
    )  # fmt: skip
    new, known = 0, {batch.id for batch in store.batches()}
    for number in range(ceil(num_runs / _BATCH)):
        if (name := f"grown-{num_runs}-{seed}-{number}") not in known:
            with store.stage(runs(number)) as staging:
                new += staging.store((), datasets, name, SOURCE)
    with store.stage(scores, Score) as staging:
        return new + staging.store((), (), f"grown-{num_runs}-{seed}-scores", SOURCE)


def _known(store: RecordStore) -> tuple[list[ModelCard], list[str]]:
    models, datasets = store.cards()
    images = [card for card in datasets.values() if card.modality == Modality.IMAGE]
    return (
        [card for card in models.values() if card.modalities == (Modality.IMAGE.value,)],
        sorted({label for card in images for label in card.labels}),
    )


def _make_tasks(rng: np.random.Generator, count: int, labels: list[str]) -> Iterator[DatasetCard]:
    for number in range(count):
        family, split = divmod(number, _SPLITS)
        if split == 0:
            classes, each = int(rng.choice(_CLASSES)), int(rng.choice(_PER_CLASS))
        chosen = rng.choice(len(labels), size=min(classes, len(labels)), replace=False)
        yield DatasetCard(
            id=f"own-{family}-{split}",
            family=f"own-{family}",
            domain="own",
            labels=tuple(labels[i] for i in sorted(chosen)),
            num_classes=classes,
            num_samples=classes * each,
            samples_per_class=float(each),
            source=SOURCE,
        )
