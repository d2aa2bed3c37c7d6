import pytest
import torch

from zoograph.models.evidence import relevant
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
    """The datasets asked for are those of nearness 1."""
    near = torch.tensor(near, dtype=torch.float64)
    spread = torch.full((len(near), NUM_PROTOCOLS), 2.0, dtype=torch.float64)
    return choose_relevant(records, near, near == 1, spread, protocol, most, most_means)


def datasets_of(records):
    return torch.bincount(records.cells.dataset).tolist()


def test_few_records_are_all_taken_one_by_one():
    records = table(5, 4)
    found = chosen(records, [1.0] * 4, most=20)
    assert found.records is records
    assert len(found.means) == 0
    assert found.weights.shape == (0, 4)


def test_of_the_nearest_datasets_there_is_every_record_of_farther_ones_a_few_and_means():
    found = chosen(table(5, 8), [0.1, 1.0, 0.3, 0.2, 0.15, 0.1, 0.1, 0.0], most=21)
    assert datasets_of(found.records) == [3, 5, 5, 3, 3]  # 10 of near ones, then as many threes as there is room for
    assert (found.means.edge == -1).all()
    assert (found.means.cells.dataset >= 8).all()
    weights = found.weights.sum(0)
    assert not weights[[1, 2]].any()
    assert weights[[0, 3, 4, 5, 6, 7]].all()
    assert torch.allclose(found.weights.sum(1)[found.weights.any(1)], torch.tensor(1.0).double())


def test_no_more_room_is_kept_for_far_datasets_than_they_can_fill():
    """Of 60 records, 15 may be wanted for the levels of 5 datasets: 45 are free, for three datasets of 15."""
    found = chosen(table(15, 5), [1.0, 0.5, 0.4, 0.1, 0.1], most=60)
    assert datasets_of(found.records) == [15, 15, 15, 3, 3]


def test_whatever_was_measured_where_it_is_asked_is_taken_as_long_as_there_is_room():
    found = chosen(table(5, 4), [0.1, 1.0, 1.0, 0.2], most=10)
    assert datasets_of(found.records) == [0, 5, 5]


def test_the_few_are_of_the_models_that_most_is_known_of():
    """Models 4 to 6 were measured under a second protocol as well."""
    records, more = table(7, 4), table(7, 4, PROBE)
    found = chosen(joined(records, more.at(more.cells.model >= 4)), [1.0, 0.0, 0.0, 0.0], most=14)
    far = found.records.at(found.records.cells.dataset > 0)
    assert far.cells.model.unique().tolist() == [4, 5, 6]


def test_a_mean_is_of_skills_in_units_of_spreads():
    """Models 0 to 4 lie 1 apart on every dataset, which has a spread of 2; one group is of the three others."""
    found = chosen(table(5, 4), [0.1, 1.0, 0.3, 0.1], most=7, most_means=5)
    assert datasets_of(found.records) == [0, 5]  # there is no room for three of another
    assert found.weights.tolist() == [[pytest.approx(1 / 3), 0, pytest.approx(1 / 3), pytest.approx(1 / 3)]]
    assert found.means.cells.model.tolist() == [0, 1, 2, 3, 4]
    assert found.means.logit.tolist() == pytest.approx([-1.0, -0.5, 0.0, 0.5, 1.0])
    assert found.means.variance.tolist() == pytest.approx([(0.2 / 2**2 + 0.1) / 3] * 5)  # the mean of three


def test_the_asked_protocol_counts_as_a_little_nearer():
    records = joined(table(5, 2, HEAD), table(5, 2, PROBE))
    for protocol in (HEAD, PROBE):
        found = chosen(records, [0.5, 0.6], most=10, protocol=protocol)
        whole, few = (found.records.cells.protocol == protocol), (found.records.cells.dataset == 0)
        assert datasets_of(found.records.at(whole)) == [3, 5]
        assert len(found.records.at(~whole & few)) == 0


def test_what_is_equally_near_but_for_rounding_is_taken_in_its_order():
    last_digits = [0.5, 0.5 + 1e-13, 0.5 - 1e-13, 0.5 + 2e-13]
    found = chosen(table(5, 5), [1.0, *last_digits], most=24)
    assert datasets_of(found.records) == [5, 5, 3, 3, 3]


def test_the_nearest_dataset_is_taken_even_if_it_is_too_large():
    found = chosen(table(9, 3), [0.0, 1.0, 0.5], most=4)
    assert datasets_of(found.records) == [0, 8]  # twice as many as wanted at most


def test_datasets_of_few_models_are_no_part_of_means():
    found = chosen(table(3, 6), [1.0, 0.5, 0.4, 0.3, 0.2, 0.1], most=3)
    assert len(found.means) == 0


def test_there_are_no_more_means_than_wanted():
    assert len(chosen(table(40, 30), [1.0, *[0.1] * 29], most=40, most_means=25).means) == 25


def test_of_too_many_means_those_of_the_models_that_most_is_known_of_stay():
    """Not those of the first models."""
    number = torch.arange(40)[:, None] > torch.arange(30)[None]  # the later models were measured on more datasets
    rows = table(40, 30)
    known = rows.at(number[rows.cells.model, rows.cells.dataset])
    found = chosen(known, [1.0, *[0.1] * 29], most=40, most_means=10)
    assert len(found.means) == 10
    assert found.means.cells.model.min() >= 25


def test_means_are_counted_before_they_are_worked_out(monkeypatch):
    """Of five models in any number of groups, no more than six fit: one group is left, and made once."""
    made, average = [], relevant._average
    monkeypatch.setattr(relevant, "_average", lambda *parts: made.append(parts[4]) or average(*parts))
    found = chosen(table(5, 40), [1.0, *[0.5] * 39], most=10, most_means=6)
    assert made == [1]
    assert len(found.means) == 5


def test_a_table_that_does_not_fit_shuts_out_none_behind_it():
    near, large, far = table(4, 4), table(60, 4), table(8, 4)
    records = joined(
        *(part.at((part.cells.dataset == place).nonzero().flatten()) for place, part in enumerate((near, large, far)))
    )
    relevant = chosen(records, [1.0, 0.9, 0.8, 0.7], most=40)
    number = datasets_of(relevant.records)
    assert number[0] == 4
    assert number[2] == 8
    assert 0 < number[1] < 60
