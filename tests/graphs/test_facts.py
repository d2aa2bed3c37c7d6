import math

import pytest
import torch

from zoograph.data.records.cards import DatasetCard, ModelCard
from zoograph.data.records.pretraining import ImagenetAccuracy, Lineage, LineageKind, Objective
from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.toy_zoo import make_toy_zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.facts import IMAGENET, SIZES
from zoograph.graphs.schema import DATASET, MODEL


def built(models=(), datasets=(), **options):
    graph = build_graph(make_toy_zoo().with_cards(models, datasets), HashEmbedder(4), **options)
    return graph, {name: i for kind in (MODEL, DATASET) for i, name in enumerate(graph[kind].ids)}


def test_sizes_are_logarithms_and_nan_where_nobody_says():
    graph, at = built()
    sizes = dict(zip(SIZES, graph[MODEL].sizes[at["large"]].tolist(), strict=True))
    assert sizes.pop("parameters") == pytest.approx(math.log(100))
    assert all(math.isnan(value) for value in sizes.values())


def test_imagenet_accuracies_of_a_card_and_of_one_that_knows_the_first_alone():
    full = ModelCard(id="full", imagenet=ImagenetAccuracy(imagenet=0.8, real=0.85, v2=0.7, sketch=0.3), source="t")
    graph, at = built([full])
    row = dict(zip(IMAGENET, graph[MODEL].imagenet[at["full"]].tolist(), strict=True))
    assert (row["imagenet"], row["real"], row["v2"], row["sketch"]) == pytest.approx((0.8, 0.85, 0.7, 0.3))
    assert math.isnan(row["a"])
    first = graph[MODEL].imagenet[at["large"]]
    assert first[0].item() == pytest.approx(0.8)
    assert first[1:].isnan().all()


def test_codes_of_objectives_and_domains_are_zero_where_unknown_and_shared_by_equals():
    some = [ModelCard(id=name, objective=Objective.IMAGE_TEXT, source="t") for name in ("a", "b")]
    graph, at = built(some)
    objective = graph[MODEL].objective
    assert objective[at["a"]] == objective[at["b"]] > 0
    assert objective[at["large"]] == 0
    domain = graph[DATASET].domain
    assert domain[at["s1"]] == domain[at["s2"]] != domain[at["p1"]]
    assert domain[at["corpus"]] == 0


def test_an_architecture_that_nobody_says_is_one_of_its_own():
    some = [ModelCard(id=name, architecture="vit_base", source="t") for name in ("a", "b")]
    graph, at = built(some)
    code = graph[MODEL].architecture
    assert code[at["a"]] == code[at["b"]]
    assert len(set(code.tolist())) == len(graph[MODEL].ids) - 1


def test_a_network_that_timm_has_too_is_one_of_timms():
    some = [
        ModelCard(id="a", architecture="vit_base", timm_name="vit_base", source="t"),
        ModelCard(id="b", architecture="ViT-B", timm_name="vit_base", source="t"),
        ModelCard(id="c", architecture="ViT-B", source="t"),
    ]
    graph, at = built(some)
    code = graph[MODEL].architecture
    assert code[at["a"]] == code[at["b"]] != code[at["c"]]


def test_corpora_and_ancestors():
    tuned = ModelCard(
        id="tuned",
        corpora=("corpus", "more"),
        pretrained_on="more",
        derived_from=(
            Lineage(model="small", kind=LineageKind.FINE_TUNED),
            Lineage(model="large", kind=LineageKind.DISTILLED),
            Lineage(model="nobody", kind=LineageKind.FINE_TUNED),
        ),
        source="t",
    )
    graph, at = built([tuned])
    assert graph[MODEL].corpora.sum(1)[[at["tuned"], at["small"], at["large"]]].tolist() == [2, 1, 0]
    assert (graph[MODEL].corpora[at["tuned"]] * graph[MODEL].corpora[at["small"]]).sum() == 1
    expected = torch.eye(4)
    expected[at["tuned"], at["small"]] = 1  # a distilled model has other weights
    assert torch.equal(graph[MODEL].ancestors, expected)


def test_numbers_of_datasets_are_logarithms():
    mine = DatasetCard(id="mine", num_classes=4, num_samples=400, source="t")
    said = DatasetCard(id="said", num_classes=4, num_samples=400, samples_per_class=50.0, source="t")
    graph, at = built(datasets=[mine, said])
    store = graph[DATASET]
    assert store.classes[at["mine"]].item() == pytest.approx(math.log(4))
    assert store.samples[at["mine"]].item() == pytest.approx(math.log(400))
    assert store.per_class[[at["mine"], at["said"]]].tolist() == pytest.approx([math.log(100), math.log(50)])
    assert store.samples[at["corpus"]].isnan()
    assert store.per_class[at["corpus"]].isnan()
