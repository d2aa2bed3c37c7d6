"""The programs: every verb under one name, and ``predict`` by itself."""

from __future__ import annotations

from collections.abc import Callable

from zoograph.scripts.benchmarks import accuracy as benchmark
from zoograph.scripts.choosing import benchmark as choose_benchmark
from zoograph.scripts.commands import (
    analyze,
    choose,
    explain,
    export,
    ingest,
    measure,
    picture,
    predict,
    prune,
    recommend,
    relatedness,
    retrain,
    score,
    serve,
    status,
    undo,
    versions,
)
from zoograph.scripts.terminal.program import MAINTAINERS, new_app
from zoograph.scripts.zoo import build, glyphs, listing, predictors, show, text

_PANELS: dict[str, tuple[Callable[..., None], ...]] = {
    "Ask": (predict.predict, recommend.recommend, choose.choose, explain.explain, serve.serve),
    "Measure": (score.score, measure.measure, relatedness.relatedness),
    "Keep records": (ingest.ingest, undo.undo, export.export, status.status),
    "Keep predictors": (retrain.retrain, versions.versions, versions.rollback, prune.prune),
}

app = new_app("Predict how well a pre-trained model will do on a dataset it was never fine-tuned on.")
for _panel, _verbs in _PANELS.items():
    for _verb in _verbs:
        app.command(_verb.__name__, rich_help_panel=_panel)(_verb)
app.add_typer(analyze.app, name="analyze", rich_help_panel="Analyse")
benchmark.app.command("choose", rich_help_panel="Accuracy")(choose_benchmark.choose)
app.add_typer(benchmark.app, name="benchmark", rich_help_panel="Benchmarks")
app.command("picture", rich_help_panel=MAINTAINERS)(picture.picture)

_zoo = new_app("Look up what is known, and make the tables that ship.")
_zoo.add_typer(listing.app, name="list", rich_help_panel="Ask")
_zoo.command("show", rich_help_panel="Ask")(show.show)
_zoo.command("build", rich_help_panel=MAINTAINERS)(build.build)
_zoo.command("train", rich_help_panel=MAINTAINERS)(predictors.train_shipped)
_zoo.add_typer(glyphs.app, name="measure", rich_help_panel=MAINTAINERS)
app.add_typer(_zoo, name="zoo", rich_help_panel="Ask")
app.add_typer(text.app, name="text", rich_help_panel=MAINTAINERS)

predict_app = new_app()
predict_app.command()(predict.predict)
