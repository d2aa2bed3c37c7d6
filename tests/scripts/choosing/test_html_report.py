"""The HTML report: one file, pictures inside, nothing from elsewhere, and names that are only text."""

from __future__ import annotations

import re
from dataclasses import replace

from zoograph.scripts.choosing.html_report import make_html
from zoograph.training.choosing.choice import Choice


def test_it_holds_the_choice_the_tables_and_the_pictures(choice: Choice) -> None:
    text = make_html(choice, [("Ranking", b"\x89PNG one"), ("Regret", b"\x89PNG two")])
    assert text.startswith("<!doctype html>")
    assert f'<p class="choice">{choice.sentence}</p>' in text
    assert re.findall(r'<img alt="(\w+)" src="data:image/png;base64,', text) == ["Ranking", "Regret"]
    assert "<td>net_b.in1k</td><td>probe on a small sample</td><td>0.800</td><td>12</td><td>01:00</td>" in text
    assert "Next would be net_b.in1k" in text


def test_a_chance_is_never_sure(choice: Choice) -> None:
    sure, out = choice.picked._replace(best=1.0), choice.picked._replace(best=0.0)
    text = make_html(replace(choice, ranking=(sure, out)), [])
    assert "<td>&gt;99 %</td>" in text
    assert "<td>&lt;1 %</td>" in text


def test_nothing_is_loaded_from_elsewhere(choice: Choice) -> None:
    text = make_html(choice, [("Ranking", b"\x89PNG")])
    assert not re.search(r"(src|href)=\"(?!data:)|https?:|@import|<script|<link", text)


def test_names_are_text(choice: Choice) -> None:
    evil = '<script>alert("x")</script>'
    named = replace(choice, dataset=evil, folder=evil, picked=choice.picked._replace(model=evil))
    text = make_html(replace(named, ranking=(named.picked,)), [(evil, b"")])
    assert "<script" not in text
    assert "&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;" in text
