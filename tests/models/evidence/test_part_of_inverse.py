import pytest
import torch

from zoograph.models.evidence import part_of_inverse as module
from zoograph.models.evidence.part_of_inverse import part_of_inverse


@pytest.mark.parametrize("rows", [[0], [11], [0, 3, 4, 7, 10, 11], list(range(12))])
def test_it_is_what_the_whole_inverse_has_there(rows, monkeypatch):
    monkeypatch.setattr(module, "_COLUMNS_AT_ONCE", 4)
    root = torch.randn(12, 12, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    matrix, places = root @ root.t() + torch.eye(12), torch.tensor(rows, dtype=torch.long)
    found = part_of_inverse(torch.linalg.cholesky(matrix), places)
    assert torch.allclose(found, torch.linalg.inv(matrix)[places][:, places])
