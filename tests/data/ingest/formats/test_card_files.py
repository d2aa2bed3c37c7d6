"""Card files: a dataset that is written down, in YAML or JSON, and what is wrong with one in a sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from zoograph.data.errors import RawDataError
from zoograph.data.ingest.formats.card_files import read_dataset_card

CARD = """\
id: my_photos
modality: image
domain: photo
labels: [oak, beech, 'no']
num_samples: 600
samples_per_class: 200
"""


def _write(folder: Path, text: str, name: str = "photos.yaml") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def test_labels_say_the_number_of_classes(tmp_path: Path) -> None:
    card = read_dataset_card(_write(tmp_path, CARD))
    assert (card.id, card.domain, card.labels, card.num_classes) == ("my_photos", "photo", ("oak", "beech", "no"), 3)
    assert (card.num_samples, card.samples_per_class, card.source) == (600, 200.0, "card file")


def test_json_says_the_same_and_the_file_names_it(tmp_path: Path) -> None:
    fields: dict[str, Any] = {"num_classes": 12, "labels": None, "source": "mine", "modality": "text"}
    card = read_dataset_card(_write(tmp_path, "\ufeff" + json.dumps(fields), "mails.JSON"))
    assert (card.id, card.num_classes, card.modality, card.source) == ("mails", 12, "text", "card file")


def test_samples_a_class_are_those_there_are_where_the_card_does_not_say(tmp_path: Path) -> None:
    """Ten samples of ten classes were answered for as if nobody had said how few there are of each."""
    assert read_dataset_card(_write(tmp_path, "{num_classes: 10, num_samples: 15}")).samples_per_class == 1.5
    assert read_dataset_card(_write(tmp_path, "{num_classes: 10}")).samples_per_class is None


def test_numbers_are_labels_too(tmp_path: Path) -> None:
    assert read_dataset_card(_write(tmp_path, "labels: [0, 1, 2]")).labels == ("0", "1", "2")


def test_images_of_each_class_may_be_rounded(tmp_path: Path) -> None:
    assert read_dataset_card(_write(tmp_path, "{num_classes: 16, num_samples: 158, samples_per_class: 10}"))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("num_classes: 4\nlabels: [a, b]", "'num_classes' is 4, and 2 'labels' are given"),
        ("num_classes: 40\nnum_samples: 30", "'num_samples' is 30, fewer than the 40 classes"),
        (
            "num_classes: 10\nsamples_per_class: 100\nnum_samples: 600",
            "100 'samples_per_class' of 10 classes are 1,000, more than the 600 of 'num_samples'",
        ),
        ("num_samples: 50\nsplits: {train: 30, test: 10}", "'num_samples' is 50, and the 'splits' have 40 together"),
        ("num_classes: 1", r"must be of two classes or more \(got 1\)"),
        ("num_classes: 2\nnum_classes: 3", "'num_classes' twice"),
        ("labels: [Cat, cat]", r"got 'Cat' and 'cat'"),
        ("labels: [cat, cat]", r"must be valid: 'labels' must be distinct \(got cat more than once\)\. Correct"),
        ("labels: [yes, no]", "put it in quotes"),
        ("labels: cat, dog", r"must have a list as 'labels' \(got the words 'cat, dog'\)"),
        ("num_classes: -3", "must be valid in 'num_classes'"),
        ("num_classes: .nan", "must be valid in 'num_classes'"),
        ("classes: 3", r"must have no other fields than id, .* \(got classes\)"),
        ("- a\n- b", r"must hold fields with values, such as 'num_classes: 12' \(got a list\)"),
        ("", "got an empty file"),
        ("a: [", "must be YAML"),
        ("!!python/object:os.system {}", "must be YAML"),
    ],
)
def test_what_is_wrong_is_one_sentence(text: str, fault: str, tmp_path: Path) -> None:
    path = _write(tmp_path, text)
    with pytest.raises(RawDataError, match=fault) as raised:
        read_dataset_card(path)
    assert str(raised.value).startswith(f"The dataset card '{path}' ")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("text", ['{"num_classes": 2, "num_classes": 3}', "{", '["a"]', "[" * 100_000])
def test_bad_json_is_named(text: str, tmp_path: Path) -> None:
    with pytest.raises(RawDataError, match=r"card\.json' must"):
        read_dataset_card(_write(tmp_path, text, "card.json"))


def test_a_missing_card_is_named(tmp_path: Path) -> None:
    with pytest.raises(RawDataError, match=r"nowhere\.yaml' cannot be read \(No such file or directory\)\. Check"):
        read_dataset_card(tmp_path / "nowhere.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"domain: caf\xe9")
    with pytest.raises(RawDataError, match="must be YAML"):
        read_dataset_card(tmp_path / "latin.yaml")
