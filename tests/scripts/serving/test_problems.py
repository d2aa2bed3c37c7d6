"""Errors as the server tells them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from starlette.testclient import TestClient

from zoograph.data.errors import AmbiguousName, NoRecords, PredictorError, StoreError, UnknownName, ZoographError
from zoograph.scripts.serving.problems import Problem, describe_error
from zoograph.scripts.serving.routes import looking


@pytest.mark.parametrize(
    ("error", "status", "detail"),
    [
        (
            UnknownName("model", "x", ["y"], "For the command line."),
            404,
            "Unknown model 'x'. Nearest names: y.",
        ),
        (AmbiguousName("model", "net", ["a", "b"]), 409, "The model name 'net' is ambiguous. Say which: a, b."),
        (StoreError("No room in /home/zoo."), 503, "The store cannot be read now."),
        (PredictorError("/home/zoo is damaged."), 503, "No predictor answers this now."),
        (NoRecords("There is no record of R²."), 422, "There is no record of R²."),
        (ZoographError("No candidate is left."), 422, "No candidate is left."),
    ],
)
def test_an_error_of_the_package_is_a_problem(error: ZoographError, status: int, detail: str) -> None:
    response = describe_error(error)
    found = Problem.model_validate_json(response.body)
    assert (response.status_code, found.status, found.kind) == (status, status, type(error).__name__)
    assert found.detail.startswith(detail)
    assert "/home" not in found.detail
    assert response.media_type == "application/problem+json"


def test_a_bug_is_told_without_its_code(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a secret of ours")

    monkeypatch.setattr(looking, "_health", fail)
    answer = client.get("/health")
    assert (answer.status_code, answer.json()["kind"]) == (500, "Bug")
    assert "secret" not in answer.text


@pytest.mark.parametrize(
    ("path", "given", "detail"),
    [
        ("/models?limit=0", None, "'query.limit' does not fit: it should be greater than or equal to 1."),
        ("/predict?dataset=pets", None, "'query.model' does not fit: it is missing."),
        ("/recommend", {"dataset": "pets", "utility": float("nan")}, "'utility' does not fit: it should be"),
        ("/recommend", {"dataset": "pets", "cheap": True}, "'cheap' does not fit: there is no such field."),
        ("/recommend", {}, "The request does not fit: give one of 'dataset', 'card' and 'folder' (got none)."),
        ("/recommend", {"dataset": "pets", "filters": {"max_gmacs": float("inf")}}, "'filters.max_gmacs' does not"),
    ],
)
def test_a_request_that_does_not_fit_is_told_where(client: TestClient, path: str, given: Any, detail: str) -> None:
    if given is None:
        answer = client.get(path)
    else:
        answer = client.post(path, content=json.dumps(given), headers={"content-type": "application/json"})
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith(detail)
    assert json.loads(answer.content, parse_constant=pytest.fail)
