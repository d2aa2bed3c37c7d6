"""Questions: names, families, protocols, and folders that are told from datasets of the same name."""

from __future__ import annotations

from pathlib import Path

import pytest

from zoograph.data.errors import ImageFolderError, UnknownName
from zoograph.data.images.identity import CONTENT, folder_digest
from zoograph.data.records.cards import DatasetCard
from zoograph.data.records.names import index_names
from zoograph.data.records.records import Protocol
from zoograph.data.store.store import RecordStore
from zoograph.training.answers.question import Question, ask, find_model

STORED = index_names(
    [
        ("model", "resnet10t.c3_in1k", "resnet10t.c3_in1k"),
        ("model", "resnet10t", "resnet10t.c3_in1k"),
        ("model", "resnet50", "resnet50"),  # somebody else's weights
    ]
)


def make_folder(path: Path, *names: str) -> Path:
    """Make a folder of files, which hold their names."""
    for name in names:
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(name)
    return path


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a folder ``pets`` that has the name of a stored dataset."""
    monkeypatch.chdir(tmp_path)
    make_folder(tmp_path / "pets", "cat/a.png", "dog/b.png")
    return tmp_path


def _ask(store: RecordStore, dataset: str, domain: str | None = None) -> tuple[Question, list[str]]:
    warnings: list[str] = []
    return ask(store, "vit", dataset, domain=domain, warn=warnings.append), warnings


def test_a_family_stands_for_its_members_and_every_member_has_relatives(toy_store: RecordStore) -> None:
    family, _ = _ask(toy_store, "birds")
    assert (family.dataset, family.tasks, family.protocol) == ("birds", ("birds_1", "birds_2"), Protocol.HEAD)
    member, _ = _ask(toy_store, "birds_2")
    assert (member.dataset, member.tasks, member.relatives) == ("birds_2", ("birds_2",), ("birds_1", "birds_2"))
    assert _ask(toy_store, "pets")[0].relatives == ("pets",)


def test_the_protocol_is_that_of_most_records(toy_store: RecordStore) -> None:
    assert ask(toy_store, "vit", "pets").protocol is Protocol.FINETUNE
    assert ask(toy_store, "vit", "birds_2").protocol is Protocol.HEAD
    assert ask(toy_store, "vit", "pets", "head").protocol is Protocol.HEAD


def test_a_folder_that_exists_is_the_folder(toy_store: RecordStore, here: Path) -> None:
    for dataset in ("pets", "./pets", str(here / "pets")):
        question, warnings = _ask(toy_store, dataset, "sketch")
        assert question.tasks == (str(here / "pets"),)  # not the answer of its namesake
        assert question.new == question.tasks
        assert question.datasets[0].domain == "sketch"
        assert warnings == (
            ["'pets' is a folder here, and that is what is meant: for the stored one, give 'dataset:pets'."]
            if dataset == "pets"
            else []
        )


def test_the_stored_dataset_is_asked_for_by_its_prefix(toy_store: RecordStore, here: Path) -> None:
    question, warnings = _ask(toy_store, "dataset:pets", "photo")
    assert (question.dataset, question.tasks, question.new) == ("pets", ("pets",), ())
    assert warnings == [
        "The domain 'photo' is not used: 'dataset:pets' is a known dataset, with a domain of its own.",
    ]
    assert _ask(toy_store, "dataset:birds")[0].dataset == "birds"
    with pytest.raises(UnknownName, match=r"Unknown dataset 'pest'\. Nearest names: pets"):
        _ask(toy_store, "dataset:pest")


def test_a_folder_without_images_says_how_to_ask_for_its_namesake(toy_store: RecordStore, here: Path) -> None:
    (here / "birds").mkdir()
    with pytest.raises(ImageFolderError, match=r"got no sub-folders.* store, give 'dataset:birds'\."):
        _ask(toy_store, "birds")


def test_a_file_does_not_stand_in_the_way_of_a_name(toy_store: RecordStore, here: Path) -> None:
    (here / "birds_1").write_text("notes")
    assert _ask(toy_store, "birds_1")[0].tasks == ("birds_1",)


def test_a_measured_folder_is_known_by_its_content_wherever_it_lies(toy_store: RecordStore, here: Path) -> None:
    content = CONTENT + folder_digest(here / "pets")
    toy_store.add(datasets=[DatasetCard(id="mine", source="folder", aliases=("/old/place", content))])
    assert _ask(toy_store, "./pets") == (_ask(toy_store, "mine")[0], [])
    moved = make_folder(here / "elsewhere", "cat/a.png", "dog/b.png")
    assert _ask(toy_store, str(moved))[0].tasks == ("mine",)
    make_folder(here / "pets", "cat/more.png")
    assert _ask(toy_store, "./pets")[0].tasks == (str(here / "pets"),)


def test_a_measured_folder_that_is_gone_is_known_by_its_path(toy_store: RecordStore, here: Path) -> None:
    toy_store.add(datasets=[DatasetCard(id="mine", source="folder", aliases=(str(here / "gone"),))])
    assert _ask(toy_store, "./gone")[0].tasks == ("mine",)


@pytest.mark.parametrize(
    ("dataset", "message"),
    [
        ("empty", r"'empty' must hold one sub-folder .*\(got no sub-folders\)"),
        ("one", r"'one' must have at least two classes with images \(got only 'cat'\)"),
        ("one/cat/a.png", r"\(got a file\)"),
        ("/nowhere/at/all", r"'/nowhere/at/all' must be a folder .*\(got nothing there\)"),
        ("~nobody-of-this-name/x", r"must be a folder \(got: Could not determine home directory\)"),
        ("/" + "a" * 300, r"must be a folder \(got: File name too long\)"),
    ],
)
def test_a_folder_that_is_no_dataset(toy_store: RecordStore, here: Path, dataset: str, message: str) -> None:
    (here / "empty").mkdir()
    make_folder(here / "one", "cat/a.png")
    with pytest.raises(ImageFolderError, match=message):
        _ask(toy_store, dataset)


@pytest.mark.parametrize("dataset", ["", "no/such", "a" * 300])
def test_a_name_that_nobody_knows(toy_store: RecordStore, dataset: str) -> None:
    with pytest.raises(UnknownName, match=r"Unknown dataset '.*Nearest names: "):
        _ask(toy_store, dataset)


def test_a_model_that_timm_knows_comes_with_its_card(toy_store: RecordStore) -> None:
    question = ask(toy_store, "resnet18", "pets")
    assert question.model == question.models[0].id
    assert question.new == (question.model,)
    assert ask(toy_store, "owner/resnet", "pets").model == "resnet"
    with pytest.raises(UnknownName, match=r"Unknown model 'vitt'\. Nearest names: .*vit"):
        ask(toy_store, "vitt", "pets")


@pytest.mark.parametrize("name", ["resnet10t", "resnet10t.c3_in1k", "timm/resnet10t.c3_in1k", "hf_hub:timm/resnet10t"])
def test_what_was_stored_is_found_under_every_name(name: str) -> None:
    assert find_model(STORED, name) == ("resnet10t.c3_in1k", ())


def test_a_name_of_the_store_comes_first() -> None:
    assert find_model(STORED, "resnet50") == ("resnet50", ())


def test_other_weights_of_timm_come_with_their_card() -> None:
    model, (card,) = find_model(STORED, "timm/resnet50.tv_in1k")
    assert model == card.id == "resnet50.tv_in1k"


def test_an_unknown_name_gives_the_nearest_of_both() -> None:
    with pytest.raises(UnknownName, match=r"Unknown model 'resnet51'. Nearest names: .*resnet50"):
        find_model(STORED, "resnet51")
