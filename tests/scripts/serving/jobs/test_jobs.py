"""Jobs: started, watched, limited, cancelled, and told without a path of the server."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import pytest

from zoograph.scripts.serving.jobs import jobs as module
from zoograph.scripts.serving.jobs.jobs import Job, Jobs, Status
from zoograph.scripts.serving.jobs.worker import Order
from zoograph.scripts.serving.problems import Refused

ORDER = Order.model_validate(
    {
        "folder": "/srv/images/trees",
        "weights_dir": "/srv/weights",
        "budget": 60.0,
        "protocol": "head",
        "regret": 1.0,
        "domain": None,
        "filters": {},
    }
)
SAY = "import sys; order = sys.stdin.readline(); print({!r}, flush=True)"
WAIT = SAY.format('{"standing": {"leader": "vit"}}') + "; sys.stdin.read()"
DEAF = SAY.format('{"stage": "Deaf"}') + "; import time; time.sleep(600)"
BABBLE = SAY.format("no JSON") + "; print('x' * 1_000_000, flush=True); import time; time.sleep(600)"


def make(code: str, most: int = 1) -> Jobs:
    return Jobs(most, (sys.executable, "-c", code))


def until(job: Job, done: Callable[[Job], bool]) -> Job:
    end = time.monotonic() + 60
    while not done(job):
        assert time.monotonic() < end
        time.sleep(0.02)
    return job


def ended(job: Job) -> bool:
    return job.ended is not None


def test_a_choice_is_told_without_paths() -> None:
    said = (
        '{"choice": {"command": "measure /srv/images/trees", "weights": "/srv/weights/a", "notes": ["/srv/weights"]}}'
    )
    jobs = make(SAY.format(said))
    job = until(jobs.start(ORDER, "images/trees"), ended)
    assert job.choice == {"command": "measure images/trees", "weights": "WEIGHTS/a", "notes": ["WEIGHTS"]}
    assert (job.status, job.error, job.progress) == (Status.DONE, None, 1.0)
    assert jobs.find(job.id) is job
    assert jobs.list() == [job]


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (SAY.format('{"error": "No image in /srv/images/trees."}'), "No image in images/trees."),
        ("raise SystemExit(3)", "The job ended without a word. The operator finds the reason in the server's log."),
        (SAY.format("no JSON"), "The job ended without a word. The operator finds the reason in the server's log."),
        (BABBLE, "The job ended without a word. The operator finds the reason in the server's log."),
    ],
)
def test_a_job_that_fails_says_why(code: str, error: str) -> None:
    job = until(make(code).start(ORDER, "images/trees"), ended)
    assert (job.status, job.error, job.choice) == (Status.FAILED, error, None)


def test_a_job_is_watched_and_cancelled_and_no_more_run_than_may() -> None:
    jobs = make(WAIT)
    job = until(jobs.start(ORDER, "trees"), lambda job: job.standing is not None)
    assert (job.standing, job.status) == ({"leader": "vit"}, Status.RUNNING)
    assert 0 <= job.progress < 1
    with pytest.raises(Refused, match=r"As many jobs run as this server lets run \(1\)") as refused:
        jobs.start(ORDER, "trees")
    assert refused.value.status == 503
    until(jobs.cancel(job.id), ended)
    assert (job.status, job.error) == (Status.CANCELLED, "It was cancelled. What was measured is in the store.")
    other = jobs.start(ORDER, "trees")
    jobs.close()
    assert "The server was stopped" in str(until(other, ended).error)
    assert jobs.cancel(job.id).error == "It was cancelled. What was measured is in the store."  # as it was


def test_a_job_that_does_not_hear_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_TO_STOP", 0.1)
    jobs = make(DEAF)
    job = until(jobs.start(ORDER, "trees"), lambda job: job.stage == "Deaf")
    assert until(jobs.cancel(job.id), ended).status is Status.CANCELLED


def test_a_job_that_takes_too_long_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_OVERTIME", 0.1)
    job = make(WAIT).start(ORDER.model_copy(update={"budget": 0.1}), "trees")
    assert until(job, ended).error == "It took longer than its budget, and was stopped."


def test_old_jobs_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_KEPT", 1)
    jobs = make("raise SystemExit(0)")
    first, _, _ = (until(jobs.start(ORDER, "trees"), ended) for _ in range(3))
    with pytest.raises(Refused, match="no such job"):
        jobs.find(first.id)
