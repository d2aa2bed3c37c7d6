"""What tests of ingesting get."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from zoograph.data.ingest.ingest import IngestReport, IngestSettings, ingest
from zoograph.data.ingest.tables import open_table
from zoograph.data.records.cards import DatasetCard, ModelCard
from zoograph.data.store.store import RecordStore

TIMM: dict[str, Any] = {"timm_name": "resnet50", "architecture": "resnet50", "parameters": 25_557_032}


@pytest.fixture
def ingest_lines(toy_store: RecordStore, tmp_path: Path) -> Callable[..., IngestReport]:
    """A callable that ingests lines of text, into the small zoo with a model and a dataset of texts."""
    toy_store.add(
        [
            ModelCard(id="bert", source="toy", modalities=("text",)),
            ModelCard(
                id="resnet50.a1_in1k",
                source="toy",
                timm_name="resnet50",
                architecture="resnet50",
                parameters=25_557_032,
            ),
        ],
        [DatasetCard(id="reviews", source="toy", modality="text")],
    )

    def read(*lines: str, name: str = "runs.csv", **settings: Any) -> IngestReport:
        path = tmp_path / name
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return ingest(toy_store, [open_table(path)], IngestSettings(**settings))

    return read
