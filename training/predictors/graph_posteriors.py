"""Posteriors of an ensemble on one graph, from all records and out of fold, each conditioned once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from torch_geometric.data import HeteroData

from zoograph.graphs.schema import TRANSFERS_TO
from zoograph.graphs.splits import pair_folds
from zoograph.training.predictors.conditioned import Conditioned, Member, two_at_once


class GraphPosteriors:
    """Conditions when it is first asked, and keeps what came out.

    Args:
        graph: as built; it is not to be changed afterwards.
        members: as learned; member k has not learned from fold k.
    """

    def __init__(self, graph: HeteroData, members: Sequence[Member]) -> None:
        self.graph, self._members = graph, members

    @cached_property
    def whole(self) -> Conditioned:
        """All members on every record."""
        return Conditioned.on(self.graph, list(self._members))

    @cached_property
    def out_of_fold(self) -> list[Conditioned]:
        """Each member on the records of the folds that it learned from."""
        folds = pair_folds(self.graph, self.graph[TRANSFERS_TO].edge_index, len(self._members))
        return two_at_once(
            lambda number: Conditioned.on(self.graph, [self._members[number]], folds != number),
            range(len(self._members)),
        )
