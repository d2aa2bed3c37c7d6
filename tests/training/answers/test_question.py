"""Questions: names, families, protocols, and folders that are told from datasets of the same name."""

from __future__ import annotations

from pathlib import Path

import pytest

from zoograph.data.errors import ImageFolderError, UnknownName, ZoographError
from zoograph.data.images.identity import folder_digest
from zoograph.data.records.cards import DatasetCard, ModelCard
from zoograph.data.records.pretraining import Objective
from zoograph.data.records.records import Metric, Protocol, Run
from zoograph.data.store.store import RecordStore
from zoograph.data.tasks.identity import CONTENT
from zoograph.data.testing.shapes import write_shapes
from zoograph.training.answers.question import Question, ask, choose_kind


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
        assert [card.id for card in question.datasets] == [*question.tasks]
        assert question.datasets[0].domain == "sketch"
        assert warnings == (
            ["'pets' is a folder here, and the folder is used: for the stored dataset, give 'dataset:pets'."]
            if dataset == "pets"
            else []
        )


def test_a_dataset_may_be_a_path(toy_store: RecordStore, here: Path) -> None:
    assert ask(toy_store, "vit", here / "pets") == ask(toy_store, "vit", str(here / "pets"))
    with pytest.raises(TypeError, match=r"'dataset' must be a name, a path or a card \(got 3\)\."):
        ask(toy_store, "vit", 3)  # type: ignore[arg-type]


def test_the_stored_dataset_is_asked_for_by_its_prefix(toy_store: RecordStore, here: Path) -> None:
    question, warnings = _ask(toy_store, "dataset:pets", "photo")
    assert (question.dataset, question.tasks, question.datasets) == ("pets", ("pets",), ())
    assert warnings == [
        "The domain 'photo' is not used: 'dataset:pets' is a known dataset, with a domain of its own.",
    ]
    (card,) = toy_store.find_cards(datasets=["pets"])[1]
    assert _ask(toy_store, "dataset:pets", card.domain)[1] == []  # what is said again is no news
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
    assert question.meaning == "'resnet18' means timm's default weights, 'resnet18.a1_in1k'."
    assert ask(toy_store, "owner/resnet", "pets").model == "resnet"
    with pytest.raises(UnknownName, match=r"Unknown model 'vitt'\. Nearest names: .*vit"):
        ask(toy_store, "vitt", "pets")
    for several in ("vit,resnet", "vit*"):
        with pytest.raises(UnknownName, match=r"One model is asked about here; 'zoograph recommend --models' takes"):
            ask(toy_store, several, "pets")


# -- which weights a bare architecture means ------------------------------------------------------


def _add_runs(store: RecordStore, dataset: str, *models: ModelCard) -> None:
    runs = [Run(source="t", model=card.id, dataset=dataset, protocol=Protocol.HEAD, value=0.5) for card in models]
    store.add(models=models, runs=runs)


DEFAULT = ModelCard(id="resnet18.a1_in1k", aliases=("resnet18",), timm_name="resnet18", source="t")
VISION = ModelCard(id="torchvision/resnet18.IMAGENET1K_V1", timm_name="resnet18", source="t")
OLDER = ModelCard(id="resnet18.tv_in1k", timm_name="resnet18", source="t")
UPLOAD = ModelCard(id="someone/resnet-18-cats", timm_name="resnet18", source="t")
OWN = ModelCard(id="resnet18@0123456789ab", timm_name="resnet18", source="random weights")


def test_a_bare_architecture_is_timms_default(toy_store: RecordStore) -> None:
    toy_store.add(models=[DEFAULT])
    question = ask(toy_store, "resnet18", "birds_1")
    assert (question.model, question.models) == (DEFAULT.id, ())
    assert question.meaning == "'resnet18' means timm's default weights, 'resnet18.a1_in1k'."
    assert ask(toy_store, "resnet18.a1_in1k", "birds_1").meaning is None


def test_the_only_weights_that_were_measured_there_are_meant(toy_store: RecordStore) -> None:
    toy_store.add(models=[DEFAULT])
    _add_runs(toy_store, "birds_1", VISION, OWN, UPLOAD)
    question = ask(toy_store, "resnet18", "birds")
    assert (question.model, question.models) == (VISION.id, ())
    assert question.meaning == (
        "This is about 'torchvision/resnet18.IMAGENET1K_V1', the weights of that name that were measured there. "
        "timm loads others by that name: for those, give 'resnet18.a1_in1k'."
    )
    assert ask(toy_store, "resnet18", "birds_2").model == DEFAULT.id  # nothing was measured there
    assert ask(toy_store, "resnet18", "birds_1", "finetune").model == DEFAULT.id
    for name in ("resnet18.a1_in1k", "timm/resnet18.a1_in1k", "hf_hub:timm/resnet18.a1_in1k"):
        assert ask(toy_store, name, "birds_1").model == DEFAULT.id


def test_the_default_is_meant_where_it_was_measured_or_several_others_were(toy_store: RecordStore) -> None:
    toy_store.add(models=[DEFAULT])
    _add_runs(toy_store, "birds_1", VISION, OLDER)
    assert ask(toy_store, "resnet18", "birds_1").model == DEFAULT.id
    _add_runs(toy_store, "birds_2", VISION, DEFAULT)
    assert ask(toy_store, "resnet18", "birds_2").model == DEFAULT.id


def test_own_weights_are_none_of_the_published_ones(toy_store: RecordStore) -> None:
    toy_store.add(models=[DEFAULT])
    _add_runs(toy_store, "birds_1", OWN)
    assert ask(toy_store, "resnet18", "birds_1").model == DEFAULT.id
    assert toy_store.measured(DEFAULT.id, ["birds_1"], Protocol.HEAD) == {}
    assert ask(toy_store, OWN.id, "birds_1").model == OWN.id


# -- what is asked --------------------------------------------------------------------------------


def test_protocol_and_metric_are_those_of_most_records(toy_store: RecordStore) -> None:
    runs = [
        Run(source="t", model="vit", dataset="pets", protocol=protocol, metric=metric, value=0.5, seed=seed)
        for protocol, metric, count in (
            (Protocol.HEAD, Metric.MIOU, 5),
            (Protocol.ZERO_SHOT, Metric.F1, 4),
            (Protocol.HEAD, Metric.TOP1, 1),
        )
        for seed in range(count)
    ]
    toy_store.add(runs=runs)
    assert choose_kind(toy_store, ["pets"]) == (Protocol.HEAD, Metric.MIOU)
    assert choose_kind(toy_store, ["pets"], Protocol.FINETUNE) == (Protocol.FINETUNE, Metric.TOP1)
    assert choose_kind(toy_store, ["pets"], Protocol.ZERO_SHOT) == (Protocol.ZERO_SHOT, Metric.F1)
    assert choose_kind(toy_store, ["pets"], metric=Metric.TOP1) == (Protocol.FINETUNE, Metric.TOP1)
    assert choose_kind(toy_store, ["pets"], Protocol.NATIVE) == (Protocol.NATIVE, Metric.MIOU)
    assert choose_kind(toy_store, ["birds_2"]) == (Protocol.HEAD, Metric.TOP1)
    assert choose_kind(toy_store, ["birds_2"], metric=Metric.F1) == (Protocol.HEAD, Metric.F1)


def test_nobody_is_asked_about_what_the_model_cannot_do_unless_it_was_measured(toy_store: RecordStore) -> None:
    def run(model: str, protocol: Protocol, seed: int = 0) -> Run:
        return Run(source="t", model=model, dataset="birds_2", protocol=protocol, value=0.5, seed=seed)

    reader = ModelCard(id="clip", source="t", objective=Objective.IMAGE_TEXT)
    toy_store.add(models=[reader], runs=[run("clip", Protocol.ZERO_SHOT, seed) for seed in range(9)])
    assert ask(toy_store, "vit", "birds_2").protocol is Protocol.ZERO_SHOT  # there is nothing else
    toy_store.add(runs=[run("resnet", Protocol.PROBE)])
    assert ask(toy_store, "vit", "birds_2").protocol is Protocol.PROBE
    assert ask(toy_store, "vit", "birds_2", Protocol.ZERO_SHOT).protocol is Protocol.ZERO_SHOT
    assert ask(toy_store, "clip", "birds_2").protocol is Protocol.ZERO_SHOT
    assert ask(toy_store, None, "birds_2").protocol is Protocol.ZERO_SHOT
    toy_store.add(runs=[run("vit", Protocol.ZERO_SHOT)])
    assert ask(toy_store, "vit", "birds_2").protocol is Protocol.ZERO_SHOT


def test_a_dataset_that_is_only_measured_natively_is_asked_about_natively(toy_store: RecordStore) -> None:
    toy_store.add(
        datasets=[DatasetCard(id="imagenet", source="t")],
        runs=[Run(source="t", model="vit", dataset="imagenet", protocol=Protocol.NATIVE, value=0.8)],
    )
    assert ask(toy_store, "vit", "imagenet").protocol is Protocol.NATIVE


def test_the_question_has_the_modality_of_its_dataset(toy_store: RecordStore) -> None:
    toy_store.add(
        models=[ModelCard(id="bert", source="t", modalities=("text",))],
        datasets=[
            DatasetCard(id="reviews", source="t", modality="text", family="mixed"),
            DatasetCard(id="posters", source="t", family="mixed"),
        ],
    )
    assert ask(toy_store, "bert", "reviews").modality == "text"
    assert ask(toy_store, None, "pets").modality == "image"
    with pytest.raises(ZoographError, match=r"'mixed' must be of one modality \(got image, text\)"):
        ask(toy_store, None, "mixed")


def test_class_names_that_an_encoder_of_english_cannot_read_are_said(toy_store: RecordStore) -> None:
    def warnings_of(*labels: str) -> list[str]:
        warnings: list[str] = []
        card = DatasetCard(id="trees", source="own", labels=labels, num_classes=len(labels) or None)
        ask(toy_store, "vit", card, warn=warnings.append)
        return warnings

    assert warnings_of() == warnings_of("oak", "beech", "дуб") == []
    assert warnings_of("дуб", "бук", "oak") == [
        "2 of 3 class names, such as 'дуб', say nothing to the text encoder, which reads English. Classes with English "
        "names make a surer answer."
    ]


def test_a_card_file_is_a_dataset_without_images(toy_store: RecordStore, tmp_path: Path) -> None:
    path = tmp_path / "trees.yaml"
    path.write_text("labels: [oak, beech]\nnum_samples: 100")
    question, warnings = _ask(toy_store, str(path), "photo")
    (card,) = question.datasets
    assert (question.dataset, question.tasks, card.domain, card.num_classes) == ("trees", ("trees",), "photo", 2)
    assert (question.protocol, warnings) == (Protocol.HEAD, [])
    path.write_text("modality: text")
    with pytest.raises(ZoographError, match=r"must read texts to be asked about"):
        _ask(toy_store, str(path))
    path.write_text("id: pets")
    with pytest.raises(ZoographError, match=r"must not have the id of a known dataset \(got 'pets'\)"):
        _ask(toy_store, str(path))
    path.write_text("domain: sketch")
    with pytest.raises(ZoographError, match=r"says the domain 'sketch' \(got --domain photo\)"):
        _ask(toy_store, str(path), "photo")
    with pytest.raises(ZoographError, match=r"'gone\.json' cannot be read"):
        _ask(toy_store, "gone.json")


def test_a_folder_that_is_called_like_a_card_is_a_folder(toy_store: RecordStore, tmp_path: Path) -> None:
    make_folder(tmp_path / "photos.json", "cat/a.png", "dog/b.png")
    assert _ask(toy_store, str(tmp_path / "photos.json"))[0].datasets[0].labels == ("cat", "dog")


def test_a_card_of_texts_is_asked_for_what_texts_are_measured_in(toy_store: RecordStore, tmp_path: Path) -> None:
    (tmp_path / "mails.yaml").write_text("modality: text")
    reader = ModelCard(id="bert", source="t", modalities=("text",))
    reviews = DatasetCard(id="reviews", source="t", modality="text")
    run = Run(source="t", model="bert", dataset="reviews", protocol=Protocol.PROBE, metric=Metric.F1, value=0.9)
    toy_store.add(models=[reader], datasets=[reviews], runs=[run])
    question = ask(toy_store, "bert", str(tmp_path / "mails.yaml"))
    assert (question.protocol, question.metric, question.modality) == (Protocol.PROBE, Metric.F1, "text")


def test_a_folder_of_masks_is_asked_for_what_masks_are_measured_in(toy_store: RecordStore, tmp_path: Path) -> None:
    folder = str(write_shapes(tmp_path / "shapes", 4).parent)
    with pytest.raises(ZoographError, match=r"accuracy of classes means nothing .* Ask for '--metric miou'"):
        ask(toy_store, "vit", folder)
    assert ask(toy_store, "vit", folder, metric="miou").metric is Metric.MIOU


def test_a_table_of_images_is_a_dataset_of_images(toy_store: RecordStore, tmp_path: Path) -> None:
    question, _ = _ask(toy_store, str(write_shapes(tmp_path / "shapes", 4)))
    assert (question.dataset, question.modality, question.datasets[0].labels) == ("shapes", "image", ("disc", "square"))


def test_a_domain_means_the_same_in_capitals(toy_store: RecordStore) -> None:
    card = DatasetCard(id="mine", source="me", num_classes=3, domain="PHOTO")
    question = ask(toy_store, "vit", card, domain="Photo")
    assert [each.domain for each in question.datasets] == ["photo"]
