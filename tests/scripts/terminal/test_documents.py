"""Documents of answers: the fields of the page on JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from zoograph.data.records.collection import Collection
from zoograph.scripts.terminal.documents import (
    describe_answer,
    describe_candidate,
    describe_explanation,
    describe_ingest,
    describe_recommendation,
)
from zoograph.training.answers.explain import explain
from zoograph.training.answers.predict import predict
from zoograph.training.answers.recommend import recommend


def test_documents_have_the_fields_of_the_page(toy_zoo: Collection, documented: dict[str, set[str]]) -> None:
    assert set(describe_answer(predict("vit", "pets"))) == documented["predict"]
    assert set(describe_explanation(explain("vit", "pets"))) == documented["explain"]
    ranking = recommend("pets", top=1)
    found = describe_recommendation(ranking)
    assert set(found) == documented["recommend"] - {"csv", "picture"}
    assert found["candidates"] == [describe_candidate(1, ranking.candidates[0])]
    assert (found["candidates"][0]["rank"], found["candidates"][0]["model"]) == (1, "vit")
    assert json.loads(json.dumps(found, default=str, allow_nan=False))["dataset"] == "pets"


@pytest.mark.usefixtures("toy_zoo")
def test_what_is_left_out_is_counted(documented: dict[str, set[str]], tmp_path: Path) -> None:
    import zoograph

    file = tmp_path / "runs.csv"
    file.write_text("model,dataset,accuracy\nvit,birds_2,0.5\nvit,nowhere,0.5\n")
    found = describe_ingest(zoograph.ingest(file, dry_run=True))
    assert set(found) == documented["ingest"]
    assert (found["new"], found["left_out"]) == (1, 1)
