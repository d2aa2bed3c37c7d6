"""A zoo in memory: parts of it, copies of it, and a fingerprint of all of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from zoograph.data.records.cards import DatasetCard, ModelCard
from zoograph.data.records.collection import Collection
from zoograph.data.records.records import HINDSIGHT, Protocol, Relation, Run, Score
from zoograph.data.records.zoo import RUN_COLUMNS, Zoo
from zoograph.data.testing.toy_zoo import make_toy_zoo


@pytest.fixture
def zoo() -> Zoo:
    return make_toy_zoo()


def test_a_collection_becomes_tables_of_its_records() -> None:
    run = Run(source="s", model="b", dataset="d", protocol=Protocol.HEAD, value=0.5, test_size=8)
    score = Score(source="s", model="b", dataset="d", name="logme", value=1.5)
    cards = (ModelCard(id="b", source="s"), ModelCard(id="a", source="s"))
    zoo = Zoo.of(Collection(cards, (DatasetCard(id="d", source="s"),), (run,), (score,)))
    assert list(zoo.models) == ["a", "b"]
    assert tuple(zoo.runs.columns) == RUN_COLUMNS
    assert zoo.runs.loc[0, ["model", "protocol", "value", "test_size"]].tolist() == ["b", "head", 0.5, 8]
    assert np.isnan(zoo.runs["train_size"].astype(float)).all()
    assert zoo.scores.values.tolist() == [["b", "d", "logme", 1.5, "s"]]
    assert zoo.relations.empty
    assert zoo.influences.empty


def test_more_cards_replace_none(zoo: Zoo) -> None:
    more = zoo.with_cards([ModelCard(id="small", source="x"), ModelCard(id="new", source="x")])
    assert more.models["small"] == zoo.models["small"]
    assert more.models["new"].source == "x"
    assert "new" not in zoo.models


def test_runs_are_exchanged_and_numbered_anew(zoo: Zoo) -> None:
    chosen = zoo.with_runs(zoo.runs[zoo.runs["model"] == "large"])
    assert chosen.runs["dataset"].tolist() == ["s1", "s2"]
    assert chosen.runs.index.tolist() == [0, 1]
    assert chosen.scores is zoo.scores


def test_only_these_names_are_kept(zoo: Zoo) -> None:
    assert len(zoo.with_names(["logme"], [], []).scores) == 2
    assert zoo.with_names(["logme"], [], []).relations.empty
    assert zoo.with_names([], ["domain_distance"], []).scores.empty
    assert len(zoo.with_names([], ["domain_distance"], []).relations) == 1


def test_scores_that_are_known_afterwards_only_are_left_out(zoo: Zoo) -> None:
    late = zoo.scores.assign(name=[min(HINDSIGHT), "logme"])
    kept = replace(zoo, scores=late).without_hindsight().scores
    assert kept["model"].tolist() == ["large"]


def test_the_part_of_one_source_has_the_corpora_behind_its_models(zoo: Zoo) -> None:
    models = {**zoo.models, "mine": ModelCard(id="mine", source="toy; mine", pretrained_on="corpus")}
    runs = zoo.runs.assign(source=["mine", *["toy"] * 7])
    part = replace(zoo, models=models, runs=runs).collection("mine")
    assert list(part.models) == ["mine"]
    assert list(part.datasets) == ["corpus"]
    assert len(part.runs) == 1
    assert part.scores.empty


def test_the_fingerprint_is_of_content_not_of_order(zoo: Zoo) -> None:
    first = zoo.fingerprint()
    shuffled = replace(zoo, models=dict(reversed(zoo.models.items())), runs=zoo.runs.iloc[::-1].reset_index(drop=True))
    assert shuffled.fingerprint() == first
    changed = zoo.runs.copy()
    changed.loc[0, "value"] = 0.25
    others = [
        zoo.with_runs(changed),
        zoo.with_cards([ModelCard(id="new", source="x")]),
        replace(zoo, scores=zoo.scores[:1]),
    ]
    assert len({first, *(other.fingerprint() for other in others)}) == 4


def test_relations_have_columns_in_order() -> None:
    relation = Relation(source="s", dataset="a", other="b", name="distance", value=2.0)
    assert Zoo.of(Collection(relations=(relation,))).relations.values.tolist() == [["a", "b", "distance", 2.0, "s"]]
