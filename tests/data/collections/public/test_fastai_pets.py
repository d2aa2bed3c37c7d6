from pathlib import Path

import pytest

from zoograph.data.collections.public.fastai_pets import SOURCE, read_fastai_pets
from zoograph.data.records.records import Protocol


@pytest.fixture
def folder(write) -> Path:
    write(
        "fastai_pets.csv",
        "dataset,model_name,GPU_mem,error_rate,valid_loss,train_loss,fit_time",
        "pets,old_name,3.787109375,0.0588633418083192,0.24,0.01,133.23359",
        "pets,old_name,,0.05412721633911122,0.20,0.02,131.5",
        "pets,crashed,,,,,",
    )
    return write("fastai_to_timm.csv", "fastai_name,timm_name", "old_name,new_name.tag_in1k")


def test_repeats_of_a_pair_are_runs_of_todays_weight(folder: Path) -> None:
    first, second = read_fastai_pets(folder).runs  # the row without a result is none
    assert {run.model for run in (first, second)} == {"new_name.tag_in1k"}
    assert (first.protocol, first.dataset, first.source) == (Protocol.FINETUNE, "pets", SOURCE)
    assert first.value == round((1_478 - 87) / 1_478, 6)  # an error rate is a number of images
    assert (first.train_size, first.test_size, first.input_size) == (5_912, 1_478, 224)


def test_costs_are_kept_where_they_were_noted(folder: Path) -> None:
    first, second = read_fastai_pets(folder).runs
    assert first.hyperparameters == {"epochs": 5, "seconds": 133.2, "gpu_memory_gb": 3.79}
    assert second.hyperparameters == {"epochs": 5, "seconds": 131.5}
