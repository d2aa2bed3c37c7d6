"""Text encoders on texts that ship in packages: how transferability scores rank encoders and tasks."""

from __future__ import annotations

import copy
import importlib
import inspect
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from torch import nn

from zoograph.data.collections.tables import read_tables, shipped_zoo
from zoograph.data.networks.encoders import load_encoder
from zoograph.data.networks.features import extract_features
from zoograph.data.networks.weights import RANDOM, PretrainedModel
from zoograph.data.records.collection import Collection
from zoograph.data.records.records import Protocol, Run, Score
from zoograph.data.tasks.splits import Split
from zoograph.data.text.encoders.layout import Pooling
from zoograph.data.text.encoders.model_folder import DEFAULT_ENCODER
from zoograph.data.text.encoders.sentence_network import SentenceNetwork
from zoograph.data.texts.task import RawRows, TextTask, make_text_task
from zoograph.graphs.scores.compute import compute_scores
from zoograph.graphs.scores.inputs import ScoreInputs
from zoograph.graphs.scores.undefined import UndefinedScore
from zoograph.training.measuring.head import measure_head_on
from zoograph.training.studies.small_encoders import SHAPES, load_small_encoder

SOURCE = "language study"
_FEWEST_LETTERS = 25
_DOCUMENTED = {
    "libraries": ("numpy", "scipy.stats", "pandas", "sklearn.metrics", "torch", "matplotlib.pyplot"),
    "scipy": ("scipy.stats", "scipy.signal", "scipy.optimize", "scipy.linalg", "scipy.special", "scipy.ndimage"),
    "torch": ("torch.nn", "torch.optim", "torch.distributions", "torch.nn.functional", "torch.linalg"),
}
_NAMED = ("banking77", "massive-intent", "sun397", "ucf101", "imagenet-r")
_GOOD = ("good", "great", "lovely", "excellent", "charming", "brilliant", "fine", "superb")
_BAD = ("bad", "awful", "boring", "poor", "dreadful", "weak", "dull", "horrid")
_THINGS = ("film", "book", "phone", "hotel", "meal", "song", "game", "chair")

ENCODERS: Mapping[str, Callable[[], PretrainedModel]] = {
    "whole": lambda: _variant(6, Pooling.MEAN),
    "first token": lambda: _variant(6, Pooling.FIRST),
    "last token": lambda: _variant(6, Pooling.LAST),
    "four layers": lambda: _variant(4, Pooling.MEAN),
    "two layers": lambda: _variant(2, Pooling.MEAN),
    "words alone": lambda: _variant(0, Pooling.MEAN),
    "untrained": lambda: load_encoder(DEFAULT_ENCODER, RANDOM),
    **{name: partial(load_small_encoder, name) for name in SHAPES},
}
"""Parts of all-MiniLM-L6-v2, by what is left of it or done with its tokens; and small encoders trained here."""


def make_tasks(size: int = 40) -> Iterator[TextTask]:
    """Yield tasks of texts that zoograph and what it depends on come with.

    What a function is from, by the first sentence of its documentation; which dataset a class of images or of
    requests belongs to, by its name; and whether an opinion drawn from templates is a good one.

    Args:
        size: texts of a class at most.
    """
    for id, modules in _DOCUMENTED.items():
        yield _task(id, {name: _first_sentences(name) for name in modules}, size)
    cards = {card.id: card for card in read_tables(shipped_zoo()).datasets}
    yield _task("names", {id: list(cards[id].labels) for id in _NAMED}, size)
    yield _task("opinions", {"good": list(_opinions(_GOOD, _BAD)), "bad": list(_opinions(_BAD, _GOOD))}, size)


def measure_language(size: int = 40, progress: Callable[[int, int], None] | None = None) -> Collection:
    """Measure the retrained head and all scores of every encoder on every task; features are cached.

    Scores see the texts that heads are trained on, and none that they are tested on.

    Args:
        size: texts of a class at most.
        progress: called with (pairs done, pairs in all).
    """
    tasks, models = list(make_tasks(size)), {name: load() for name, load in ENCODERS.items()}
    runs: list[Run] = []
    scores: list[Score] = []
    for place, (name, model) in enumerate(models.items()):
        for row, task in enumerate(tasks):
            pair = {"source": SOURCE, "model": name, "dataset": task.card.id}
            seen = extract_features(model, task)
            head, train = measure_head_on(seen, 0.5), ~seen.test_rows(0.5)
            runs.append(Run(**pair, protocol=Protocol.HEAD, value=head.accuracy, test_size=head.num_test, seed=0))
            found = compute_scores(ScoreInputs(seen.features[train], seen.labels[train]))
            scores += [
                Score(**pair, name=key, value=value)
                for key, value in found.items()
                if not isinstance(value, UndefinedScore)
            ]
            if progress is not None:
                progress(place * len(tasks) + row + 1, len(models) * len(tasks))
    cards = tuple(model.card.model_copy(update={"id": name, "aliases": ()}) for name, model in models.items())
    return Collection(models=cards, datasets=tuple(task.card for task in tasks), runs=tuple(runs), scores=tuple(scores))


def _variant(layers: int, pooling: Pooling) -> PretrainedModel:
    """Return the default encoder with its first layers alone, or with another vector of its tokens."""
    model = load_encoder(DEFAULT_ENCODER)
    whole = model.network
    assert isinstance(whole, SentenceNetwork)
    body: Any = copy.deepcopy(whole.body)
    body.encoder.layer = nn.ModuleList(list(body.encoder.layer)[:layers])
    network = whole.with_pooling(body, (pooling,)).eval()
    return replace(model, network=network, digest=f"{model.digest} {layers} {pooling}")


def _task(id: str, classes: Mapping[str, list[str]], size: int) -> TextTask:
    texts, labels = [], []
    for name, found in classes.items():
        chosen = random.Random(0).sample(sorted(set(found)), min(size, len(set(found))))
        texts += chosen
        labels += [name] * len(chosen)
    rows = RawRows(texts, labels, [f"{id}[{row}]" for row in range(len(texts))])
    return make_text_task(id, SOURCE, {Split.TRAIN: rows})


def _first_sentences(name: str) -> list[str]:
    """Return the first sentences of what is documented in a module, without the names that stand before them."""
    module = importlib.import_module(name)
    found = []
    for _, thing in inspect.getmembers(module):
        text = inspect.getdoc(thing) if callable(thing) else None
        paragraphs = [" ".join(part.split()) for part in (text or "").split("\n\n")]
        sentences = [part for part in paragraphs if len(part) >= _FEWEST_LETTERS and "(" not in part.partition(" ")[0]]
        if sentences:
            found.append(sentences[0].partition(". ")[0][:200])
    return found


def _opinions(kind: tuple[str, ...], others: tuple[str, ...]) -> Iterator[str]:
    """Yield every opinion of one kind; some say it with a word of the other kind that is denied."""
    for thing in _THINGS:
        for word, other in zip(kind, others, strict=True):
            yield f"This {thing} was {word}, whatever they say of others that are {other}."
            yield f"I would never call this {thing} {other}: people who said it was {word} are right."
