"""Candidates: who is compared by default, what narrows it, and what is said where nobody is left."""

from __future__ import annotations

from typing import Any

import pytest

from zoograph.data.errors import ZoographError
from zoograph.data.records.cards import ModelCard
from zoograph.data.records.naming.names import index_names
from zoograph.data.records.pretraining import Lineage, LineageKind
from zoograph.data.records.records import Metric, Protocol
from zoograph.data.records.zoo import Zoo
from zoograph.data.testing.toy_zoo import make_toy_zoo
from zoograph.training.answers.candidates import Candidates, choose_candidates, with_named
from zoograph.training.answers.question import Question
from zoograph.training.candidates.filters import Filters

HEAD, FINETUNE = Protocol.HEAD, Protocol.FINETUNE


def ask(protocol: Protocol = HEAD, metric: Metric = Metric.TOP1, modality: str = "image") -> Question:
    return Question(None, "s1", ("s1",), ("s1",), protocol, metric, modality, (), ())


def choose(zoo: Zoo, question: Question, **filters: Any) -> Candidates:
    names = index_names(("model", id, id) for id in zoo.models)
    zoo, named = with_named(zoo, names, Filters(**filters))
    return choose_candidates(zoo, question, Filters(**filters), lambda card: None, named)


def chosen(protocol: Protocol = HEAD, **filters: Any) -> list[str]:
    return [card.id for card in choose(make_toy_zoo(), ask(protocol), **filters).cards]


def test_every_reader_is_a_candidate_measured_or_not() -> None:
    assert chosen(FINETUNE) == ["small", "large", "hub/other"]
    assert chosen(FINETUNE, measured_only=True) == ["small"]
    found = choose(make_toy_zoo(), ask(metric=Metric.F1), measured_only=True)
    assert [card.id for card in found.cards] == ["small"]


def test_candidates_read_what_the_dataset_is_made_of() -> None:
    reader = ModelCard(id="bert", source="t", modalities=("text",))
    both = ModelCard(id="clip", source="t", modalities=("image", "text"))
    zoo = make_toy_zoo().with_cards([reader, both])
    assert [card.id for card in choose(zoo, ask()).cards] == ["clip", "small", "large", "hub/other"]
    assert [card.id for card in choose(zoo, ask(modality="text")).cards] == ["bert", "clip"]
    with pytest.raises(ZoographError, match="No model has a record of top-1"):
        choose(zoo, ask(modality="text"), measured_only=True)
    with pytest.raises(ZoographError, match="No model reads audio"):
        choose(zoo, ask(modality="audio"))
    with pytest.raises(ZoographError, match=r"The models must read images \(got 'bert'"):
        choose(zoo, ask(), models=("bert",))
    with pytest.raises(ZoographError, match=r"--models names 1 model, which does not read image\. Name others"):
        choose(zoo, ask(), models=("ber*",))


def test_names_alone_and_patterns() -> None:
    assert chosen(models=("large",)) == ["large"]
    assert chosen(models=("*l*", "hub/other")) == ["small", "large", "hub/other"]


def test_what_each_filter_left_is_counted() -> None:
    found = choose(make_toy_zoo(), ask(), family=("resnet",), max_params=99)
    assert [(step.option, step.left, step.removed) for step in found.steps] == [
        ("--family", 2, 1),
        ("--max-params", 1, 1),
    ]


def card(id: str, kind: LineageKind | None = None, base: str = "", source: str = "transfergraph") -> ModelCard:
    steps = () if kind is None else (Lineage(kind=kind, model=base),)
    return ModelCard(id=id, source=source, derived_from=steps)


TUNED = LineageKind.FINE_TUNED


def test_all_variants_are_compared_if_wanted() -> None:
    zoo = make_toy_zoo().with_cards([card("me/0", TUNED, "small"), card("you/1")])
    found = choose(zoo, ask())
    assert (len(found.cards), found.num_hidden, len(found.twins["small"])) == (3, 2, 1)
    found = choose(zoo, ask(), all_variants=True)
    assert (len(found.cards), found.num_hidden, found.twins) == (5, 0, {})


def test_uploads_alone_are_said_to_be_hidden() -> None:
    zoo = make_toy_zoo()
    uploads = {"small": zoo.models["small"].model_copy(update={"source": "transfergraph"})}
    alone = Zoo(uploads, zoo.datasets, zoo.runs, zoo.scores, zoo.relations)
    with pytest.raises(ZoographError, match=r"\(1 in all\) is somebody's upload of a copy\. Add --all-var"):
        choose(alone, ask())
