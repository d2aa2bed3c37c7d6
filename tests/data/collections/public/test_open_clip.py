from pathlib import Path

from zoograph.data.collections.public.open_clip import SOURCE, read_open_clip, tower_id
from zoograph.data.records.records import Metric, Protocol


def test_every_task_is_in_its_own_metric_and_retrieval_is_left_out(open_clip_folder: Path) -> None:
    runs = {(run.model, run.dataset): run for run in read_open_clip(open_clip_folder).runs}
    known = "vit_base_patch32_clip_224.laion2b"
    assert set(runs) == {
        (known, "cifar10"),
        (known, "caltech101"),
        (known, "mnist"),
        ("open_clip/ViT-X.own", "cifar10"),
        ("open_clip/ViT-X.own", "mnist"),
    }
    assert runs[known, "cifar10"].metric is Metric.TOP1
    assert runs[known, "caltech101"].metric is Metric.MEAN_PER_CLASS
    assert runs[known, "cifar10"].value == 0.9358
    assert {(run.protocol, run.source) for run in runs.values()} == {(Protocol.ZERO_SHOT, SOURCE)}


def test_only_what_timm_lacks_gets_a_card_with_the_figures_of_its_image_tower(open_clip_folder: Path) -> None:
    (card,) = read_open_clip(open_clip_folder).models
    assert (card.id, card.aliases) == ("open_clip/ViT-X.own", ("ViT-X/own",))
    assert (card.parameters, card.gmacs, card.num_features, card.input_size) == (6_250_000, 1.5, 256, 224)


def test_names_without_a_weight_of_timm_are_openclips_own() -> None:
    assert tower_id("a", "b", {("a", "b"): "timm.weight"}) == "timm.weight"
    assert tower_id("a", "c", {("a", "b"): "timm.weight"}) == "open_clip/a.c"
