"""Facts in files: whole, with a hash that every flipped bit breaks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from zoograph.data.files.facts import hash_json, load_facts, save_facts

FACTS = {"value": 0.1, "rows": [1, None, "ä"], "nested": {"b": True, "a": -0.0}}


def test_what_was_written_is_read(tmp_path: Path) -> None:
    save_facts(tmp_path / "facts.json", FACTS)
    assert load_facts(tmp_path / "facts.json") == FACTS
    assert [entry.name for entry in tmp_path.iterdir()] == ["facts.json"]
    with pytest.raises(FileNotFoundError):
        load_facts(tmp_path / "none.json")


def test_no_flipped_bit_is_read_as_another_fact(tmp_path: Path) -> None:
    path = tmp_path / "facts.json"
    save_facts(path, FACTS)
    whole = path.read_bytes()
    for place in range(len(whole)):
        for bit in range(8):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ (1 << bit)]) + whole[place + 1 :])
            try:
                assert load_facts(path) == FACTS  # between the tokens, blanks may change
            except ValueError:
                continue


@pytest.mark.parametrize("content", ["", "{", '{"facts": 1}', '{"facts": 1, "sha256": "0"}', '{"sha256": "0"}'])
def test_what_is_no_such_file_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "facts.json").write_text(content)
    with pytest.raises(ValueError, match=r"hash|Expecting"):
        load_facts(tmp_path / "facts.json")


def test_a_file_of_the_first_zoograph_is_read(tmp_path: Path) -> None:
    for held in ({"value": 1}, [1, 2]):
        (tmp_path / "facts.json").write_text(json.dumps(held))
        assert load_facts(tmp_path / "facts.json") == held


def test_the_hash_is_that_of_what_will_be_read() -> None:
    assert hash_json({10: 1, 9: 2}) == hash_json({"9": 2, "10": 1})
    assert hash_json((1, 2)) == hash_json([1, 2]) != hash_json([2, 1])
