"""What is known, over HTTP: filters, pages, cards, and health."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from zoograph.data.records.cards import DatasetCard
from zoograph.data.records.records import Protocol, Run
from zoograph.data.store.store import RecordStore
from zoograph.scripts.serving.documents import (
    CollectionPage,
    DatasetDocument,
    DatasetPage,
    Health,
    ModelDocument,
    ModelPage,
)


def _names(client: TestClient, path: str, **asked: Any) -> list[str]:
    found = client.get(path, params=asked).json()
    return [row[path[1:-1]] for row in found[path[1:]]]


def test_models_come_in_pages_with_most_runs_first(client: TestClient) -> None:
    page = ModelPage.model_validate_json(client.get("/models").content)
    assert [(row.model, row.runs) for row in page.models] == [("resnet", 2), ("vit", 1)]
    second = client.get("/models", params={"limit": 1, "offset": 1}).json()
    assert (second["total"], second["offset"], [row["model"] for row in second["models"]]) == (2, 1, ["vit"])


@pytest.mark.parametrize(
    ("path", "asked", "names"),
    [
        ("/models", {"search": "OWNER res"}, ["resnet"]),
        ("/models", {"search": "nothing"}, []),
        ("/models", {"protocol": "head"}, ["resnet"]),
        ("/models", {"licence": "mit"}, []),
        ("/models", {"modality": "text"}, []),
        ("/datasets", {"family": "BIRDS"}, ["birds_1", "birds_2"]),
        ("/datasets", {"with_runs": True}, ["pets", "birds_1"]),
        ("/datasets", {"search": "birds 2"}, ["birds_2"]),
    ],
)
def test_filters(client: TestClient, path: str, asked: dict[str, Any], names: list[str]) -> None:
    assert _names(client, path, **asked) == names


def test_where_a_measured_folder_lies_is_told_to_nobody(client: TestClient) -> None:
    aliases = ("/home/operator/secret/photos", "content:ab-cd", "my photos")
    with RecordStore.open() as store:
        store.add(datasets=[DatasetCard(id="mine", source="me", aliases=aliases)])
    assert _names(client, "/datasets", search="my photos") == ["mine"]
    assert client.get("/datasets/mine").json()["card"]["aliases"] == ["my photos"]
    assert _names(client, "/datasets", search="operator") == []


def test_cards_are_shown_with_their_runs(client: TestClient) -> None:
    found = ModelDocument.model_validate_json(client.get("/models/owner/resnet").content)
    assert (found.name, len(found.runs), found.sources[0].source) == ("resnet", 2, "toy")
    pets = DatasetDocument.model_validate_json(client.get("/datasets/pets").content)
    assert [(run.model, run.value) for run in pets.runs] == [("resnet", 0.75), ("vit", 1.0)]
    birds = DatasetDocument.model_validate_json(client.get("/datasets/birds").content)
    assert (birds.kind, birds.members, birds.card) == ("family", ("birds_1", "birds_2"), None)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/models/../../etc/passwd", 404),
        ("/models/%2e%2e%2f%2e%2e%2fetc%2fpasswd", 404),
        ("/models/net", 409),
        ("/datasets/%00", 422),
        ("/datasets/" + "x" * 301, 422),
        ("/page/../app.py", 404),
        ("/%2e%2e/app.py", 404),
        ("//etc/passwd", 404),
        ("/..%5capp.py", 404),
    ],
)
def test_no_address_leads_to_a_file(client: TestClient, path: str, status: int) -> None:
    answer = client.get(path)
    assert answer.status_code == status
    assert "root:" not in answer.text
    assert "from __future__" not in answer.text


def test_collections_and_health_follow_the_store(client: TestClient) -> None:
    page = CollectionPage.model_validate_json(client.get("/collections").content)
    assert [(row.collection, row.runs, row.runs_finetune) for row in page.collections] == [("toy", 3, 2)]
    before = Health.model_validate_json(client.get("/health").content)
    assert (before.models, before.datasets, before.runs, before.predictors, before.writable) == (2, 3, 3, (), True)
    with RecordStore.open() as store:
        store.add(runs=[Run(source="me", model="vit", dataset="birds_2", protocol=Protocol.HEAD, value=0.25)])
    after = Health.model_validate_json(client.get("/health").content)
    assert after.runs == 4
    assert after.data_hash != before.data_hash
    assert after.revision != before.revision
    assert [row["runs"] for row in client.get("/collections").json()["collections"]] == [3, 1]
    assert DatasetPage.model_validate_json(client.get("/datasets").content).total == 3


def test_a_predictor_that_answers_is_named(made_client: TestClient) -> None:
    (predictor,) = Health.model_validate_json(made_client.get("/health").content).predictors
    assert (predictor.predictor, predictor.protocol) == ("head", Protocol.HEAD)
    assert predictor.age == "just now" or predictor.age.endswith("ago")


def test_choices_are_those_of_the_cards(client: TestClient) -> None:
    found = client.get("/choices").json()
    assert found["ways"][0] == {"protocol": "finetune", "metric": "top1", "modality": "image", "runs": 2}
    assert found["modalities"] == ["image"]
    assert [kind["name"] for kind in found["protocols"]] == [kind.value for kind in Protocol]
