"""The first questions by a hash of their names."""

from __future__ import annotations

import zlib

import torch

from zoograph.training.evaluation.collections.choosing import chosen, first_by_hash, order_by_hash
from zoograph.training.evaluation.collections.hiding import Question

NAMES = ["pets", "dtd", "svhn", "cars", "mnist"]


def test_names_are_ordered_by_their_hash_and_the_salt():
    plain = sorted(NAMES, key=lambda name: zlib.crc32(f"\0{name}".encode()))
    assert [NAMES[place] for place in order_by_hash(NAMES, "").tolist()] == plain
    salted = sorted(NAMES, key=lambda name: zlib.crc32(f"k\0{name}".encode()))
    assert [NAMES[place] for place in order_by_hash(NAMES, "k").tolist()] == salted
    assert plain != salted


def test_fewer_questions_are_among_more_and_none_means_all():
    assert first_by_hash(NAMES, 2) < first_by_hash(NAMES, 3)
    assert first_by_hash(list(reversed(NAMES)), 2) == first_by_hash(NAMES, 2)
    assert first_by_hash(NAMES, None) == set(NAMES)


def test_chosen_questions_stay_in_order_and_the_others_are_counted():
    none = torch.zeros(1, dtype=torch.bool)
    asked = chosen([Question(name, none, none, none, hidden=none) for name in NAMES], 3)
    names = [question.name for question in asked.questions]
    assert names == [name for name in NAMES if name in first_by_hash(NAMES, 3)]
    assert asked.in_all == 5
