"""``zoograph analyze``: the commands that ask why a model transfers."""

from __future__ import annotations

from zoograph.scripts.commands import distance, influence
from zoograph.scripts.terminal.program import new_app

app = new_app("Ask why a model transfers.")
app.command("distance")(distance.distance)
app.command("influence")(influence.influence)
