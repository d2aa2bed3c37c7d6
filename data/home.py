"""The state folder: where the store, the predictors and the caches are kept."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import platformdirs

from zoograph.data.errors import StoreError

HOME_VARIABLE = "ZOOGRAPH_HOME"
DATABASE_VARIABLE = "ZOOGRAPH_DATABASE_URL"


def get_home() -> Path:
    """Return the state folder: ``$ZOOGRAPH_HOME``, or the platform's user data folder.

    Raises:
        StoreError: if it begins with the home of a user that nobody knows.
    """
    chosen = os.environ.get(HOME_VARIABLE)
    try:
        return Path(chosen).expanduser() if chosen else Path(platformdirs.user_data_path("zoograph"))
    except RuntimeError as error:
        raise StoreError(
            f"The state folder '{chosen}' cannot be found. {error} Set {HOME_VARIABLE} to a full path."
        ) from error


def own_files() -> list[Path]:
    """Return the files and folders of the state folder that no command writes over at a user's wish."""
    home = get_home()
    return [home / name for name in ("zoograph.db", "predictors", "cache")]


@contextmanager
def temporary_home() -> Iterator[Path]:
    """Yield a state folder that is new and empty, with a database of its own, and removed at the end."""
    before = {name: os.environ.get(name) for name in (HOME_VARIABLE, DATABASE_VARIABLE)}
    with tempfile.TemporaryDirectory() as folder:
        os.environ[HOME_VARIABLE] = folder
        os.environ.pop(DATABASE_VARIABLE, None)
        try:
            yield Path(folder)
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value


def make_home() -> Path:
    """Return the state folder, made if it is not there.

    Raises:
        StoreError: if it cannot be made or written to.
    """
    home = get_home()
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"The state folder '{home}' cannot be made ({error.strerror or error}). "
            f"Set {HOME_VARIABLE} to a folder that you can write to."
        ) from error
    return home


def is_writable(folder: Path) -> bool:
    """Return whether files can be made in ``folder``."""
    try:
        require_writable(folder)
    except StoreError:
        return False
    return True


def require_writable(folder: Path) -> None:
    """Raise unless files can be made in ``folder``.

    Raises:
        StoreError: if the folder is read-only.
    """
    probe = folder / f".write-probe-{os.getpid()}"
    try:
        probe.touch()
        probe.unlink(missing_ok=True)  # a thread beside this one may have been faster
    except OSError as error:
        raise StoreError(
            f"The state folder '{folder}' is not writable ({error.strerror or error}). "
            f"Make it writable, or set {HOME_VARIABLE} to another folder."
        ) from error
