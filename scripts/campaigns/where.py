"""Where many pieces of work run: the options that commands have for it, and the plan that they print."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zoograph.training.executors.executor import Where
    from zoograph.training.executors.run import FailedWork

_PANEL = "Where it runs"

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
    from zoograph.data.records.choices import choose
    from zoograph.training.executors.executor import ExecutorKind, Where, require_fit
    from zoograph.training.executors.work import Resources

    where = Where(choose(ExecutorKind, executor), processes, address, Resources(cpus, gpus, int(memory * 1e9)))
    require_fit(where)
    return where


def unfold_models(models: Sequence[str]) -> list[str]:
    """Return names of models, with patterns such as ``timm:resnet*`` replaced by the models of the store that fit."""
    patterns = {word for word in models if set("*?[") & set(word)}
    if not patterns:
        return list(models)
    from zoograph.data.store.store import RecordStore
    from zoograph.training.candidates.named_models import find_named

    with RecordStore.open(to_read=True) as store:
        known, names = store.cards()[0], store.names()
    fitting = {word: find_named(names, known, [word]).ids if word in patterns else (word,) for word in models}
    return list(dict.fromkeys(name for word in models for name in fitting[word]))


def failure_rows(failed: Sequence[FailedWork]) -> list[tuple[str, str, str, str]]:
    """Return a row for each piece of work without a result: which, kind of trouble, attempts, and why."""
    return [(one.work.name, one.problem.kind.value, str(one.attempts), one.problem.reason) for one in failed]
