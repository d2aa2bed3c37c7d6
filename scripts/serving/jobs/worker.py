"""The process of a job: chooses a model, and says where it stands, a line of JSON at a time.

Its first line of input is the order. The input is then kept open by whoever wants the job to go on: when it ends, so
does the job, and what was measured until then is in the store.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from threading import Thread
from typing import IO, Any

from pydantic import BaseModel, ConfigDict

from zoograph.data.errors import ZoographError
from zoograph.data.records.records import Protocol
from zoograph.scripts.memory import keep_freed_memory
from zoograph.scripts.serving.questions import Limited
from zoograph.scripts.serving.rendering import to_json

_POLITE = 5  # so that questions to the server come first


class Order(BaseModel):
    """What a job is to do.

    Attributes:
        folder: of images.
        weights_dir: folder of files of weights; None for those that the hub or its cache has.
        budget: seconds, in all.
        regret: points of expected regret at which it stops.
        filters: which models are candidates.
        save_model: folder for the best fine-tuned model; None to keep none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    folder: str
    weights_dir: str | None
    budget: float
    protocol: Protocol
    regret: float
    domain: str | None
    filters: Limited
    save_model: str | None = None


def main() -> None:
    """Do the job that the first line of the input orders."""
    os.nice(_POLITE)
    keep_freed_memory()
    lines = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # what libraries print is for the log
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a server in the background ignores it, and so would this
    order = Order.model_validate_json(sys.stdin.buffer.readline())
    Thread(target=_stop_when_left, daemon=True).start()
    try:
        choice = work(order, lines)
    except ZoographError as error:
        said = str(error)
        if error.is_private:
            print(error, file=sys.stderr, flush=True)
            said = "The store or a predictor cannot be used now. The operator finds the reason in the server's log."
        _tell(lines, {"error": said, "kind": type(error).__name__})
    except KeyboardInterrupt:
        _tell(lines, {"stopped": True})
    else:
        _tell(lines, {"choice": choice})


def work(order: Order, lines: IO[bytes]) -> dict[str, Any]:
    """Choose a model, telling ``lines`` where it stands; return the document of the choice.

    Raises:
        ZoographError: as :func:`zoograph.choose`.
    """
    begin, warnings = time.monotonic(), list[str]()
    import zoograph

    choice = zoograph.choose(
        order.folder,
        order.budget,
        order.protocol,
        order.regret,
        order.filters.as_filters(),
        weights_dir=order.weights_dir,
        domain=order.domain,
        save_model=order.save_model,
        warn=warnings.append,
        stage=lambda text: _tell(lines, {"stage": text}),
        watch=lambda standing: _tell(lines, {"standing": describe_standing(standing)}),
        begin=begin,
    )
    return {**choice.as_dict(), "notes": list(dict.fromkeys((*warnings, *choice.notes)))}


def describe_standing(standing: Any) -> dict[str, Any]:
    """Return where a choice stands, as JSON holds it; see :class:`zoograph.training.choosing.loop.Standing`."""
    doing = standing.doing and standing.doing._asdict()
    rows = {name: [row._asdict() for row in getattr(standing, name)] for name in ("trials", "left")}
    return {**standing._asdict(), "doing": doing, **rows}


def _tell(lines: IO[bytes], content: dict[str, Any]) -> None:
    lines.write(to_json(content) + b"\n")


def _stop_when_left() -> None:
    """Interrupt the job when its input ends: it was cancelled, or nobody is there any more."""
    while os.read(0, 1_024):  # not through a buffer, whose lock would be held when the process ends
        pass
    os.kill(os.getpid(), signal.SIGINT)


if __name__ == "__main__":
    main()
