"""What a choice says: in a sentence, in notes, as code and as a command."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from zoograph.data.records.records import Protocol
from zoograph.training.choosing.choice import NO_WEIGHTS, Choice, Left, Plan, format_seconds


def test_the_sentence_says_what_was_measured_or_only_expected(choice: Choice) -> None:
    assert choice.sentence == (
        "Take net_a.in1k: 0.930 measured (retrained head). On these test images it is expected to lose 0.42 points "
        "against the best of 7 candidates, and is the best with a chance of 61 %."
    )
    unmeasured = replace(choice, picked=choice.picked._replace(head=None))
    assert "0.910 expected (90 % interval 0.880 to 0.940), not measured." in unmeasured.sentence
    assert replace(choice, num_candidates=1).sentence == (
        "Take net_a.in1k: 0.930 measured (retrained head). It is the only candidate, so it was compared with no other."
    )


def test_few_test_samples_are_told(choice: Choice) -> None:
    tested = replace(choice, num_test=27)
    assert tested.notes[2] == (  # 100 * sqrt(0.93 * 0.07 / 27) = 4.9
        "Tested on about 27 images: on others the accuracy may well be 5 points higher or lower, and another candidate "
        "the best."
    )
    assert replace(tested, num_candidates=1).notes[2].endswith("5 points higher or lower.")
    unmeasured = replace(tested, picked=tested.picked._replace(head=None))
    for untold in (choice, replace(choice, num_test=10_000), unmeasured):
        assert not any("Tested on" in note for note in untold.notes)


def test_notes_say_why_it_stopped_what_it_rests_on_and_what_would_come_next(choice: Choice) -> None:
    notes = choice.notes
    assert notes[0] == "Stopped after 8 min: the expected regret is below what was asked for."
    assert notes[1].startswith(
        "It rests on 2 measurements of this call (1 of the model itself), 1 measurement that the store had of this "
        "dataset and the records of other datasets. Before, the pick was expected to lose "
    )
    unmeasured = replace(choice, trials=(), earlier=0)
    assert unmeasured.notes[1] == "It rests on the records of other datasets."
    assert notes[2] == (
        "Next would be net_b.in1k (retrained head, about 42 s), expected to lower the regret by 0.20 points."
    )
    assert "1,800 further candidates were not asked: their weights are not to be had." in notes
    assert "Left out: net_c.in1k: It is broken." in notes
    named = replace(choice, num_without=2, left=(Left("net_d.in1k", NO_WEIGHTS),)).notes
    assert "1 further candidate was not asked: its weights are not to be had." in named
    assert "Left out: net_d.in1k: its weights are not to be had." in named
    assert not any(
        "further" in note for note in replace(choice, num_without=1, left=(Left("net_d.in1k", NO_WEIGHTS),)).notes
    )
    assert not any("Next would be" in note for note in replace(choice, next=None).notes)


def test_a_rival_that_was_not_measured_is_named(choice: Choice) -> None:
    rival = choice.ranking[1]._replace(regret=0.2, probe=None)
    said = " ".join(replace(choice, ranking=(choice.picked, rival)).notes)
    assert "net_b.in1k is expected to lose less (0.20 points), but was not measured" in said
    measured = replace(choice, ranking=(choice.picked, rival._replace(head=0.9)))
    assert not any("was not measured" in note for note in (*choice.notes, *measured.notes))


def test_one_measurement_is_one(choice: Choice) -> None:
    said = replace(choice, trials=choice.trials[1:]).notes[1]
    assert "It rests on 1 measurement of this call (1 of the model itself)" in said


def test_the_command_names_the_file_of_the_weights_and_the_columns(choice: Choice) -> None:
    assert choice.command == "zoograph measure --models net_a.in1k --dataset './my photos' --protocol finetune"
    filed = replace(choice, weights=Path("w/net_a.in1k.safetensors"))
    assert filed.command.endswith("--weights w/net_a.in1k.safetensors")
    assert "on the word of its name" in " ".join(filed.notes)
    named = replace(choice, options=("--text-column", "my text"))
    assert named.command.endswith("--text-column 'my text'")


def test_weights_that_are_known_by_their_content_rest_on_no_name(choice: Choice) -> None:
    own = replace(choice, picked=choice.picked._replace(model="mine@0123456789ab"), weights=Path("mine"))
    assert "on the word of its name" not in " ".join(own.notes)


def test_where_another_protocol_is_predicted_it_is_said(choice: Choice) -> None:
    said = " ".join(replace(choice, answered=Protocol.PROBE, samples="texts").notes)
    assert "Few records of texts are of this protocol (retrained head): what is expected before" in said
    assert "(probe on a small sample), learned from" in said


def test_it_is_a_table_of_candidates(choice: Choice) -> None:
    assert choice.to_frame()["model"].tolist() == ["net_a.in1k", "net_b.in1k"]


def test_json_holds_plain_values(choice: Choice) -> None:
    held = choice.as_dict()
    assert held["choice"] == {**choice.picked._asdict(), "measured": 0.93}
    assert held["next"] == Plan("net_b.in1k", Protocol.HEAD, 42.0, 0.2)._asdict()
    assert held["left"] == [Left("net_c.in1k", "It is broken.")._asdict()]


@pytest.mark.parametrize(("seconds", "text"), [(99.4, "99 s"), (100, "2 min"), (5399, "90 min"), (7300, "2.0 h")])
def test_times_in_words(seconds: float, text: str) -> None:
    assert format_seconds(seconds) == text
