"""A zoo in memory: parts of it, copies of it, and a fingerprint of all of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from zoograph.data.records.cards import DatasetCard, Modality, ModelCard
from zoograph.data.records.collection import Collection
from zoograph.data.records.pretraining import Lineage, LineageKind
from zoograph.data.records.records import HINDSIGHT, Metric, Protocol, Relation, Run, Score
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


def make_mixed_zoo() -> Zoo:
    lineage = Lineage(kind=LineageKind.FINE_TUNED, model="base")
    models = [
        ModelCard(id="tuned", source="s", derived_from=(lineage,), corpora=("first", "second")),
        ModelCard(id="base", source="s", pretrained_on="first"),
        ModelCard(id="scored", source="s"),
        ModelCard(id="asked", source="s", derived_from=(Lineage(kind=LineageKind.FINE_TUNED, model="elsewhere"),)),
        ModelCard(id="reader", source="s"),
        ModelCard(id="failed", source="s"),
    ]
    names = ("pets", "first", "second", "mine", "unused")
    datasets = [*(DatasetCard(id=name, source="s") for name in names)]
    datasets.append(DatasetCard(id="reviews", modality="text", source="s"))

    def run(model: str, dataset: str, protocol: Protocol = Protocol.HEAD, **fields: Any) -> Run:
        return Run(source="s", model=model, dataset=dataset, protocol=protocol, value=0.5, **fields)

    runs = [
        run("reader", "reviews"),
        run("tuned", "pets"),
        run("reader", "unused", Protocol.PROBE),
        run("reader", "unused", metric=Metric.MIOU),
        run("failed", "unused", failure="diverged"),
    ]
    scores = [
        Score(source="s", model=model, dataset=dataset, name="logme", value=1.0)
        for model, dataset in (("scored", "pets"), ("reader", "unused"), ("failed", "mine"))
    ]
    relations = [
        Relation(source="s", dataset="pets", other=other, name="distance", value=1.0) for other in ("first", "unused")
    ]
    return Zoo.of(Collection(tuple(models), tuple(datasets), tuple(runs), tuple(scores), tuple(relations)))


def test_a_part_has_what_was_measured_under_any_protocol_and_what_that_rests_on() -> None:
    part = make_mixed_zoo().part(Metric.TOP1, Modality.IMAGE)
    assert set(part.models) == {"tuned", "base", "scored", "reader"}
    assert set(part.datasets) == {"pets", "first", "second", "unused"}
    assert part.runs[["model", "dataset", "protocol"]].values.tolist() == [
        ["tuned", "pets", "head"],
        ["reader", "unused", "probe"],
    ]
    assert part.learned(Protocol.HEAD, Metric.TOP1, Modality.IMAGE).tolist() == [True, False]
    assert part.scores["model"].tolist() == ["scored", "reader"]
    assert part.relations["other"].tolist() == ["first", "unused"]


def test_a_part_leaves_out_other_metrics_and_what_they_alone_rest_on() -> None:
    part = make_mixed_zoo().part(Metric.MIOU, Modality.IMAGE)
    assert (set(part.models), set(part.datasets)) == ({"reader"}, {"unused"})
    assert part.runs["metric"].tolist() == ["miou"]


def test_a_part_keeps_what_is_asked_for() -> None:
    part = make_mixed_zoo().part(Metric.TOP1, Modality.IMAGE, models=["asked", "nobody"], datasets=["mine"])
    assert {"asked", "failed"} < set(part.models)
    assert "mine" in part.datasets
    assert len(part.runs) == 2


def test_a_part_without_a_modality_has_all_of_them() -> None:
    zoo = make_mixed_zoo()
    assert zoo.part(Metric.TOP1).runs["model"].tolist() == ["reader", "tuned", "reader"]
    assert zoo.part(Metric.TOP1, "text").runs["model"].tolist() == ["reader"]
    assert zoo.learned(Protocol.HEAD, Metric.TOP1).tolist() == [True, True, False, False, False]
    assert zoo.learned(None, Metric.TOP1).tolist() == [True, True, True, False, False]


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
