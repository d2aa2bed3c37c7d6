from __future__ import annotations

from pathlib import Path

import pytest

from zoograph.data.networks.registry.architecture_table import (
    ARCHITECTURE_TABLE,
    COLUMNS,
    ArchitectureRow,
    find_architecture_row,
    format_size,
    read_architecture_table,
)
from zoograph.data.networks.registry.figures import NetworkFigures
from zoograph.data.networks.registry.timm_names import import_timm, published_weights
from zoograph.data.records.pretraining import Speed

TABLE = f"""{",".join(COLUMNS)}
net,224,1000,1200,64,1.5,2.5,100,,0.5
net,1024x768,0,200,64,,,,,
"""


def test_rows(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text(TABLE)
    assert read_architecture_table(tmp_path / "table.csv") == {
        ("net", "224", 1000): ArchitectureRow(
            NetworkFigures(1200, 64, 1.5, 2.5),
            (
                Speed(device="rtx_5090_amp", images_per_second=100),
                Speed(device="i7_12700h_fp32", images_per_second=0.5),
            ),
        ),
        ("net", "1024x768", 0): ArchitectureRow(NetworkFigures(200, 64)),
    }


def test_the_shipped_table_has_every_network_as_it_was_pre_trained() -> None:
    for name in published_weights():
        config = import_timm().get_pretrained_cfg(name)
        assert find_architecture_row(name.partition(".")[0], config.input_size, config.num_classes) is not None, name


def test_the_shipped_table_is_small_and_sorted() -> None:
    rows = list(read_architecture_table())
    assert rows == sorted(rows)
    path = Path(__file__).parents[4] / "data" / "zoo" / ARCHITECTURE_TABLE
    assert path.stat().st_size < 150_000


def test_a_network_that_came_later() -> None:
    assert find_architecture_row("resnet50", (3, 8, 8), 1000) is None


@pytest.mark.parametrize(("size", "text"), [((3, 224, 224), "224"), ((3, 1024, 768), "1024x768")])
def test_sizes(size: tuple[int, int, int], text: str) -> None:
    assert format_size(size) == text
