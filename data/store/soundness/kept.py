"""What was read of a store and found sound, kept in a file, so that the next process reads only what came in since.

Runs that agree in model, dataset, protocol, metric, source, batch and the size of their test set are kept as one row,
so several of them take no more room than one. Batches that came, grew or went are read or dropped, and the others
stand. The file is a copy: without it, or if it is broken, the store is read.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.engine import Connection

from zoograph.data.files.atomic import replace_file
from zoograph.data.files.safetensors_header import check_safetensors
from zoograph.data.store import schema
from zoograph.data.store.rows import REMOVALS, get_meta
from zoograph.data.store.soundness.columns import Columns, in_chunks
from zoograph.data.store.soundness.reading import Cells, Damaged, stream_sound
from zoograph.data.store.soundness.run_weights import ENOUGH

RUN_WORDS = ("model", "dataset", "protocol", "metric", "source", "batch", "state")
"""What runs agree in that are one row; ``state`` is ``failed``, or says which sizes are known and, in digits, on how
many samples each run was tested, as far as it counts, see :mod:`~zoograph.data.store.soundness.run_weights`."""
RUN_SUMS = ("value", "num_runs", "test_size", "shots", "repeats")

_FORMAT = "zoograph-kept-3"
_CHUNK, _CHUNKS_AT_ONCE, _BATCHES_AT_ONCE = 20_000, 25, 500
_SMALL, _MANY = 100_000, 2_000
_OTHERS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "scores": (("model", "dataset", "name", "source", "batch"), ("value",)),
    "relations": (("dataset", "other", "name", "source", "batch"), ("value",)),
    "influences": (("label", "corpus", "dataset", "name", "source", "batch"), ("value", "standard_error")),
}
_RUN_COLUMNS = ("model", "dataset", "protocol", "metric", "source", "batch", "failure", "value", "test_size", "shots",
                "repeats")  # fmt: skip
_MOST_BYTES = 1 << 32
_log = logging.getLogger(__name__)


class Stamp(NamedTuple):
    """What a store is recognised by.

    Attributes:
        revision: its token, which changes with every write.
        removals: its token of what was changed; while this stays, whole batches have come, grown or gone.
        file: size and time of its file; empty where something waits beside it to be written there, or for a server.
    """

    revision: str
    removals: str
    file: str

    def became(self, now: Stamp) -> bool:
        """Whether a store of this stamp may have become that of a later one by batches that came, grew or went."""
        if self.removals != now.removals:
            return False
        # Where nothing came in by zoograph, and yet the file changed, something else wrote to it.
        return self.revision != now.revision or not self.file or self.file == now.file


@dataclass(frozen=True)
class Kept:
    """The sound records of a store.

    Attributes:
        stamp: of the store as it was read.
        batches: that were read; the token of each changes when more comes into it.
        tables: rows by table; those of ``runs`` are summed.
        damaged: rows that were left out.
    """

    stamp: Stamp
    batches: Mapping[str, str]
    tables: Mapping[str, Columns]
    damaged: tuple[Damaged, ...]

    @classmethod
    def empty(cls, stamp: Stamp) -> Kept:
        """Return what is kept of a store that was not read."""
        tables = {name: Columns.empty(*columns) for name, columns in _OTHERS.items()}
        return cls(stamp, {}, {"runs": Columns.empty(RUN_WORDS, RUN_SUMS), **tables}, ())

    def is_of(self, now: Stamp) -> bool:
        """Whether this is all that a store of a stamp has."""
        return self.stamp.revision == now.revision and self.stamp.became(now)

    def lacking(self) -> set[str]:
        """Return the batches of which fewer records were found than came with them."""
        found = Counter(row.batch for row in self.damaged)
        for rows in self.tables.values():
            number = np.bincount(rows.codes["batch"], rows.numbers.get("num_runs"), len(rows.words["batch"]))
            found.update(dict(zip(rows.words["batch"], number.astype(int).tolist(), strict=True)))
        return {batch for batch, token in self.batches.items() if found[batch] < int(token.partition(" ")[0])}


def read_kept(connection: Connection, path: Path | None, known: Kept | None = None) -> Kept:
    """Return the sound records of a store: what is kept in ``path``, and what came in since.

    Args:
        connection: in a transaction.
        path: of the file, which is written anew where that is worth it; None for none.
        known: what was read before, if it is still at hand.
    """
    now = stamp_of(connection)
    if known is None or not known.stamp.became(now):
        known = None if path is None else _load(path)
    if known is None or not known.stamp.became(now):
        known = Kept.empty(now._replace(revision=""))
    kept = known if known.is_of(now) else _read_since(connection, known)
    more = abs(sum(map(len, kept.tables.values())) - sum(map(len, known.tables.values())))
    small = len(kept.tables["runs"]) < _SMALL
    if path is not None and (kept is not known or kept.stamp != now) and (small or more > _MANY):
        _save(path, replace(kept, stamp=now))
    return replace(kept, stamp=now)


def stamp_of(connection: Connection) -> Stamp:
    """Return the stamp of the store that a transaction sees."""
    meta = get_meta(connection)
    return Stamp(meta.get("revision", ""), meta.get(REMOVALS, ""), _describe_file(connection))


def kept_file(home: Path, url: sa.URL) -> Path | None:
    """Return where the records of a database are kept; None for one in memory."""
    if url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:"):
        return None
    said: object = url
    if url.get_backend_name() == "sqlite":
        said = Path(unquote(str(url.database).removeprefix("file://"))).resolve()
    name = hashlib.sha256(str(said).encode()).hexdigest()[:16]
    return home / "cache" / "store" / f"{name}.safetensors"


def batch_tokens(connection: Connection) -> dict[str, str]:
    """Return a token for each batch, which changes when it grows, and when it is taken out and put in again."""
    table = schema.batches.c
    rows = connection.execute(sa.select(table.id, table.records, table.created_at))
    return {id: f"{records} {'' if moment is None else moment.isoformat()}" for id, records, moment in rows}


def changed_batches(known: Mapping[str, str], now: Mapping[str, str]) -> tuple[set[str], list[str]]:
    """Return what is to be forgotten and what to be read, by the tokens of batches at two times."""
    old = {batch for batch, token in known.items() if now.get(batch) != token}
    return old, sorted(batch for batch, token in now.items() if known.get(batch) != token)


def of_batches(
    table: sa.Table, known: Mapping[str, str], batches: Sequence[str]
) -> Iterator[list[sa.ColumnElement[bool]]]:
    """Yield conditions on the records of some batches, by which their index finds them; none if nothing is known."""
    if not known:
        yield []
        return
    for start in range(0, len(batches), _BATCHES_AT_ONCE):
        yield [table.c.batch.in_(batches[start : start + _BATCHES_AT_ONCE])]


def _describe_file(connection: Connection) -> str:
    if connection.dialect.name != "sqlite":
        return ""
    path = str(connection.exec_driver_sql("PRAGMA database_list").all()[0][2])
    try:
        waiting = Path(f"{path}-wal")
        if not path or (waiting.exists() and waiting.stat().st_size):
            return ""
        about = Path(path).stat()
        return f"{about.st_size} {about.st_mtime_ns}"
    except OSError:
        return ""


def _read_since(connection: Connection, known: Kept) -> Kept:
    """Return what is known of the batches that are as they were, and all of the others."""
    batches = batch_tokens(connection)
    old, new = changed_batches(known.batches, batches)
    damaged = [row for row in known.damaged if row.batch not in old]
    tables = {name: rows.at(~rows.among("batch", old)) if old else rows for name, rows in known.tables.items()}
    for name, (words, numbers) in {"runs": ((), ()), **_OTHERS}.items():
        table = schema.metadata.tables[name]
        columns = _RUN_COLUMNS if name == "runs" else (*words, *numbers)
        for some in of_batches(table, known.batches, new):
            rows = stream_sound(connection, table, columns, damaged, *some, in_order=False)
            tables[name] = (_add_runs if name == "runs" else _add_rows)(tables[name], rows)
    kept = Kept(known.stamp, batches, tables, tuple(damaged))
    if known.batches and not kept.lacking().isdisjoint(new):
        return _read_since(connection, Kept.empty(known.stamp))  # without an index, which may have lost entries
    return kept


def _add_rows(columns: Columns, rows: Iterator[Cells]) -> Columns:
    return columns.extended(in_chunks(rows, _CHUNK))


def _add_runs(runs: Columns, rows: Iterator[Cells]) -> Columns:
    chunks = in_chunks((_run_cells(cells) for cells in rows), _CHUNK)
    while part := list(islice(chunks, _CHUNKS_AT_ONCE)):
        runs = runs.extended(part).summed()
    return runs


def _run_cells(cells: Cells) -> Cells:
    """Return the words and numbers of one run, as ``RUN_WORDS`` and ``RUN_SUMS`` name them."""
    *words, failure, value, test_size, shots, repeats = cells
    state = "failed" if failure is not None else _say_sizes(test_size, shots)
    return (*words, state, value, 1, test_size or 0, shots or 0, repeats or 1)


def _say_sizes(test_size: int | None, shots: int | None) -> str:
    tested = "" if test_size is None else f"t{min(test_size, ENOUGH)}"
    return f"{tested}{'s' * (shots is not None)}"


def _save(path: Path, kept: Kept) -> None:
    """Write the file in one step; where it cannot be written, the store is read the next time."""
    from safetensors.numpy import save

    arrays: dict[str, NDArray[Any]] = {
        f"{table}.{name}": part
        for table, columns in kept.tables.items()
        for name, part in columns.arrays()
        if len(part)
    }
    about: dict[str, Any] = {
        "format": _FORMAT,
        "stamp": kept.stamp._asdict(),
        "batches": dict(kept.batches),
        "words": {table: {name: list(words) for name, words in columns.words.items()}
                  for table, columns in kept.tables.items()},
        "damaged": [row._asdict() for row in kept.damaged],
    }  # fmt: skip
    content = {**about, "content": _digest(about, arrays)}
    raw = save(arrays, metadata={"zoograph": json.dumps(content, sort_keys=True)})
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, raw)


def _load(path: Path) -> Kept | None:
    """Return what a file holds; None if there is none, or not what was written."""
    try:
        raw = path.read_bytes()
    except OSError:
        return None
    try:
        return _parse(raw)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        _log.info("'%s' is written anew, because it is not what was written: %s", path, error)
        return None


def _parse(raw: bytes) -> Kept:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    check_safetensors(raw, most_entries=64, most_header_bytes=_MOST_BYTES)
    try:
        arrays = load(raw)
    except SafetensorError as error:
        raise ValueError(str(error)) from error
    header = json.loads(raw[8 : 8 + int.from_bytes(raw[:8], "little")])
    about = json.loads(header["__metadata__"]["zoograph"])
    content = about.pop("content")
    if about["format"] != _FORMAT or content != _digest(about, arrays):
        raise ValueError("the content does not agree with its hash")
    kept = Kept.empty(Stamp(**about["stamp"]))
    tables = {
        table: Columns(
            {name: tuple(about["words"][table][name]) for name in columns.words},
            {name: arrays.get(f"{table}.{name}", part) for name, part in columns.codes.items()},
            {name: arrays.get(f"{table}.{name}", part) for name, part in columns.numbers.items()},
        )
        for table, columns in kept.tables.items()
    }
    return Kept(kept.stamp, about["batches"], tables, tuple(Damaged(**row) for row in about["damaged"]))


def _digest(about: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> str:
    digest = hashlib.sha256(json.dumps(about, sort_keys=True).encode())
    for name in sorted(arrays):
        digest.update(np.ascontiguousarray(arrays[name]).data)
    return digest.hexdigest()
