"""Versions of a predictor: which there are, and which of them answers."""

from __future__ import annotations

import difflib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from zoograph.data.errors import PredictorError, UnknownName
from zoograph.data.files.atomic import replace_file
from zoograph.data.home import get_home
from zoograph.data.records.cards import Modality
from zoograph.data.records.records import Metric, Protocol
from zoograph.data.text.encoders.find_encoder import DEFAULT_ENCODER, find_encoder
from zoograph.training.versions.artifact import POINTER, SEAL, Artifact, Manifest
from zoograph.training.versions.load import current_version, load_sealed, readable_versions, version_names
from zoograph.training.versions.save import mark_in_use


@dataclass(frozen=True)
class Versions:
    """Every version of one kind of predictor.

    Attributes:
        readable: manifests, the oldest first.
        damaged: names of those that cannot be read.
        current: name of the one that answers.
    """

    readable: tuple[Manifest, ...]
    damaged: tuple[str, ...]
    current: str | None

    @property
    def before_current(self) -> str | None:
        """The newest version that was promoted before the current one."""
        names = [manifest.version for manifest in self.readable]
        if self.current not in names:
            return None
        earlier = self.readable[: names.index(self.current)]
        return next((manifest.version for manifest in reversed(earlier) if manifest.verdict.promoted), None)


def list_versions(root: Path) -> Versions:
    """Return what is known of every version under ``root``.

    Raises:
        PredictorError: if the folder cannot be read.
    """
    readable = readable_versions(root)
    known = {manifest.version for manifest in readable}
    damaged = tuple(name for name in version_names(root) if name not in known)
    return Versions(tuple(readable), damaged, current_version(root))


def make_current(root: Path, version: str) -> Artifact:
    """Make a version that was saved earlier the current one, in one atomic switch, after checking all its files.

    Raises:
        UnknownName: if there is no such version.
        PredictorError: if it is damaged, or the switch cannot be written.
    """
    known = version_names(root)
    if version not in known:
        raise UnknownName("version", version, difflib.get_close_matches(version, known, n=5, cutoff=0.0))
    before = current_version(root)
    try:
        mark_in_use(root, version)  # first of all: whoever is about to remove it looks once more
        artifact = load_sealed(root, root / version / SEAL)
        replace_file(root / POINTER, (root / version / SEAL).read_bytes())
        with suppress(OSError):
            mark_in_use(root, before)
    except OSError as error:
        raise PredictorError(
            f"The switch to '{version}' could not be written in '{root}' ({error.strerror or error}). "
            "Free some space or make it writable."
        ) from error
    return artifact


def predictor_root(
    protocol: Protocol,
    encoder: str | None,
    metric: Metric = Metric.TOP1,
    modality: str = Modality.IMAGE.value,
) -> Path:
    """Return the folder of all versions of the predictor of one protocol, metric and modality.

    Top-1 accuracy on images goes without saying: ``head-default``; others are ``head-miou-image-default``.
    The weights of a chosen encoder decide, not the name that it was chosen by: a folder whose weights were
    replaced has a predictor of its own.

    Raises:
        EncoderError: if nobody knows the encoder.
    """
    name = "default" if encoder in (None, DEFAULT_ENCODER) else find_encoder(encoder).digest[:12]
    return get_home() / "predictors" / f"{folder_prefix(protocol, metric, modality)}{name}"


def folder_prefix(protocol: Protocol, metric: Metric, modality: str) -> str:
    """Return what the name of a folder begins with, before the encoder.

    >>> folder_prefix(Protocol.PROBE, Metric.TOP1, "text")
    'probe-top1-text-'
    """
    if (metric, modality) == (Metric.TOP1, Modality.IMAGE):
        return f"{protocol.value}-"
    # Any word may be a modality: none may leave the folder, nor look like one that was set aside.
    return f"{protocol.value}-{metric.value}-{quote(modality, safe='').replace('.', '%2E')}-"
