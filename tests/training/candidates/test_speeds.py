"""Speeds: of cards, and estimates that give back a law they were made from."""

from __future__ import annotations

import pytest

from zoograph.data.errors import UnknownName
from zoograph.data.records.cards import ModelCard
from zoograph.data.records.pretraining import Speed
from zoograph.training.candidates.speeds import estimate_speeds, require_device, speed_on

I7 = "i7_12700h_fp32"


def _card(id: str, gmacs: float, known: bool = True) -> ModelCard:
    speeds = (Speed(device=I7, images_per_second=100 / gmacs),) if known else ()
    return ModelCard(id=id, source="t", gmacs=gmacs, parameters=round(gmacs**2 * 10**6), speeds=speeds)


CARDS = [_card(f"m{i}", float(i + 1)) for i in range(8)]


def test_cards_know_named_devices() -> None:
    assert speed_on(CARDS[1], I7) == 50.0
    assert speed_on(CARDS[1], "rtx_4090_amp") is None
    require_device(I7, CARDS)
    require_device("here", CARDS)
    with pytest.raises(UnknownName, match=rf"Unknown device 'i7'\. .*Valid names: here, {I7}\."):
        require_device("i7", CARDS)


def test_a_machine_that_is_half_as_fast_is_found_to_be() -> None:
    newcomer, unknown = _card("new", 10.0, known=False), ModelCard(id="bare", source="t")
    measured = {card.id: 50 / (card.gmacs or 1) for card in CARDS[::2]}
    found = estimate_speeds([*CARDS, newcomer, unknown], measured)
    assert found.speeds["m1"] == pytest.approx(25.0)
    assert found.speeds["new"] == pytest.approx(5.0)
    assert "bare" not in found.speeds
    assert found.speeds["m0"] == measured["m0"]
    assert (found.error, found.num_measured) == (pytest.approx(0.0, abs=1e-9), 4)
