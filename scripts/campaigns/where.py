"""Where many pieces of work run: the options that commands have for it, and the plan that they print."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zoograph.training.executors.executor import Where
    from zoograph.training.executors.run import FailedWork, Tally

_PANEL = "Where it runs"
_FAILED = {
    "wrong": "cannot be done as it was asked",
    "passing": "a server or disk did not serve",
    "lost": "the process or machine ended",
    "bug": "a bug of zoograph",
}

Executor = Annotated[
    str,
    typer.Option(
        "--executor",
        help="`local` (in this process), `processes` (several of this machine) or `ray` (a cluster).",
        rich_help_panel=_PANEL,
    ),
]
Processes = Annotated[
    int,
    typer.Option("--processes", min=1, help="Processes at a time on this machine.", rich_help_panel=_PANEL),
]
RayAddress = Annotated[
    str | None,
    typer.Option(
        "--ray-address",
        help="A cluster of Ray: `host:port`, or `auto` for the one that runs here. Default: one is begun here.",
        rich_help_panel=_PANEL,
    ),
]
Cpus = Annotated[
    int | None,
    typer.Option(
        "--cpus",
        min=1,
        help="Threads of each piece of work. Default: one; in this process all.",
        rich_help_panel=_PANEL,
    ),
]
Gpus = Annotated[
    float,
    typer.Option(
        "--gpus", min=0.0, help="GPUs of each piece of work; 0.25 lets four share one. For Ray.", rich_help_panel=_PANEL
    ),
]
Memory = Annotated[
    float,
    typer.Option("--memory", min=0.0, help="GB of memory that Ray keeps for each.", rich_help_panel=_PANEL),
]


def make_where(
    executor: str = "local",
    processes: int = 2,
    address: str | None = None,
    cpus: int | None = None,
    gpus: float = 0.0,
    memory: float = 0.0,
) -> Where:
    """Return where work is to run, from what the options say.

    Raises:
        ZoographError: if there is no such executor, or an address for another one than Ray.
    """
    from zoograph.data.records.naming.choices import choose
    from zoograph.training.executors.executor import ExecutorKind, Where, require_fit
    from zoograph.training.executors.work import Resources

    where = Where(choose(ExecutorKind, executor), processes, address, Resources(cpus, gpus, int(memory * 1e9)))
    require_fit(where)
    return where


def unfold_models(models: Sequence[str]) -> list[str]:
    """Return names of models, with patterns such as ``timm:resnet*`` replaced by the models of the store that fit.

    A word that ends with ``.txt`` or ``.csv`` is a file of names and patterns. Each name comes once.
    """
    from zoograph.training.candidates.named_models import find_named, unfold_files

    models = list(dict.fromkeys(unfold_files(models)))
    patterns = {word for word in models if set("*?[") & set(word)}
    if not patterns:
        return models
    from zoograph.data.store.store import RecordStore

    with RecordStore.open(to_read=True) as store:
        known, names = store.cards()[0], store.names()
    fitting = {word: find_named(names, known, [word]).ids if word in patterns else (word,) for word in models}
    return list(dict.fromkeys(name for word in models for name in fitting[word]))


def tally_rows(tally: Tally, known: int) -> list[tuple[str, str]]:
    """Return what became of pieces of work as a table of two columns; ``known`` were done before."""
    failed = Counter(one.problem.kind for one in tally.failed)
    return [
        ("measured", f"{tally.done:,}"),
        ("known before", f"{known:,}"),
        *((f"failed: {_FAILED[kind.value]}", f"{number:,}") for kind, number in sorted(failed.items())),
        ("attempts that were repeated", f"{tally.repeated:,}"),
    ]


def failure_as_dict(one: FailedWork) -> dict[str, str | int]:
    """Return a piece of work without a result as JSON has it."""
    return {
        "task": one.work.name,
        "trouble": one.problem.kind.value,
        "attempts": one.attempts,
        "reason": one.problem.reason,
    }
