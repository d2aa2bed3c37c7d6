"""What passes and what does not."""

from __future__ import annotations

import errno

import httpx2 as httpx  # what the hub's client is built on
import pytest
from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled

from zoograph.data.errors import UnknownName, ZoographError
from zoograph.training.executors.trouble import passes


def _answer(status: int) -> HfHubHTTPError:
    return HfHubHTTPError("no", response=httpx.Response(status, request=httpx.Request("GET", "http://localhost")))


@pytest.mark.parametrize(
    "error",
    [
        ConnectionResetError(),
        TimeoutError(),
        OSError(errno.ENOSPC, "No space left on device"),
        httpx.ConnectTimeout("slow"),
        _answer(503),
        _answer(429),
    ],
)
def test_passes(error: Exception) -> None:
    assert passes(error)


@pytest.mark.parametrize(
    "error",
    [
        UnknownName("model", "x", []),
        OSError(errno.EACCES, "Permission denied"),
        FileNotFoundError("weights"),
        OfflineModeIsEnabled("offline"),
        LocalEntryNotFoundError("not in the cache"),
        _answer(404),
        MemoryError(),
        KeyError("bug"),
    ],
)
def test_stays(error: Exception) -> None:
    assert not passes(error)


def test_the_cause_decides() -> None:
    error = ZoographError("The weights cannot be had.")
    error.__cause__ = ConnectionError("reset")
    assert passes(error)
