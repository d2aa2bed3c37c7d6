"""Work on a cluster of Ray: a worker or a node that ends takes down nothing but what it was doing."""

from __future__ import annotations

import logging
import os
import re
import socket
import subprocess
import sys
import time
import warnings
from contextlib import suppress
from dataclasses import replace
from typing import Any

from zoograph.training.executors.executor import ExecutorError
from zoograph.training.executors.work import Done, Problem, Resources, Trouble, Work, explain, perform, versions
from zoograph.training.runtime.progress import Progress

ANSWER_SECONDS = 60.0
"""How long a cluster may take to answer."""

_STORE_BYTES = 100_000_000  # results are rows, and features go to files: little lies in Ray's own store
_QUEUED = 2  # pieces of work for each place, so that none waits for the next
_NOWHERE_SECONDS = 60.0
_LOOPBACK = ("127.0.0.1", "localhost")
# Ray's own switch. Without it Ray takes a loopback address for the machine's address on the network.
_NETWORK = "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"
_PROBE = """
import sys, ray
ray.init(address=sys.argv[1], logging_level="critical", log_to_driver=False, configure_logging=False)
"""


def import_ray() -> Any:
    """Return Ray, which is kept from telling anybody of its use.

    Raises:
        ExecutorError: if it is not installed.
    """
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import ray
    except ImportError as error:
        raise ExecutorError(
            "'--executor ray' needs Ray (got none installed). Install it with 'pip install \"zoograph[ray]\"' on "
            "every node, or take '--executor processes'."
        ) from error
    return ray


class RayExecutor:
    """Runs pieces of work on a cluster.

    Args:
        address: ``host:port`` of its head, ``ray://host:port``, or ``auto`` for the one on this machine; None begins
            one that listens on this machine alone, and ends with this process.
        needed: by each piece of work.
        cpus: of a cluster that is begun.

    Raises:
        ExecutorError: if Ray is not installed, nobody answers, versions differ, or no node has what is needed.
    """

    def __init__(self, address: str | None, needed: Resources, cpus: int) -> None:
        if address is None or _listens_here_alone(address):
            os.environ[_NETWORK] = "0"  # read when Ray is imported
        self._ray = import_ray()
        if address is not None:
            require_answer(address)
        self._begin(address, cpus)
        self._needed, self._nowhere_since = needed, 0.0
        self._running: dict[Any, Work] = {}
        self.places = sum(self._places(node) for node in self._nodes())
        if not self.places:
            self.close()
            raise ExecutorError(
                f"A node of the cluster must have {_describe(needed)} (got none that has). Ask for less, or start one."
            )
        self.slots = self.places * _QUEUED
        self._perform = self._ray.remote(perform_there)

    def _begin(self, address: str | None, cpus: int) -> None:
        """Join a cluster, or begin one."""
        own = {"num_cpus": cpus, "object_store_memory": _STORE_BYTES, "include_dashboard": False}
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                self._ray.init(
                    address=address or "local",
                    **({} if address else own),
                    logging_level=logging.CRITICAL,
                    log_to_driver=False,
                    configure_logging=False,
                )
        except Exception as error:
            self._ray.shutdown()
            reason = str(error).partition("\n")[0].rstrip(".")
            raise ExecutorError(
                f"Ray must begin on this machine (got: {reason}). Run it again when less else runs here, or take "
                "'--executor processes'."
            ) from error

    def submit(self, work: Work, progress: Progress | None = None) -> None:
        """Send a piece of work; Ray gives it to a node that has room."""
        needs = work.resources
        call = self._perform.options(
            num_cpus=needs.cpus or 1,
            num_gpus=needs.gpus,
            memory=needs.memory or None,
            max_retries=0,
            name=work.name,
            scheduling_strategy="SPREAD",
        )
        self._running[call.remote(work, versions())] = work

    def completed(self, timeout: float | None = None) -> list[tuple[Work, Done]]:
        """Wait for something to be done.

        Raises:
            ExecutorError: if for a minute no node has had what is needed.
        """
        if not self._running:
            return []
        ready, _ = self._ray.wait(list(self._running), num_returns=1, timeout=timeout)
        if ready:
            more, _ = self._ray.wait(list(self._running), num_returns=len(self._running), timeout=0)
            ready = list(dict.fromkeys([*ready, *more]))
        else:
            self._require_somewhere()
        return [(self._running.pop(call), self._get(call)) for call in ready]

    def close(self) -> None:
        """Give up what is not done, and leave the cluster; one that was begun here ends."""
        for call in self._running:
            with suppress(Exception):
                self._ray.cancel(call, force=True)
        self._running = {}
        self._ray.shutdown()

    def _get(self, call: Any) -> Done:
        errors = self._ray.exceptions
        try:
            done: Done = self._ray.get(call)
        except errors.RayTaskError as error:
            return Done(None, explain(error))
        except errors.OutOfMemoryError:
            return _lost("The node ran out of memory. Ask for '--memory', so that fewer share a node.")
        except errors.RayError as error:
            return _lost(f"Its worker or node ended ({type(error).__name__}).")
        return done

    def _nodes(self) -> list[dict[str, Any]]:
        return [node for node in self._ray.nodes() if node["Alive"]]

    def _places(self, node: dict[str, Any]) -> int:
        """Return how many pieces of work fit on a node at a time."""
        has, needs = node["Resources"], self._needed
        wanted = {"CPU": float(needs.cpus or 1), "GPU": needs.gpus, "memory": float(needs.memory)}
        return int(min(has.get(name, 0.0) // amount for name, amount in wanted.items() if amount))

    def _require_somewhere(self) -> None:
        if any(self._places(node) for node in self._nodes()):
            self._nowhere_since = 0.0
            return
        self._nowhere_since = self._nowhere_since or time.monotonic()
        if time.monotonic() - self._nowhere_since > _NOWHERE_SECONDS:
            raise ExecutorError(
                f"No node of the cluster has had {_describe(self._needed)} for {_NOWHERE_SECONDS:.0f} s. Start one and "
                "run it again: what was finished is kept."
            )


def perform_there(work: Work, expected: dict[str, str]) -> Done:
    """Do a piece of work on a node, and say on which."""
    import ray

    done = perform(work, None, expected)
    return replace(done, where=f"{done.where}, node {ray.get_runtime_context().get_node_id()[:8]}")


def require_answer(address: str, seconds: float | None = None) -> None:
    """Raise unless a cluster answers in time, asked by a process of its own: Ray itself waits for minutes.

    Raises:
        ExecutorError: if nobody answers, or Ray or Python are of other versions there.
    """
    seconds = ANSWER_SECONDS if seconds is None else seconds
    needs = f"A cluster of Ray must answer at '{address}'"
    hint = "Check the address, and that 'ray status' works there."
    try:
        asked = subprocess.run(
            [sys.executable, "-c", _PROBE, address], capture_output=True, text=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired:
        raise ExecutorError(f"{needs} (got no answer in {seconds:.0f} s). {hint}") from None
    if asked.returncode == 0:
        return
    if (differs := re.search(r"Version mismatch(.*)", asked.stderr, re.DOTALL)) is not None:
        found = re.findall(r"(Ray|Python): (\S+)", differs[1])
        there, own = found[: len(found) // 2], found[len(found) // 2 :]
        said = "; ".join(", ".join(f"{name} {number}" for name, number in side) for side in (there, own))
        raise ExecutorError(
            f"The cluster at '{address}' and this process must run the same Ray and Python (got {said}). "
            "Install the same versions on both."
        )
    lines = [line for line in asked.stderr.strip().splitlines() if line.strip()]
    reason = (lines[-1] if lines else f"exit {asked.returncode}").rstrip(".")
    raise ExecutorError(f"{needs} (got: {reason}). {hint}")


def _listens_here_alone(address: str) -> bool:
    """Return whether an address is a loopback one that does not answer at this machine's address on the network."""
    host, _, port = address.rpartition(":")
    if host not in _LOOPBACK or not port.isdecimal():
        return False
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
            asked.connect(("192.0.2.1", 9))  # sends nothing, and says which of the own addresses would
            own: str = asked.getsockname()[0]
        with socket.create_connection((own, int(port)), timeout=1):
            return own in _LOOPBACK
    except OSError:
        return True


def _lost(reason: str) -> Done:
    return Done(None, Problem(Trouble.LOST, reason))


def _describe(needed: Resources) -> str:
    parts = [f"{needed.cpus or 1} CPUs"]
    parts += [f"{needed.gpus:g} GPUs"] if needed.gpus else []
    parts += [f"{needed.memory / 1e9:.1f} GB of memory"] if needed.memory else []
    return ", ".join(parts)
