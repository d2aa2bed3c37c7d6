"""Questions to a predictor over HTTP: the documents of the command line, and answers of the Python face."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from zoograph.data.networks import find_model
from zoograph.data.records.cards import DatasetCard, ModelCard
from zoograph.data.records.records import Protocol, Run
from zoograph.data.store.store import RecordStore
from zoograph.scripts.serving.documents import ExplainDocument, PredictDocument, RecommendDocument
from zoograph.training.answers.explain import explain
from zoograph.training.answers.predict import predict
from zoograph.training.answers.recommend import recommend
from zoograph.training.versions import restore

CARD = {"labels": ["oak", "elm", "ash"], "num_samples": 300, "domain": "photo"}


def _model(client: TestClient) -> str:
    return str(client.get("/models").json()["models"][0]["model"])


def test_answers_are_those_of_the_python_face(made_client: TestClient) -> None:
    model = _model(made_client)
    pair = {"model": model, "dataset": "task_3"}
    answer = made_client.get("/predict", params=pair)
    row = PredictDocument.model_validate_json(answer.content).tasks[0]
    assert (row,) == predict(model, "task_3").rows
    assert answer.json()["notes"] == list(predict(model, "task_3").notes)
    found = ExplainDocument.model_validate_json(made_client.get("/explain", params=pair).content)
    assert found.prediction == row
    assert found.missing == explain(model, "task_3").missing
    ranked = made_client.post("/recommend", json={"dataset": "task_3", "top": 3})
    document = RecommendDocument.model_validate_json(ranked.content)
    theirs = recommend("task_3", top=3)
    assert [c.model for c in document.candidates] == [c.model for c in theirs.candidates]
    assert [c.best for c in document.candidates] == [c.best for c in theirs.candidates]
    assert document.notes == theirs.notes
    everyone = made_client.post("/recommend", json={"dataset": "task_3", "top": 0}).json()
    assert len(everyone["candidates"]) == everyone["num_candidates"] == theirs.num_candidates


def test_what_ranks_and_what_explains_stay_loaded_together(
    made_client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with RecordStore.open() as store:
        store.add(models=[ModelCard(id="new", source="mine")])  # is ranked, and no evidence of others
    loaded, load_on = [], restore.load_on
    monkeypatch.setattr(restore, "load_on", lambda *args: [loaded.append(1), load_on(*args)][1])
    measured = [row["model"] for row in made_client.get("/models").json()["models"] if row["model"] != "new"]
    for number, model in enumerate(measured[:3], start=3):
        dataset = f"task_{number}"
        assert made_client.post("/recommend", json={"dataset": dataset}).status_code == 200
        assert made_client.get("/explain", params={"model": model, "dataset": dataset}).status_code == 200
    assert len(loaded) == 2


def test_a_described_dataset_is_answered_as_its_card(made_client: TestClient) -> None:
    ranked = made_client.post("/recommend", json={"card": CARD, "explain": True}).json()
    card = DatasetCard(id="described dataset", source="me", num_classes=3, **CARD)
    theirs = recommend(card, explain=True)
    assert [c["predicted"] for c in ranked["candidates"]] == [c.predicted for c in theirs.candidates]
    assert ranked["explanation"]["model"] == theirs.explanation.model
    assert ranked["dataset"] == "described dataset"


def test_filters_cost_and_utility_reach_the_ranking(made_client: TestClient) -> None:
    sizes = sorted(m["parameters"] for m in made_client.get("/models").json()["models"] if m["parameters"])
    limit = sizes[len(sizes) // 2]
    asked = {"dataset": "task_3", "filters": {"max_params": limit}, "cost": "parameters", "utility": 0.5}
    found = made_client.post("/recommend", json=asked).json()
    assert [step["option"] for step in found["filters"]] == ["--max-params"]
    assert {c["parameters"] <= limit for c in found["candidates"]} == {True}
    assert (found["utility"], found["cost"]["name"]) == (0.5, "parameters")
    utilities = [c["utility"] for c in found["candidates"]]
    assert utilities == sorted(utilities, reverse=True)


def test_a_new_record_is_in_the_next_answer(client: TestClient) -> None:
    def measured() -> dict[str, Any]:
        found = client.post("/recommend", json={"dataset": "birds_2"}).json()
        return {c["model"]: c["measured"] for c in found["candidates"]}

    assert measured() == {"resnet": None, "vit": None}
    with RecordStore.open() as store:
        store.add(runs=[Run(source="me", model="vit", dataset="birds_2", protocol=Protocol.HEAD, value=0.25)])
    assert measured() == {"resnet": None, "vit": 0.25}


@pytest.mark.parametrize("name", ["/etc/passwd", "../pets", "~", "%2e%2e%2fpets", "pets.yaml", ".", "dataset:../pets"])
def test_a_path_is_a_name_that_nobody_knows(
    client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (tmp_path / "pets.yaml").write_text("labels: [a, b]\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(find_model, "_find_encoder", None)  # neither folders nor the hub are looked into
    for answer in (
        client.post("/recommend", json={"dataset": name}),
        client.post("/recommend", json={"folder": name}),
        client.get("/predict", params={"model": "vit", "dataset": name}),
        client.get("/explain", params={"model": "vit", "dataset": name}),
        client.get("/predict", params={"model": name, "dataset": "pets"}),
        client.get("/explain", params={"model": name, "dataset": "pets"}),
        client.post("/recommend", json={"dataset": "pets", "filters": {"models": [name]}}),
    ):
        assert answer.status_code == 404, answer.text
        assert str(tmp_path) not in answer.text


def test_models_are_names_and_no_files(client: TestClient, tmp_path: Path) -> None:
    names = tmp_path / "names.txt"
    names.write_text("vit\n")
    answer = client.post("/recommend", json={"dataset": "pets", "filters": {"models": [str(names)]}})
    assert answer.status_code == 404
    answer = client.post("/recommend", json={"dataset": "pets", "filters": {"models": ["v*"]}})
    assert [c["model"] for c in answer.json()["candidates"]] == ["vit"]


def test_script_in_words_is_text(client: TestClient) -> None:
    word = "<script>alert(1)</script>"
    answer = client.post("/recommend", json={"card": {"id": word, "labels": [word, "b"]}, "protocol": "finetune"})
    assert answer.status_code == 200
    assert answer.json()["dataset"] == word
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_folder_of_the_server_is_asked_about_by_its_name(
    toy_zoo: object, folder_of_datasets: Path, make_client: Callable[..., TestClient]
) -> None:
    client = make_client(roots={"mine": folder_of_datasets})
    assert client.get("/choices").json()["folders"] == ["mine/empty", "mine/trees"]
    answer = client.post("/recommend", json={"folder": "mine/trees", "protocol": "finetune"})
    assert (answer.status_code, answer.json()["dataset"]) == (200, "mine/trees")
    assert str(folder_of_datasets) not in answer.text
    for name in ("mine/link", "mine", "mine/../secret", "trees"):
        assert client.post("/recommend", json={"folder": name}).status_code == 404
    bad = client.post("/recommend", json={"folder": "mine/empty"})
    assert bad.status_code == 422
    assert str(folder_of_datasets) not in bad.text
