"""What compute says of a pair of which neither the model nor the dataset was measured under the protocol.

In every public collection models of more multiply-accumulates do better. The kernel draws the slope of size towards
nothing where little is known: of pairs that are new on both sides, in OpenCLIP and MIEB, it expects a third to a half
of the slope that there is. A lead makes up for some of that. ``LEAD_TRUST`` records of the model leave half of it, and
so many of the dataset. It ends where hardly anything was measured, ``LEAD_REACH`` deviations from the mean: what has
more than 260 GMACs leads by no more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoograph.models.evidence.cells import NUM_PROTOCOLS, Cells
from zoograph.models.evidence.kernel_start import LEAD_REACH, LEAD_TRUST
from zoograph.models.training_records import count

if TYPE_CHECKING:
    from torch import Tensor


class SizeLead:
    """Leads of models by their size, given what was measured.

    Args:
        slope: spreads of models on a dataset, for a standard deviation of the logarithm of multiply-accumulates.
        compute: (M,) logarithms of multiply-accumulates, in standard deviations from the mean; 0 where not known.
        known: cells of everything that was measured.
        of_dataset: (D P,) how many of them each dataset has under each protocol.
    """

    def __init__(self, slope: float, compute: Tensor, known: Cells, of_dataset: Tensor) -> None:
        self._slope, self._compute = slope, compute.clamp(-LEAD_REACH, LEAD_REACH)
        self._of_model, self._of_dataset = count(_of_model(known), len(compute) * NUM_PROTOCOLS), of_dataset

    def of(self, cells: Cells, unit: Tensor, unknown: Cells | None = None) -> Tensor:
        """Return (n,) what is added to the logits of cells.

        Args:
            cells: that are asked for.
            unit: (n,) spread of models on their datasets.
            unknown: measured cells that are left out; default: none.
        """
        of_model, of_dataset = self._of_model, self._of_dataset
        if unknown is not None:
            of_model = of_model - count(_of_model(unknown), len(of_model))
            of_dataset = of_dataset - count(unknown.circumstance, len(of_dataset))
        known = of_model[_of_model(cells)], of_dataset[cells.circumstance]
        of_both = [trust / (trust + number.clamp(min=0)) for trust, number in zip(LEAD_TRUST, known, strict=True)]
        return self._slope * unit * of_both[0] * of_both[1] * self._compute[cells.model]


def _of_model(cells: Cells) -> Tensor:
    return cells.model * NUM_PROTOCOLS + cells.protocol
