"""Results that are kept in files: computed once, read from then on, and computed again where a file is damaged."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoograph.data.files.facts import load_facts, save_facts

if TYPE_CHECKING:
    from torch import Tensor

Facts = dict[str, Any]
_log = logging.getLogger(__name__)


def keep_facts(path: Path, compute: Callable[[], Facts]) -> Facts:
    """Return what a JSON file holds; compute it and write the file first if there is none, or a damaged one.

    Work that is made of such files goes on where it was stopped: each is whole or not there.

    Args:
        path: of the file; its folder is made.
        compute: returns what JSON can hold.

    Raises:
        OSError: if the file cannot be read or written.
    """
    try:
        held: Facts = load_facts(path)
        return held
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
    except ValueError as error:
        _warn(path, error)
    facts = compute()
    save_facts(path, facts)
    return facts


def keep_tensors(
    path: Path, compute: Callable[[], tuple[Mapping[str, Tensor], Mapping[str, Any]]]
) -> tuple[dict[str, Tensor], Facts]:
    """Return the tensors and the description of a file, as :func:`keep_facts` does it.

    Args:
        path: of a file of :mod:`zoograph.data.files.tensors`; its folder is made.
        compute: returns tensors, and what JSON can hold. If they cannot be kept, that is warned of.

    Raises:
        OSError: if the file cannot be read.
    """
    from zoograph.data.files.tensors import load_tensors, save_tensors

    try:
        return load_tensors(path)
    except FileNotFoundError:
        pass
    except ValueError as error:
        _warn(path, error)
    tensors, about = compute()
    try:
        save_tensors(path, tensors, about)
    except OSError as error:
        _log.warning("'%s' cannot be kept (%s), and is computed again the next time.", path, error.strerror or error)
    return dict(tensors), dict(about)


def _warn(path: Path, error: Exception) -> None:
    _log.warning("The file '%s' is damaged and computed again: %s.", path, error)
