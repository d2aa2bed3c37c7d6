"""Plans: what a run of many pieces of work will do, how long it takes and how much it downloads, before it begins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from zoograph.data.files.counts import count_of
from zoograph.data.networks.registry.reachable import is_cached
from zoograph.data.records.cards import ModelCard
from zoograph.data.records.records import Protocol
from zoograph.training.choosing.seconds import Seconds, Work

_FLOAT_BYTES = 4


@dataclass(frozen=True)
class Planned:
    """One piece of work that is asked for.

    Attributes:
        model: card of the model.
        images: that it looks at.
        train: images of these that are trained on.
        classes: of the dataset.
        done: whether its result is there.
        epochs: of fine-tuning; 0 for what trains a head alone.
    """

    model: ModelCard
    images: int
    train: int
    classes: int
    done: bool = False
    epochs: int = 0


@dataclass(frozen=True)
class Plan:
    """What will be done.

    Attributes:
        pieces: of work that are asked for.
        done: of these whose result is there.
        models: that are still to look at something.
        images: that are still to be looked at, over all models.
        seconds: of work, on the machine that speeds are given for and one process.
        slots: pieces at a time.
        weight_bytes: of weights that are not in the cache here, in float32; of the models whose size is known.
        unsized: models whose size is not known.
    """

    pieces: int
    done: int
    models: int
    images: int
    seconds: float
    slots: int
    weight_bytes: int
    unsized: int

    @property
    def wall_seconds(self) -> float:
        """Seconds until the end, if every slot is as fast as the machine that speeds are given for."""
        return self.seconds / self.slots

    @property
    def rows(self) -> list[tuple[str, str]]:
        """The plan as a table of two columns."""
        unsized = f" and {count_of(self.unsized, 'model')} of unknown size" if self.unsized else ""
        return [
            ("pieces of work", f"{self.pieces:,}"),
            ("done before, and left out", f"{self.done:,}"),
            ("to be done", f"{self.pieces - self.done:,}, by {count_of(self.models, 'model')}"),
            ("images to look at", f"{self.images:,}"),
            ("time of one process", describe_seconds(self.seconds)),
            (f"time of {self.slots:,} at a time", describe_seconds(self.wall_seconds)),
            ("weights to download", f"{self.weight_bytes / 1e9:,.1f} GB{unsized}"),
        ]


def make_plan(planned: Iterable[Planned], speeds: Mapping[str, float], slots: int, *, own_weights: bool) -> Plan:
    """Return the plan of some pieces of work.

    Args:
        planned: all that is asked for.
        speeds: model -> images a second of a forward pass; one of unknown speed is taken for a middling one.
        slots: pieces at a time.
        own_weights: whether weights are here already, because they are the user's own or drawn at random.
    """
    asked = list(planned)
    waiting = [one for one in asked if not one.done]
    cards = {one.model.id: one.model for one in waiting}
    missing = [] if own_weights else [card for card in cards.values() if not is_cached(card.hub_id or card.id)]
    return Plan(
        len(asked),
        len(asked) - len(waiting),
        len(cards),
        sum(one.images for one in waiting),
        sum(expect_seconds(waiting, speeds)),
        slots,
        sum(_FLOAT_BYTES * (card.parameters or 0) for card in missing),
        sum(card.parameters is None for card in missing),
    )


def expect_seconds(planned: Sequence[Planned], speeds: Mapping[str, float]) -> list[float]:
    """Return how long each piece of work takes, as ``choose`` expects it."""
    expecting: dict[Work, Seconds] = {}
    found = []
    for one in planned:
        work = Work(one.images, one.train, one.classes, one.epochs)
        level = Protocol.FINETUNE if one.epochs else Protocol.HEAD
        if work not in expecting:
            expecting[work] = Seconds(speeds, {level: work})
        found.append(expecting[work].predict(one.model, level))
    return found


def describe_seconds(seconds: float) -> str:
    """Return a length of time in one unit, to two digits or the nearest whole number.

    >>> describe_seconds(40), describe_seconds(5400), describe_seconds(3e7)
    ('40 s', '1.5 h', '347 days')
    """
    for size, unit in ((86400.0, "days"), (3600.0, "h"), (60.0, "min")):
        if seconds >= 2 * size or (unit != "days" and seconds >= size):
            number = seconds / size
            return f"{number:.1f} {unit}" if number < 10 else f"{number:,.0f} {unit}"
    return f"{seconds:.0f} s"


def cheapest_first(models: Sequence[ModelCard], speeds: Mapping[str, float]) -> list[ModelCard]:
    """Return models in the order in which they look at images, the fastest first: rows come early."""
    return sorted(models, key=lambda card: (-speeds.get(card.id, 0.0), card.parameters or 0, card.id))
