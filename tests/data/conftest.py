"""Both databases: a PostgreSQL server of these tests' own, and a new database for each test."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

TEST_POSTGRES_VARIABLE = "ZOOGRAPH_TEST_POSTGRES"


def _find_server() -> Path | None:
    """Return the folder of the newest server's programs."""
    found = shutil.which("initdb")
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name))
    return Path(found).parent if found else folders[-1] if folders else None


def _start_server(programs: Path, folder: Path) -> str:
    """Start a server that listens on a socket in ``folder`` only, and return the URL of its first database."""
    # The server refuses to be root, so that the package's own user runs it.
    user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    if user:
        shutil.chown(folder, "postgres")
    data, log = folder / "data", folder / "log"
    options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off -c max_connections=200"
    for command in (
        [programs / "initdb", "--pgdata", data, "--username", "zoograph", "--auth", "trust", "--encoding", "UTF8"],
        [programs / "pg_ctl", "--pgdata", data, "--log", log, "--wait", "--options", options, "start"],
    ):
        # Output to a file: the server would hold a pipe open for as long as it lives.
        with (folder / "output").open("w") as output:
            words = [*user, *map(str, command)]
            subprocess.run(words, cwd=folder, stdout=output, stderr=output, check=True)
    return f"postgresql+psycopg://zoograph@/postgres?host={folder}"


@pytest.fixture(scope="session")
def _server() -> Iterator[str]:
    pytest.importorskip("psycopg", reason="the driver of PostgreSQL is not installed")
    given = os.environ.get(TEST_POSTGRES_VARIABLE)
    if given:
        yield given
        return
    programs = _find_server()
    if programs is None or sys.platform == "win32":
        pytest.skip(f"no PostgreSQL server is installed, and {TEST_POSTGRES_VARIABLE} is not set")
    folder = Path(tempfile.mkdtemp(prefix="zoograph-pg-"))
    try:
        yield _start_server(programs, folder)
    finally:
        user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        stop = [programs / "pg_ctl", "--pgdata", folder / "data", "--mode", "immediate", "--wait", "stop"]
        subprocess.run([*user, *map(str, stop)], cwd=folder, capture_output=True, check=False)
        shutil.rmtree(folder)


@pytest.fixture
def postgres_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of an empty PostgreSQL database, which is gone after the test."""
    server = sa.make_url(request.getfixturevalue("_server"))
    name = f"zoograph_{uuid.uuid4().hex}"
    admin = sa.create_engine(server.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    yield server.set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    admin.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, home: Path) -> str:
    """The URL of an empty database, which the store opens: first in SQLite, then in PostgreSQL."""
    if request.param == "sqlite":
        home.mkdir()
        return f"sqlite:///{home / 'zoograph.db'}"
    url: str = request.getfixturevalue("postgres_url")
    monkeypatch.setenv("ZOOGRAPH_DATABASE_URL", url)
    return url
