"""What the page's views draw."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from zoograph.data.records.cards import DatasetCard
from zoograph.data.records.records import Protocol, Relation
from zoograph.data.records.sources import own_source
from zoograph.data.store.store import RecordStore
from zoograph.data.testing.own_runs import own_run
from zoograph.scripts.serving.routes.exploring import _dataset_edges
from zoograph.training.versions.listing import predictor_root


def test_the_map_has_every_node_and_neighbours_are_like_it(made_client: TestClient) -> None:
    datasets = made_client.get("/map", params={"kind": "datasets"}).json()
    assert len(datasets["points"]) == 21  # 20 tasks, and the corpus that the models were trained on
    assert all(-1 <= point[axis] <= 1 for point in datasets["points"] for axis in ("x", "y"))
    assert {point["name"] for point in datasets["points"]} >= {"task_3"}
    models = made_client.get("/map", params={"kind": "models"}).json()
    assert (len(models["points"]), models["predictor"]) == (8, datasets["predictor"])
    near = made_client.get("/neighbours", params={"kind": "datasets", "name": "task_3"}).json()
    likeness = [row["likeness"] for row in near["nearest"]]
    assert (len(likeness), likeness) == (12, sorted(likeness, reverse=True))
    assert "task_3" not in {row["name"] for row in near["nearest"]}


def test_the_nearest_edges_of_a_dataset_come_first(toy_store: RecordStore) -> None:
    cards = [DatasetCard(id=f"task {number:02}", source="me") for number in range(60)]
    relations = [
        Relation(source="me", dataset="pets", other=card.id, name="domain_distance", value=60 - place)
        for place, card in enumerate(cards)
    ]
    toy_store.add(datasets=cards, relations=relations)
    values = [edge["value"] for edge in _dataset_edges(toy_store.snapshot(), "pets")]
    assert values == list(range(1, 51))


def test_stored_answers_are_of_one_model_or_dataset(
    toy_zoo: object, save_toy: Callable[..., Any], make_client: Callable[..., TestClient]
) -> None:
    save_toy(predictor_root(Protocol.FINETUNE, None), protocol=Protocol.FINETUNE)
    client = make_client()
    asked = {"protocol": "finetune"}
    pairs = client.get("/answers", params=asked).json()["pairs"]
    assert [(pair["model"], pair["measured"]) for pair in pairs] == [("resnet", 0.75), ("vit", 1.0)]
    assert [pair["model"] for pair in client.get("/answers", params={**asked, "model": "vit"}).json()["pairs"]] == [
        "vit"
    ]
    assert client.get("/answers", params={**asked, "dataset": "birds_1"}).json()["pairs"] == []
    (calibration,) = client.get("/zoo").json()["calibration"]
    assert (calibration["pairs"], calibration["covered"], calibration["group"]) == (2, 0.0, "not known")


@pytest.mark.parametrize("path", ["/map", "/answers", "/neighbours?kind=models&name=vit"])
def test_without_a_predictor_it_says_so(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert "There is no predictor of top-1 accuracy (retrained head, image) yet" in answer.json()["detail"]


def test_the_zoo_is_covered_by_collection_and_protocol(client: TestClient) -> None:
    zoo = client.get("/zoo").json()
    rows = {row["protocol"]: row for row in zoo["coverage"]}
    assert (rows["finetune"]["pairs"], rows["finetune"]["models"], rows["finetune"]["share"]) == (2, 2, 1.0)
    assert (rows["head"]["runs"], rows["head"]["failed"]) == (1, 0)
    sources = {row["source"]: (row["licences"], row["snapshots"]) for row in zoo["sources"]}
    assert sources["timm-results"] == (["Apache-2.0"], ["aa4b5850, 2026-08-08"])
    assert (zoo["predictors"], zoo["calibration"]) == ([], [])


def test_what_zoograph_measured_is_one_collection_of_the_zoo(client: TestClient, toy_store: RecordStore) -> None:
    own = [own_run(0.5, source=own_source("0.1.0", "31798e29af8e", f"images 47084eae92b{n}")) for n in range(3)]
    toy_store.add(runs=own)
    (row,) = [row for row in client.get("/zoo").json()["coverage"] if row["collection"] == "measured by zoograph"]
    assert (row["protocol"], row["runs"], row["pairs"]) == ("head", 3, 1)


def test_a_predictor_that_cannot_be_read_hides_nothing_else(
    toy_zoo: object, save_toy: Callable[..., Any], make_client: Callable[..., TestClient]
) -> None:
    save_toy(predictor_root(Protocol.HEAD, None), format=1)
    answer = make_client().get("/zoo")
    assert (answer.status_code, answer.json()["calibration"]) == (200, [])
    assert answer.json()["coverage"]
