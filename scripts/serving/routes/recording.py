"""Routes of runs: out as a file that ``ingest`` reads, and in as one batch, for those who have a token."""

from __future__ import annotations

import csv
import tempfile
from pathlib import Path
from threading import Lock
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse, Response

from zoograph.data.errors import RawDataError
from zoograph.data.ingest.ingest import IngestReport, IngestSettings, ingest
from zoograph.data.ingest.reader import SOURCE
from zoograph.data.ingest.tables import Keep, open_table
from zoograph.data.ingest.values.units import Unit
from zoograph.data.records.fields import Name
from zoograph.data.records.records import Metric, Protocol
from zoograph.data.store.export import export_runs
from zoograph.data.store.kept_reads import KeptReads
from zoograph.data.store.store import RecordStore
from zoograph.scripts.serving.answering import Answers
from zoograph.scripts.serving.documents import IngestDocument
from zoograph.scripts.serving.problems import Refused
from zoograph.scripts.serving.rendering import respond
from zoograph.scripts.serving.routes.fields import as_fields
from zoograph.scripts.serving.routes.token import Authorization, require_token
from zoograph.scripts.serving.settings import Limits, Settings
from zoograph.scripts.terminal.documents import describe_ingest
from zoograph.scripts.terminal.output import SCHEMAS

_KINDS = {"text/csv": "runs.csv", "application/json": "runs.json", "application/x-ndjson": "runs.ndjson"}
_REJECTS_SENT = 100
_PARQUET = "application/vnd.apache.parquet"


def recording(answers: Answers, settings: Settings) -> APIRouter:
    """Return the routes of runs."""
    router, writing, exports = APIRouter(tags=["records"]), Lock(), _Exports(answers, settings.limits)

    @router.get("/runs.csv", response_class=Response, responses={200: {"content": {"text/csv": {}}}})
    def get_csv() -> Response:
        """Send every run of the store as CSV, with the columns that `ingest` reads."""
        return exports.send(".csv", "text/csv")

    @router.get("/runs.parquet", response_class=Response, responses={200: {"content": {_PARQUET: {}}}})
    def get_parquet() -> Response:
        """Send every run of the store as Parquet, with the columns that `ingest` reads."""
        return exports.send(".parquet", _PARQUET)

    @router.post(
        "/runs",
        response_model=IngestDocument,
        openapi_extra={"requestBody": {"content": {kind: {} for kind in _KINDS}, "required": True}},
    )
    async def post_runs(
        request: Request,
        authorization: Authorization = "",
        protocol: Protocol = Protocol.HEAD,
        metric: Metric = Metric.TOP1,
        source: Name = SOURCE,
        unit: Unit | None = None,
        keep: Keep | None = None,
        model: Annotated[str, Query(max_length=300)] = "",
        dataset: Annotated[str, Query(max_length=300)] = "",
        scores: bool = False,
        score: Annotated[str, Query(max_length=300)] = "",
        column: Annotated[list[str] | None, Query(alias="map", description="Such as `accuracy=eval_acc`.")] = None,
        add_unknown: bool = False,
        dry_run: bool = False,
    ) -> Response:
        """Store the runs in a table of CSV or JSON, in one batch that `zoograph undo` can take back."""
        require_token(settings, authorization)
        name = _KINDS.get(request.headers.get("content-type", "").partition(";")[0].strip().lower())
        if name is None:
            raise Refused(415, f"The runs must be sent as one of {', '.join(_KINDS)}.")
        body = await request.body()
        chosen = IngestSettings(
            _parse_mapping(column or []),
            protocol,
            metric,
            source,
            unit,
            add_unknown,
            model,
            dataset,
            scores or bool(score),
            score,
            keep,
        )
        return await run_in_threadpool(_store, writing, name, body, chosen, dry_run)

    return router


def _parse_mapping(pairs: list[str]) -> dict[str, str]:
    parts = [pair.partition("=") for pair in pairs]
    if wrong := next(
        (pair for pair, (name, _, column) in zip(pairs, parts, strict=True) if not (name and column)), None
    ):
        raise Refused(422, f"'map' needs FIELD=COLUMN (got '{wrong[:300]}').")
    return {name: column for name, _, column in parts}


def _store(writing: Lock, name: str, body: bytes, settings: IngestSettings, dry_run: bool) -> Response:
    """Write the body down under a name of ours, and ingest that file; one batch goes in at a time."""
    with tempfile.TemporaryDirectory(prefix="zoograph-") as folder:
        file, rejects = Path(folder) / name, Path(folder) / "rejects.csv"
        file.write_bytes(body)
        try:
            with writing, RecordStore.open() as store:
                report = ingest(store, [open_table(file)], settings, rejects, dry_run, origin="POST /runs")
        except RawDataError as error:
            raise RawDataError(as_fields(str(error).replace(f"{folder}/", ""))) from error
        left_out = _read_rejects(rejects)
    return respond(_describe(report, left_out))


def _describe(report: IngestReport, left_out: list[dict[str, str]]) -> dict[str, object]:
    notes = [as_fields(note) for note in report.notes if str(report.rejects) not in note]
    found = describe_ingest(report)
    found["reasons"] = {as_fields(reason): count for reason, count in report.reasons.items()}
    for table in found["tables"]:
        table["notes"] = [as_fields(note) for note in table["notes"]]
    rejects = [{**row, "reason": as_fields(row["reason"])} for row in left_out]
    return {"schema": SCHEMAS["ingest"], **found, "rejects": rejects, "notes": notes}


def _read_rejects(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as lines:
        return [row for _, row in zip(range(_REJECTS_SENT), csv.DictReader(lines), strict=False)]


class _Exports:
    """All runs as files; those that are small stay in memory until the store changes.

    Args:
        answers: whose store is read.
        limits: of what is sent, and of what stays.
    """

    def __init__(self, answers: Answers, limits: Limits) -> None:
        # Not among the reads of the answers, which would all wait for a large file.
        self._store, self._limits, self._kept = answers.store, limits, KeptReads()

    def send(self, suffix: str, kind: str) -> Response:
        """Return the answer with the file of a suffix, and what kind it is of."""
        large: list[Path] = []
        content = self._kept.get(self._store.revision, suffix, lambda: self._read_small(suffix, large))
        if content is not None:
            return _attach(content, suffix, kind)
        path = large[0] if large else self._make(suffix)
        clean = BackgroundTask(path.unlink)
        return FileResponse(path, media_type=kind, filename=f"runs{suffix}", background=clean)

    def _read_small(self, suffix: str, large: list[Path]) -> bytes | None:
        """Return what is in a file that is made now; None if it is too large to stay: then it goes to ``large``."""
        path = self._make(suffix)
        if path.stat().st_size > self._limits.kept_bytes:
            large.append(path)
            return None
        content = path.read_bytes()
        path.unlink()
        return content

    def _make(self, suffix: str) -> Path:
        with tempfile.NamedTemporaryFile(prefix="zoograph-", suffix=suffix, delete=False) as file:
            path = Path(file.name)
        try:
            export_runs(self._store, path)
            if path.stat().st_size > self._limits.result_bytes:
                raise Refused(422, "The runs are more than this server sends. Ask its operator for 'zoograph export'.")
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return path


def _attach(content: bytes, suffix: str, kind: str) -> Response:
    headers = {"content-disposition": f'attachment; filename="runs{suffix}"'}
    return Response(content, media_type=kind, headers=headers)
