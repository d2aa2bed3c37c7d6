"""Settings: tokens, names by which a server is called, and folders that clients see."""

from __future__ import annotations

from pathlib import Path

import pytest

from zoograph.data.errors import ZoographError
from zoograph.scripts.serving.settings import LOOPBACK, Settings, allowed_hosts, name_roots, read_tokens


def test_tokens_come_from_a_file_and_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "tokens"
    file.write_text("first-token-of-many\n\n  second-token-of-many \nfirst-token-of-many\n")
    assert read_tokens(None) == ()
    monkeypatch.setenv("ZOOGRAPH_TOKEN", "one-from-the-environment")
    assert read_tokens(file) == ("one-from-the-environment", "first-token-of-many", "second-token-of-many")
    settings = Settings(tokens=read_tokens(file))
    assert settings.has_token("second-token-of-many")
    assert not settings.has_token("second-token-of-man")
    assert not settings.has_token("")
    assert not settings.has_token("ü")
    assert "token-of-many" not in repr(settings)


def test_a_token_that_can_be_guessed_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZOOGRAPH_TOKEN", "secret")
    with pytest.raises(ZoographError, match=r"must have 16 characters or more \(got one of 6\)"):
        read_tokens(None)
    with pytest.raises(ZoographError, match="cannot be read \\(No such file or directory\\)"):
        read_tokens(tmp_path / "none")


@pytest.mark.parametrize(
    ("host", "more", "names"),
    [
        ("127.0.0.1", (), LOOPBACK),
        ("localhost", ("Zoo.example.org",), LOOPBACK | {"zoo.example.org"}),
        ("0.0.0.0", ("zoo",), LOOPBACK | {"zoo"}),
        ("192.0.2.7", (), LOOPBACK | {"192.0.2.7"}),
        ("zoo", (), LOOPBACK | {"zoo"}),
        ("127.0.0.2", (), LOOPBACK | {"127.0.0.2"}),
        (
            "::",
            ("Zoo.example.org:8642", "[2001:db8::1]:80", "2001:db8::2"),
            LOOPBACK | {"zoo.example.org", "2001:db8::1", "2001:db8::2"},
        ),
    ],
)
def test_a_server_knows_by_which_names_it_is_called(host: str, more: tuple[str, ...], names: frozenset[str]) -> None:
    assert allowed_hosts(host, more) == names


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_a_server_for_everybody_must_be_told_its_name(host: str) -> None:
    with pytest.raises(ZoographError, match="must know by which names it is called"):
        allowed_hosts(host)


def test_folders_have_names(tmp_path: Path) -> None:
    for name in ("a/mine", "b/mine", "c"):
        (tmp_path / name).mkdir(parents=True)
    assert name_roots([tmp_path / "c", tmp_path / "a" / "mine"]) == {
        "c": tmp_path / "c",
        "mine": tmp_path / "a" / "mine",
    }
    with pytest.raises(ZoographError, match="Two folders of --images are called 'mine'"):
        name_roots([tmp_path / "a" / "mine", tmp_path / "b" / "mine"])
    with pytest.raises(ZoographError, match="must be a folder of datasets"):
        name_roots([tmp_path / "none"])
