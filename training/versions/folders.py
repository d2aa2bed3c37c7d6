"""Folders of predictors on disk: one for each protocol and text encoder that was ever asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from zoograph.data.errors import UnknownName
from zoograph.data.home import get_home
from zoograph.data.records.records import Protocol
from zoograph.data.text.find_encoder import DEFAULT_ENCODER
from zoograph.training.versions.listing import list_versions, predictor_root

_DEFAULT = "default"


@dataclass(frozen=True)
class PredictorFolder:
    """The folder of all versions of one predictor.

    Attributes:
        root: the folder.
        protocol: what it predicts.
        encoder: id of the text encoder, for people to read.
        source: name or full path that finds the encoder again; None for the default one.
    """

    root: Path
    protocol: Protocol
    encoder: str
    source: str | None

    @property
    def key(self) -> str:
        """What JSON calls it: the protocol, and a part of the encoder's digest unless it is the default one."""
        return self.protocol.value if self.source is None else self.root.name

    @property
    def title(self) -> str:
        """What people are told that it is."""
        return self.protocol.description + ("" if self.source is None else f", encoder '{self.encoder}'")

    def uses(self, encoder: str) -> bool:
        """Return whether ``encoder``, a name or a folder, is the one that it was trained with."""
        if self.source is None:
            return encoder == DEFAULT_ENCODER
        return encoder == self.encoder or find_again(encoder) == self.source


def find_again(encoder: str | None) -> str | None:
    """Return what finds an encoder from everywhere: a name, or the full path of a folder; None for the default one."""
    if encoder in (None, DEFAULT_ENCODER):
        return None
    path = Path(str(encoder)).expanduser()
    return str(path.resolve()) if path.is_dir() else encoder


def predictor_folder(protocol: Protocol, encoder: str | None) -> PredictorFolder:
    """Return the folder of one protocol and encoder, whether it is there or not.

    Raises:
        EncoderError: if nobody knows the encoder.
    """
    source = find_again(encoder)
    return PredictorFolder(predictor_root(protocol, encoder), protocol, encoder or DEFAULT_ENCODER, source)


def find_predictors(protocol: Protocol | None = None, encoder: str | None = None) -> list[PredictorFolder]:
    """Return every predictor that has versions on disk, or those of one protocol or encoder.

    No encoder is loaded for it: the manifests say which it was.

    Raises:
        UnknownName: if an encoder is asked for and no predictor was trained with it.
    """
    found = [folder for kind in Protocol if protocol in (None, kind) for folder in _folders_of(kind)]
    chosen = [folder for folder in found if encoder is None or folder.uses(encoder)]
    if encoder is not None and not chosen:
        known = list(dict.fromkeys(folder.encoder for folder in found))
        raise UnknownName("encoder of a predictor", encoder, known, "Ask 'predict --encoder' to have one trained.")
    return chosen


def _folders_of(protocol: Protocol) -> list[PredictorFolder]:
    """Return the folders of one protocol, that of the default encoder first."""
    pattern = f"{protocol.value}-*"
    roots = [root for root in (get_home() / "predictors").glob(pattern) if root.is_dir() and "." not in root.name]
    folders = []
    for root in sorted(roots, key=lambda root: (not root.name.endswith(f"-{_DEFAULT}"), root.name)):
        versions = list_versions(root)
        if not versions.readable and not versions.damaged:
            continue
        digest = root.name.removeprefix(f"{protocol.value}-")
        newest = versions.readable[-1] if versions.readable else None
        if digest == _DEFAULT:
            folders.append(PredictorFolder(root, protocol, DEFAULT_ENCODER, None))
        elif newest is None:
            folders.append(PredictorFolder(root, protocol, digest, digest))
        else:
            folders.append(PredictorFolder(root, protocol, newest.encoder, newest.encoder_source or newest.encoder))
    return folders
