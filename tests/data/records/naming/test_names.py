"""Names: an id means itself, an alias may be shared, and a near miss is told what is near."""

from __future__ import annotations

import pytest

from zoograph.data.errors import AmbiguousName, UnknownName
from zoograph.data.records.naming.names import NameIndex, index_names
from zoograph.data.store.store import RecordStore

ROWS = [
    ("dataset", "birds_1", "birds_1"),
    ("dataset", "birds_2", "birds_2"),
    ("dataset", "Pets", "Pets"),
    ("dataset", "animals", "Pets"),
    ("dataset", "mixed", "birds_1"),
    ("dataset", "mixed", "Pets"),
    ("family", "birds", "birds_1"),
    ("family", "birds", "birds_2"),
    ("family", "Pets", "birds_1"),
    ("model", "net", "net"),
    ("model", "net", "owner/net"),
    ("model", "owner/net", "owner/net"),
    ("model", "puppers", "a/puppers"),
    ("model", "puppers", "b/puppers"),
    ("model", "a/puppers", "a/puppers"),
    ("model", "b/puppers", "b/puppers"),
]


@pytest.fixture
def names() -> NameIndex:
    return index_names(ROWS)


def test_an_id_beats_the_alias_of_another(names: NameIndex) -> None:
    assert names.resolve_model("net") == "net"
    assert names.resolve_model("owner/net") == "owner/net"


def test_a_shared_alias_lists_every_candidate(names: NameIndex) -> None:
    with pytest.raises(AmbiguousName, match=r"'puppers' is ambiguous. Say which: a/puppers, b/puppers\."):
        names.resolve_model("puppers")
    with pytest.raises(AmbiguousName, match=r"dataset name 'mixed' is ambiguous. Say which: birds_1, Pets\."):
        names.resolve_datasets("mixed")


def test_case_matters_only_if_it_must(names: NameIndex) -> None:
    assert names.resolve_model("Owner/NET") == "owner/net"
    assert names.resolve_datasets("ANIMALS") == ("Pets",)
    assert names.resolve_datasets("Birds") == ("birds_1", "birds_2")
    with pytest.raises(AmbiguousName, match="a/puppers, b/puppers"):
        names.resolve_model("Puppers")


def test_a_family_stands_for_its_members_in_order(names: NameIndex) -> None:
    assert names.resolve_datasets("birds") == ("birds_1", "birds_2")


def test_a_dataset_beats_a_family_of_its_name(names: NameIndex) -> None:
    assert names.resolve_datasets("Pets") == ("Pets",)


def test_an_unknown_name_lists_the_nearest_in_any_case(names: NameIndex) -> None:
    with pytest.raises(UnknownName, match=r"Unknown dataset 'PET'. Nearest names: Pets, ") as caught:
        names.resolve_datasets("PET")
    assert len(caught.value.nearest) == 5
    assert str(caught.value).endswith(
        "A folder of images or texts, one sub-folder a class, or a table of texts can be given too."
    )


def test_more_names_are_asked_for_only_if_needed(names: NameIndex) -> None:
    def more() -> list[str]:
        return ["nets", "nett"]

    def never() -> list[str]:
        raise AssertionError("not needed")

    assert names.resolve_model("net", never) == "net"
    with pytest.raises(UnknownName, match=r"Unknown model 'netz'. Nearest names: net.*, nets") as caught:
        names.resolve_model("netz", more)
    assert {"net", "nets", "nett"} <= set(caught.value.nearest)


def test_nothing_known_gives_no_nearest_names() -> None:
    with pytest.raises(UnknownName, match=r"^Unknown model 'net'\.$"):
        index_names([]).resolve_model("net")


# -- the zoo that ships ---------------------------------------------------------------------------


@pytest.fixture
def shipped(shipped_home: object) -> NameIndex:
    with RecordStore.open() as store:
        return store.names()


def test_shipped_family_has_nine_members_in_order(shipped: NameIndex) -> None:
    members = shipped.resolve_datasets("clipart_32")
    assert members == tuple(f"clipart_32_{split}_{shots}" for split in "abc" for shots in (10, 30, 50))


def test_shipped_alias_is_ambiguous(shipped: NameIndex) -> None:
    with pytest.raises(AmbiguousName) as caught:
        shipped.resolve_model("rare-puppers")
    assert len(caught.value.nearest) == 8
    assert all(name.endswith("/rare-puppers") for name in caught.value.nearest)
    assert shipped.resolve_model("nateraw/rare-puppers") == "nateraw/rare-puppers"


@pytest.mark.parametrize(
    ("wrong", "right"), [("clipart_23", "clipart_32"), ("Clipart-32", "clipart_32"), ("bean", "beans")]
)
def test_shipped_near_misses_of_datasets(shipped: NameIndex, wrong: str, right: str) -> None:
    with pytest.raises(UnknownName) as caught:
        shipped.resolve_datasets(wrong)
    assert right in caught.value.nearest
    assert len(caught.value.nearest) == 5


@pytest.mark.parametrize(("wrong", "right"), [("convnext_tinny", "convnext_tiny"), ("resnet5O", "resnet50")])
def test_shipped_near_misses_of_models(shipped: NameIndex, wrong: str, right: str) -> None:
    with pytest.raises(UnknownName) as caught:
        shipped.resolve_model(wrong)
    assert right in caught.value.nearest
    assert len(caught.value.nearest) == 5


def test_the_names_of_one_model_are_all_that_can_mean_it(names: NameIndex) -> None:
    own = names.of_model("net")
    assert own == NameIndex({"net": ("net", "owner/net")}, {}, {})
    assert names.of_model("a/puppers").models == {"puppers": ("a/puppers", "b/puppers"), "a/puppers": ("a/puppers",)}
    assert names.of_model("nobody").models == {}
    assert names.of_model("owner/net").resolve_model("owner/net") == names.resolve_model("owner/net")
