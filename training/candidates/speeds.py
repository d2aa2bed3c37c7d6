"""Images a second of models: as cards say for named devices, or estimated for this machine from a few networks."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zoograph.data.errors import UnknownName
from zoograph.data.records.cards import ModelCard
from zoograph.data.records.naming.names import NEAREST
from zoograph.training.candidates.trade_off import HERE

_REFERENCES = {"cpu": "i7_12700h_fp32", "cuda": "rtx_4090_amp"}


def require_device(device: str, cards: Sequence[ModelCard]) -> None:
    """Raise unless a device is this machine, or one that some card has a speed on.

    Raises:
        UnknownName: with the valid names.
    """
    known = [HERE, *sorted({speed.device for card in cards for speed in card.speeds})]
    if device not in known:
        nearest = difflib.get_close_matches(device, known, n=NEAREST, cutoff=0.3)
        raise UnknownName("device", device, nearest, f"Valid names: {', '.join(known)}.")


def speed_on(card: ModelCard, device: str) -> float | None:
    """Return images a second on a named device, as the card says."""
    return next((speed.images_per_second for speed in card.speeds if speed.device == device), None)


@dataclass(frozen=True)
class MachineSpeeds:
    """Images a second of this machine.

    Attributes:
        speeds: model -> estimated images a second at its input size.
        error: typical relative error, that of the measured networks, each estimated from the others.
        num_measured: networks that the estimates rest on.
    """

    speeds: Mapping[str, float]
    error: float
    num_measured: int


def estimate_speeds(cards: Sequence[ModelCard], measured: Mapping[str, float], kind: str = "cpu") -> MachineSpeeds:
    """Estimate images a second on this machine.

    In logarithms, the speed here is taken to be linear in the speed on a device of the same kind that the cards know;
    where a card does not know it, that in turn is taken to be linear in multiply-accumulates and parameters. A model
    of which neither is known has no estimate.

    Args:
        cards: of models, the measured ones included.
        measured: model -> images a second here, of three models or more.
        kind: of this machine, ``cpu`` or ``cuda``.
    """
    by_id = {card.id: card for card in cards}
    table = _reference_speeds(cards, _REFERENCES[kind])
    pairs = [(table[id], math.log(speed)) for id, speed in measured.items() if id in by_id and id in table]
    x, y = np.array(pairs).T
    errors = [y[i] - _Line(np.delete(x, i), np.delete(y, i))(x[i]) for i in range(len(pairs))]
    here = _Line(x, y)
    speeds = {id: math.exp(here(value)) for id, value in table.items()}
    return MachineSpeeds({**speeds, **measured}, math.expm1(float(np.median(np.abs(errors)))), len(pairs))


class _Line:
    """A least-squares line whose slope is that of a machine: between a half and twice as steep as the reference."""

    def __init__(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> None:
        spread = x - x.mean()
        self._slope = float(np.clip(spread @ (y - y.mean()) / max(float(spread @ spread), 1e-12), 0.5, 2.0))
        self._level = float(y.mean() - self._slope * x.mean())

    def __call__(self, x: float) -> float:
        return self._level + self._slope * x


def _reference_speeds(cards: Sequence[ModelCard], device: str) -> dict[str, float]:
    """Return the logarithm of images a second on a device, estimated where it is not on the card."""
    known = {card.id: math.log(speed) for card in cards if (speed := speed_on(card, device)) is not None}
    rows = {card.id: _sizes(card) for card in cards if card.gmacs is not None and card.parameters is not None}
    both = [id for id in known if id in rows]
    if len(both) < 4:
        return known
    weights, *_ = np.linalg.lstsq(np.array([rows[id] for id in both]), np.array([known[id] for id in both]), rcond=None)
    return {**{id: float(np.array(row) @ weights) for id, row in rows.items()}, **known}


def _sizes(card: ModelCard) -> tuple[float, ...]:
    assert card.gmacs is not None
    assert card.parameters is not None
    return 1.0, math.log(card.gmacs), math.log(card.parameters)
