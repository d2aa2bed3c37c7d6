from __future__ import annotations

import torch

from zoograph.training.runtime.threads import one_seeded_thread, one_thread


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
