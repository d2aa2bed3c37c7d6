from pathlib import Path

import pytest

from zoograph.data.images.folder import dataset_card_from_folder
from zoograph.data.images.identity import CONTENT, folder_digest
from zoograph.data.records.cards import DatasetCard, ModelCard
from zoograph.training.answers.question import ask
from zoograph.training.measuring.store_names import known_model, place_in_store


def make_folder(path: Path, *names: str) -> Path:
    """Make a folder of files, which hold their names."""
    for name in names:
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(name)
    return path


@pytest.fixture
def animals(tmp_path):
    return make_folder(tmp_path / "animals", "cat/a.png", "dog/b.png")


def place(store, folder):
    """Put the card of a folder into the store, as a measurement does."""
    card = place_in_store(store, dataset_card_from_folder(folder), str(folder))
    store.add(datasets=[card])
    return card.id


def test_a_folder_is_stored_under_its_name_and_known_by_path_and_content(toy_store, animals):
    card = place_in_store(toy_store, dataset_card_from_folder(animals), str(animals))
    assert card.id == "animals"
    assert card.aliases == (str(animals), CONTENT + folder_digest(animals))


def test_it_is_one_dataset_however_often_and_wherever_it_is_measured(toy_store, animals, tmp_path):
    copy = make_folder(tmp_path / "copy" / "beasts", "cat/a.png", "dog/b.png")
    assert [place(toy_store, folder) for folder in (animals, animals, copy)] == ["animals"] * 3
    names = toy_store.names().datasets
    assert names[str(animals)] == names[str(copy)] == ("animals",)
    assert "beasts" not in names


def test_folders_of_one_name_are_told_apart_by_content(toy_store, animals, tmp_path):
    other = make_folder(tmp_path / "other" / "animals", "cat/a.png", "dog/c.png")
    assert place(toy_store, animals) == "animals"
    assert place(toy_store, other) == str(other)
    make_folder(animals, "dog/more.png")
    assert place(toy_store, animals) == "animals"  # more of the same
    make_folder(animals, "owl/a.png")
    assert place(toy_store, animals) == f"animals-{folder_digest(animals)[-8:]}"
    assert len({place(toy_store, folder) for folder in (animals, other)}) == 2


def test_a_question_about_a_measured_folder_finds_what_was_measured(toy_store, animals):
    place(toy_store, animals)
    question = ask(toy_store, "vit", str(animals))
    assert (question.tasks, question.new) == (("animals",), ())


def test_a_folder_never_takes_the_name_of_a_stored_dataset(toy_store, tmp_path):
    for name in ("pets", "birds"):
        folder = make_folder(tmp_path / name, "cat/a.png", f"dog/{name}.png")
        assert place(toy_store, folder) == str(folder)


def test_an_older_store_goes_on_with_the_id_that_it_knows_the_path_by(toy_store, animals):
    toy_store.add(datasets=[DatasetCard(id="beasts", source="image folder", aliases=(str(animals),))])
    assert place(toy_store, animals) == "beasts"
    assert toy_store.names().datasets[CONTENT + folder_digest(animals)] == ("beasts",)


def test_what_is_no_folder_is_known_by_its_name(toy_store, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    card = DatasetCard(id="owner/name", source="Hugging Face hub")
    assert place_in_store(toy_store, card, "owner/name") is card


def test_weights_are_known_by_id_or_by_an_alias_of_one_model(toy_store):
    card = ModelCard(id="new", source="t", aliases=("owner/resnet",))
    assert known_model(toy_store, card) == ("resnet", ())
    unknown = ModelCard(id="new", source="t", aliases=("net",))  # the name of two models
    assert known_model(toy_store, unknown) == ("new", (unknown,))
