from pathlib import Path

import pytest

from zoograph.data.collections.public.mieb import SOURCE, read_mieb, read_towers
from zoograph.data.errors import UnknownName
from zoograph.data.records.records import Metric, Protocol, Run

HEAD = "model,revision,task,split,subset,languages,main_score,accuracy,f1,lrap,nmi,n_exp,exp_acc"


@pytest.fixture
def folder(write) -> Path:
    write(
        "mieb_image_classification.csv",
        HEAD,
        "facebook/dinov2-small,r,CIFAR10,test,default,eng-Latn,0.9774600001,0.9774600001,0.9,,,3,0.97|0.98|0.99",
        "facebook/dinov2-small,r,VOC2007,test,default,eng-Latn,0.68,0.05,0.03,0.68885,,5,0.05|0.06|0.08|0.02|0.05",
        "own/tower,r,CIFAR10ZeroShot,test,default,eng-Latn,0.5,0.5,,,,0,",
        "own/tower,r,CIFAR10Clustering,test,default,eng-Latn,0.5,,,,0.5,0,",
    )
    write(
        "mieb_datasets.csv",
        "task,kind,split,num_samples,num_labels,min_w,avg_w,avg_h",
        "CIFAR10,ImageClassification,test,10000,10,32,32.0,32.0",
    )
    write(
        "mieb_models.csv",
        "model,revision,n_parameters,embed_dim,license,release_date",
        "facebook/dinov2-small,r,22000000.0,384.0,apache-2.0,2023-07-18",
        "own/tower,r,196000000.0,768.0,,2024-06-06",
    )
    return write("mieb_to_timm.csv", "mieb_model,timm_name", "facebook/dinov2-small,vit_small_patch14_dinov2.lvd142m")


def find(runs: tuple[Run, ...], dataset: str, protocol: Protocol) -> Run:
    (run,) = (run for run in runs if (run.dataset, run.protocol) == (dataset, protocol))
    return run


def test_a_probe_says_shots_sizes_repeats_and_their_spread(folder: Path) -> None:
    probe = find(read_mieb(folder).runs, "cifar10", Protocol.PROBE)
    assert (probe.model, probe.value, probe.source) == ("vit_small_patch14_dinov2.lvd142m", 0.97746, SOURCE)
    assert (probe.shots, probe.train_size, probe.test_size, probe.repeats) == (16, 160, 10_000, 3)
    assert probe.hyperparameters == {"spread": 0.01}  # of 0.97, 0.98 and 0.99


def test_several_right_labels_are_judged_by_their_ranking(folder: Path) -> None:
    probe = next(run for run in read_mieb(folder).runs if run.metric is Metric.LRAP)
    assert (probe.value, probe.hyperparameters) == (0.68885, {})


def test_zero_shot_is_a_protocol_of_its_own_and_clusterings_are_left_out(folder: Path) -> None:
    read = read_mieb(folder)
    zero_shot = find(read.runs, "cifar10", Protocol.ZERO_SHOT)
    assert (zero_shot.model, zero_shot.shots, zero_shot.repeats) == ("own/tower", None, None)
    assert len(read.runs) == 3


def test_a_tower_of_timm_needs_no_card_of_its_own(folder: Path) -> None:
    (card,) = read_mieb(folder).models
    assert (card.id, card.parameters, card.num_features, card.modalities) == ("own/tower", 196_000_000, 768, ("image",))
    assert read_towers(folder) == {"facebook/dinov2-small": "vit_small_patch14_dinov2.lvd142m"}


def test_an_unknown_task_is_named(folder: Path) -> None:
    path = folder / "mieb_image_classification.csv"
    path.write_text(path.read_text().replace(",CIFAR10,", ",Cifarre,"))
    with pytest.raises(UnknownName, match="Unknown dataset 'Cifarre'"):
        read_mieb(folder)
