"""Sources of records: where a run came from, and which sources are one collection."""

from __future__ import annotations

import re

MEASURED = "measured by zoograph"
"""The collection of all runs that zoograph itself measured, each of which has a source of its own."""
_OWN = re.compile(r"zoograph \S+, weights [0-9a-f]+, ")


def own_source(version: str, weights: str, samples: str) -> str:
    """Return the source of a record of zoograph's own: what was run, and the content that it was run on.

    >>> own_source("0.1.0", "31798e29af8e", "images 47084eae92b4")
    'zoograph 0.1.0, weights 31798e29af8e, images 47084eae92b4'
    """
    return f"zoograph {version}, weights {weights}, {samples}"


def collection_of(source: str) -> str:
    """Return the collection that a source belongs to: what was measured by zoograph is one, any other is itself.

    >>> collection_of("zoograph 0.1.0, weights 31798e29af8e, images 47084eae92b4"), collection_of("mieb")
    ('measured by zoograph', 'mieb')
    """
    return MEASURED if _OWN.match(source) else source
