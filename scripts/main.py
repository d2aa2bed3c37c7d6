"""The command line: every verb under one name, and every expected error in one sentence."""

from __future__ import annotations

import io
import sys
import warnings
from collections.abc import Callable

import typer

from zoograph.data.errors import ZoographError
from zoograph.scripts.benchmarks import accuracy as benchmark
from zoograph.scripts.commands import (
    analyze,
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
    status,
    undo,
    versions,
)
from zoograph.scripts.zoo import build as zoo
from zoograph.scripts.zoo import glyphs, text

_SETTINGS = {"help_option_names": ["-h", "--help"]}

app = typer.Typer(
    help="Predict how well a pre-trained model will do on a dataset it was never fine-tuned on.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings=_SETTINGS,
)
app.command("predict")(predict.predict)
app.command("recommend")(recommend.recommend)
app.command("explain")(explain.explain)
app.command("score")(score.score)
app.command("measure")(measure.measure)
app.command("relatedness")(relatedness.relatedness)
app.command("ingest")(ingest.ingest)
app.command("undo")(undo.undo)
app.command("export")(export.export)
app.command("retrain")(retrain.retrain)
app.command("versions")(versions.versions)
app.command("rollback")(versions.rollback)
app.command("prune")(prune.prune)
app.command("status")(status.status)
app.command("picture")(picture.picture)
app.add_typer(analyze.app, name="analyze")
app.add_typer(benchmark.app, name="benchmark")
app.add_typer(zoo.app, name="zoo")
zoo.app.add_typer(glyphs.app, name="measure")
app.add_typer(text.app, name="text")

_predict_app = typer.Typer(pretty_exceptions_enable=False, rich_markup_mode="markdown", context_settings=_SETTINGS)
_predict_app.command()(predict.predict)


def main() -> None:
    """Run ``zoograph``."""
    _run(app)


def predict_main() -> None:
    """Run ``predict``, the same command as ``zoograph predict``."""
    _run(_predict_app)


def _run(application: Callable[[], None]) -> None:
    # What libraries deprecate among themselves is no news to somebody who asked for an accuracy.
    warnings.filterwarnings("ignore", category=FutureWarning)
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal that cannot show a sign shows a question mark
    try:
        application()
    except ZoographError as error:
        print(f"Error: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
