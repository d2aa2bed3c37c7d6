"""The programs: every verb under one name, and ``predict`` by itself; what a call does not need is not imported."""

from __future__ import annotations

from functools import cache
from importlib import import_module

import typer

from zoograph.scripts.terminal.program import MAINTAINERS, new_app

_COMMANDS = {
    "Ask": ("predict", "recommend", "choose", "explain", "serve"),
    "Measure": ("score", "measure", "relatedness"),
    "Keep records": ("ingest", "undo", "export", "status"),
    "Keep predictors": ("retrain", "versions", "rollback", "prune"),
    MAINTAINERS: ("picture",),
}
"""Panel of the help -> verbs in it, each in a module of :mod:`zoograph.scripts.commands` that is called like it."""

_BESIDE = {"rollback": "versions"}
"""Verbs in the module of another."""

_GROUPS = {"analyze": "Analyse", "benchmark": "Benchmarks", "zoo": "Ask", "text": MAINTAINERS}
"""Verbs that have verbs of their own -> panel of the help."""


def make_app(verb: str | None = None) -> typer.Typer:
    """Return the application.

    Args:
        verb: the one that is called, if it is known: no other is there then.
    """
    every = [*(name for panel in _COMMANDS.values() for name in panel), *_GROUPS]
    chosen = [verb] if verb in every else every
    app = new_app("Predict how well a pre-trained model will do on a dataset it was never fine-tuned on.")
    app.callback()(_zoograph)
    for panel, names in _COMMANDS.items():
        for name in names:
            if name in chosen:
                command = getattr(import_module(f"zoograph.scripts.commands.{_BESIDE.get(name, name)}"), name)
                app.command(name, rich_help_panel=panel)(command)
    for name, panel in _GROUPS.items():
        if name in chosen:
            app.add_typer(_make_group(name), name=name, rich_help_panel=panel)
    return app


def make_predict_app() -> typer.Typer:
    """Return ``predict`` as an application by itself."""
    from zoograph.scripts.commands.predict import predict

    app = new_app()
    app.command()(predict)
    return app


def _zoograph() -> None:
    # Without it an application of one verb would be that verb, and not be called by its name.
    ...


@cache  # to what a group already is, nothing is added twice
def _make_group(name: str) -> typer.Typer:
    match name:
        case "analyze":
            from zoograph.scripts.commands.analyze import app
        case "benchmark":
            from zoograph.scripts.benchmarks.accuracy import app
            from zoograph.scripts.choosing.benchmark import choose

            app.command("choose", rich_help_panel="Accuracy")(choose)
        case "text":
            from zoograph.scripts.zoo.text import app
        case _:
            return _make_zoo()
    return app


def _make_zoo() -> typer.Typer:
    from zoograph.scripts.zoo import build, glyphs, listing, predictors, show

    app = new_app("Look up what is known, and make the tables that ship.")
    app.add_typer(listing.app, name="list", rich_help_panel="Ask")
    app.command("show", rich_help_panel="Ask")(show.show)
    app.command("build", rich_help_panel=MAINTAINERS)(build.build)
    app.command("train", rich_help_panel=MAINTAINERS)(predictors.train_shipped)
    app.add_typer(glyphs.app, name="measure", rich_help_panel=MAINTAINERS)
    return app
