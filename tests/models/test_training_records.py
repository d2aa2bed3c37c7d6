import pytest
import torch

from zoograph.models.training_records import TrainingRecords, count, look_up, same_names, total


def test_records_of_a_graph_and_their_places_in_another(graph_of):
    records = TrainingRecords.of(graph_of({("a", "x"): 0.5, ("b", "y"): 0.25}, sizes={"x": 40}))
    assert records.model.tolist() == [0, 1]
    assert records.value.tolist() == [0.5, 0.25]
    assert records.sample_size[0] == 40
    assert records.sample_size[1].isnan()
    other = graph_of({("aa", "w"): 0.1, ("b", "x"): 0.2})
    assert records.models_of(other, torch.tensor([1, 0, 1])).tolist() == [1, -1, 1]
    assert records.datasets_of(other, torch.tensor([0, 1])).tolist() == [-1, 0]
    assert records.models_of(None, torch.tensor([1])).tolist() == [1]
    assert records.taken(torch.tensor([False, True])).value.tolist() == [0.25]


def test_records_move_to_a_graph_that_has_their_nodes(graph_of):
    records = TrainingRecords.of(graph_of({("a", "x"): 0.5, ("b", "y"): 0.25}))
    other = graph_of({("aa", "w"): 0.1, ("b", "y"): 0.2, ("b", "z"): 0.3})
    moved, pairs = records.moved_to(other)
    assert moved.value.tolist() == [0.25]
    assert [(other["model"].ids[m], other["dataset"].ids[d]) for m, d in pairs.t().tolist()] == [("b", "y")]
    assert records.seen(other, torch.tensor([0, 1, 2])).tolist() == [False, True, False]
    assert records.seen(None, torch.tensor([0, 1])).tolist() == [True, True]


def test_too_few_records_are_refused(graph_of):
    with pytest.raises(ValueError, match=r"needs 2 measured accuracies or more \(got 1\)"):
        TrainingRecords.of(graph_of({("a", "x"): 0.5}), minimum=2)


def test_sums_counts_and_look_ups_by_group():
    groups = torch.tensor([0, 2, 2])
    assert total(torch.tensor([1.0, 2.0, 4.0]), groups, 4).tolist() == [1, 0, 6, 0]
    assert count(groups, 4).tolist() == [1, 0, 2, 0]
    assert look_up(torch.tensor([5.0, 6.0]), torch.tensor([1, -1]), 9.0).tolist() == [6, 9]
    assert look_up(torch.zeros(0), torch.tensor([-1, -1]), 9.0).tolist() == [9, 9]
    assert same_names(["b", "c"], ["a", "b"]).tolist() == [1, -1]
