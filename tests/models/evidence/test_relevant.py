import pytest
import torch

from zoograph.models.evidence.cells import NUM_PROTOCOLS, Cells, Records
from zoograph.models.evidence.relevant import choose_relevant

PROBE, HEAD = 2, 3


def table(num_models, num_datasets, protocol=HEAD):
    """Return a record of every pair; the logit is the model plus ten times the dataset."""
    model, dataset = torch.cartesian_prod(torch.arange(num_models), torch.arange(num_datasets)).t()
    logit = (model + 10 * dataset).double()
    cells = Cells(model, dataset, torch.full_like(model, protocol), torch.zeros_like(logit))
    return Records(cells, logit, torch.full_like(logit, 0.2), torch.arange(len(logit)))


def joined(*parts):
    cells = parts[0].cells
    for part in parts[1:]:
        cells = cells.and_(part.cells)
    return Records(
        cells, *(torch.cat([getattr(part, name) for part in parts]) for name in ("logit", "variance", "edge"))
    )


def chosen(records, near, most, most_means=1_500, protocol=HEAD):
    near = torch.tensor(near, dtype=torch.float64)
    spread = torch.full((len(near), NUM_PROTOCOLS), 2.0, dtype=torch.float64)
    return choose_relevant(records, near, spread, protocol, most, most_means)


def test_few_records_are_all_taken_one_by_one():
    records = table(5, 4)
    found = chosen(records, [1.0] * 4, most=20)
    assert found.records is records
    assert len(found.means) == 0
    assert found.weights.shape == (0, 4)


def test_the_nearest_datasets_come_first_and_the_others_are_means():
    found = chosen(table(5, 4), [0.1, 1.0, 0.3, 0.2], most=10)
    assert set(found.records.cells.dataset.tolist()) == {1, 2}
    assert len(found.records) == 10
    assert (found.means.edge == -1).all()
    assert (found.means.cells.dataset >= 4).all()
    assert torch.allclose(found.weights.sum(1)[found.weights.any(1)], torch.tensor(1.0).double())
    assert not found.weights[:, [1, 2]].any()


def test_a_mean_is_of_skills_in_units_of_spreads():
    """Models 0 to 4 lie 1 apart on every dataset, which has a spread of 2; one group is of datasets 0 and 3."""
    found = chosen(table(5, 4), [0.1, 1.0, 0.3, 0.1], most=10, most_means=5)
    assert found.weights.tolist() == [[0.5, 0, 0, 0.5]]
    assert found.means.cells.model.tolist() == [0, 1, 2, 3, 4]
    assert found.means.logit.tolist() == pytest.approx([-1.0, -0.5, 0.0, 0.5, 1.0])
    assert found.means.variance.tolist() == pytest.approx([(0.2 / 2**2 + 0.1) / 2] * 5)  # the mean of two


def test_the_asked_protocol_counts_as_a_little_nearer():
    records = joined(table(5, 2, HEAD), table(5, 2, PROBE))
    for protocol in (HEAD, PROBE):
        found = chosen(records, [0.5, 0.6], most=10, protocol=protocol)
        assert set(found.records.cells.protocol.tolist()) == {protocol}
        assert set(found.records.cells.dataset.tolist()) == {0, 1}


def test_the_nearest_dataset_is_taken_even_if_it_is_too_large():
    found = chosen(table(9, 3), [0.0, 1.0, 0.5], most=4)
    assert set(found.records.cells.dataset.tolist()) == {1}
    assert len(found.records) == 8  # twice as many as wanted at most


def test_datasets_of_few_models_are_no_part_of_means():
    found = chosen(table(3, 6), [1.0, 0.5, 0.4, 0.3, 0.2, 0.1], most=3)
    assert len(found.means) == 0


def test_there_are_no_more_means_than_wanted():
    assert len(chosen(table(40, 30), [1.0, *[0.1] * 29], most=40, most_means=25).means) == 25
