"""Cost of a zoo by its size: seconds and memory from records to answers, and the errors of the answers.

Run as a module it measures one size in a process of its own, so that peak memory is that of the size alone:
lines of JSON on stdout, first progress and last the measurement.
"""

from __future__ import annotations

import math
import platform
import sys
from typing import Any

import torch

from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.synthetic_zoo import make_synthetic_zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.schema import TRANSFERS_TO
from zoograph.graphs.splits import hold_out
from zoograph.training.predictors.evidence import EvidencePredictor, TrainingConfig
from zoograph.training.runtime.progress import Progress
from zoograph.training.runtime.threads import one_thread
from zoograph.training.studies.stages import Stages, report

DENSITY = 0.1
HELD_OUT = 0.1
_DATASETS_PER_MODEL = 1.08
_TEXT_CHANNELS = 16


@one_thread()
def measure(
    num_runs: int, progress: Progress | None = None, config: TrainingConfig | None = None, seed: int = 0
) -> dict[str, Any]:
    """Make a zoo, build its graph, train, and predict a tenth of its records, which were held out.

    Args:
        num_runs: about how many runs the zoo has; a tenth of its pairs is measured.
        progress: called with (steps done, steps in all) of training.
        config: how to train; default: as a predictor that answers is.
        seed: of the zoo and of what is held out.

    Returns:
        Sizes; ``seconds`` on the wall clock, ``cpu_seconds`` and ``peak_rss_gib`` of each stage, the last from the
        start of the process; errors of the held-out predictions against the known truth and against what was measured;
        and the ``noise_floor``, the error of the measurements themselves. Where others use the machine too,
        ``cpu_seconds`` is what the wall clock would show without them: all of it runs in one thread.
    """
    stages = Stages()
    with stages.next("make"):
        num_models = round(math.sqrt(num_runs / DENSITY / _DATASETS_PER_MODEL))
        num_datasets = round(num_models * _DATASETS_PER_MODEL)
        made = make_synthetic_zoo(num_models, num_datasets, DENSITY, seed=seed)
    with stages.next("build"):
        embed = HashEmbedder(_TEXT_CHANNELS)
        graph = build_graph(made.zoo, lambda texts: embed(list(texts)))
    num_edges = graph[TRANSFERS_TO].num_edges
    held = torch.rand(num_edges, generator=torch.Generator().manual_seed(seed)) < HELD_OUT
    train, pairs, target = hold_out(graph, held)
    truth = torch.from_numpy(made.truth[pairs[0].numpy(), pairs[1].numpy()]).float()
    del made, graph

    with stages.next("train"):
        method = EvidencePredictor(config, progress).fit(train)
    with stages.next("predict"):
        answer = method.predict(pairs)
    return {
        "runs": num_runs,
        "num_models": num_models,
        "num_datasets": num_datasets,
        "num_train": train[TRANSFERS_TO].num_edges,
        "num_test": len(target),
        "seconds": stages.seconds,
        "cpu_seconds": stages.cpu,
        "imports_rss_gib": stages.first_rss,
        "peak_rss_gib": stages.peaks,
        "mae_truth": _mean(answer.mean - truth),
        "mae_measured": _mean(answer.mean - target),
        "noise_floor": _mean(target - truth),
        "mae_constant": _mean(train[TRANSFERS_TO].edge_label.mean() - truth),
        "coverage": float(((target >= answer.lower) & (target <= answer.upper)).float().mean()),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "python": platform.python_version(),
    }


def _mean(errors: torch.Tensor) -> float:
    return float(errors.abs().mean())


if __name__ == "__main__":
    report(result=measure(int(sys.argv[1]), lambda done, total: report(done=done, total=total)))
