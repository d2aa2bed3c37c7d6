"""``zoograph benchmark scores``: seconds and memory of every transferability score, beside the authors' own code."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from zoograph.data.errors import ZoographError
from zoograph.scripts.terminal.files import write_into
from zoograph.scripts.terminal.options import AsJson, Out
from zoograph.scripts.terminal.output import print_json
from zoograph.scripts.terminal.printed.tables import print_notes, print_table

if TYPE_CHECKING:
    from zoograph.graphs.scores.inputs import ScoreInputs

TOGETHER = "all together"
NUM_SOURCE_CLASSES = 1000
REFERENCE_TIMES = Path(__file__).with_name("score_reference_times.csv")

_NOTES = (
    "MiB count everything in the process, the imported libraries too. Authors' times are of two cores of an AMD "
    "EPYC, one run each, give or take 30 %. A dash: no code of theirs finishes at this size.",
)

Row = dict[str, Any]


class Reference(NamedTuple):
    """The fastest published implementation of a score.

    Attributes:
        seconds: wall-clock time on two cores of an AMD EPYC, one run, give or take 30 %.
        peak_rss_mib: of the whole process, inputs and libraries included.
        code: the repository.
    """

    seconds: float
    peak_rss_mib: float
    code: str


def scores(
    size: Annotated[
        str, typer.Option(help="Sizes, separated by commas: samples, features and classes of each.")
    ] = "n5000_d2048_C100,n20000_d768_C200",
    names: Annotated[str, typer.Option(help="Scores, separated by commas, or `all`.")] = "all",
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Time every transferability score in a process of its own, then all of one pair together.

    Features and probabilities are made up from a seed, in float32. The clock runs from the arrays to the value. The
    authors' times were taken on another machine, on other arrays of the same sizes.

    Example: `zoograph benchmark scores --size n5000_d2048_C100`
    """
    from zoograph.scripts.terminal.progress import count_bar

    wanted, sizes = _chosen(names), size.split(",")
    for one in sizes:
        _parse(one)
    rows = []
    with count_bar(len(sizes) * (len(wanted) + 1)) as begin:
        for one in sizes:
            references = fastest_references(one)
            for name in wanted:
                begin(name)
                rows.append(_row(name, one, _measure(one, (name,)), references.get(name)))
            begin(TOGETHER)
            known = [references[name].seconds for name in wanted if name in references]
            added = Reference(sum(known), 0.0, f"{len(known)} of {len(wanted)} scores, added up") if known else None
            rows.append(_row(TOGETHER, one, _measure(one, wanted), added))
    result = {"cpus": os.cpu_count(), "rows": rows}
    if out is not None:
        write_into(out, {"score_speed.json": json.dumps(result, indent=1) + "\n"})
    if as_json:
        print_json("benchmark scores", result, _NOTES)
    else:
        _print(sizes, rows)


def make_inputs(size: str, seed: int = 0) -> ScoreInputs:
    """Return made-up inputs: rectified features whose spread decays, source classes that hint at the target's.

    Args:
        size: such as "n5000_d2048_C100".
        seed: the same inputs for the same seed.
    """
    import torch

    from zoograph.graphs.scores.inputs import ScoreInputs

    num_samples, num_features, num_classes = _parse(size)
    generator = torch.Generator().manual_seed(seed)
    scale = torch.arange(1.0, num_features + 1).rsqrt()
    centres = torch.randn(num_classes, num_features, generator=generator) / 2

    def features(labels: torch.Tensor) -> torch.Tensor:
        return ((centres[labels] + torch.randn(num_samples, num_features, generator=generator)) * scale).relu()

    labels = torch.arange(num_samples) % num_classes
    hints = torch.randn(num_classes, NUM_SOURCE_CLASSES, generator=generator)[labels]
    noise = torch.randn(num_samples, NUM_SOURCE_CLASSES, generator=generator)
    source_labels = torch.randint(num_classes, (num_samples,), generator=generator)
    return ScoreInputs(features(labels), labels, (hints + noise).softmax(dim=1), features(source_labels), source_labels)


def measure(size: str, names: tuple[str, ...]) -> Row:
    """Time scores on fresh inputs in this process, after a run on tiny ones that loads the libraries."""
    import resource

    import torch

    from zoograph.graphs.scores.compute import compute_scores
    from zoograph.graphs.scores.undefined import UndefinedScore

    compute_scores(make_inputs("n64_d8_C2"), names)
    made = make_inputs(size)
    start, worked = time.perf_counter(), time.process_time()
    values = compute_scores(replace(made), names)  # made anew, checks included
    seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - worked
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return {
        "seconds": seconds,
        "cpu_seconds": cpu_seconds,
        "peak_rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit,
        "threads": torch.get_num_threads(),
        "values": {name: str(v) if isinstance(v, UndefinedScore) else v for name, v in values.items()},
    }


def fastest_references(size: str) -> dict[str, Reference]:
    """Return the fastest authors' code for each score that has one that finished at this size."""
    fastest: dict[str, Reference] = {}
    with REFERENCE_TIMES.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["size"] == size and row["seconds"]:
                found = Reference(float(row["seconds"]), float(row["peak_rss_mib"]), row["code"])
                fastest[row["score"]] = min(found, fastest.get(row["score"], found))
    return fastest


def _chosen(names: str) -> tuple[str, ...]:
    from zoograph.graphs.scores.registry import SCORES, find_score

    return tuple(SCORES) if names == "all" else tuple(find_score(name).name for name in names.split(","))


def _parse(size: str) -> tuple[int, int, int]:
    found = re.fullmatch(r"n([1-9]\d*)_d([1-9]\d*)_C([1-9]\d*)", size)
    if found is None:
        raise ZoographError(f"'--size' takes sizes such as 'n5000_d2048_C100', separated by commas (got '{size}').")
    num_samples, num_features, num_classes = map(int, found.groups())
    return num_samples, num_features, num_classes


def _measure(size: str, names: tuple[str, ...]) -> Row:
    """Measure in a process of its own, so that nothing is warm and memory is that of these scores alone."""
    command = [sys.executable, "-W", "ignore", "-m", "zoograph.scripts.benchmarks.speed.score_speed", size, *names]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
        return {"error": last}
    measured: Row = json.loads(done.stdout)
    return measured


def _row(name: str, size: str, measured: Row, reference: Reference | None) -> Row:
    row = {"score": name, "size": size, **measured}
    if reference is not None:
        row |= {"reference_seconds": reference.seconds, "reference_code": reference.code}
        if reference.peak_rss_mib:
            row["reference_peak_rss_mib"] = reference.peak_rss_mib
    return row


def _print(sizes: list[str], rows: list[Row]) -> None:
    for size in sizes:
        print_table(
            size,
            ("score", "seconds", "authors'", "faster", "MiB", "authors' MiB", "authors' code"),
            [(row["score"], *_cells(row)) for row in rows if row["size"] == size],
            names={"score", "authors' code"},
        )
    print_notes(_NOTES)


def _cells(row: Row) -> list[str]:
    def shown(key: str, form: str) -> str:
        return format(row[key], form) if key in row else "–"

    faster = (
        f"{row['reference_seconds'] / row['seconds']:.1f}" if {"reference_seconds", "seconds"} <= row.keys() else "–"
    )
    return [
        row["error"] if "error" in row else shown("seconds", ".3f"),
        shown("reference_seconds", ".3f"),
        faster,
        shown("peak_rss_mib", ".0f"),
        shown("reference_peak_rss_mib", ".0f"),
        row.get("reference_code", "–"),
    ]


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], tuple(sys.argv[2:]))))
