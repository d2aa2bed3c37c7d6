"""Fine-tuning on Pets: rows without a result, repeats without a column, and names of 2022."""

from __future__ import annotations

from pathlib import Path

import pytest

from zoograph.data.collections.public.fastai_pets import SOURCE, read_fastai_pets
from zoograph.data.errors import RawDataError
from zoograph.data.records.records import Protocol

RUNS = """dataset,model_name,GPU_mem,error_rate,valid_loss,train_loss,fit_time
pets,resnet18,3.787109375,0.0588633418083192,0.249,0.019,133.2335
pets,resnet18,3.37109375,0.0588633418083192,0.244,0.020,131.007
pets,resnet18,,0.05412721633911122,0.207,0.021,
pets,big,,,,,
"""
TO_TIMM = "fastai_name,timm_name\nresnet18,resnet18.tv_in1k\nbig,big.x\n"


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    (tmp_path / "fastai_pets.csv").write_text(RUNS)
    (tmp_path / "fastai_to_timm.csv").write_text(TO_TIMM)
    return tmp_path


def test_an_error_rate_is_a_whole_number_of_images(raw: Path) -> None:
    first = read_fastai_pets(raw).runs[0]
    assert (first.value, first.test_size, first.train_size) == (0.941137, 1478, 5912)  # 1,391 of 1,478
    assert (first.model, first.dataset, first.protocol) == ("resnet18.tv_in1k", "pets", Protocol.FINETUNE)
    assert (first.input_size, first.source) == (224, SOURCE)
    assert first.hyperparameters == {"epochs": 5, "seconds": 133.2, "gpu_memory_gb": 3.79}


def test_repeats_are_kept_and_rows_without_a_result_are_not(raw: Path) -> None:
    runs = read_fastai_pets(raw).runs
    assert [run.value for run in runs] == [0.941137, 0.941137, 0.945873]
    assert len({run.identity for run in runs}) == 3  # what they took differs
    assert runs[2].hyperparameters == {"epochs": 5}


def test_a_name_that_the_mapping_lacks_stays(raw: Path) -> None:
    (raw / "fastai_to_timm.csv").write_text("fastai_name,timm_name\n")
    assert {run.model for run in read_fastai_pets(raw).runs} == {"resnet18"}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [("0.0588633418083192", "1.5", r"'value' at .*line 2"), ("fit_time", "time", "needs a column 'fit_time'")],
)
def test_a_bad_table_is_refused(raw: Path, old: str, new: str, message: str) -> None:
    (raw / "fastai_pets.csv").write_text(RUNS.replace(old, new, 1))
    with pytest.raises(RawDataError, match=message):
        read_fastai_pets(raw)
