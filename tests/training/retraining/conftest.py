"""What retraining starts from: a zoo that arrives in batches, and the version of all but the late ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from zoograph.data.records.records import Metric, Protocol
from zoograph.data.records.zoo import Zoo
from zoograph.data.testing.hash_encoder import hash_encoder
from zoograph.data.testing.synthetic_zoo import make_synthetic_zoo
from zoograph.data.text.table import TextTable
from zoograph.data.text.words import zoo_texts
from zoograph.training.predictors.evidence import TrainingConfig
from zoograph.training.retraining.material import Material
from zoograph.training.retraining.train import train_first
from zoograph.training.versions.artifact import Artifact
from zoograph.training.versions.load import load_current


class Arrivals:
    """A zoo of which 120 runs come late, good or poisoned.

    Attributes:
        config: of predictors that train in seconds.
        zoo: 10 models by 100 datasets.
        late: places of the runs that come late.
    """

    config = TrainingConfig(num_steps=3, warm_steps=2, num_records=150)
    zoo = make_synthetic_zoo(10, 100, seed=1).zoo
    late = np.random.default_rng(0).permutation(len(zoo.runs))[:120]

    def material(self, runs: pd.DataFrame, batches: pd.Series, zoo: Zoo | None = None, **fields: object) -> Material:
        """Return what is learned from when ``runs`` have come in ``batches``."""
        encoder = hash_encoder(8)
        zoo = self.zoo if zoo is None else zoo
        text = TextTable.empty(encoder).extended(encoder, zoo_texts(zoo.models.values(), zoo.datasets.values()))
        batches = batches.reset_index(drop=True)
        values = runs[["model", "dataset", "value"]].reset_index(drop=True)
        digests = {batch: part.to_csv(index=False) for batch, part in values.groupby(batches)}
        return Material(zoo.with_runs(runs), batches, text, Protocol.HEAD, Metric.TOP1, digests, **fields)

    def batches(self, late: str = "late") -> pd.Series:
        """Return the batch of every run."""
        batches = pd.Series("early", index=self.zoo.runs.index)
        batches.iloc[self.late] = late
        return batches

    def early(self) -> Material:
        """Return what is known before the late ones come."""
        kept = self.batches() == "early"
        return self.material(self.zoo.runs[kept], self.batches()[kept])

    def shuffled(self) -> tuple[pd.DataFrame, pd.Series]:
        """Half of what came late has the accuracies of other pairs."""
        batches, values = self.batches("good"), self.zoo.runs["value"].to_numpy().copy()
        bad = self.late[:60]
        values[bad] = np.random.default_rng(1).permutation(values[bad])
        batches.iloc[bad] = "bad"
        return self.zoo.runs.assign(value=values), batches

    def raised(self) -> tuple[pd.DataFrame, pd.Series]:
        """The runs of one model come once more, 0.3 better."""
        again = self.zoo.runs[self.zoo.runs["model"] == self.zoo.runs["model"].iloc[0]]
        again = again.assign(value=(again["value"] + 0.3).clip(upper=1.0))
        batches = [self.batches("good"), pd.Series("bad", index=again.index)]
        return pd.concat([self.zoo.runs, again], ignore_index=True), pd.concat(batches, ignore_index=True)

    def of_one_model(self, shift: float, num_runs: int) -> tuple[pd.DataFrame, pd.Series]:
        """Some runs of one model come late, all of them so much off; the other late ones are good."""
        batches = self.batches("good")
        late = self.zoo.runs.iloc[np.sort(self.late)]
        model = late["model"].value_counts().index[0]
        chosen = late.index[late["model"] == model][:num_runs]
        batches.loc[chosen] = "bad"
        value = self.zoo.runs["value"].where(
            ~self.zoo.runs.index.isin(chosen), (self.zoo.runs["value"] + shift).clip(0.0, 1.0)
        )
        return self.zoo.runs.assign(value=value), batches


@pytest.fixture(scope="session")
def arrivals() -> Arrivals:
    """A zoo of which some runs come late."""
    return Arrivals()


@pytest.fixture(scope="session")
def _first(tmp_path_factory: pytest.TempPathFactory, arrivals: Arrivals) -> Artifact:
    torch.set_num_threads(1)
    return train_first(tmp_path_factory.mktemp("first") / "head-toy", arrivals.early(), arrivals.config)


@pytest.fixture
def champion(_first: Artifact, tmp_path: Path) -> Artifact:
    """The version of all runs but the late ones, in a folder of this test."""
    root = tmp_path / "head-toy"
    root.mkdir()
    for path in _first.folder.parent.rglob("*"):
        target = root / path.relative_to(_first.folder.parent)
        if path.is_dir():
            target.mkdir(exist_ok=True)
        else:
            target.write_bytes(path.read_bytes())
    found = load_current(root)
    assert found is not None
    return found
