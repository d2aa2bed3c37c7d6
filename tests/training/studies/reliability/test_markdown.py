"""The report as Markdown."""

from __future__ import annotations

from zoograph.training.studies.reliability.markdown import HEADINGS, cells, to_markdown
from zoograph.training.studies.reliability.report import Bin, Group, Reliability, Share

SHARE = Share(value=0.9, lower=0.8, upper=0.95, units="models", num_units=7)
GROUP = Group(
    collection="all",
    group="warm",
    num_cells=1234,
    coverage=SHARE,
    width=0.2,
    worst=("d", 0.4),
    below_half=1,
    num_datasets=3,
)


def test_a_group_without_rankings_has_dashes() -> None:
    row = cells(GROUP)
    assert len(row) == len(HEADINGS)
    assert row[:5] == ["warm", "**all**", "1,234", "0.90 (0.80 to 0.95)", "7 models"]
    assert row[6:8] == ["d 0.40", "1 of 3"]
    assert set(row[9:]) == {"–"}


def test_all_of_it() -> None:
    bins = [Bin(of="best", count=4, stated=0.4, actual=Share(value=0.5))]
    text = to_markdown(Reliability(groups=[GROUP], bins=bins, reasons={"c, warm": "Too few."}))
    assert "| best | 4 | 0.4000 | 0.5000 | – |" in text
    assert text.endswith("- c, warm: Too few.\n")
