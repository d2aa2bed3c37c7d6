"""Pictures of a zoo that lives: the replay and the learning curve."""

from __future__ import annotations

from zoograph.scripts.pictures.living import draw_replay
from zoograph.scripts.pictures.style import to_png
from zoograph.training.studies.replay import Step


def test_the_replay_is_drawn() -> None:
    steps = [
        Step(100 * k, "full" if k < 3 else "warm", k != 2, 5.0, 0.1 / k, 0.9, {"linear": 0.1}) for k in range(1, 5)
    ]
    assert to_png(draw_replay(steps)).startswith(b"\x89PNG")
