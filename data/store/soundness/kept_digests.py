"""Digests of batches, kept in a file: of a large store only what came in since is read for them."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from zoograph.data.files.facts import load_facts, save_facts
from zoograph.data.records.records import Metric
from zoograph.data.store import schema
from zoograph.data.store.selection import modality_of
from zoograph.data.store.soundness.kept import Stamp, batch_tokens, changed_batches, of_batches, stamp_of
from zoograph.data.store.state import digest_batches


def read_digests(connection: Connection, path: Path | None, metric: Metric, modality: str | None) -> dict[str, str]:
    """Return what :func:`zoograph.data.store.state.digest_batches` does.

    Args:
        connection: in a transaction.
        path: of the file, which is written anew if something came in; None for none.
        metric: of the runs.
        modality: of their datasets; None for any.
    """
    now, kinds = stamp_of(connection), modalities(connection)
    facts = _load(path)
    key = f"{metric.value} {'' if modality is None else modality}"
    known = facts.get(key)
    if known is None or not Stamp(*known["stamp"]).became(now) or not kinds.items() >= known["modalities"].items():
        known = {"stamp": ["", "", ""], "batches": {}, "digests": {}}
    if known["stamp"][0] == now.revision and now.revision:
        return dict(known["digests"])
    batches = batch_tokens(connection)
    old, new = changed_batches(known["batches"], batches)
    digests = {batch: digest for batch, digest in known["digests"].items() if batch not in old}
    for some in of_batches(schema.runs, known["batches"], new):
        digests |= digest_batches(connection, metric, modality, *some)
    facts[key] = {"stamp": list(now), "batches": batches, "modalities": kinds, "digests": digests}
    if path is not None:
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            save_facts(path, facts)
    return dict(digests)


def modalities(connection: Connection) -> dict[str, str]:
    """Return the modality of each dataset, by id."""
    cards = schema.datasets.c
    return {id: str(kind) for id, kind in connection.execute(sa.select(cards.id, modality_of(cards.card)))}


def _load(path: Path | None) -> dict[str, Any]:
    try:
        facts = {} if path is None else load_facts(path)
        for known in facts.values():
            Stamp(*known["stamp"]), dict(known["batches"]), dict(known["modalities"]), dict(known["digests"])
        return dict(facts)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}
