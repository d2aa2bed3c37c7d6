"""MTEB: text encoders with repeats, and values that a model's own card states."""

from __future__ import annotations

from pathlib import Path

import pytest

from zoograph.data.collections.public.mteb_text import SOURCE, read_mteb_text
from zoograph.data.errors import RawDataError, UnknownName
from zoograph.data.records.records import Metric, Protocol

RUNS = """model,revision,task,subset,accuracy,f1,n_experiments,experiment_accuracies,mteb_version
ann/e5,abc,Banking77Classification,default,0.80000000004,0.7,2,0.79|0.81,1.2
bob/api,external,ImdbClassification,default,0.95,0.9,0,,
"""
MODELS = """model,revision,n_parameters,embed_dim,max_tokens,license,release_date,open_weights,adapted_from
ann/e5,abc,33400000.0,384.0,512.0,mit,2024-06-06,True,ann/bert
bob/api,external,,,,,,False,
"""
DATASETS = """task,split,num_samples,num_labels
Banking77Classification,train,10003,77
Banking77Classification,test,3080,77
"""


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    for name, text in (("runs.csv", RUNS), ("models.csv", MODELS), ("datasets.csv", DATASETS)):
        (tmp_path / name).write_text(text)
    return tmp_path


def test_a_probe_with_its_repeats(raw: Path) -> None:
    run = read_mteb_text(raw).runs[0]
    assert (run.model, run.dataset, run.protocol, run.metric) == ("ann/e5", "banking77", Protocol.PROBE, Metric.TOP1)
    assert (run.value, run.repeats, run.test_size, run.source) == (0.8, 2, 3080, SOURCE)
    assert run.hyperparameters == {"spread": 0.01414, "revision": "abc"}


def test_a_value_of_a_models_own_card_is_said_so(raw: Path) -> None:
    run = read_mteb_text(raw).runs[1]
    assert run.hyperparameters == {"revision": "external", "self_reported": True}
    assert (run.repeats, run.test_size) == (None, None)


def test_encoders_read_text_and_say_how_much(raw: Path) -> None:
    first, second = read_mteb_text(raw).models
    assert (first.modalities, first.max_tokens, first.open_weights) == (("text",), 512, True)
    assert [step.model for step in first.derived_from] == ["ann/bert"]
    assert (second.modalities, second.max_tokens, second.open_weights) == (("text",), None, False)


@pytest.mark.parametrize(
    ("old", "new", "kind", "message"),
    [
        ("ImdbClassification", "ImdbGuessing", UnknownName, "Unknown dataset 'ImdbGuessing'"),
        ("0.95", "95", RawDataError, r"'value' at .*runs\.csv', line 3"),
        ("n_experiments", "n", RawDataError, "needs a column 'n_experiments'"),
    ],
)
def test_a_bad_table_is_refused(raw: Path, old: str, new: str, kind: type[Exception], message: str) -> None:
    (raw / "runs.csv").write_text(RUNS.replace(old, new, 1))
    with pytest.raises(kind, match=message):
        read_mteb_text(raw)
