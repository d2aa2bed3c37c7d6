"""A choice as one HTML file to send to a colleague: pictures inside, and nothing that is loaded from elsewhere."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from zoograph.scripts.choosing.printing import clock
from zoograph.training.answers.notes import format_chance, format_interval

if TYPE_CHECKING:
    from zoograph.training.choosing.choice import Choice

_STYLE = """body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}
table{border-collapse:collapse;font-size:13px}th,td{padding:.2rem .6rem;text-align:right;border-bottom:1px solid #ddd}
th:first-child,td:first-child{text-align:left}img{max-width:100%}pre{background:#f5f5f5;padding:.7rem;overflow:auto}
.choice{font-size:18px;font-weight:600}"""
_HEADINGS = ("model", "expected", "90 % interval", "probe", "head", "fine-tuning", "chance of best", "regret, points")
_TRIALS = ("measured", "how", "accuracy", "seconds", "at", "leader then", "its regret, points")


def make_html(choice: Choice, pictures: Sequence[tuple[str, bytes]]) -> str:
    """Return the report.

    Args:
        choice: what was chosen.
        pictures: what each shows, and its PNG.
    """
    ranking = [
        (
            c.model,
            f"{c.predicted:.3f}",
            format_interval(c.lower, c.upper),
            *("–" if value is None else f"{value:.3f}" for value in (c.probe, c.head, c.finetune)),
            format_chance(c.best),
            f"{c.regret:.2f}",
        )
        for c in choice.ranking
    ]
    trials = [
        (
            t.model,
            t.level.description,
            f"{t.accuracy:.3f}",
            f"{t.took:.0f}",
            clock(t.elapsed),
            t.leader,
            f"{t.regret:.2f}",
        )
        for t in choice.trials
    ]
    body = [
        f"<h1>{escape(choice.title)}</h1>",
        f'<p class="choice">{escape(choice.sentence)}</p>',
        *(_figure(text, png) for text, png in pictures[:1]),
        _table(_HEADINGS, ranking),
        "<h2>What was measured</h2>",
        *(_figure(text, png) for text, png in pictures[1:]),
        _table(_TRIALS, trials) if trials else "<p>Nothing in this call.</p>",
        "<h2>What to know</h2>",
        "<ul>" + "".join(f"<li>{escape(note)}</li>" for note in choice.notes) + "</ul>",
        "<h2>How to go on</h2>",
        f"<pre>{escape(choice.snippet)}</pre>",
        f"<pre>{escape(choice.command)}</pre>",
    ]
    head = f'<meta charset="utf-8"><title>{escape(choice.title)}</title><style>{_STYLE}</style>'
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>\n' + "\n".join(body) + "\n</body></html>\n"


def _figure(text: str, png: bytes) -> str:
    return f'<p><img alt="{escape(text)}" src="data:image/png;base64,{b64encode(png).decode()}"></p>'


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(heading)}</th>" for heading in headings)
    lines = ("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{''.join(lines)}</table>"
