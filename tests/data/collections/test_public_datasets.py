"""Public datasets: every name that the public tables use means one card, and class names are counted."""

from __future__ import annotations

import pytest

from zoograph.data.collections.public.timm_results import TEST_SETS
from zoograph.data.collections.public_datasets import (
    LEFT_OUT,
    find_public_dataset,
    index_names,
    read_public_datasets,
)
from zoograph.data.collections.tables import read_tables, shipped_zoo
from zoograph.data.errors import RawDataError, UnknownName
from zoograph.data.records.cards import DatasetCard
from zoograph.data.records.collection import Collection, merge
from zoograph.data.text.words import label_text

# The words for the kinds of images, and of texts.
_IMAGE_DOMAINS = {
    *("photo", "face", "video", "art", "sketch", "drawing", "texture", "satellite", "aerial", "microscopy"),
    *("medical", "sign", "digit", "document", "synthetic"),
}
_TEXT_DOMAINS = {"reviews", "banking", "tweets", "comments", "assistant"}

# The names as the tables spell them.
MIEB_PROBES = """Birdsnap CIFAR10 CIFAR100 Caltech101 Country211 DTD EuroSAT FER2013 FGVCAircraft Food101Classification
GTSRB Imagenet1k MNIST OxfordFlowersClassification OxfordPets PatchCamelyon RESISC45 STL10 SUN397 StanfordCars UCF101
VOC2007"""
MIEB_ZERO_SHOT = """BirdsnapZeroShot CIFAR100ZeroShot CIFAR10ZeroShot CLEVRCountZeroShot CLEVRZeroShot
Caltech101ZeroShot Country211ZeroShot DTDZeroShot EuroSATZeroShot FER2013ZeroShot FGVCAircraftZeroShot Food101ZeroShot
GTSRBZeroShot Imagenet1kZeroShot MNISTZeroShot OxfordPetsZeroShot PatchCamelyonZeroShot RESISC45ZeroShot RenderedSST2
STL10ZeroShot SUN397ZeroShot SciMMIR StanfordCarsZeroShot UCF101ZeroShot"""
MIEB_CLUSTERINGS = """CIFAR100Clustering CIFAR10Clustering ImageNet10Clustering ImageNetDog15Clustering
TinyImageNetClustering"""
OPENCLIP = """Average perf. on 38 datasets|ImageNet 1k|Caltech-101|CIFAR-10|CIFAR-100|CLEVR Counts|CLEVR Distance|
Country211|Describable Textures|EuroSAT|FGVC Aircraft|Food-101|GTSRB|ImageNet Sketch|ImageNet v2|ImageNet-A|ImageNet-O|
ImageNet-R|KITTI Vehicle Distance|MNIST|ObjectNet|Oxford Flowers-102|Oxford-IIIT Pet|Pascal VOC 2007|PatchCamelyon|
Rendered SST2|RESISC45|Stanford Cars|STL-10|SUN397|SVHN|Flickr|MSCOCO|WinoGAViL|iWildCam|Camelyon17|FMoW|Dollar Street|
GeoDE"""
CLIP_BENCHMARK = """imagenet1k imagenet1k-unverified imagenetv2 imagenet-r imagenet_sketch objectnet imagenet-a
imagenet-o cifar100 mnist cars fer2013 renderedsst2 voc2007_multilabel voc2007 sun397 fgvc_aircraft country211 gtsrb
stl10 vtab/cifar10 vtab/cifar100 vtab/flowers vtab/svhn vtab_svhn vtab/pets vtab/caltech101 vtab/dtd vtab/eurosat
vtab/diabetic_retinopathy vtab/resisc45 vtab/pcam vtab/clevr_count_all vtab/clevr_closest_object_distance
vtab/dsprites_label_orientation vtab/dsprites_label_x_position vtab/dsprites_label_y_position
vtab/smallnorb_label_elevation vtab/smallnorb_label_azimuth vtab/dmlab vtab/kitti_closest_vehicle_distance
mscoco_captions flickr8k flickr30k"""
TRANSFERGRAPH = """caltech101 cifar100 diabetic_retinopathy_detection dtd eurosat flowers food101 kitti pets
smallnorb_label_azimuth smallnorb_label_elevation stanfordcars svhn FastJobs/Visual_Emotional_Analysis Matthijs/snacks
age-prediction beans cats_vs_dogs chest_xray_classification cifar10 hfpics imagenet imagenet-21k
keremberke/pokemon-classification poolrf2001/facemask poolrf2001/mask"""
MTEB = """AmazonCounterfactualClassification AmazonPolarityClassification AmazonReviewsClassification
Banking77Classification EmotionClassification ImdbClassification MTOPDomainClassification MTOPIntentClassification
MassiveIntentClassification MassiveScenarioClassification ToxicConversationsClassification
TweetSentimentExtractionClassification"""
TIMM = """imagenet imagenet-real imagenetv2-matched-frequency imagenet-a imagenet-a-clean imagenet-r imagenet-r-clean
imagenet-sketch"""
NAMES = sorted(
    {
        *" ".join((MIEB_PROBES, MIEB_ZERO_SHOT, MIEB_CLUSTERINGS, CLIP_BENCHMARK, TRANSFERGRAPH, MTEB, TIMM)).split(),
        *OPENCLIP.replace("\n", "").split("|"),
    }
)

# Datasets whose classes the table does not name: too many of them, or no list that could be checked.
WITHOUT_LABELS = {
    *("imagenet-21k", "birdsnap", "keremberke/pokemon-classification"),
    *("imagenet-o", "iwildcam", "dollarstreet", "geode", "FastJobs/Visual_Emotional_Analysis", "poolrf2001/facemask"),
    *("dsprites_label_orientation", "dsprites_label_x_position", "dsprites_label_y_position", "age-prediction"),
}


@pytest.fixture(scope="module")
def cards() -> dict[str, DatasetCard]:
    return {card.id: card for card in read_public_datasets()}


@pytest.mark.parametrize("name", NAMES)
def test_every_name_of_every_table_means_one_dataset_or_is_left_out(name: str, cards: dict[str, DatasetCard]) -> None:
    if name in LEFT_OUT:
        with pytest.raises(UnknownName, match="left out"):
            find_public_dataset(name)
    else:
        card = cards[find_public_dataset(name)]
        assert name in (card.id, *card.aliases) or name.casefold() == card.id
    assert len(NAMES) > 130


def test_what_is_left_out_is_named_by_a_table() -> None:
    assert set(LEFT_OUT) <= set(NAMES)
    assert len(LEFT_OUT) == 15


@pytest.mark.parametrize(
    ("names", "known"),
    [
        (("CIFAR10", "CIFAR-10", "cifar10", "vtab/cifar10", "CIFAR10ZeroShot"), "cifar10"),
        (("OxfordPets", "Oxford-IIIT Pet", "pets", "vtab/pets", "OXFORD-iiit pet"), "pets"),
        (("DTD", "Describable Textures", "vtab/dtd"), "dtd"),
        (("Pascal VOC 2007", "VOC2007", "voc2007_multilabel"), "voc2007"),
        (("CLEVRZeroShot", "CLEVR Distance"), "clevr_closest_object_distance"),
        (("CLEVRCountZeroShot", "CLEVR Counts"), "clevr_count_all"),
        (("imagenet1k-unverified", "Imagenet1k", "ImageNet 1k", "imagenet-1k"), "imagenet"),
        (("Banking77Classification", "BANKING77"), "banking77"),
    ],
)
def test_names_of_one_dataset_are_one_node(names: tuple[str, ...], known: str) -> None:
    assert {find_public_dataset(name) for name in names} == {known}


def test_an_unknown_name_gives_the_nearest() -> None:
    with pytest.raises(UnknownName, match=r"Unknown dataset 'cifar-11'\. Nearest names: cifar10"):
        find_public_dataset("cifar-11")


def test_one_name_of_two_datasets_is_refused() -> None:
    cards = (DatasetCard(id="a", source="toy", aliases=("Same",)), DatasetCard(id="b", source="toy", aliases=("same",)))
    with pytest.raises(RawDataError, match="'same' needs to mean one dataset \\(got 'a' and 'b'\\)"):
        index_names(cards)


def test_ids_are_those_that_the_zoo_already_uses(cards: dict[str, DatasetCard]) -> None:
    zoo = read_tables(shipped_zoo())
    known = {
        name: card.id
        for card in zoo.datasets
        if not {"domainnet-10x270", "pretraining-corpora"} & set(card.source.split("; "))
        for name in (card.id, *card.aliases)
        if not name.startswith("hfpics/")
    }
    assert len(known) > 20
    assert all(find_public_dataset(name) == id for name, id in known.items())


def test_cards_complete_those_of_the_shipped_zoo_without_a_contradiction(cards: dict[str, DatasetCard]) -> None:
    zoo = read_tables(shipped_zoo())
    merged = {card.id: card for card in merge((zoo, Collection(datasets=tuple(cards.values())))).datasets}
    assert merged["pets"].num_samples == 3680
    assert "Abyssinian".casefold() in merged["pets"].labels
    assert merged["pets"].splits == {"train": 3680, "test": 3669}
    assert merged["caltech101"].num_classes == len(merged["caltech101"].labels) == 101


def test_labels_are_as_many_as_there_are_classes(cards: dict[str, DatasetCard]) -> None:
    assert {card.id for card in cards.values() if not card.labels} == WITHOUT_LABELS
    for card in cards.values():
        if card.labels:
            assert len({label_text(label) for label in card.labels}) == card.num_classes, card.id


def test_test_sets_of_imagenet_have_its_labels(cards: dict[str, DatasetCard]) -> None:
    for id in ("imagenet-real", "imagenetv2", "imagenet-sketch"):
        assert cards[id].labels == cards["imagenet"].labels


def test_the_shipped_zoo_is_built_with_these_cards(cards: dict[str, DatasetCard]) -> None:
    """A card that is changed reaches no answer until the tables are built again."""
    shipped = {card.id: card for card in read_tables(shipped_zoo()).datasets}
    for card in cards.values():
        assert shipped[card.id].labels == card.labels, card.id
        assert shipped[card.id].domain == card.domain, card.id
        assert shipped[card.id].num_classes == card.num_classes, card.id


@pytest.mark.parametrize(
    ("id", "classes"),
    [
        *(("cifar10", 10), ("cifar100", 100), ("pets", 37), ("dtd", 47), ("eurosat", 10), ("flowers", 102)),
        *(("food101", 101), ("caltech101", 101), ("fgvc_aircraft", 100), ("stanfordcars", 196), ("sun397", 397)),
        *(("resisc45", 45), ("gtsrb", 43), ("stl10", 10), ("svhn", 10), ("mnist", 10), ("fer2013", 7), ("pcam", 2)),
        *(("ucf101", 101), ("country211", 211), ("fmow", 62), ("voc2007", 20), ("objectnet", 113), ("kitti", 4)),
        *(("smallnorb_label_azimuth", 18), ("smallnorb_label_elevation", 9), ("clevr_count_all", 8), ("dmlab", 6)),
        *(("imagenet", 1000), ("imagenet-a", 200), ("imagenet-r", 200), ("banking77", 77), ("massive-intent", 60)),
        *(("massive-scenario", 18), ("mtop-domain", 11), ("mtop-intent", 113), ("emotion", 6), ("imdb", 2)),
    ],
)
def test_published_numbers_of_classes(id: str, classes: int, cards: dict[str, DatasetCard]) -> None:
    assert cards[id].num_classes == len(cards[id].labels) == classes


@pytest.mark.parametrize(
    ("id", "labels"),
    [
        ("cifar100", ("apple", "aquarium fish", "worm")),
        ("pets", ("american bulldog", "sphynx", "yorkshire terrier")),
        ("sun397", ("abbey", "apartment building outdoor", "youth hostel")),
        ("ucf101", ("apply eye makeup", "yo yo")),
        ("gtsrb", ("speed limit 30 kph", "end of speed limit 80 kph", "yield")),
        ("country211", ("Andorra", "Zimbabwe")),
        ("imagenet", ("tench", "crane (bird)", "crane (machine)", "toilet tissue")),
        ("clevr_count_all", ("three objects", "ten objects")),
        ("smallnorb_label_elevation", ("elevation 30 degrees", "elevation 70 degrees")),
        ("banking77", ("card arrival", "reverted card payment", "country support")),
        ("mtop-intent", ("get weather", "create playlist music")),
    ],
)
def test_labels_are_words(id: str, labels: tuple[str, ...], cards: dict[str, DatasetCard]) -> None:
    assert set(labels) <= set(cards[id].labels)
    assert not any("_" in label or label.isdigit() for label in cards[id].labels)


def test_imagenets_test_sets_show_classes_of_imagenet(cards: dict[str, DatasetCard]) -> None:
    classes = set(cards["imagenet"].labels)
    assert set(cards["imagenet-a"].labels) < classes
    assert set(cards["imagenet-r"].labels) < classes
    assert set(TEST_SETS) <= set(cards)


@pytest.mark.parametrize(
    ("id", "splits"),
    [
        ("cifar10", {"train": 50_000, "test": 10_000}),
        ("flowers", {"train": 1020, "validation": 1020, "test": 6149}),
        ("food101", {"train": 101 * 750, "test": 101 * 250}),
        ("gtsrb", {"train": 39_209, "test": 12_630}),
        ("sun397", {"train": 397 * 50, "test": 397 * 50}),
        ("eurosat", {"all": 27_000}),
        ("resisc45", {"all": 45 * 700}),
        ("country211", {"train": 211 * 150, "validation": 211 * 50, "test": 211 * 100}),
        ("banking77", {"train": 10_003, "test": 3_080}),
    ],
)
def test_splits_are_those_of_the_authors(id: str, splits: dict[str, int], cards: dict[str, DatasetCard]) -> None:
    assert cards[id].splits == splits


def test_texts_have_their_own_fields_and_images_have_none_of_them(cards: dict[str, DatasetCard]) -> None:
    texts = {card.id: card for card in cards.values() if card.modality == "text"}
    assert len(texts) == len(MTEB.split()) == 12
    assert all(card.languages == ("en",) and card.text_length and card.splits for card in texts.values())
    assert texts["banking77"].text_length == 54.2
    assert not any(card.text_length or card.languages for card in cards.values() if card.id not in texts)
    assert {card.domain for card in texts.values()} == _TEXT_DOMAINS
    assert {card.domain for card in cards.values() if card.id not in texts} == _IMAGE_DOMAINS


def test_every_card_is_cited(cards: dict[str, DatasetCard]) -> None:
    citations = (shipped_zoo() / "CITATIONS.md").read_text(encoding="utf-8")
    section = citations.split("## `public-datasets`")[1].split("\n## ")[0]
    assert {card.source for card in cards.values()} == {"public-datasets"}
    assert [card.id for card in cards.values() if f"`{card.id}`" not in section] == []
