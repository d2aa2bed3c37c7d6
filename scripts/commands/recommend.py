"""``recommend``: which model to pick for a dataset, and what it would cost to pick another."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import zoograph
from zoograph.scripts.pictures.style import require_matplotlib, to_png
from zoograph.scripts.terminal.documents import describe_candidate, describe_recommendation
from zoograph.scripts.terminal.files import require_place, write_file
from zoograph.scripts.terminal.messages import say_stage, warn
from zoograph.scripts.terminal.numbers import parse_utility
from zoograph.scripts.terminal.options import (
    AllVariants,
    AnyMetric,
    AnyProtocol,
    AsJson,
    Domain,
    Encoder,
    Family,
    FollowLinks,
    LabelColumn,
    Licence,
    MaxGmacs,
    MaxInputSize,
    MaxParams,
    MinSpeed,
    ModelsNamed,
    Objectives,
    Question,
    TextColumn,
    TimmOnly,
    make_filters,
)
from zoograph.scripts.terminal.output import print_json
from zoograph.scripts.terminal.progress import progress_bar
from zoograph.scripts.zoo.rows import as_csv
from zoograph.training.candidates.trade_off import HERE, Cost, Preference


def recommend(
    dataset: Question,
    models: ModelsNamed = "",
    top: Annotated[int, typer.Option(min=0, help="Models to list; 0 for all. CSV and picture always have all.")] = 10,
    max_params: MaxParams = None,
    max_gmacs: MaxGmacs = None,
    max_input_size: MaxInputSize = None,
    min_speed: MinSpeed = None,
    licence: Licence = "",
    family: Family = "",
    objective: Objectives = "",
    timm_only: TimmOnly = False,
    measured_only: Annotated[
        bool, typer.Option("--measured-only", help="Only models that have a record of what is asked.")
    ] = False,
    all_variants: AllVariants = False,
    cost: Annotated[
        Cost | None,
        typer.Option(help="What is set against accuracy. Default: time with `--min-speed`, else gmacs, where known."),
    ] = None,
    on: Annotated[
        str,
        typer.Option(
            metavar="DEVICE",
            help="Where time is counted: `here`, which is measured once, or a named device such as `rtx_4090_amp`.",
        ),
    ] = HERE,
    prefer: Annotated[Preference | None, typer.Option(help="What the order is by. Default: accuracy.")] = None,
    utility: Annotated[
        float | None,
        typer.Option(parser=parse_utility, metavar="NUMBER", help="Weight of accuracy against cost, from 0 to 1."),
    ] = None,
    protocol: AnyProtocol = None,
    metric: AnyMetric = None,
    domain: Domain = None,
    encoder: Encoder = None,
    explain: Annotated[bool, typer.Option("--explain", help="Say what the first prediction rests on.")] = False,
    to_csv: Annotated[
        Path | None, typer.Option("--csv", help="Write all candidates to this CSV file.", metavar="FILE")
    ] = None,
    picture: Annotated[
        Path | None, typer.Option(help="Draw accuracy against cost into this PNG file.", metavar="FILE")
    ] = None,
    follow_links: FollowLinks = False,
    text_column: TextColumn = None,
    label_column: LabelColumn = None,
    as_json: AsJson = False,
) -> None:
    """Rank every model that reads the dataset by expected accuracy, with an interval, regret and cost.

    Every record counts, those of the ranked models on this dataset too.

    Example: `zoograph recommend --dataset clipart_32 --max-params 30M --prefer balanced`
    """
    from zoograph.scripts.terminal.printed.recommendation import print_recommendation
    from zoograph.training.candidates.trade_off import TradeOff

    if prefer is not None and utility is not None:
        raise typer.BadParameter(
            "must be left out where --prefer is given, which stands for one.", param_hint="--utility"
        )
    for path, option in ((to_csv, "--csv"), (picture, "--picture")):
        if path is not None:
            require_place(path, option, [Path(dataset).expanduser()])
    if picture is not None:
        require_matplotlib()
    weight = utility if utility is not None else (prefer or Preference.ACCURACY).utility
    filters = make_filters(
        models,
        max_params,
        max_gmacs,
        max_input_size,
        min_speed,
        licence,
        family,
        objective,
        timm_only,
        measured_only,
        all_variants,
    )
    with progress_bar("Weighing the records") as progress:
        answer = zoograph.recommend(
            dataset,
            filters,
            protocol,
            domain,
            encoder,
            top,
            explain,
            progress,
            warn,
            say_stage,
            metric,
            TradeOff(cost, weight, on),
        )
    if to_csv is not None:
        write_file(
            to_csv, as_csv([describe_candidate(rank, model) for rank, model in enumerate(answer.everyone, 1)]), "--csv"
        )
    if picture is not None:
        from zoograph.scripts.pictures.candidates import draw_candidates

        write_file(picture, to_png(draw_candidates(answer)), "--picture")
    if as_json:
        files = {"csv": to_csv and str(to_csv), "picture": picture and str(picture)}
        print_json("recommend", {**describe_recommendation(answer), **files}, answer.notes)
    else:
        print_recommendation(answer)
