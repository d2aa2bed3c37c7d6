"""Jobs over HTTP: for those who have a token, on folders that the operator names, within the budget that it sets."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from starlette.testclient import TestClient

from zoograph.data.files.optional_imports import import_torchvision
from zoograph.data.store.store import RecordStore
from zoograph.scripts.serving import app as app_module
from zoograph.scripts.serving.documents import JobDocument
from zoograph.scripts.serving.jobs import jobs as module
from zoograph.scripts.serving.settings import LOOPBACK, Limits, Settings

TOKEN = "a token of the operator"
OURS = {"authorization": f"Bearer {TOKEN}"}
ASKED = {"folder": "mine/trees", "budget": 60}
KEEP = """
import json, sys
kept = json.loads(sys.stdin.readline())["save_model"]
print(json.dumps({"choice": {"saved": kept, "snippet": f"load_finetuned('{kept}')"}}), flush=True)
"""
WAIT = 'import sys; sys.stdin.readline(); print(\'{"stage": "Waiting"}\', flush=True); sys.stdin.read()'


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs that wait until they are cancelled."""
    monkeypatch.setattr(module.Jobs.__init__, "__defaults__", ((sys.executable, "-c", WAIT),))


@pytest.fixture
def own(toy_zoo: object, make_client: Callable[..., TestClient], folder_of_datasets: Path) -> TestClient:
    """A client of a server with a folder of datasets."""
    return make_client(roots={"mine": folder_of_datasets})


def wait(client: TestClient, job: str, stop: Callable[[dict[str, Any]], bool], seconds: float = 60.0) -> dict[str, Any]:
    end = time.monotonic() + seconds
    while not stop(found := client.get(f"/choose/{job}", headers=OURS).json()):
        assert time.monotonic() < end, found
        time.sleep(0.05)
    return found


@pytest.mark.usefixtures("patient")
def test_a_job_outlives_its_client_until_it_is_cancelled(own: TestClient) -> None:
    answer = own.post("/choose", json=ASKED, headers=OURS)
    begun = JobDocument.model_validate_json(answer.content)
    assert (answer.status_code, answer.headers["location"]) == (202, f"/choose/{begun.job}")
    found = wait(own, begun.job, lambda job: job["stage"] == "Waiting")
    assert (found["status"], found["folder"], found["choice"]) == ("running", "mine/trees", None)
    assert [job["job"] for job in own.get("/choose", headers=OURS).json()["jobs"]] == [begun.job]
    assert own.post("/choose", json=ASKED, headers=OURS).status_code == 503  # one at a time
    own.delete(f"/choose/{begun.job}", headers=OURS)
    assert wait(own, begun.job, lambda job: job["status"] != "running")["status"] == "cancelled"


@pytest.mark.usefixtures("patient", "toy_zoo")
def test_the_server_ends_its_jobs(folder_of_datasets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[module.Jobs] = []
    monkeypatch.setattr(app_module, "Jobs", lambda most: made.append(module.Jobs(most)) or made[0])
    app = app_module.make_app(Settings(LOOPBACK, (TOKEN,), {"mine": folder_of_datasets}), warm=False)
    with TestClient(app, base_url="http://localhost") as client:
        job = client.post("/choose", json=ASKED, headers=OURS).json()["job"]
        wait(client, job, lambda job: job["stage"] == "Waiting")
        process = made[0].find(job)._process
        assert process is not None
        assert process.poll() is None
    assert process.wait(30) is not None


@pytest.mark.parametrize(
    ("changed", "status", "detail"),
    [
        ({"folder": "mine/../secret"}, 404, "Unknown folder 'mine/../secret'"),
        ({"folder": "/etc"}, 404, "Unknown folder '/etc'"),
        ({"folder": "mine/link"}, 404, "Unknown folder 'mine/link'"),
        ({"folder": "trees"}, 404, "Nearest names: mine/empty, mine/trees."),
        ({"budget": 3601}, 422, "'budget' must be 3600 seconds or less on this server (got 3601)."),
        ({"budget": 0}, 422, "'budget' does not fit"),
        ({"budget": -1}, 422, "'budget' does not fit"),
        ({"regret": -1}, 422, "'regret' does not fit"),
        ({"protocol": "zero_shot"}, 422, "'protocol' must be head or finetune (got zero_shot)."),
        ({"weights_dir": "/etc"}, 422, "'weights_dir' does not fit"),
        ({"save_model": "trees", "protocol": "finetune"}, 422, "No model is kept on this server."),
        ({"filters": {"models": ["@/etc/passwd"], "files": True}}, 422, "'filters.files' does not fit"),
    ],
)
def test_what_is_not_allowed_starts_nothing(own: TestClient, changed: dict[str, Any], status: int, detail: str) -> None:
    answer = own.post("/choose", json={**ASKED, **changed}, headers=OURS)
    assert (answer.status_code, detail in answer.json()["detail"]) == (status, True), answer.json()
    assert own.get("/choose", headers=OURS).json() == {"jobs": []}


@pytest.mark.parametrize("budget", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_no_budget_without_an_end(own: TestClient, budget: str) -> None:
    body = f'{{"folder": "mine/trees", "budget": {budget}}}'
    answer = own.post("/choose", content=body, headers={**OURS, "content-type": "application/json"})
    assert answer.status_code == 422


@pytest.mark.parametrize(("method", "path"), [("POST", ""), ("GET", ""), ("GET", "/some"), ("DELETE", "/some")])
def test_every_route_needs_a_token(own: TestClient, method: str, path: str) -> None:
    json = ASKED if method == "POST" else None
    for headers, status in (
        ({}, 401),
        ({"authorization": "Bearer wrong"}, 401),
        ({**OURS, "origin": "http://evil"}, 403),
    ):
        if method != "GET" or status == 401:
            assert own.request(method, f"/choose{path}", json=json, headers=headers).status_code == status
    if path:
        assert own.request(method, f"/choose{path}", headers=OURS).status_code == 404


def test_a_server_without_tokens_chooses_nothing(
    toy_zoo: object, make_client: Callable[..., TestClient], folder_of_datasets: Path
) -> None:
    reading = make_client(tokens=(), roots={"mine": folder_of_datasets})
    assert reading.post("/choose", json=ASKED, headers=OURS).status_code == 403


@pytest.mark.usefixtures("patient")
def test_files_that_a_client_names_are_not_opened(own: TestClient, tmp_path: Path) -> None:
    (tmp_path / "names.txt").write_text("secretnet\n")
    asked = {**ASKED, "filters": {"models": [str(tmp_path / "names.txt")]}}
    answer = own.post("/choose", json=asked, headers=OURS)
    assert (answer.status_code, answer.json()["kind"]) == (404, "UnknownName")
    assert "secretnet" not in answer.text
    named = {**ASKED, "filters": {"models": ["vit", "res*"]}}
    assert own.post("/choose", json=named, headers=OURS).status_code == 202


@pytest.fixture
def keeping(
    toy_zoo: object,
    make_client: Callable[..., TestClient],
    folder_of_datasets: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> TestClient:
    """A client of a server with a folder for models, in which a link leads out."""
    monkeypatch.setattr(module.Jobs.__init__, "__defaults__", ((sys.executable, "-c", KEEP),))
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "link").symlink_to(tmp_path / "secret")
    return make_client(roots={"mine": folder_of_datasets}, models_dir=tmp_path / "models")


@pytest.mark.parametrize(
    ("changed", "detail"),
    [
        ({"save_model": "../secret"}, "'save_model' does not fit"),
        ({"save_model": "/etc/x"}, "'save_model' does not fit"),
        ({"save_model": ".."}, "'save_model' does not fit"),
        ({"save_model": "a/b"}, "'save_model' does not fit"),
        ({"save_model": "a\\b"}, "'save_model' does not fit"),
        ({"save_model": "a\nb"}, "'save_model' does not fit"),
        ({"save_model": ""}, "'save_model' does not fit"),
        ({"save_model": "x" * 101}, "'save_model' does not fit"),
        ({"save_model": "link"}, "'link' is a link on this server."),
        ({"save_model": "trees", "protocol": "head"}, "'protocol' must be finetune (got head)."),
    ],
)
def test_a_model_is_kept_nowhere_else(keeping: TestClient, changed: dict[str, Any], detail: str) -> None:
    answer = keeping.post("/choose", json={**ASKED, "protocol": "finetune", **changed}, headers=OURS)
    assert (answer.status_code, detail in answer.json()["detail"]) == (422, True), answer.json()
    assert keeping.get("/choose", headers=OURS).json() == {"jobs": []}


def test_where_a_model_is_kept_is_told_without_a_path(keeping: TestClient, tmp_path: Path) -> None:
    asked = {**ASKED, "protocol": "finetune", "save_model": "trees-1"}
    job = keeping.post("/choose", json=asked, headers=OURS).json()["job"]
    choice = wait(keeping, job, lambda job: job["status"] != "running")["choice"]
    assert choice == {"saved": "MODELS/trees-1", "snippet": "load_finetuned('MODELS/trees-1')"}
    assert str(tmp_path) not in keeping.get(f"/choose/{job}", headers=OURS).text


@pytest.mark.slow
def test_a_model_is_chosen_and_its_runs_are_in_the_store(
    toy_zoo: object,
    make_client: Callable[..., TestClient],
    tmp_path: Path,
    paint_classes: Callable[[Path], Path],
) -> None:
    import_torchvision()
    import timm

    paint_classes(tmp_path / "images" / "tints")
    weights = tmp_path / "weights"
    weights.mkdir()
    torch.manual_seed(0)
    names = [f"{name}.{timm.get_pretrained_cfg(name).tag}" for name in ("test_resnet", "test_vit")]
    for name in names:
        save_file(timm.create_model(name.partition(".")[0]).state_dict(), weights / f"{name}.safetensors")
    client = make_client(roots={"images": tmp_path / "images"}, weights_dir=weights, limits=Limits(job_seconds=900))
    asked = {"folder": "images/tints", "budget": 900, "regret": 0, "filters": {"models": ["test_resnet", "test_vit"]}}
    job = client.post("/choose", json=asked, headers=OURS).json()["job"]
    found = wait(client, job, lambda job: job["status"] != "running", 900)
    assert found["status"] == "done", found
    assert {trial["model"] for trial in found["choice"]["trials"]} == set(names)
    assert found["choice"]["choice"]["model"] in names
    assert str(tmp_path) not in client.get(f"/choose/{job}", headers=OURS).text
    with RecordStore.open() as store:
        assert {run.model for run in store.runs_of(datasets=["tints"])} == set(names)
    assert client.get("/datasets/tints").json()["runs"]
