"""Messages: warnings are told once and kept, stages are noted, and the hub's retries are one sentence."""

from __future__ import annotations

import logging

import pytest

from zoograph.scripts.terminal.messages import Loudness, current_messages, goes_on, listening, say_stage, warn

LOG = logging.getLogger("zoograph.data.images.folder")


def test_a_warning_is_told_once_and_kept(capsys: pytest.CaptureFixture[str]) -> None:
    with listening() as messages:
        for _ in range(2):
            LOG.warning("%d images belong to no class.", 3)
        warn("The domain is not used.")
        assert current_messages() is messages
        assert messages.warnings == ["3 images belong to no class.", "The domain is not used."]
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "Warning: 3 images belong to no class.\nWarning: The domain is not used.\n")


def test_quiet_keeps_what_it_does_not_say(capsys: pytest.CaptureFixture[str]) -> None:
    with listening() as messages:
        messages.loudness = Loudness.QUIET
        warn("There are no pictures.")
        assert messages.warnings == ["There are no pictures."]
    assert capsys.readouterr().err == ""


def test_a_stage_is_noted_and_said_if_verbose(capsys: pytest.CaptureFixture[str]) -> None:
    with listening() as messages:
        say_stage("Counting images")
        assert messages.stage == "Counting images"
        assert capsys.readouterr().err == ""
        messages.loudness = Loudness.VERBOSE
        say_stage("Embedding texts")
        LOG.info("found an encoder")  # of interest to who asks for logs, and no stage
    assert messages.stage == "Embedding texts"
    assert capsys.readouterr().err.splitlines() == ["zoograph: Embedding texts", f"{LOG.name}: found an encoder"]


def test_retries_of_the_hub_are_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    hub = logging.getLogger("huggingface_hub.utils._http")
    with listening() as messages:
        for number in range(1, 4):
            hub.warning("'[Errno 111] Connection refused' thrown while requesting HEAD https://hub/x")
            hub.warning("Retrying in %ds [Retry %d/5].", number, number)
        assert messages.warnings == ["The Hugging Face hub does not answer; trying a few more times."]
    assert capsys.readouterr().err == "Warning: The Hugging Face hub does not answer; trying a few more times.\n"
    assert hub.filters == []


def test_nobody_listens_outside_of_a_command() -> None:
    assert current_messages() is not current_messages()
    assert current_messages().loudness is Loudness.NORMAL


def test_what_is_stopped_says_that_it_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyboardInterrupt), goes_on("Answers are"):
        raise KeyboardInterrupt
    assert capsys.readouterr().err == "Stopped. Answers are kept; the same command goes on from there.\n"
