"""Runs over HTTP: out for everybody, in for those who have a token."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from starlette.testclient import TestClient

import zoograph
from zoograph.data.store.export import export_runs
from zoograph.data.store.store import RecordStore
from zoograph.scripts.serving.documents import IngestDocument
from zoograph.scripts.serving.routes import recording
from zoograph.scripts.serving.settings import Limits

TOKEN = "a token of the operator"
OURS = {"authorization": f"Bearer {TOKEN}", "content-type": "text/csv"}
TABLE = "model,dataset,accuracy\nvit,birds_2,0.5\nresnet,nowhere,0.5\n"


def _count() -> int:
    with RecordStore.open() as store:
        return len(store.snapshot().runs)


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_what_goes_out_comes_in_again(client: TestClient, tmp_path: Path, suffix: str) -> None:
    answer = client.get(f"/runs.{suffix}")
    assert f'filename="runs.{suffix}"' in answer.headers["content-disposition"]
    read = pd.read_csv if suffix == "csv" else pd.read_parquet
    assert sorted(read(io.BytesIO(answer.content))["value"]) == [0.5, 0.75, 1.0]
    file = tmp_path / f"runs.{suffix}"
    file.write_bytes(answer.content)
    assert zoograph.ingest(file).new == 0


@pytest.mark.parametrize("kept_bytes", [1 << 20, 10])
def test_a_small_export_is_made_once_until_the_store_changes(
    toy_zoo: object, make_client: Callable[..., TestClient], monkeypatch: pytest.MonkeyPatch, kept_bytes: int
) -> None:
    made: list[Path] = []

    def export(store: RecordStore, path: Path) -> int:
        made.append(path)
        return export_runs(store, path)

    monkeypatch.setattr(recording, "export_runs", export)
    client = make_client(limits=Limits(kept_bytes=kept_bytes))
    first, second = client.get("/runs.csv"), client.get("/runs.csv")
    assert first.content == second.content
    assert first.headers["content-disposition"] == second.headers["content-disposition"]
    assert first.headers["content-type"] == second.headers["content-type"]
    assert len(made) == (1 if kept_bytes > 10 else 2)
    assert client.get("/runs.parquet").content != first.content
    client.post("/runs", content=TABLE, headers=OURS)
    third = client.get("/runs.csv").content
    assert len(pd.read_csv(io.BytesIO(third))) == len(pd.read_csv(io.BytesIO(first.content))) + 1
    assert not any(path.exists() for path in made)


def test_more_than_the_server_sends_is_refused(toy_zoo: object, make_client: Callable[..., TestClient]) -> None:
    answer = make_client(limits=Limits(result_bytes=10)).get("/runs.csv")
    assert (answer.status_code, "zoograph export" in answer.json()["detail"]) == (422, True)


def test_what_is_wrong_is_said_in_fields_of_the_request(client: TestClient) -> None:
    answer = client.post("/runs", content="model,dataset,accuracy,acc\nvit,birds_2,0.5,0.5\n", headers=OURS)
    assert (answer.status_code, answer.json()["detail"].endswith("Say which: map=value=accuracy.")) == (422, True)
    found = client.post("/runs", content=f"{TABLE}vit,birds_2,\n", headers=OURS).json()
    assert all("--" not in text for text in (*found["notes"], *found["reasons"]))
    assert [row["reason"] for row in found["rejects"] if "add_unknown=true" in row["reason"]]


def test_a_batch_comes_in_and_can_be_taken_back(client: TestClient) -> None:
    dry = IngestDocument.model_validate_json(client.post("/runs?dry_run=true", content=TABLE, headers=OURS).content)
    assert (dry.new, dry.batch, _count()) == (1, None, 3)
    found = IngestDocument.model_validate_json(client.post("/runs", content=TABLE, headers=OURS).content)
    assert (found.new, found.left_out, found.tables[0].name, _count()) == (1, 1, "runs.csv", 4)
    assert [(row["line"], "nowhere" in row["reason"]) for row in found.rejects] == [("3", True)]
    assert not any("/" in note for note in found.notes)
    assert client.post("/runs", content=TABLE, headers=OURS).json()["new"] == 0
    with RecordStore.open() as store:
        assert store.batches()[0].origin == "POST /runs"
        store.undo(str(found.batch))
    assert _count() == 3


def test_columns_are_mapped_and_fields_given(client: TestClient) -> None:
    rows = '[{"net": "vit", "acc": 50}, {"net": "resnet", "acc": 70}]'
    asked = {"map": ["model=net", "value=acc"], "dataset": "birds_2", "unit": "percent", "protocol": "finetune"}
    answer = client.post("/runs", params=asked, content=rows, headers={**OURS, "content-type": "application/json"})
    assert answer.json()["new"] == 2, answer.text
    with RecordStore.open() as store:
        runs = {run.model: (run.value, run.protocol.value) for run in store.runs_of(datasets=["birds_2"])}
    assert runs == {"vit": (0.5, "finetune"), "resnet": (0.7, "finetune")}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"content-type": "text/csv"}, 401),
        ({"content-type": "text/csv", "authorization": "Bearer "}, 401),
        ({"content-type": "text/csv", "authorization": f"Bearer {TOKEN[:-1]}"}, 401),
        ({"content-type": "text/csv", "authorization": f"Basic {TOKEN}"}, 401),
        ({"authorization": f"Bearer {TOKEN}", "content-type": "application/zip"}, 415),
        ({"authorization": f"Bearer {TOKEN}", "content-type": "multipart/form-data; boundary=x"}, 415),
        ({"authorization": f"Bearer {TOKEN}"}, 415),
        ({**OURS, "origin": "http://evil.example"}, 403),
    ],
)
def test_who_has_no_token_or_another_kind_of_file_stores_nothing(
    client: TestClient, headers: dict[str, str], status: int
) -> None:
    answer = client.post("/runs", content=TABLE.encode(), headers=headers)
    assert (answer.status_code, _count()) == (status, 3)
    assert ("www-authenticate" in answer.headers) == (status == 401)


def test_a_server_without_a_token_only_reads(toy_zoo: object, make_client: Callable[..., TestClient]) -> None:
    client = make_client(tokens=())
    answer = client.post("/runs", content=TABLE, headers=OURS)
    assert (answer.status_code, _count()) == (403, 3)
    assert client.get("/health").json()["writable"] is False


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\xff\xfe",
        b"a,b\n1,2\n",
        b'[{"model": "vit", "dataset": "pets", "accuracy": NaN}]',
        pytest.param(b"[" * 100_000, id="deep"),
        b"1",
    ],
)
@pytest.mark.parametrize("kind", ["text/csv", "application/json", "application/x-ndjson"])
def test_what_is_no_table_is_told_without_a_path(client: TestClient, content: bytes, kind: str) -> None:
    answer = client.post("/runs", content=content, headers={**OURS, "content-type": kind})
    assert answer.status_code in (200, 422)
    if answer.status_code == 200:
        assert answer.json()["new"] == 0
    assert "/tmp" not in answer.text
    assert _count() == 3
