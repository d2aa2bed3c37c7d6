"""Identity of datasets on the disk: told by content, wherever they lie and whatever they are called."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from zoograph.data.records.naming.names import NameIndex

CONTENT = "content:"
"""Before a digest: an alias of a dataset, by which its samples are known again."""
LONGEST_NAME = 300


def is_local(alias: str) -> bool:
    """Return whether an alias says where a dataset lies on this machine, or what is in it: nothing for others."""
    return alias.startswith(CONTENT) or Path(alias).is_absolute()


@dataclass(frozen=True)
class LocalIdentity:
    """What the store calls a folder or a file, or would call it.

    Attributes:
        id: of the dataset.
        known: whether the store has it.
        aliases: what else it is to be called: what it is called already, its path and its content.
    """

    id: str
    known: bool
    aliases: tuple[str, ...]


def identify(names: NameIndex, place: Path, name: str, digest: str) -> LocalIdentity:
    """Return which dataset of a store a folder or file is; a new one is called ``name`` if that is free.

    The same content at another path is the same dataset. So is one whose samples were changed in its place, as
    long as its classes are the same; otherwise other content is another dataset. A store of an older zoograph knew
    folders by their paths alone: there the path decides until the folder is measured again.

    Args:
        names: of the store.
        place: exists.
        name: what a new dataset would like to be called; else it is called by its path, or by name and content.
        digest: of its classes, a dash, and that of its content.
    """
    path, content = str(place.resolve()), CONTENT + digest
    classes = content.partition("-")[0]
    others = {
        id
        for alias, ids in names.datasets.items()
        if alias.startswith(CONTENT) and alias.partition("-")[0] != classes
        for id in ids
    }
    by_path = [id for id in names.datasets.get(path, ()) if id not in others]
    known = next(iter([*names.datasets.get(content, ()), *by_path]), None)
    wanted = [name, *([path] if len(path) <= LONGEST_NAME else [])]
    free = [id for id in wanted if id not in names.datasets and id not in names.families]
    id = known or next(iter(free), f"{name}-{digest[-8:]}")
    old = [alias for alias, ids in names.datasets.items() if known in ids]
    aliases = dict.fromkeys(alias for alias in (*old, path, content) if alias != id and len(alias) <= LONGEST_NAME)
    return LocalIdentity(id, known is not None, tuple(aliases))
