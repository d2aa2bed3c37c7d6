"""`zoo build`: raw folders in, tables out, on two collections made by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from zoograph.data.collections.domainnet import read_domainnet
from zoograph.data.collections.public.mteb_tasks import TASK_TABLE, MtebTask
from zoograph.data.collections.tables import TABLES, read_table, read_tables
from zoograph.data.collections.timm_architectures import BENCHMARKS
from zoograph.data.collections.transfergraph import read_transfergraph
from zoograph.data.collections.zoo import READERS
from zoograph.data.networks.model_names import NAME_TABLE, Naming, read_name_table
from zoograph.data.networks.registry.architecture_table import ARCHITECTURE_TABLE, read_architecture_table
from zoograph.data.networks.registry.architectures import Architecture
from zoograph.data.networks.registry.timm_names import TIMM_NAMES
from zoograph.data.records.collection import Collection
from zoograph.scripts.zoo import build

Run = Callable[..., Any]

SPEEDS = """model,infer_img_size,infer_samples_per_sec,param_count,infer_gmacs,infer_macts
resnet50,224,123.5,25.56,4.11,11.11
"""
RAW = {
    **dict.fromkeys((f"timm/{name}" for name in BENCHMARKS), SPEEDS),
    "timm/timm_deprecations.csv": "old,new\ntv_resnet50,resnet50.tv_in1k\n",
    "open_clip/openclip_to_timm.csv": "name,pretrained,timm_name\n",
    "mieb/mieb_to_timm.csv": "mieb_model,timm_name\n",
    "mieb/mieb_datasets.csv": "task,kind,split,num_samples,num_labels\nDTD,ImageClassification,test,1880,47\n",
    "mieb/mieb_image_classification.csv": "task,split,subset\nDTD,test,default\n",
    "mteb_text/datasets.csv": "task,split,num_samples\nImdbClassification,test,25000\n",
    "mteb_text/runs.csv": "task,subset\nImdbClassification,default\n",
    "fastai_pets/fastai_to_timm.csv": "fastai_name,timm_name\n",
    "domainnet/source_model_meta_data.csv": """\
Architecure_family,model name,# of parameters,acc@1 (on ImageNet-1K),GFLOPS
resnet,resnet18,2100,69.758,1.81
""",
    "domainnet/target_dataset_meta_data.csv": """\
dataset name,num_pre_class,domain,categories,Labels,Sample_Size
1_real_2,10,real,2,"bee, jail",20
2_real_2,10,real,2,"sun, owl",19
3_real_2,10,real,2,"jail, owl",20
""",
    "domainnet/record_domainnet_10_270.csv": """\
,task1_real_10,task2_real_10,task3_real_10
resnet18,0.5,0.75,1.0
""",
    "transfergraph_image/model_config_dataset.csv": """\
model,input_shape,output_shape,architectures,dataset,#labels,labels,accuracy,model_type,number_of_parameters
a/resnet,224.0,1.0,['ResNet'],imagenet,1000.0,imagenet,,resnet,2100.0
b/resnet,224.0,1.0,['ResNet'],imagenet,1000.0,imagenet,,resnet,2100.0
""",
    "transfergraph_image/target_dataset_features.csv": """\
finetune_dataset,size,number_of_classes
dtd,1000,47
""",
    "transfergraph_image/records.csv": """\
model,finetuned_dataset,epochs,batch_size,lr,train_slice,test_slice,eval_accuracy,input_shape
a/resnet,dtd,30,64,0.01,:0.7,0.7:1,0.66667,
b/resnet,dtd,30,64,0.01,:0.7,0.7:1,0.02,
""",
    "transfergraph_image/transferability_score_records.csv": """\
metric,model,target_dataset,score
TransferabilityMethod.LOG_ME,a/resnet,dtd,0.5
""",
    "transfergraph_image/domain_similarity.csv": """\
,imagenet,dtd
imagenet,0.0,2.0
dtd,2.0,0.0
""",
}


@pytest.fixture
def raw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The raw folders of DomainNet and TransferGraph; the zoo is made of those two and of the cards of datasets."""
    for name, text in RAW.items():
        path = tmp_path / "raw" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def find(name: str) -> Architecture:
        return Architecture(name, 100, 1, 224, fixed_input=False)

    readers: dict[str, Callable[[Path], Collection]] = {
        "datasets": READERS["datasets"],
        "domainnet": lambda raw: read_domainnet(raw / "domainnet", find),
        "transfergraph": lambda raw: read_transfergraph(raw / "transfergraph_image", find),
    }
    monkeypatch.setattr("zoograph.data.collections.zoo.READERS", readers)
    return tmp_path / "raw"


@pytest.fixture
def run_build(raw: Path, run_command: Run) -> Run:
    """A callable that builds the zoo from the raw folders."""
    return partial(run_command, build.build, str(raw), "--out")


def test_build_writes_the_tables_and_prints_the_counts(run_build: Run, tmp_path: Path) -> None:
    out = tmp_path / "out"
    ran = run_build(str(out))
    assert ran.code == 0, ran.err
    tables = {f"{name}.gz" for name in TABLES}
    assert {path.name for path in out.iterdir()} == {*tables, ARCHITECTURE_TABLE, NAME_TABLE, TASK_TABLE, TIMM_NAMES}
    zoo = read_tables(out)
    assert zoo.counts() == {
        **{"models": 3, "datasets": 68 + 3, "runs": 5},
        **{"scores": 1, "relations": 1, "influences": 0},
    }
    lines = [line.replace("│", " ").split() for line in ran.out.splitlines()]
    assert ["transfergraph", "2", "2", "2", "1", "1", "0"] in lines
    assert ["zoo", "3", "71", "5", "1", "1", "0"] in lines


def test_failed_runs_are_kept_flagged_and_counted(run_build: Run, tmp_path: Path) -> None:
    ran = run_build(str(tmp_path / "out"))
    assert ["dtd", "1"] in [line.replace("│", " ").split() for line in ran.out.splitlines()]
    failed = [run for run in read_tables(tmp_path / "out").runs if run.failure]
    assert [(run.model, run.value, run.failure) for run in failed] == [
        ("b/resnet", 0.02, "training failed: 0.020 is chance level for 47 classes"),
    ]


def test_build_prints_json_and_nothing_else(run_build: Run, tmp_path: Path) -> None:
    out = tmp_path / "out"
    answer = json.loads(run_build(str(out), "--json").out)
    assert answer["folder"] == str(out)
    assert answer["failed"] == {"dtd": 1}
    assert answer["counts"]["domainnet"] == {
        **{"models": 1, "datasets": 4, "runs": 3},
        **{"scores": 0, "relations": 0, "influences": 0},
    }
    assert answer["counts"]["zoo"]["datasets"] == 71  # imagenet and dtd are public datasets


def test_build_twice_gives_the_same_bytes(run_build: Run, tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert run_build(str(tmp_path / name)).code == 0
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def test_build_makes_the_tables_of_networks_names_and_tasks(run_build: Run, tmp_path: Path) -> None:
    assert run_build(str(tmp_path / "out")).code == 0
    networks = read_architecture_table(tmp_path / "out" / ARCHITECTURE_TABLE)
    assert networks.keys() == read_architecture_table().keys()
    assert [speed.images_per_second for speed in networks["resnet50", "224", 1000].speeds] == [123.5] * 3
    tasks = read_table(tmp_path / "out" / TASK_TABLE, MtebTask)
    assert [(task.task, task.test_size, task.train_size) for task in tasks] == [
        ("DTD", 1880, 752),
        ("ImdbClassification", 25_000, None),
    ]
    assert read_name_table(tmp_path / "out" / NAME_TABLE) == {(Naming.TIMM, "tv_resnet50"): "resnet50.tv_in1k"}


@pytest.mark.parametrize("name", ["transfergraph_image/records.csv", "timm/timm_deprecations.csv"])
def test_missing_raw_table_is_an_error_and_leaves_the_zoo_as_it_was(
    raw: Path, run_build: Run, tmp_path: Path, name: str
) -> None:
    (raw / name).unlink()
    ran = run_build(str(tmp_path / "out"))
    assert (ran.code, ran.out) == (2, "")
    assert f"{name}' is needed" in ran.err
    assert not list((tmp_path / "out").glob("*.gz"))


def test_a_folder_that_cannot_be_made_is_an_error(run_build: Run, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ran = run_build(str(tmp_path / "file" / "out"))
    assert (ran.code, ran.out) == (2, "")
    assert "Choose another place with --out." in ran.err
