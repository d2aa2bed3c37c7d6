"""``zoograph analyze``: the commands that ask why a model transfers."""

from __future__ import annotations

import typer

from zoograph.scripts.commands import distance, influence

app = typer.Typer(help="Ask why a model transfers.", no_args_is_help=True)
app.command("distance")(distance.distance)
app.command("influence")(influence.influence)
