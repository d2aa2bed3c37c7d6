from __future__ import annotations

from collections import Counter

from zoograph.data.collections.domainnet import IMAGENET as IMAGENET_CARD
from zoograph.data.collections.tables import read_tables, shipped_zoo
from zoograph.data.networks.registry.corpora import CORPORA, IMAGENET, SOURCE
from zoograph.data.networks.registry.timm_names import published_weights
from zoograph.data.networks.registry.timm_tags import parse_tag
from zoograph.data.records.collection import Collection, merge
from zoograph.data.records.pretraining import Objective


def test_no_two_corpora_share_a_name() -> None:
    names = Counter(name for corpus in CORPORA.values() for name in (corpus.id, *corpus.aliases))
    assert max(names.values()) == 1


def test_every_corpus_is_behind_some_weights() -> None:
    used = {corpus for name in published_weights() for corpus in parse_tag(*name.split(".", 1)).corpora}
    used |= {corpus for card in read_tables(shipped_zoo()).models for corpus in card.corpora}  # OpenCLIP's own
    assert used == CORPORA.keys()


def test_imagenet_is_the_node_that_the_zoo_has() -> None:
    (card,) = merge([Collection(datasets=(IMAGENET_CARD,)), Collection(datasets=(CORPORA[IMAGENET].card,))]).datasets
    assert (card.id, card.num_classes, card.num_samples) == ("imagenet", 1000, 1_281_167)
    assert card.source == f"ilsvrc2012; {SOURCE}"


def test_cards_join_those_of_the_shipped_zoo() -> None:
    cards = Collection(datasets=tuple(corpus.card for corpus in CORPORA.values()))
    joined = merge([read_tables(shipped_zoo()), cards]).datasets
    (full,) = [card for card in joined if card.id == "imagenet-21k"]
    assert full.num_classes == 21_841


def test_captions_are_no_labels() -> None:
    assert not any(corpus.labelled for corpus in CORPORA.values() if corpus.objective is Objective.IMAGE_TEXT)
    assert CORPORA["sat-493m"].card.domain == "satellite"
