import signal

import lightning as L
import pytest
import torch

from zoograph.training.runtime.threads import one_seeded_thread, one_thread
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


def test_threads_and_seed_are_put_back() -> None:
    torch.set_num_threads(2)
    try:
        state = torch.get_rng_state()
        with one_thread():
            assert torch.get_num_threads() == 1
        with one_seeded_thread(3):
            first = torch.rand(2)
        with one_seeded_thread(3):
            assert torch.equal(torch.rand(2), first)
        assert torch.get_num_threads() == 2
        assert torch.equal(torch.get_rng_state(), state)
    finally:
        torch.set_num_threads(1)
