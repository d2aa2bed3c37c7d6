"""``zoograph benchmark poison``: how often wrong runs of one model are noticed."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Annotated

import typer

from zoograph.data.records.records import Metric, Protocol
from zoograph.scripts.terminal.options import AsJson, OneProtocol
from zoograph.scripts.terminal.output import print_json
from zoograph.scripts.terminal.printed.tables import print_table

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from zoograph.data.records.zoo import Zoo

SIZES = (5, 15, 50)
SHIFTS = (0.0, 0.1, 0.2, 0.3)


def poison(
    known: Annotated[
        list[int] | None, typer.Option(help="Runs that the champion knows; more than once for more.")
    ] = None,
    draws: Annotated[int, typer.Option(min=1, help="Batches of each size.")] = 2_000,
    protocol: OneProtocol = Protocol.HEAD,
    seed: Annotated[int, typer.Option(help="Of the order of the runs, and of the draws.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Train a champion on some shipped runs, let batches of the others arrive, raised or as they are.

    For each size of batch and shift: the share of batches of one model that are suspected. The last entry is of the
    others as they arrive, in batches of 100 in random order.

    Example: `zoograph benchmark poison --known 1300`
    """
    from zoograph.data.store.store import RecordStore

    with RecordStore.open() as store:
        zoo = store.snapshot()
    zoo = zoo.with_runs(zoo.runs[zoo.runs["protocol"] == protocol])
    shares: dict[str, list[bool]] = defaultdict(list)
    for number in known or [300, 1300, 2500]:
        for name, found in _try(zoo, protocol, number, draws, seed).items():
            shares[name] += found
    figures = {name: {"suspected": sum(found), "of": len(found)} for name, found in shares.items()}
    if as_json:
        print_json("benchmark poison", {"batches": figures})
        return
    rows = [(name, f"{row['suspected']:,}", f"{row['of']:,}") for name, row in figures.items()]
    print_table("Batches that are suspected", ("batch", "suspected", "of"), rows, names={"batch"})


def _try(zoo: Zoo, protocol: Protocol, number: int, draws: int, seed: int) -> dict[str, list[bool]]:
    """Return, for each kind of batch, whether each was suspected by a champion of ``number`` runs."""
    import numpy as np

    draw = np.random.default_rng(seed)
    order = draw.permutation(len(zoo.runs))
    rest = _answer(zoo, protocol, np.sort(order[:number]), order[number:])
    known = rest[rest["well_known"]]
    by_model = {model: own.index.to_numpy() for model, own in known.groupby("model")}
    found = {}
    for size in SIZES:
        enough = [own for own in by_model.values() if len(own) >= size]
        if not enough:
            continue
        rows = [draw.choice(enough[draw.integers(len(enough))], size, replace=False) for _ in range(draws)]
        drawn = rest.loc[np.concatenate(rows)].assign(batch=np.repeat(np.arange(draws), size))
        for shift in SHIFTS:
            found[f"{size} runs of one model, {shift:+.1f}"] = _suspected(drawn, shift)
    found["100 runs, as they are"] = _suspected(known.assign(batch=known.index // 100), 0.0)
    return found


def _suspected(runs: pd.DataFrame, shift: float) -> list[bool]:
    """Return of each batch whether it is suspected, once all its runs are so much better."""
    import torch

    from zoograph.models.method import Prediction
    from zoograph.training.retraining.suspect_batches import find_offsets, half_width_residuals

    answer = Prediction(*(torch.tensor(runs[name].to_numpy()) for name in Prediction._fields))
    value = torch.tensor((runs["value"] + shift).clip(0.0, 1.0).to_numpy())
    off = half_width_residuals(answer, value).numpy()
    suspects = {offset.batch for offset in find_offsets(runs.assign(num_runs=1.0, residual=off))}
    return [str(batch) in suspects for batch in runs["batch"].unique()]


def _answer(zoo: Zoo, protocol: Protocol, known: NDArray[np.int64], asked: NDArray[np.int64]) -> pd.DataFrame:
    """Return the ``asked`` runs with what a champion says that learned from the ``known`` ones."""
    import pandas as pd
    import torch

    from zoograph.data.text.lookup import text_for
    from zoograph.graphs.schema import DATASET, MODEL, TRANSFERS_TO
    from zoograph.graphs.splits import hold_out
    from zoograph.training.predictors.evidence import EvidencePredictor
    from zoograph.training.retraining.held_out_cells import held_out_cells
    from zoograph.training.retraining.material import Material
    from zoograph.training.retraining.suspect_batches import well_known
    from zoograph.training.retraining.train import learn

    runs = zoo.runs.iloc[known]
    batches = pd.Series("known", index=range(len(runs)), dtype=str)
    graph = Material(zoo.with_runs(runs), batches, text_for(zoo), protocol, Metric.TOP1).graph()
    held_out = held_out_cells(graph)
    recalled = hold_out(graph, held_out).train
    champion = EvidencePredictor.from_state(*learn(graph, held_out).state(), recalled)
    rest = zoo.runs.iloc[asked].reset_index(drop=True)
    sides = zip((MODEL, DATASET), (rest["model"], rest["dataset"]), strict=True)
    places = [
        pd.Series(range(graph[kind].num_nodes), index=list(graph[kind].ids))[names].to_numpy() for kind, names in sides
    ]
    pairs = torch.stack([torch.tensor(place) for place in places])
    answer = champion.predict(pairs)
    said = {name: column.numpy() for name, column in answer._asdict().items()}
    return rest[["model", "value"]].assign(
        **said, well_known=well_known(recalled[TRANSFERS_TO].edge_index, pairs).numpy()
    )
