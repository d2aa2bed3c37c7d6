import re
from pathlib import Path

import pytest

from zoograph.data.images.identity import folder_digest
from zoograph.data.records.naming.names import index_names
from zoograph.data.tasks.identity import CONTENT
from zoograph.data.tasks.sources import identify_local


def make_folder(path: Path, **files: bytes) -> Path:
    """Make a folder of images; ``cat_1=b"x"`` is ``cat/1.png``."""
    for name, content in files.items():
        label, _, number = name.partition("_")
        (path / label).mkdir(parents=True, exist_ok=True)
        (path / label / f"{number}.png").write_bytes(content)
    return path


def names_of(*rows: tuple[str, str]):
    return index_names(("dataset", name, target) for name, target in rows)


@pytest.fixture
def pets(tmp_path):
    return make_folder(tmp_path / "pets", cat_1=b"one", dog_1=b"two", dog_2=b"six")


def test_the_digest_is_of_the_content_alone(pets, tmp_path):
    digest = folder_digest(pets)
    assert re.fullmatch("[0-9a-f]{8}-[0-9a-f]{16}", digest)
    assert folder_digest(make_folder(tmp_path / "x" / "other", cat_1=b"one", dog_1=b"two", dog_2=b"six")) == digest


@pytest.mark.parametrize(
    "files",
    [
        {"cat_1": b"one", "dog_1": b"two"},
        {"cat_1": b"one", "dog_1": b"two", "dog_3": b"six"},
        {"cat_1": b"one", "dog_1": b"two", "cat_2": b"six"},
        {"cat_1": b"one", "dog_1": b"two", "dog_2": b"sixty"},
        {"cat_1": b"one", "dog_1": b"two", "dog_2": b"ten"},
    ],
    ids=["fewer", "name", "class", "size", "same size"],
)
def test_any_other_content_has_another_digest(pets, tmp_path, files):
    assert folder_digest(make_folder(tmp_path / "other", **files)) != folder_digest(pets)


def test_what_is_no_image_of_a_class_does_not_count(pets):
    digest = folder_digest(pets)
    (pets / "README.md").write_text("read me")
    (pets / "loose.png").write_text("x")
    (pets / "cat" / ".hidden.png").write_text("x")
    (pets / ".cache").mkdir()
    (pets / ".cache" / "a.png").write_text("x")
    assert folder_digest(pets) == digest


def test_a_folder_without_class_images_counts_all_its_files(tmp_path):
    (tmp_path / "saved" / "train").mkdir(parents=True)
    (tmp_path / "saved" / "dataset_dict.json").write_text("{}")
    before = folder_digest(tmp_path / "saved")
    (tmp_path / "saved" / "train" / "data.arrow").write_bytes(b"rows")
    assert folder_digest(tmp_path / "saved") != before


def test_large_folders_are_read_in_part_only(tmp_path, monkeypatch):
    folder = make_folder(tmp_path / "many", **{f"{'cat' if i else 'ant'}_{i:03}": b"x" for i in range(300)})
    opened = []
    whole = Path.open
    monkeypatch.setattr(Path, "open", lambda self, *how: [opened.append(self.name), whole(self, *how)][1])
    folder_digest(folder)
    assert len(opened) == 60
    assert opened[:3] == ["000.png", "005.png", "010.png"]


def test_a_new_folder_takes_its_name_if_it_is_free(pets):
    identity = identify_local(names_of(), pets, "pets")
    assert (identity.id, identity.known) == ("pets", False)
    assert identity.aliases == (str(pets), CONTENT + folder_digest(pets))


def test_a_taken_name_gives_way_to_the_path_and_a_taken_path_to_the_content(pets):
    path, digest = str(pets), folder_digest(pets)
    taken = [("pets", "pets"), (CONTENT + "00000000-0000", "pets")]
    assert identify_local(names_of(*taken), pets, "pets").id == path
    # What lay at this path before had other classes.
    identity = identify_local(names_of(*taken, (path, "pets")), pets, "pets")
    assert (identity.id, identity.known) == (f"pets-{digest[-8:]}", False)


def test_the_same_content_elsewhere_is_the_same_dataset_and_keeps_its_names(pets):
    content = CONTENT + folder_digest(pets)
    known = names_of(("animals", "animals"), ("/old/place", "animals"), (content, "animals"))
    identity = identify_local(known, pets, "pets")
    assert (identity.id, identity.known) == ("animals", True)
    assert set(identity.aliases) == {"/old/place", str(pets), content}


def test_images_that_change_in_place_are_the_same_dataset_and_other_classes_another(pets):
    first = CONTENT + folder_digest(pets)
    known = names_of(("pets", "pets"), (str(pets), "pets"), (first, "pets"))
    make_folder(pets, cat_9=b"new")
    identity = identify_local(known, pets, "pets")
    assert (identity.id, identity.known) == ("pets", True)
    assert {first, CONTENT + folder_digest(pets)} < set(identity.aliases)
    make_folder(pets, owl_1=b"new")
    assert not identify_local(known, pets, "pets").known


def test_an_older_store_knows_a_folder_by_its_path(pets):
    identity = identify_local(names_of(("animals", "animals"), (str(pets), "animals")), pets, "pets")
    assert (identity.id, identity.known) == ("animals", True)
    assert identity.aliases[-1] == CONTENT + folder_digest(pets)


def test_files_of_a_published_layout_count_however_deep_they_lie(tmp_path: Path) -> None:
    digests = set()
    for value in (0, 1):
        raw = tmp_path / str(value) / "MNIST" / "raw"
        raw.mkdir(parents=True)
        for name in ("train-images", "train-labels", "t10k-images", "t10k-labels"):
            (raw / f"{name}-idx-ubyte").write_bytes(bytes([value] * 20))
        digests.add(folder_digest(tmp_path / str(value)))
    assert len(digests) == 2
