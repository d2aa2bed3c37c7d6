import pytest
import torch

from zoograph.models.evidence.cells import NUM_PROTOCOLS, Cells, Records
from zoograph.models.evidence.spread import Measured, spreads, spreads_of

PROBE, HEAD = 2, 3


def records(rows, variance=0.0):
    """Return records of (model, dataset, protocol, logit)."""
    model, dataset, protocol, logit = zip(*rows, strict=True) if rows else ([], [], [], [])
    where = (torch.tensor(part, dtype=torch.long) for part in (model, dataset, protocol))
    logits = torch.tensor(logit, dtype=torch.float64)
    cells = Cells(*where, torch.zeros_like(logits))
    return Records(cells, logits, torch.full_like(logits, variance), torch.arange(len(logits)))


def on(dataset, protocol, *logits):
    return [(model, dataset, protocol, logit) for model, logit in enumerate(logits)]


def test_nothing_measured_has_the_typical_spread():
    found = spreads(records([]), 3)
    assert found.shape == (3, NUM_PROTOCOLS)
    assert found.flatten().tolist() == pytest.approx([0.8] * found.numel())


def test_one_dataset_with_records_says_what_is_usual():
    logits = torch.tensor([-1.0, 0.0, 1.0, 2.0])
    found = spreads(records(on(1, HEAD, *logits.tolist())), 2)
    assert found.flatten().tolist() == pytest.approx([logits.std().item()] * found.numel())


def test_a_dataset_with_many_records_has_its_own_and_one_with_few_what_is_usual():
    wide = torch.linspace(-2, 2, 100).tolist()
    narrow = (0.1 * torch.linspace(-2, 2, 100)).tolist()
    found = spreads(records(on(0, HEAD, *wide) + on(1, HEAD, *narrow) + on(2, HEAD, 0.0, 9.0)), 3)[:, HEAD]
    assert found[0] > 5 * found[1]
    usual = (found[0] * found[1]).sqrt()  # the geometric mean of two that were measured as often
    assert found[2].item() == pytest.approx(usual.item())


def test_models_whose_probes_differ_much_on_a_dataset_are_expected_to_differ_much_there_with_heads():
    """Heads spread half as much as probes do on datasets 0 and 1; on dataset 2 there are probes alone, which spread."""
    line = torch.linspace(-1, 1, 40)
    rows = [*on(0, PROBE, *line.tolist()), *on(0, HEAD, *(line / 2).tolist())]
    rows += [*on(1, PROBE, *(line / 2).tolist()), *on(1, HEAD, *(line / 4).tolist())]
    found = spreads(records(rows + on(2, PROBE, *(4 * line).tolist())), 4)
    assert found[2, HEAD] > 2.5 * found[0, HEAD]
    assert 0.4 < found[2, HEAD] / found[2, PROBE] < 1
    assert found[1, HEAD] < found[3, HEAD] < found[2, HEAD]  # where nothing is known, what is usual of heads


def test_the_noise_of_test_sets_is_no_spread():
    rows = on(0, HEAD, *torch.linspace(-1, 1, 9).tolist())
    with_noise, without = (spreads(records(rows, variance), 1)[0, HEAD].item() for variance in (0.3, 0.0))
    assert with_noise < without
    assert with_noise == pytest.approx((without**2 - 0.3) ** 0.5)


def test_equal_models_have_the_least_spread_and_wild_ones_the_most():
    assert spreads(records(on(0, HEAD, *[1.0] * 9)), 1)[0, HEAD].item() == pytest.approx(0.05)
    assert spreads(records(on(0, HEAD, *[-50.0, 50.0] * 9)), 1)[0, HEAD].item() == pytest.approx(3.0)


def test_the_level_of_a_dataset_does_not_matter():
    rows = [0.3, -1.0, 0.8, 0.2, 2.0]
    low, high = (spreads(records(on(0, PROBE, *[x + shift for x in rows])), 1) for shift in (0.0, 5.0))
    assert torch.allclose(low, high)


def test_a_dataset_of_which_few_are_given_back_is_told_by_them_as_by_all_there_were():
    """In numbers, not in records; the others of its family say nothing, and nobody else is touched."""
    wide, narrow = torch.linspace(-2, 2, 40), 0.2 * torch.linspace(-2, 2, 40)
    rows = [*on(0, HEAD, *wide.tolist()), *on(1, HEAD, *narrow.tolist()), *on(1, PROBE, *narrow.tolist())]
    rows += [*on(2, HEAD, *narrow.tolist()), *on(3, PROBE, *wide.tolist())]
    every, few = records(rows), records(on(1, HEAD, -1.0, 0.5, 2.0, 0.1, 0.3))
    left = records([row for row in rows if row[1] in (0, 3)] + on(1, HEAD, -1.0, 0.5, 2.0, 0.1, 0.3))
    family = torch.tensor([False, True, True, False])
    assert torch.equal(spreads_of(Measured.of(every, 4).with_few(family, few)), spreads(left, 4))
