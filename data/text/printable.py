"""Text that a terminal shows as it is: codes that move its cursor, turn its writing or show nothing are escaped."""

from __future__ import annotations

import re
import unicodedata

# Control characters but tab and line feed; marks that turn or isolate the direction of writing; separators of lines and
# paragraphs; signs that nobody sees, but the two joiners, which some scripts are written with; halves of characters,
# which stand for bytes of a file's name that are no UTF-8.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
_JOINERS = re.compile("[\u200c\u200d]")


def is_plain(text: str) -> bool:
    r"""Return whether a name holds nothing that a terminal acts upon or does not show, and no tab or line feed.

    >>> is_plain("Größte_猫"), is_plain("cat\x1b[2J"), is_plain("gpj.\u202ecat")
    (True, False, False)
    """
    return not (_UNSAFE.search(text) or "\n" in text or "\t" in text)


def as_seen(name: str) -> str:
    r"""Return what two names that nobody can tell apart have in common.

    >>> as_seen("cat\u200d") == as_seen("cat"), as_seen("u\u0308") == as_seen("\xfc")
    (True, True)
    """
    return unicodedata.normalize("NFC", _JOINERS.sub("", name))


def show(text: str) -> str:
    r"""Return a text with an escape in place of whatever a terminal acts upon or does not show.

    >>> show("cat\x1b[2J"), show("gpj.\u202ecat")
    ('cat\\x1b[2J', 'gpj.\\u202ecat')
    """
    return _UNSAFE.sub(lambda found: ascii(found[0])[1:-1], text)
