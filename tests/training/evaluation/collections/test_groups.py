"""Groups that are left out together, and blocks of them."""

from __future__ import annotations

import pytest
import torch

from zoograph.data.errors import FoldsError
from zoograph.graphs.schema import DATASET, MODEL
from zoograph.training.evaluation.collections.groups import blocks_of, groups_of


def members(part, kind, groups):
    return [{part.graph[kind].ids[node] for node in torch.nonzero(nodes).flatten().tolist()} for nodes in groups]


def test_groups_are_those_that_the_collection_has_cells_of(part):
    groups = groups_of(part, DATASET, part.graph[DATASET].group, 2, "families")
    assert list(groups) == ["d0 and 1 more", "d2", "d3"]  # x is theirs
    assert members(part, DATASET, groups.values()) == [{"d0", "d1"}, {"d2"}, {"d3"}]


def test_nodes_with_a_negative_code_are_in_no_group(part):
    groups = groups_of(part, DATASET, part.graph[DATASET].x_category - 1, 2, "domains")
    assert members(part, DATASET, groups.values()) == [{"d0", "d1"}, {"d2"}]


def test_too_few_groups_are_refused(part):
    with pytest.raises(FoldsError, match=r"need 4 families or more \(got 3\)"):
        groups_of(part, DATASET, part.graph[DATASET].group, 4, "families")


def test_blocks_are_of_whole_groups_and_about_as_large_as_can_be_ranked(part):
    """Eight models are too few for two blocks of five; two they are all the same."""
    groups = groups_of(part, MODEL, part.graph[MODEL].group, 2, "families")
    blocks = members(part, MODEL, blocks_of(part, MODEL, groups))
    assert blocks == [{"m0", "m1", "m4", "m5"}, {"m2", "m3", "m6", "m7"}]
    datasets = groups_of(part, DATASET, part.graph[DATASET].group, 2, "families")
    assert members(part, DATASET, blocks_of(part, DATASET, datasets)) == [{"d0", "d1"}, {"d2"}, {"d3"}]
