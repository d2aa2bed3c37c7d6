"""Candidates: who is compared by default, what relaxes it, and who stands for whom."""

from __future__ import annotations

import re
from typing import Any

import pytest

from zoograph.data.errors import UnknownName, ZoographError
from zoograph.data.records.cards import ModelCard
from zoograph.data.records.pretraining import Lineage, LineageKind
from zoograph.data.records.records import Metric, Protocol
from zoograph.data.records.zoo import Zoo
from zoograph.data.testing.toy_zoo import make_toy_zoo
from zoograph.training.answers.candidates import Candidates, Filters, choose_candidates, fold_copies
from zoograph.training.answers.question import Question

HEAD, FINETUNE = Protocol.HEAD, Protocol.FINETUNE


def ask(protocol: Protocol = HEAD, metric: Metric = Metric.TOP1, modality: str = "image") -> Question:
    return Question(None, "s1", ("s1",), ("s1",), protocol, metric, modality, (), ())


def choose(zoo: Zoo, question: Question, **filters: Any) -> Candidates:
    return choose_candidates(zoo, question, Filters(**filters))


def chosen(protocol: Protocol = HEAD, **filters: Any) -> tuple[list[str], int]:
    found = choose(make_toy_zoo(), ask(protocol), **filters)
    return [card.id for card in found.cards], found.num_unknown_size


def test_candidates_have_records_of_the_protocol() -> None:
    assert chosen() == (["small", "large", "hub/other"], 0)
    assert chosen(FINETUNE) == (["small"], 0)
    assert chosen(FINETUNE, all_models=True) == (["small", "large", "hub/other"], 0)


def test_candidates_have_records_of_the_metric() -> None:
    assert [card.id for card in choose(make_toy_zoo(), ask(metric=Metric.F1)).cards] == ["small"]


def test_candidates_read_what_the_dataset_is_made_of() -> None:
    reader = ModelCard(id="bert", source="t", modalities=("text",))
    both = ModelCard(id="clip", source="t", modalities=("image", "text"))
    zoo = make_toy_zoo().with_cards([reader, both])
    found = choose(zoo, ask(), all_models=True).cards
    assert [card.id for card in found] == ["clip", "small", "large", "hub/other"]
    assert [card.id for card in choose(zoo, ask(modality="text"), all_models=True).cards] == ["bert", "clip"]
    with pytest.raises(ZoographError, match="No model has a record"):
        choose(zoo, ask(modality="text"))


def test_the_most_parameters_are_allowed_and_unknown_numbers_are_counted() -> None:
    assert chosen(max_params=100) == (["small", "large"], 1)
    assert chosen(max_params=99) == (["small"], 1)
    assert chosen(max_params=99, family="resnet") == (["small"], 0)


def test_a_family_is_named_exactly() -> None:
    assert chosen(family="resnet") == (["small", "large"], 0)
    with pytest.raises(
        UnknownName, match=r"Unknown family 'ResNet'\. Nearest names: resnet, vit\. Valid names: resnet, vit\."
    ):
        chosen(family="ResNet")


@pytest.mark.parametrize(
    ("protocol", "filters", "message"),
    [
        (HEAD, {"max_params": 9}, "at most 9 parameters (the smallest, 'small', has 10). Raise --max-params."),
        (HEAD, {"family": "vit", "max_params": 9}, "number of parameters is known. Leave out --max-params."),
        (
            FINETUNE,
            {"family": "vit"},
            "family 'vit' has a record of top-1 accuracy (full fine-tuning). Add --all-models, or choose",
        ),
    ],
)
def test_without_candidates_the_filter_to_relax_is_named(
    protocol: Protocol, filters: dict[str, Any], message: str
) -> None:
    with pytest.raises(ZoographError, match=re.escape(message)):
        chosen(protocol, **filters)


def test_without_any_record() -> None:
    zoo = make_toy_zoo()
    zoo = zoo.with_runs(zoo.runs[zoo.runs["protocol"] == HEAD])
    message = r"No model has a record of top-1 accuracy \(full fine-tuning\)\. Add --all-models, or"
    with pytest.raises(ZoographError, match=message):
        choose(zoo, ask(FINETUNE))


# -- near-copies ----------------------------------------------------------------------------------


def card(id: str, kind: LineageKind | None = None, base: str = "", source: str = "transfergraph") -> ModelCard:
    steps = () if kind is None else (Lineage(kind=kind, model=base),)
    return ModelCard(id=id, source=source, derived_from=steps)


TUNED, SAME = LineageKind.FINE_TUNED, LineageKind.SAME_WEIGHTS


def folded(*cards: ModelCard, known: tuple[str, ...] = ()) -> tuple[list[str], dict[str, int]]:
    kept, copies = fold_copies(cards, known)
    return [card.id for card in kept], {id: count for id, count in copies.items() if count}


def test_uploads_are_folded_into_the_published_weights_that_they_come_from() -> None:
    uploads = [card(f"me/{k}", TUNED, "google/vit") for k in range(2)]
    assert folded(*uploads, card("google/vit")) == (["google/vit"], {"google/vit": 2})
    again = card("me/again", TUNED, "me/0")
    assert folded(*uploads, again, card("google/vit")) == (["google/vit"], {"google/vit": 3})


def test_uploads_without_their_base_are_left_out() -> None:
    assert folded(card("me/0", TUNED, "google/vit"), card("you/1"), card("mine", source="own")) == (["mine"], {})


def test_published_weights_that_were_fine_tuned_stand_for_themselves() -> None:
    base, tuned = card("a.in22k", source="timm"), card("a.in22k_ft_in1k", TUNED, "a.in22k", source="timm")
    assert folded(base, tuned) == (["a.in22k", "a.in22k_ft_in1k"], {})


def test_of_the_same_weights_the_one_that_was_measured_stands_for_all() -> None:
    first, second = card("a.tv", source="timm"), card("torchvision/a", SAME, "a.tv", source="torchvision")
    assert folded(first, second) == (["a.tv"], {"a.tv": 1})
    assert folded(first, second, known=("torchvision/a",)) == (["torchvision/a"], {"torchvision/a": 1})
    assert folded(first, second, known=("torchvision/a", "a.tv")) == (["a.tv"], {"a.tv": 1})
    assert folded(second) == (["torchvision/a"], {})


def test_a_circle_of_copies_ends() -> None:
    kept, _ = folded(card("a", SAME, "b", source="timm"), card("b", SAME, "a", source="timm"))
    assert len(kept) >= 1


def test_all_variants_are_compared_if_wanted() -> None:
    zoo = make_toy_zoo().with_cards([card("me/0", TUNED, "small"), card("you/1")])
    found = choose(zoo, ask(), all_models=True)
    assert (len(found.cards), found.num_hidden, found.copies["small"]) == (3, 2, 1)
    found = choose(zoo, ask(), all_models=True, all_variants=True)
    assert (len(found.cards), found.num_hidden, found.copies) == (5, 0, {})


def test_uploads_alone_are_said_to_be_hidden() -> None:
    zoo = make_toy_zoo()
    uploads = {"small": zoo.models["small"].model_copy(update={"source": "transfergraph"})}
    alone = Zoo(uploads, zoo.datasets, zoo.runs, zoo.scores, zoo.relations)
    with pytest.raises(ZoographError, match=r"All 1 candidates are uploads of somebody's copies\. Add --all-variants"):
        choose(alone, ask())
