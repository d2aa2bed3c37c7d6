import pytest
import torch

from zoograph.models.baselines.nearest import NearestDatasets, Texts, dataset_texts, similarity

CATS, DOGS = {"labels": ("cat", "lynx"), "domain": "photo"}, {"labels": ("dog", "wolf"), "domain": "sketch"}


def test_similarity_is_the_mean_cosine_of_shared_texts():
    east, north, zero = [1.0, 0.0], [0.0, 1.0], [0.0, 0.0]
    a = Texts(torch.tensor([[east, north]], dtype=torch.float64), torch.tensor([[True, True]]))
    b = Texts(
        torch.tensor([[east, east], [east, zero], [zero, zero]], dtype=torch.float64),
        torch.tensor([[True, True], [True, False], [False, False]]),
    )
    assert similarity(a, b).tolist() == [[0.5, 1.0, 0.0]]


def test_dataset_with_the_same_texts_decides(graph_of):
    values = {("m", f"cats{i}"): 0.9 for i in range(6)} | {("m", f"dogs{i}"): 0.3 for i in range(6)}
    cards = {f"cats{i}": CATS for i in range(6)} | {f"dogs{i}": DOGS for i in range(6)}
    graph = graph_of(values, {"new": {}}, {**cards, "more cats": CATS, "more dogs": DOGS})
    asked = [graph["dataset"].ids.index(name) for name in ("more cats", "more dogs")]
    mean = NearestDatasets().fit(graph).predict(torch.tensor([[0, 0, 1], [*asked, asked[0]]])).mean
    assert mean[0] == pytest.approx(0.9, abs=0.02)
    assert mean[1] == pytest.approx(0.3, abs=0.02)
    assert mean[2] == pytest.approx(0.9, abs=0.02)  # a model without a record: what all models did there


def test_labels_count_as_their_mean(graph_of):
    graph = graph_of({("m", "cats"): 0.9}, datasets={"cats": CATS, "none": {}})
    texts = dataset_texts(graph)
    assert texts.known.tolist() == [[True, True, True], [True, False, False]]
    vectors = {label: x[0] for label, x in zip(graph["label"].ids, graph["label"].x_text, strict=True)}
    mean = torch.nn.functional.normalize(vectors["cat"] + vectors["lynx"], dim=0)
    assert torch.allclose(texts.vectors[0, 2].float(), mean, atol=1e-6)
