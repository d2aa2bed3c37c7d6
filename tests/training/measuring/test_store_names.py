from pathlib import Path

import pytest
from PIL import Image

from zoograph import facade
from zoograph.data.images.folder import dataset_card_from_folder
from zoograph.data.images.identity import folder_digest
from zoograph.data.networks import weights
from zoograph.data.records.cards import DatasetCard, Modality, ModelCard
from zoograph.data.records.records import Protocol
from zoograph.data.tasks.identity import CONTENT
from zoograph.training.answers.explain import list_scores
from zoograph.training.answers.question import ask
from zoograph.training.measuring.store_names import known_model, place_in_store


def make_folder(path: Path, *names: str) -> Path:
    """Make a folder of files, which hold their names."""
    for name in names:
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(name)
    return path


def make_images(path: Path) -> Path:
    """Make a folder of two classes of eight small pictures, which differ in colour."""
    for label, colour in (("red", (200, 30, 30)), ("blue", (30, 30, 200))):
        (path / label).mkdir(parents=True)
        for place in range(8):
            Image.new("RGB", (32, 32), tuple(min(255, part + 5 * place) for part in colour)).save(
                path / label / f"{place}.png"
            )
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
    assert (question.tasks, question.datasets) == (("animals",), ())


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


def test_weights_are_known_by_their_id_alone(toy_store):
    assert known_model(toy_store, ModelCard(id="resnet", source="t")) == ("resnet", ())
    assert known_model(toy_store, ModelCard(id="owner/resnet", source="t")) == ("resnet", ())
    other = ModelCard(id="new", source="t", aliases=("owner/resnet",))  # somebody else's weights are called so
    assert known_model(toy_store, other) == ("new", (other,))


@pytest.mark.parametrize("said", ["resnet10t", "timm/resnet10t", "resnet10t.c3_in1k"])
@pytest.mark.parametrize("asked", ["resnet10t", "hf_hub:timm/resnet10t", "resnet10t.c3_in1k"])
def test_what_was_scored_and_measured_is_found_by_every_name(toy_store, tmp_path, monkeypatch, said, asked):
    """Score and measure, then ask: whatever the weights were called, they are one model."""
    monkeypatch.setattr(weights, "_from_hub", weights.random_network)
    monkeypatch.setattr("zoograph.training.measuring.subject.require_reachable", lambda names: None)
    folder = make_images(tmp_path / "shapes")
    (pair,) = facade.score(said, str(folder), ["logme"]).pairs
    measured = facade.measure(said, str(folder))
    assert {pair.model, *(run.model for run in measured.runs)} == {"resnet10t.c3_in1k"}
    note = "'resnet10t' means timm's default weights, 'resnet10t.c3_in1k'."
    assert (note in measured.notes) == (said == "resnet10t")
    table = tmp_path / "mine.csv"
    table.write_text(f"model,dataset,accuracy\n{said},pets,0.8\n")
    assert facade.ingest(table, protocol="probe").new == 1
    question = ask(toy_store, asked, str(folder))
    assert (question.model, question.models) == ("resnet10t.c3_in1k", ())
    assert toy_store.measured(question.model, question.tasks, Protocol.HEAD).keys() == {"shapes"}
    assert toy_store.measured(question.model, ["pets"], Protocol.PROBE).keys() == {"pets"}
    zoo = toy_store.snapshot().part(question.metric, question.modality, [question.model])
    assert [score.name for score in list_scores(zoo, question.model, question.dataset)] == ["logme"]


def test_a_domain_that_is_known_is_not_lost(toy_store, animals):
    card = place_in_store(toy_store, dataset_card_from_folder(animals, domain="photo"), str(animals))
    assert card.domain == "photo"
    toy_store.add(datasets=[card])
    assert place(toy_store, animals) == card.id
    assert toy_store.find_cards(datasets=[card.id])[1][0].domain == "photo"
    assert (
        place_in_store(toy_store, dataset_card_from_folder(animals, domain="sketch"), str(animals)).domain == "sketch"
    )


def test_an_encoders_folder_is_taken_for_the_one_whose_whole_name_it_has(toy_store):
    known = ModelCard(id="owner/encoder", source="toy", modalities=(Modality.TEXT,))
    toy_store.add(models=[known])
    own = known.model_copy(update={"id": "owner_encoder@0123", "source": "weights of owner_encoder"})
    assert known_model(toy_store, own) == ("owner/encoder", ())
    for folder, source in (("encoder", "weights of encoder"), ("owner_encoder", "random weights")):
        card = own.model_copy(update={"id": f"{folder}@0123", "source": source})
        assert known_model(toy_store, card) == (card.id, (card,))
