"""Predictors that somebody made to do harm: every hash agrees, and still nothing is run, and nobody waits."""

from __future__ import annotations

import gzip
import io
import json
import struct
import tarfile
import time
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save

from zoograph.data.errors import PredictorError
from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.toy_zoo import make_toy_zoo
from zoograph.graphs.builder import build_graph
from zoograph.training.versions.artifact import COLUMNS, PREDICTIONS, SAW, WEIGHTS, Artifact, Manifest
from zoograph.training.versions.load import load_current
from zoograph.training.versions.restore import load_methods
from zoograph.training.versions.save import save_artifact

Make = Callable[..., Manifest]
CANARY = "zoograph-canary"
GRAPH = build_graph(make_toy_zoo(), HashEmbedder(8))


@pytest.fixture
def plant(tmp_path: Path, make_manifest: Make) -> Callable[[bytes], Artifact]:
    """A callable that saves a predictor all of whose files are these bytes, with hashes that agree."""

    def save_all(content: bytes) -> Artifact:
        files = {WEIGHTS: content, PREDICTIONS: content, SAW: content}
        save_artifact(tmp_path / "head-toy", make_manifest(version=f"v{time.monotonic_ns()}"), files)
        current = load_current(tmp_path / "head-toy")
        assert current is not None
        return current

    return save_all


def _refused_everywhere(artifact: Artifact) -> None:
    for read in (lambda: artifact.rows("vit", ["pets"]), artifact.saw, lambda: load_methods(artifact, GRAPH)):
        with pytest.raises(PredictorError, match=r"head-toy' (is damaged|cannot be used): "):
            read()


# -- pickles ----------------------------------------------------------------------------------------


def _pickles(canary: Path) -> dict[str, bytes]:
    """Return programs that would make a file, as each format that carries pickles would hold them."""
    command = f"touch {canary}"
    text = f"cposix\nsystem\n(S'{command}'\ntR.".encode()  # protocol 0, written by hand
    raw = command.encode()
    called = {
        0: text,
        1: b"cposix\nsystem\nq\x00(U" + bytes([len(raw)]) + raw + b"q\x01tq\x02Rq\x03.",
        2: b"\x80\x02cposix\nsystem\nX" + struct.pack("<I", len(raw)) + raw + b"\x85R.",
        3: b"\x80\x03cposix\nsystem\nX" + struct.pack("<I", len(raw)) + raw + b"\x85R.",
        4: b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c" + bytes([len(raw)]) + raw + b"\x85R.",
        5: b"\x80\x05\x8c\x05posix\x8c\x06system\x93\x8c" + bytes([len(raw)]) + raw + b"\x85R.",
    }
    instance = f"(S'{command}'\niposix\nsystem\n.".encode()
    built = f"(cposix\nsystem\nS'{command}'\no.".encode()
    found = {f"protocol {number}": program for number, program in called.items()}
    found |= {"INST": instance, "OBJ": built, "behind zeros": b"\0" * 8 + text}

    def zipped(names: list[str]) -> bytes:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for name in names:
                archive.writestr(name, called[2])
        return buffer.getvalue()

    def tarred(names: list[str]) -> bytes:
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as archive:
            for name in names:
                about = tarfile.TarInfo(name)
                about.size = len(called[2])
                archive.addfile(about, io.BytesIO(called[2]))
        return buffer.getvalue()

    npy = b"\x93NUMPY\x01\x00" + struct.pack("<H", 118)
    npy += b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }".ljust(117) + b"\n"
    header = json.dumps({"w": {"dtype": "U8", "shape": [len(text)], "data_offsets": [0, len(text)]}}).encode()
    found |= {
        "torch zip": zipped(["archive/data.pkl", "archive/version"]),
        "torch script": zipped(["model/data.pkl", "model/constants.pkl", "model/code/__torch__.py"]),
        "lightning checkpoint": zipped(["checkpoint/data.pkl", "checkpoint/byteorder", "checkpoint/version"]),
        "graph dataset": zipped(["data/data.pkl", "data/.format_version"]),
        "legacy tar": tarred(["storages", "tensors", "pickle"]),
        "legacy torch": b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03." + called[2],
        "npy of objects": npy + called[3],
        "npz of objects": zipped(["arr_0.npy"]),
        "joblib": b"\x80\x04\x95" + struct.pack("<Q", len(called[4])) + called[4],
        "joblib, compressed": zlib.compress(called[4]),
        "gzip": gzip.compress(called[4]),
        "inside a tensor": struct.pack("<Q", len(header)) + header + text,
        "behind a tensor": save({"w": np.zeros(2, np.float32)}) + called[4],
        "in the metadata": save({"w": np.zeros(2, np.float32)}, metadata={"loader": text.decode()}),
    }
    return found


def test_no_pickle_runs_in_any_disguise(plant: Callable[[bytes], Artifact], tmp_path: Path) -> None:
    canary = tmp_path / CANARY
    programs = _pickles(canary)
    assert len(programs) >= 20
    for raw in programs.values():
        _refused_everywhere(plant(raw))
    assert not canary.exists()


def test_the_programs_would_run_where_somebody_reads_them(tmp_path: Path, run_python: Callable[..., Any]) -> None:
    canary = tmp_path / CANARY
    programs = _pickles(canary)
    code = "import pickle, sys, pathlib\nfor path in sys.argv[1:]: pickle.loads(pathlib.Path(path).read_bytes())"
    for name in (*(f"protocol {number}" for number in range(6)), "INST", "OBJ"):
        (tmp_path / "program").write_bytes(programs[name])
        assert run_python(code, str(tmp_path / "program")).code == 0
        assert canary.exists(), name
        canary.unlink()


# -- hostile safetensors ------------------------------------------------------------------------------


def _safetensors(header: str | bytes, body: bytes = b"", length: int | None = None) -> bytes:
    raw = header.encode() if isinstance(header, str) else header
    return struct.pack("<Q", len(raw) if length is None else length) + raw + body


ENTRY = '"{}":{{"dtype":"F32","shape":[1],"data_offsets":[{},{}]}}'
HOSTILE = {
    "a header of 100 MB": lambda: _safetensors("{}", length=100_000_001),
    "a header of 2**63 bytes": lambda: _safetensors("{}", length=2**63),
    "a header that is there and long": lambda: _safetensors("{" + " " * 2_000_000 + "}"),
    "a key twice": lambda: _safetensors("{" + ENTRY.format("w", 0, 4) + "," + ENTRY.format("w", 4, 8) + "}", b"\0" * 8),
    "overlap": lambda: _safetensors("{" + ENTRY.format("a", 0, 4) + "," + ENTRY.format("b", 2, 6) + "}", b"\0" * 6),
    "a hole": lambda: _safetensors("{" + ENTRY.format("a", 0, 4) + "," + ENTRY.format("b", 8, 12) + "}", b"\0" * 12),
    "past the end": lambda: _safetensors("{" + ENTRY.format("a", 0, 4_000_000_000) + "}", b"\0" * 4),
    "100,000 entries": lambda: _safetensors(
        "{" + ",".join(ENTRY.format(i, 4 * i, 4 * i + 4) for i in range(100_000)) + "}", b"\0" * 400_000
    ),
    "a huge shape": lambda: _safetensors(
        '{"w":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]}}', b"\0" * 4
    ),
    "deep nesting": lambda: _safetensors("[" * 500_000),
    "no JSON": lambda: _safetensors(b"\xff" * 64),
    "nothing": lambda: b"",
    "other tables": lambda: save({name: np.zeros((3, 2), np.float32) for name in COLUMNS}),
    "a table too many": lambda: save({name: np.zeros((2, 3), np.float32) for name in (*COLUMNS, "more")}),
    "NaN": lambda: save({name: np.full((2, 3), np.nan, np.float32) for name in COLUMNS}),
    "infinity": lambda: save({name: np.full((2, 3), np.inf, np.float32) for name in COLUMNS}),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_tensors_are_refused_at_once(plant: Callable[[bytes], Artifact], kind: str) -> None:
    artifact = plant(HOSTILE[kind]())
    begun = time.process_time()
    _refused_everywhere(artifact)
    assert time.process_time() - begun < 1
