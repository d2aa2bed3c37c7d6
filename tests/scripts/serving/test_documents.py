"""Shapes of what is sent: those of the page on JSON."""

from __future__ import annotations

import pytest
from pydantic import BaseModel

from zoograph.scripts.serving.documents import ExplainDocument, IngestDocument, PredictDocument, RecommendDocument


@pytest.mark.parametrize(
    ("command", "document", "files"),
    [
        ("predict", PredictDocument, set()),
        ("recommend", RecommendDocument, {"csv", "picture"}),
        ("explain", ExplainDocument, set()),
        ("ingest", IngestDocument, set()),
    ],
)
def test_documents_have_the_fields_of_the_page(
    documented: dict[str, set[str]], command: str, document: type[BaseModel], files: set[str]
) -> None:
    assert set(document.model_fields) - {"schema_", "notes"} == documented[command] - files
