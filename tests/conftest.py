"""What every test gets: a home of its own, no network, one thread; and zoos and predictors to start from."""

from __future__ import annotations

import gc
import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

# Before anything imports the client of the hub, which reads it once.
os.environ["HF_HUB_OFFLINE"] = "1"

import pytest
from hypothesis import settings

from zoograph.data.collections.tables import write_tables
from zoograph.data.records.cards import DatasetCard, ModelCard
from zoograph.data.records.collection import Collection
from zoograph.data.records.records import Metric, Protocol, Run
from zoograph.data.store.store import RecordStore
from zoograph.training.versions.artifact import COLUMNS, PREDICTIONS, SAW, Artifact, Manifest
from zoograph.training.versions.save import new_version, save_artifact

if TYPE_CHECKING:
    from zoograph.training.predictors.evidence import TrainingConfig

# How long an example takes says more of what else the machine does than of the code.
settings.register_profile("zoograph", deadline=None)
settings.load_profile("zoograph")

TOY = Collection(
    models=(
        ModelCard(id="resnet", source="toy", aliases=("owner/resnet", "net")),
        ModelCard(id="vit", source="toy", aliases=("net",)),
    ),
    datasets=tuple(
        DatasetCard(id=name, source="toy", family=family)
        for name, family in (("birds_1", "birds"), ("birds_2", "birds"), ("pets", None))
    ),
    runs=(
        Run(source="toy", model="resnet", dataset="birds_1", protocol=Protocol.HEAD, value=0.5),
        Run(source="toy", model="resnet", dataset="pets", protocol=Protocol.FINETUNE, value=0.75),
        Run(source="toy", model="vit", dataset="pets", protocol=Protocol.FINETUNE, value=1.0),
    ),
)


_NUMBERS = count()


class Ran(NamedTuple):
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give slow tests more time than others, before their own limits."""
    for item in items:
        if item.get_closest_marker("slow") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(1200))


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)


@pytest.fixture(scope="session", autouse=True)
def _nothing_frozen() -> Iterator[None]:
    """What a server froze in the tests' own process can be collected at its end: Triton takes the rest for leaks."""
    yield
    gc.unfreeze()


@pytest.fixture(autouse=True)
def _no_device(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not asked for a device is computed on the CPU, on a machine that has a GPU too."""
    monkeypatch.setattr("zoograph.data.networks.devices._best", lambda: "cpu")


@pytest.fixture(autouse=True)
def _own_allocator(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that runs in the tests' own process does not change how that, and what it starts, asks for memory."""
    monkeypatch.setattr("zoograph.scripts.main.keep_freed_memory", lambda: None)


@pytest.fixture(scope="session")
def _states(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the state folders of all tests are: a numbered folder of pytest's own for each looks at all before it."""
    return tmp_path_factory.mktemp("states")


@pytest.fixture(autouse=True)
def home(_states: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The state folder of this test, not made yet."""
    folder = _states / str(next(_NUMBERS)) / "home"
    folder.parent.mkdir()
    monkeypatch.setenv("ZOOGRAPH_HOME", str(folder))
    monkeypatch.delenv("ZOOGRAPH_DATABASE_URL", raising=False)
    return folder


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and address[0] not in ("127.0.0.1", "::1", "localhost"):
            raise ConnectionRefusedError(f"tests have no network (got {address!r})")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture
def toy_zoo(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Collection:
    """A small zoo that ships instead of the real one."""
    folder = tmp_path_factory.mktemp("toy")
    write_tables(TOY, folder)
    monkeypatch.setattr("zoograph.data.collections.tables.shipped_zoo", lambda: folder)
    return TOY


@pytest.fixture
def toy_store(toy_zoo: Collection) -> Iterator[RecordStore]:
    """An open store with the small zoo."""
    with RecordStore.open() as store:
        yield store


@pytest.fixture(scope="session")
def _shipped_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shipped") / "home"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ZOOGRAPH_HOME", str(folder))
        RecordStore.open().close()
    return folder


@pytest.fixture
def shipped_home(_shipped_home: Path, home: Path) -> Path:
    """The home of this test, with the zoo that ships."""
    return Path(shutil.copytree(_shipped_home, home))


def _tiny() -> TrainingConfig:
    from zoograph.training.predictors.evidence import TrainingConfig

    return TrainingConfig(num_steps=3, num_records=100)


def _answer_at_once(patch: pytest.MonkeyPatch) -> None:
    """Every dataset is answered from the same records, which takes a sixth of the time."""
    patch.setattr("zoograph.training.predictors.evidence_parts.divide", lambda group, _: group.new_zeros(len(group)))


@pytest.fixture
def hardly_train(monkeypatch: pytest.MonkeyPatch) -> None:
    """Training takes seconds: what is trained on first use is hardly trained."""
    from zoograph.training.retraining import train as fit

    _answer_at_once(monkeypatch)
    monkeypatch.setattr(fit, "train_predictor", partial(fit.train_predictor, config=_tiny()))


@pytest.fixture(scope="session")
def _trained_home(_shipped_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from zoograph.training.retraining.train import train_predictor
    from zoograph.training.versions.listing import predictor_root

    folder = shutil.copytree(_shipped_home, tmp_path_factory.mktemp("trained") / "home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ZOOGRAPH_HOME", str(folder))
        _answer_at_once(patch)
        with RecordStore.open() as store:
            train_predictor(store, predictor_root(Protocol.HEAD, None), Protocol.HEAD, config=_tiny())
    return Path(folder)


@pytest.fixture
def trained_home(_trained_home: Path, home: Path) -> Path:
    """The home of this test, with the zoo that ships and a predictor that was hardly trained."""
    return Path(shutil.copytree(_trained_home, home))


@pytest.fixture
def make_manifest() -> Callable[..., Manifest]:
    """A callable that returns a manifest of two models and three datasets; its fields can be chosen."""

    def make(**fields: Any) -> Manifest:
        return Manifest.model_validate(
            {
                "version": "20240101T000000Z-toy",
                "protocol": Protocol.HEAD,
                "metric": Metric.TOP1,
                "encoder": "toy",
                "encoder_digest": "0" * 64,
                "created_at": datetime(2024, 1, 1, tzinfo=UTC),
                "data_hash": "1" * 64,
                "revision": "r",
                "num_records": 1,
                "models": ("resnet", "vit"),
                "datasets": ("birds_1", "birds_2", "pets"),
                "vocabulary": {"family": ("resnet",)},
                "values": {"widths": [1.0]},
                "files": {},
                **fields,
            }
        )

    return make


@pytest.fixture
def save_toy(make_manifest: Callable[..., Manifest]) -> Callable[..., Artifact]:
    """A callable that saves a predictor of the small zoo under a folder, without training.

    It says i / 10 + j / 100 of model i and dataset j, give or take 0.05, and linear regression 0.9.
    """
    import numpy as np
    from safetensors.numpy import save

    mean = np.arange(2)[:, None] / 10 + np.arange(3) / 100
    tables = dict(zip(COLUMNS, (mean, mean - 0.05, mean + 0.05, np.full_like(mean, 0.9)), strict=True))

    def save_under(root: Path, saw: dict[str, str] | None = None, **fields: Any) -> Artifact:
        manifest = make_manifest(**{"version": new_version(), **fields})
        return save_artifact(root, manifest, {PREDICTIONS: save(tables), SAW: json.dumps(saw or {}).encode()})

    return save_under


@pytest.fixture
def run_predict(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """A callable that runs ``predict``, or another entry point, in this process."""
    from zoograph.scripts.main import predict_main

    def run(*arguments: str, entry: Callable[[], None] = predict_main) -> Ran:
        monkeypatch.setattr(sys, "argv", ["zoograph", *arguments])
        with pytest.raises(SystemExit) as stopped:
            entry()
        printed = capsys.readouterr()
        return Ran(int(stopped.value.code or 0), printed.out, printed.err)

    return run


@pytest.fixture
def run_python() -> Callable[..., Ran]:
    """A callable that runs code in a process of its own."""

    def run(code: str, *arguments: str) -> Ran:
        done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True)
        return Ran(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture(scope="session")
def _made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The tables of a zoo of 8 models on 20 tasks, and a home whose predictor is hardly trained."""
    from zoograph.data.testing.synthetic_zoo import make_synthetic_zoo
    from zoograph.training.predictors.evidence import TrainingConfig
    from zoograph.training.retraining.train import train_predictor
    from zoograph.training.versions.listing import predictor_root

    tables, home = tmp_path_factory.mktemp("tables"), tmp_path_factory.mktemp("made") / "home"
    zoo = make_synthetic_zoo(8, 20).zoo
    runs = [
        Run(source="t", model=row.model, dataset=row.dataset, protocol=Protocol.HEAD, value=row.value)
        for row in zoo.runs.itertuples()
    ]
    write_tables(
        Collection(models=tuple(zoo.models.values()), datasets=tuple(zoo.datasets.values()), runs=tuple(runs)), tables
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ZOOGRAPH_HOME", str(home))
        patch.setattr("zoograph.data.collections.tables.shipped_zoo", lambda: tables)
        with RecordStore.open() as store:
            train_predictor(
                store, predictor_root(Protocol.HEAD, None), Protocol.HEAD, config=TrainingConfig(num_steps=3)
            )
    return tables, home


@pytest.fixture
def made_zoo(_made: tuple[Path, Path], home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home with a made-up zoo of 8 models on 20 tasks, and a predictor of it."""
    tables, folder = _made
    shutil.copytree(folder, home)
    monkeypatch.setattr("zoograph.data.collections.tables.shipped_zoo", lambda: tables)


@pytest.fixture
def choice() -> Any:
    """A choice between two models, after a probe and a head."""
    from zoograph.data.networks.find_model import loading_code
    from zoograph.training.answers.current.current_predictor import Provenance
    from zoograph.training.choosing.choice import Choice, Left, Plan, Ranked, Trial

    probe = Trial("net_b.in1k", Protocol.PROBE, 0.8, 12.0, 60.0, "net_b.in1k", 0.85, 0.7, 0.95, 2.5)
    head = Trial("net_a.in1k", Protocol.HEAD, 0.93, 80.0, 480.0, "net_a.in1k", 0.91, 0.88, 0.94, 0.42)
    picked = Ranked("net_a.in1k", 0.91, 0.88, 0.94, 0.61, 0.42, None, 0.93, None)
    return Choice(
        dataset="photos",
        folder="./my photos",
        protocol=Protocol.HEAD,
        budget=900.0,
        spent=480.0,
        threshold=1.0,
        stopped="regret",
        first_regret=4.0,
        picked=picked,
        weights=None,
        num_classes=3,
        trials=(probe, head),
        earlier=1,
        ranking=(picked, Ranked("net_b.in1k", 0.88, 0.8, 0.93, 0.3, 1.2, 0.8, None, None)),
        num_candidates=7,
        num_without=1_800,
        left=(Left("net_c.in1k", "It is broken."),),
        next=Plan("net_b.in1k", Protocol.HEAD, 42.0, 0.2),
        filters=(),
        provenance=Provenance("v1", "2026-01-01T00:00:00+00:00", "1 day ago", 100, 0, True, 0, "toy"),
        answered=Protocol.HEAD,
        skipped={},
        warnings=(),
        samples="images",
        snippet=loading_code(ModelCard(id="net_a.in1k", source="toy"), 3),
    )


@pytest.fixture
def paint_classes() -> Callable[[Path], Path]:
    """Paint a folder of 3 x 10 images whose classes have a tint each, and return it."""
    import numpy as np
    from PIL import Image

    def paint(folder: Path) -> Path:
        random = np.random.default_rng(0)
        for place, name in enumerate(("cat", "dog", "owl")):
            (folder / name).mkdir(parents=True)
            for row in range(10):
                pixels = random.integers(0, 80, (24, 24, 3), dtype=np.uint8)
                pixels[..., place] += 120
                Image.fromarray(pixels).save(folder / name / f"{row}.png")
        return folder

    return paint


@pytest.fixture(scope="session")
def hub_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a synthetic hub of 300 models and 60 datasets, its graph in ``graph``."""
    from zoograph.data.testing.synthetic_hub import make_synthetic_hub
    from zoograph.training.studies.hub.tables import write_hub_graph

    folder = tmp_path_factory.mktemp("hub")
    write_hub_graph(folder / "graph", make_synthetic_hub(folder, 300, 60, 2_000))
    return folder
