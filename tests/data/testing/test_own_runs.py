"""A run of one's own has what is given, and else what every test may rely on."""

from __future__ import annotations

from zoograph.data.testing.own_runs import own_run


def test_what_is_given_goes_before_what_is_usual() -> None:
    run = own_run(0.25, dataset="pets", seed=3)
    assert (run.source, run.model, run.dataset, run.protocol, run.value, run.seed) == (
        "mine",
        "resnet",
        "pets",
        "head",
        0.25,
        3,
    )
    assert own_run(0.25).identity != run.identity
