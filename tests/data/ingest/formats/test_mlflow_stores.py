from pathlib import Path

import pytest
import sqlalchemy as sa

from zoograph.data.errors import RawDataError
from zoograph.data.ingest.formats.mlflow_stores import FolderStore, MlflowRun, open_sqlite, require_there


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    experiment = tmp_path / "mlruns" / "7"
    for run, status in (("a", 3), ("b", 4)):
        for part in ("params", "tags", "metrics"):
            (experiment / run / part).mkdir(parents=True)
        (experiment / run / "meta.yaml").write_text(f"run_id: {run}\nstatus: {status}\nend_time: 5\n")
        (experiment / run / "params" / "model").write_text("resnet18\n")
        (experiment / run / "metrics" / "top1").write_text("1 0.5 0\n2 0.9 1\n3 0.8 2\n")
    (experiment / "meta.yaml").write_text("experiment_id: '7'\nname: sweep\nlifecycle_stage: active\n")
    return experiment.parent


@pytest.mark.parametrize(("best", "value"), [(False, 0.8), (True, 0.9)])
def test_a_folder_gives_finished_runs_and_stays_as_it_is(folder: Path, best: bool, value: float) -> None:
    before = sorted(folder.rglob("*"))
    store = FolderStore(folder)
    assert store.experiments() == {"sweep": "7"}
    assert list(store.runs("7", best)) == [MlflowRun("a", 5, {"model": "resnet18"}, {}, {"top1": value})]
    assert sorted(folder.rglob("*")) == before


def test_what_is_no_store_is_refused_with_the_one_inside(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(RawDataError, match="Did you mean"):
        FolderStore(folder.parent)
    with pytest.raises(RawDataError):
        require_there(tmp_path / "nowhere", "nowhere")
    assert not (tmp_path / "nowhere").exists()


def test_a_database_of_something_else_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    engine = sa.create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE things (id INTEGER)"))
    engine.dispose()
    before = path.read_bytes()
    with pytest.raises(RawDataError), open_sqlite(path):
        pass
    assert path.read_bytes() == before


def test_damaged_descriptions_are_passed_over_and_named(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    (folder / "7" / "b" / "meta.yaml").write_text(": : bad\n\t")
    (folder / "8").mkdir()
    (folder / "8" / "meta.yaml").write_text("")
    store = FolderStore(folder)
    assert (store.experiments(), len(list(store.runs("7")))) == ({"sweep": "7"}, 1)
    assert [record.args for record in caplog.records] == [(folder, "8"), (folder / "7", "b")]
