"""The picture of the schema: every number in it is the graph's."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from zoograph.data.errors import ZoographError
from zoograph.graphs.schema import FORWARD_EDGE_TYPES, NODE_TYPES
from zoograph.scripts.commands import picture
from zoograph.scripts.pictures import schema


def test_picture_shows_every_type_with_its_count(tmp_path: Path) -> None:
    head, finetune = picture._shipped_graphs()
    figure = schema.draw_picture(head, finetune)
    texts = [text.get_text() for axes in figure.axes for text in axes.texts]
    shown = "\n".join(texts).replace("\\_", "_")
    for kind in NODE_TYPES:
        assert kind in texts
        assert f"{head[kind].num_nodes:,} nodes" in texts
    for edge_type in FORWARD_EDGE_TYPES:
        assert f"{{{edge_type[1]}}}$  {head[edge_type].num_edges:,}" in shown
    assert {"convnext_tiny", "clipart_32_a_10", "0.68", "?"} <= set(texts)


def test_excerpt_shows_no_edge_that_the_graph_lacks() -> None:
    head, _ = picture._shipped_graphs()
    with pytest.raises(ValueError, match="not in list"):
        schema._find_edge(head, FORWARD_EDGE_TYPES[0], "google/vit-base-patch16-224", "sketch_32_a_10")


def test_missing_matplotlib_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ZoographError, match=r"pip install 'matplotlib>=3\.9'"):
        schema.draw_picture(*picture._shipped_graphs())
