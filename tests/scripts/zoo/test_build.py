"""`zoo build`: raw folders in, five tables out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from zoograph.data.collections.tables import TABLES, read_tables
from zoograph.data.collections.timm_architectures import BENCHMARKS
from zoograph.data.errors import RawDataError
from zoograph.data.networks.architectures import Architecture
from zoograph.data.networks.model_names import NAME_TABLE, Naming, read_name_table
from zoograph.data.networks.registry.architecture_table import ARCHITECTURE_TABLE, read_architecture_table
from zoograph.scripts.zoo import build as zoo

RAW = {
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
""",
    "transfergraph_image/target_dataset_features.csv": """\
finetune_dataset,size,number_of_classes
dtd,10,4
""",
    "transfergraph_image/records.csv": """\
model,finetuned_dataset,epochs,batch_size,lr,train_slice,test_slice,eval_accuracy,input_shape
a/resnet,dtd,30,64,0.01,:0.7,0.7:1,0.66667,
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
    for name, text in RAW.items():
        path = tmp_path / "raw" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.setattr(zoo, "get_architecture", lambda name: Architecture(name, 100, 1, 224, fixed_input=False))
    return tmp_path / "raw"


def test_build_writes_the_tables_and_prints_the_counts(raw: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = CliRunner().invoke(zoo.app, ["build", str(raw), "--out", str(out)])
    assert result.exit_code == 0, result.output
    assert {path.name for path in out.iterdir()} == set(TABLES)
    assert read_tables(out).counts() == {
        "models": 2,
        "datasets": 5,
        "runs": 4,
        **{"scores": 1, "relations": 1, "influences": 0},
    }
    assert "transfergraph_image" in result.stdout


def test_build_prints_json_and_nothing_else(raw: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = CliRunner().invoke(zoo.app, ["build", str(raw), "--out", str(out), "--json"])
    answer = json.loads(result.stdout)
    assert answer["folder"] == str(out)
    assert answer["counts"]["domainnet"] == {
        **{"models": 1, "datasets": 4, "runs": 3},
        **{"scores": 0, "relations": 0, "influences": 0},
    }
    assert answer["counts"]["zoo"]["datasets"] == 5  # imagenet is in both


def test_build_twice_gives_the_same_bytes(raw: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert CliRunner().invoke(zoo.app, ["build", str(raw), "--out", str(tmp_path / name)]).exit_code == 0
    for table in TABLES:
        assert (tmp_path / "one" / table).read_bytes() == (tmp_path / "two" / table).read_bytes()


def test_build_makes_the_tables_of_networks_and_names(raw: Path, tmp_path: Path) -> None:
    header = "model,infer_img_size,infer_samples_per_sec,param_count,infer_gmacs,infer_macts"
    measured = f"{header}\nresnet50,224,123.5,25.56,4.11,11.11\n"
    tables = {
        **dict.fromkeys((f"timm/{name}" for name in BENCHMARKS), measured),
        "timm/timm_deprecations.csv": "old,new\ntv_resnet50,resnet50.tv_in1k\n",
        "open_clip/openclip_to_timm.csv": "name,pretrained,timm_name\n",
        "mieb/mieb_to_timm.csv": "mieb_model,timm_name\n",
        "fastai_pets/fastai_to_timm.csv": "fastai_name,timm_name\n",
    }
    for name, text in tables.items():
        (raw / name).parent.mkdir(exist_ok=True)
        (raw / name).write_text(text)
    assert CliRunner().invoke(zoo.app, ["build", str(raw), "--out", str(tmp_path / "out")]).exit_code == 0
    networks = read_architecture_table(tmp_path / "out" / ARCHITECTURE_TABLE)
    assert networks.keys() == read_architecture_table().keys()
    assert [speed.images_per_second for speed in networks["resnet50", "224", 1000].speeds] == [123.5] * 3
    assert read_name_table(tmp_path / "out" / NAME_TABLE) == {(Naming.TIMM, "tv_resnet50"): "resnet50.tv_in1k"}


def test_missing_raw_table_is_an_error_and_writes_nothing(raw: Path, tmp_path: Path) -> None:
    (raw / "transfergraph_image" / "records.csv").unlink()
    result = CliRunner().invoke(zoo.app, ["build", str(raw), "--out", str(tmp_path / "out")])
    assert isinstance(result.exception, RawDataError)
    assert "records.csv' is needed" in str(result.exception)
    assert not (tmp_path / "out").exists()
