import torch

from zoograph.models.evidence.cells import Cells, Records
from zoograph.models.evidence.usual_samples import usual_samples

PROBE, HEAD = 2, 3


def _records(rows):
    dataset, protocol, samples = zip(*rows, strict=True)
    dataset = torch.tensor(dataset)
    cells = Cells(torch.zeros_like(dataset), dataset, torch.tensor(protocol), torch.tensor(samples).double())
    none = torch.zeros(len(rows)).double()
    return Records(cells, none, none, torch.arange(len(rows)))


def test_a_question_is_meant_for_as_many_samples_as_its_records_had():
    per_class = torch.tensor([4.0, 1.0, -2.0, 3.0]).double()
    found = usual_samples(_records([(0, PROBE, -1.0), (0, PROBE, -1.5), (0, HEAD, 4.0)]), per_class)
    assert found[0, PROBE] == -1.25  # its own
    assert found[1:, PROBE].tolist() == [-1.5, -2.0, -1.5]  # what is usual, or all where there are fewer
    assert torch.equal(found[:, HEAD], per_class)


def test_where_records_had_all_samples_a_question_is_meant_for_all():
    per_class = torch.tensor([4.0, 1.0]).double()
    found = usual_samples(_records([(0, PROBE, 4.0), (0, HEAD, 4.0)]), per_class)
    assert torch.equal(found, per_class[:, None].expand_as(found))
    none = _records([(0, PROBE, 4.0)]).at(torch.zeros(0, dtype=torch.long))
    assert torch.equal(usual_samples(none, per_class), per_class[:, None].expand_as(found))


def test_accuracies_are_not_read():
    per_class = torch.tensor([4.0, 1.0]).double()
    records = _records([(0, PROBE, -1.0), (1, HEAD, 1.0)])
    planted = Records(records.cells, records.logit + 9.0, records.variance, records.edge)
    assert torch.equal(usual_samples(records, per_class), usual_samples(planted, per_class))
