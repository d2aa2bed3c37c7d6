"""All images that cannot be read are named, by kind."""

from __future__ import annotations

from zoograph.data.images.reading.unreadable import Unreadable, describe_unreadable


def test_each_kind_is_counted_and_all_are_named() -> None:
    names = {"a/1.jpg": Unreadable.EMPTY, "b/2.jpg": Unreadable.DAMAGED, "b/3.jpg": Unreadable.EMPTY}
    assert describe_unreadable(names) == (
        "2 are each an empty file: 'a/1.jpg', 'b/3.jpg'; 1 is cut short or damaged: 'b/2.jpg'"
    )


def test_of_very_many_the_rest_is_counted() -> None:
    text = describe_unreadable({f"{row}.jpg": Unreadable.EMPTY for row in range(1060)})
    assert text.startswith("1,060 are each an empty file: '0.jpg', ")
    assert text.endswith("'49.jpg' and 1,010 more")


def test_a_name_cannot_speak_to_the_terminal() -> None:
    assert describe_unreadable({"\x1b[2J.jpg": Unreadable.EMPTY}) == r"1 is an empty file: '\x1b[2J.jpg'"
