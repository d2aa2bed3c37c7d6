"""The application as a whole: its description, what a fuzzer finds, and what it begins with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from starlette.testclient import TestClient

from zoograph.scripts.serving.app import make_app
from zoograph.scripts.serving.settings import LOOPBACK, Limits, Settings

KINDS = {"application/json", "application/problem+json", "text/csv", "application/vnd.apache.parquet", "text/html"}
PATHS = {
    "/health",
    "/models",
    "/models/{name}",
    "/datasets",
    "/datasets/{name}",
    "/collections",
    "/choices",
    "/predict",
    "/explain",
    "/recommend",
    "/runs",
    "/runs.csv",
    "/runs.parquet",
}


def test_the_description_names_every_route_and_its_problems(client: TestClient) -> None:
    found = client.get("/openapi.json").json()
    assert set(found["paths"]) >= PATHS
    assert found["components"]["schemas"]["Problem"]["required"] == ["title", "status", "detail"]
    for path, operations in found["paths"].items():
        for operation in operations.values():
            kinds = operation["responses"]["4XX"]["content"]
            assert set(kinds) == {"application/problem+json"}, path
            assert "422" not in operation["responses"]


def test_pages_that_load_from_elsewhere_are_off(client: TestClient) -> None:
    assert {client.get(path).status_code for path in ("/docs", "/redoc")} == {404}


def test_the_first_question_is_answered_before_the_first_client_is(
    toy_zoo: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    with TestClient(make_app(Settings(LOOPBACK)), base_url="http://localhost") as client:
        from zoograph.scripts.serving.routes import asking

        monkeypatch.setattr(asking, "recommend", None)  # it is not worked out again
        assert client.post("/recommend", json={"dataset": "pets", "top": 0}).status_code == 200


@pytest.mark.filterwarnings("ignore")
def test_a_fuzzer_finds_no_bug(toy_zoo: object, make_client: Callable[..., TestClient]) -> None:
    schemathesis = pytest.importorskip("schemathesis", reason="the fuzzer is not installed")
    client = make_client(limits=Limits(body_bytes=100_000))
    description = client.get("/openapi.json").json()
    quick = settings(
        max_examples=12, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
    )

    def try_one(case: Any) -> None:
        sent = case.as_transport_kwargs(base_url="http://localhost")
        given = {name: sent[name] for name in ("params", "json", "data", "headers") if sent.get(name)}
        answer = client.request(case.method, case.formatted_path, **given)
        assert answer.status_code < 500, (case.method, case.formatted_path, answer.text)
        assert answer.headers["content-type"].partition(";")[0] in KINDS

    for found in schemathesis.openapi.from_dict(description).get_all_operations():
        quick(given(case=found.ok().as_strategy())(try_one))()
