from __future__ import annotations

import subprocess
import sys

import pytest

from zoograph.data.records.cards import DatasetCard, ModelCard
from zoograph.data.text.words import label_text, name_text, readable, says_nothing, zoo_texts


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("flying_saucer", "flying saucer"),
        ("vit-base-patch16-224", "vit base patch16 224"),
        ("resnet50.a1_in1k", "resnet50 a1 in1k"),
        ("model-v1.5", "model v1.5"),
        ("  two   spaces\t", "two spaces"),
        ("user/data set", "user data set"),
        ("...", "..."),
        ("", ""),
    ],
)
def test_readable(name: str, expected: str) -> None:
    assert readable(name) == expected


@pytest.mark.parametrize("label", ["oak", "Châtaignier", "0", "class 12", "A320", "ﬁn"])
def test_a_label_with_words_or_a_short_number_says_something(label: str) -> None:
    assert not says_nothing(label)


@pytest.mark.parametrize("label", ["n01440764", "000123", "дуб", "犬", "oak 橡", "बरगद"])
def test_codes_and_other_scripts_say_nothing(label: str) -> None:
    assert says_nothing(label)


def test_name_text_leaves_the_hub_owner_out() -> None:
    assert name_text("google/vit-base-patch16-224") == "vit base patch16 224"
    assert name_text("owner/") == "owner"
    assert name_text("/") == "/"


def test_label_text_joins_spellings() -> None:
    assert {label_text(label) for label in ("Alarm_Clock", "alarm-clock", "alarm  clock")} == {"alarm clock"}


def test_zoo_texts_are_sorted_and_distinct() -> None:
    models = [
        ModelCard(id="owner/tiny-vit", source="test", family="vit"),
        ModelCard(id="tiny_vit", source="test"),
    ]
    datasets = [
        DatasetCard(id="sketch_16", source="test", domain="sketch", labels=("Cat", "flying_saucer")),
        DatasetCard(id="other", source="test", labels=("cat",)),
    ]
    assert zoo_texts(models, datasets) == [
        "cat",
        "flying saucer",
        "other",
        "sketch",
        "sketch 16",
        "tiny vit",
        "vit",
    ]


def test_imports_stay_light() -> None:
    wings = ["text.words", "text.table", "text.lookup", "text.encoders.find_encoder", "text.encoders.bert"]
    names = [*wings, "testing.hash_encoder", "images.folder", "networks.timm_cards"]
    code = "import sys; " + "; ".join(f"import zoograph.data.{name}" for name in names)
    heavy = "{'torch', 'torchvision', 'transformers', 'timm', 'pandas', 'huggingface_hub', 'PIL'}"
    ran = subprocess.run(
        [sys.executable, "-c", f"{code}; print(sorted({heavy} & set(sys.modules)))"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.strip() == "[]"
