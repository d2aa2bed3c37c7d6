"""``zoograph analyze``: the commands that ask why a transfer works."""

from __future__ import annotations

import typer

from zoograph.scripts import influence

app = typer.Typer(help="Ask why a source transfers to a target.", no_args_is_help=True)
app.command("influence")(influence.influence)


@app.callback()
def _group() -> None:
    """Keep each analysis a verb of its own."""
