import signal

import lightning as L
import pytest
import torch

from zoograph.training.runtime.trainer import fit_quietly


def test_an_exit_of_the_trainer_is_an_interrupt(monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object, **__: object) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        raise SystemExit(1)

    before = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(L.Trainer, "fit", stop)
    with pytest.raises(KeyboardInterrupt):
        fit_quietly(L.LightningModule(), [1])
    assert signal.getsignal(signal.SIGINT) is before


class Line(L.LightningModule):
    """One weight that is pulled down by the sum of its inputs; it remembers the steps that it saw."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))
        self.seen: list[float] = []

    def training_step(self, batch: torch.Tensor) -> torch.Tensor:
        self.seen.append(float(batch))
        return (self.weight * batch).sum()

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=1.0)


@pytest.mark.parametrize(("clip", "reached"), [(None, -6.0), (0.5, -1.5)])
def test_every_step_is_taken_once_in_order_with_gradients_clipped(
    clip: float | None, reached: float, capfd: pytest.CaptureFixture[str]
) -> None:
    line = Line()
    fit_quietly(line, [torch.tensor(step) for step in (1.0, 2.0, 3.0)], clip)
    assert line.seen == [1.0, 2.0, 3.0]
    assert float(line.weight.detach()) == pytest.approx(reached, rel=1e-5)
    assert capfd.readouterr() == ("", "")
