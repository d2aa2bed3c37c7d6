"""Text that a terminal shows as it is: codes that would move its cursor or turn its writing direction are escaped."""

from __future__ import annotations

import re

# Control characters but tab and line feed; marks that turn or isolate the direction of writing; separators of lines and
# paragraphs; halves of characters, which stand for bytes of a file's name that are no UTF-8.
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def is_plain(text: str) -> bool:
    r"""Return whether a name holds nothing that a terminal would act upon, and no tab or line feed.

    >>> is_plain("Größte_猫"), is_plain("cat\x1b[2J"), is_plain("gpj.\u202ecat")
    (True, False, False)
    """
    return not (_UNSAFE.search(text) or "\n" in text or "\t" in text)


def show(text: str) -> str:
    r"""Return a text with an escape in place of whatever a terminal would act upon.

    >>> show("cat\x1b[2J"), show("gpj.\u202ecat")
    ('cat\\x1b[2J', 'gpj.\\u202ecat')
    """
    return _UNSAFE.sub(lambda found: ascii(found[0])[1:-1], text)
