"""``zoograph analyze``: the commands that ask why a model transfers."""

from __future__ import annotations

import typer

from zoograph.scripts import distance

app = typer.Typer(help="Ask why a model transfers.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keep each analysis a verb of its own, also while there is only one."""


app.command("distance")(distance.distance)
