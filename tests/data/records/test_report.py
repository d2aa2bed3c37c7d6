from dataclasses import dataclass

import pandas as pd
import pytest

from zoograph.data.records.report import Report


@dataclass(frozen=True)
class Shout(Report):
    words: tuple[str, ...]

    @property
    def title(self):
        return "<loud> & clear"

    @property
    def notes(self):
        return ("1 < 2", "done")

    def to_frame(self):
        return pd.DataFrame({"word": self.words, "share": [0.123456] * len(self.words), "known": [None, 1.0]})


def test_html_has_title_table_and_notes_and_everything_is_escaped():
    html = Shout(("<script>", "b"))._repr_html_()
    assert "<b>&lt;loud&gt; &amp; clear</b>" in html
    assert "<td>&lt;script&gt;</td>" in html
    assert "<script>" not in html
    assert html.index("</table>") < html.index("<p>1 &lt; 2</p><p>done</p>")


def test_numbers_are_short_and_what_is_missing_is_a_dash():
    html = Shout(("a", "b"))._repr_html_()
    assert "<td>0.1235</td>" in html
    assert "<td>–</td>" in html


def test_printed_it_is_title_table_and_notes():
    title, columns, first, second, *notes = str(Shout(("a", "b"))).splitlines()
    assert (title, columns.split(), notes) == ("<loud> & clear", ["word", "share", "known"], ["1 < 2", "done"])
    assert (first.split(), second.split()) == (["a", "0.1235", "–"], ["b", "0.1235", "1"])


def test_title_notes_and_table_are_required():
    class Silent(Report):
        pass

    with pytest.raises(TypeError, match="abstract"):
        Silent()
