"""Predictors of every protocol and text encoder are found on disk, without loading an encoder."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from zoograph.data.errors import UnknownName
from zoograph.data.records.records import Metric, Protocol
from zoograph.data.testing.hash_encoder import hash_encoder
from zoograph.data.text.encoders.find_encoder import DEFAULT_ENCODER
from zoograph.training.versions import listing
from zoograph.training.versions.artifact import Artifact
from zoograph.training.versions.folders import PredictorFolder, find_again, find_predictors, predictor_folder

Save = Callable[..., Artifact]


@pytest.fixture
def folders(home: Path, save_toy: Save, tmp_path: Path) -> dict[str, PredictorFolder]:
    """Predictors of the default encoder, of one on the hub and of one in a folder."""
    mine = tmp_path / "mine"
    mine.mkdir()
    places = home / "predictors"
    save_toy(places / "head-default", version="a0")
    save_toy(places / "head-0123456789ab", version="b0", encoder="google-bert/bert", encoder_source="google-bert/bert")
    save_toy(places / "finetune-ba9876543210", version="c0", encoder="mine", encoder_source=str(mine))
    return {
        "default": PredictorFolder(places / "head-default", Protocol.HEAD, DEFAULT_ENCODER, None),
        "hub": PredictorFolder(places / "head-0123456789ab", Protocol.HEAD, "google-bert/bert", "google-bert/bert"),
        "mine": PredictorFolder(places / "finetune-ba9876543210", Protocol.FINETUNE, "mine", str(mine)),
    }


def test_all_of_them_are_found_the_default_first(folders: dict[str, PredictorFolder]) -> None:
    assert find_predictors(Protocol.HEAD) == [folders["default"], folders["hub"]]
    assert sorted(find_predictors(), key=str) == sorted(folders.values(), key=str)


def test_each_has_a_key_and_a_title_of_its_own(folders: dict[str, PredictorFolder]) -> None:
    assert [folder.key for folder in folders.values()] == ["head", "head-0123456789ab", "finetune-ba9876543210"]
    assert folders["default"].title == "retrained head"
    assert folders["hub"].title == "retrained head, encoder 'google-bert/bert'"


def test_metric_and_modality_have_folders_of_their_own(home: Path, save_toy: Save) -> None:
    wanted = [
        predictor_folder(Protocol.HEAD, None),
        predictor_folder(Protocol.HEAD, None, Metric.MIOU),
        predictor_folder(Protocol.HEAD, None, Metric.TOP1, "text"),
        predictor_folder(Protocol.HEAD, None, Metric.TOP1, "x-ray/../.3d"),
    ]
    for folder in wanted:
        assert folder.root.parent == home / "predictors"
        save_toy(folder.root, metric=folder.metric, modality=folder.modality)
    save_toy(home / "predictors" / "head-nonsense-image-default")
    assert sorted(find_predictors(), key=lambda one: one.root) == sorted(wanted, key=lambda one: one.root)
    assert [folder.key for folder in wanted[:3]] == ["head", "head-miou-image", "head-top1-text"]
    assert [folder.title for folder in wanted[:3]] == [
        "retrained head",
        "retrained head, mean intersection over union",
        "retrained head, text",
    ]
    assert find_predictors(metric=Metric.MIOU) == [wanted[1]]


def test_an_encoder_chooses_by_name_or_by_path(
    folders: dict[str, PredictorFolder], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert find_predictors(encoder="google-bert/bert") == [folders["hub"]]
    assert find_predictors(encoder=DEFAULT_ENCODER) == [folders["default"]]
    monkeypatch.chdir(tmp_path)
    for name in ("mine", "./mine", str(tmp_path / "mine")):
        assert find_predictors(encoder=name) == [folders["mine"]]
    with pytest.raises(UnknownName, match=r"Unknown encoder of a predictor 'bert'. Nearest names: .*google-bert/bert"):
        find_predictors(encoder="bert")
    assert find_predictors(Protocol.FINETUNE) == [folders["mine"]]


def test_what_was_set_aside_or_never_finished_is_no_predictor(home: Path, save_toy: Save) -> None:
    save_toy(home / "predictors" / "head-default.damaged-20240101T000000Z-0123abcd")
    (home / "predictors" / "head-0123456789ab" / ".training-0123").mkdir(parents=True)
    assert find_predictors() == []


def test_a_predictor_whose_manifests_cannot_be_read_goes_by_its_digest(home: Path, save_toy: Save) -> None:
    artifact = save_toy(home / "predictors" / "head-0123456789ab")
    (artifact.folder / "manifest.json").write_bytes(b"{}")
    (found,) = find_predictors()
    assert (found.encoder, found.key) == ("0123456789ab", "head-0123456789ab")


def test_the_newest_manifest_says_where_the_encoder_is(home: Path, save_toy: Save) -> None:
    root = home / "predictors" / "head-0123456789ab"
    for day, source in ((1, "/old/mine"), (2, "/new/mine")):
        made = datetime(2024, 1, day, tzinfo=UTC)
        save_toy(root, version=f"v{day}", encoder="mine", encoder_source=source, created_at=made)
    assert [folder.source for folder in find_predictors()] == ["/new/mine"]


def test_the_folder_of_an_encoder_that_was_not_asked_for_yet(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = hash_encoder(4)
    monkeypatch.setattr(listing, "find_encoder", lambda _: encoder)
    assert predictor_folder(Protocol.HEAD, "hash-4") == PredictorFolder(
        home / "predictors" / f"head-{encoder.digest[:12]}", Protocol.HEAD, "hash-4", "hash-4"
    )
    assert predictor_folder(Protocol.HEAD, None).key == "head"


def test_an_encoder_is_found_again_from_everywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine").mkdir()
    monkeypatch.chdir(tmp_path)
    assert find_again("mine") == str((tmp_path / "mine").resolve())
    assert find_again("google-bert/bert") == "google-bert/bert"
    assert find_again(None) is find_again(DEFAULT_ENCODER) is None
