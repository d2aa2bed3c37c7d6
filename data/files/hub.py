"""The Hugging Face hub: whether it may be asked, and answers; found out in seconds, without its client's retries."""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from threading import Thread
from typing import Any

PROBE_SECONDS = 3.0
"""How long the hub may take to answer before only what is on the disk is looked at."""

_LOOK_UP_SECONDS = 2.0  # a resolver without a network may take as long as it likes, and listens to no time limit
_REMEMBERED_SECONDS = 60.0
_PROBED = ("timm/resnet18.a1_in1k", "config.json")


def is_offline() -> bool:
    """Return whether the environment forbids the network."""
    from huggingface_hub import constants

    return constants.HF_HUB_OFFLINE or _forbids_network()


def _forbids_network() -> bool:
    variables = (os.environ.get("HF_HUB_OFFLINE", ""), os.environ.get("TRANSFORMERS_OFFLINE", ""))
    return any(value.upper() in ("1", "ON", "YES", "TRUE") for value in variables)


def import_without_sockets() -> None:
    """Offline, import urllib3, which PyG needs, without the socket by which it finds out whether there is IPv6.

    Who has it ask a server all the same, such as one of MLflow, reaches addresses of either kind: it tries them in
    turn, as if the socket had been had.
    """
    if not _forbids_network() or "urllib3" in sys.modules:
        return
    has_ipv6, socket.has_ipv6 = socket.has_ipv6, False
    try:
        from urllib3.util import connection
    except ImportError:  # then nobody needs it
        return
    finally:
        socket.has_ipv6 = has_ipv6
    connection.HAS_IPV6 = has_ipv6


def why_not_asked() -> str | None:
    """Return why nothing can be had from the hub, after a few seconds at most; None if it answers."""
    if is_offline():
        return "HF_HUB_OFFLINE forbids to ask the hub"
    return None if _answers(int(time.monotonic() / _REMEMBERED_SECONDS)) else "the hub does not answer"


@contextmanager
def hub_or_cache() -> Iterator[str | None]:
    """Let libraries ask the hub if it answers, and else read their caches at once; yield why it is not asked."""
    why = why_not_asked()
    if why is None:
        yield None
        return
    names = ("huggingface_hub.constants", "datasets.config")  # each library reads its own once, when it is imported
    settings: list[Any] = [sys.modules[name] for name in names if name in sys.modules]
    before = [setting.HF_HUB_OFFLINE for setting in settings]
    for setting in settings:
        setting.HF_HUB_OFFLINE = True
    try:
        yield why
    finally:
        for setting, value in zip(settings, before, strict=True):
            setting.HF_HUB_OFFLINE = value


@lru_cache(maxsize=1)
def _answers(minute: int) -> bool:
    """Ask the hub once a minute, in a thread that may be left behind."""
    found: list[bool] = []
    probe = Thread(target=lambda: found.append(_probe()), daemon=True)
    probe.start()
    probe.join(PROBE_SECONDS + _LOOK_UP_SECONDS)
    return bool(found and found[0])


def _probe() -> bool:
    from huggingface_hub import get_hf_file_metadata, hf_hub_url
    from huggingface_hub.errors import HfHubHTTPError

    try:
        get_hf_file_metadata(hf_hub_url(*_PROBED), timeout=PROBE_SECONDS)
    except HfHubHTTPError as error:  # an answer all the same, unless the hub has troubles of its own
        return error.response is not None and error.response.status_code < 500
    except Exception:  # noqa: BLE001 - of whatever library the client is built on: there was no answer
        return False
    return True
