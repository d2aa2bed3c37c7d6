"""Folders of predictors on disk: one for each protocol, metric, modality and text encoder that was ever asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from zoograph.data.errors import UnknownName
from zoograph.data.home import get_home
from zoograph.data.records.cards import Modality
from zoograph.data.records.records import Metric, Protocol
from zoograph.data.text.encoders.find_encoder import DEFAULT_ENCODER
from zoograph.training.versions.listing import list_versions, predictor_root

_DEFAULT = "default"


@dataclass(frozen=True)
class PredictorFolder:
    """The folder of all versions of one predictor.

    Attributes:
        root: the folder.
        protocol, metric, modality: what it predicts.
        encoder: id of the text encoder, for people to read.
        source: name or full path that finds the encoder again; None for the default one.
    """

    root: Path
    protocol: Protocol
    encoder: str
    source: str | None
    metric: Metric = Metric.TOP1
    modality: str = Modality.IMAGE.value

    @property
    def key(self) -> str:
        """What JSON calls it: the folder's name, in which the default encoder goes without saying."""
        return self.root.name.removesuffix(f"-{_DEFAULT}") if self.source is None else self.root.name

    @property
    def title(self) -> str:
        """What people are told that it is; top-1 accuracy on images goes without saying."""
        words = [self.protocol.description]
        if self.metric is not Metric.TOP1:
            words.append(self.metric.description)
        if self.modality != Modality.IMAGE:
            words.append(self.modality)
        return ", ".join([*words, *([] if self.source is None else [f"encoder '{self.encoder}'"])])

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


def predictor_folder(
    protocol: Protocol,
    encoder: str | None,
    metric: Metric = Metric.TOP1,
    modality: str = Modality.IMAGE.value,
) -> PredictorFolder:
    """Return the folder of one predictor, whether it is there or not.

    Raises:
        EncoderError: if nobody knows the encoder.
    """
    source = find_again(encoder)
    root = predictor_root(protocol, encoder, metric, modality)
    return PredictorFolder(root, protocol, encoder or DEFAULT_ENCODER, source, metric, modality)


def find_predictors(
    protocol: Protocol | None = None, encoder: str | None = None, metric: Metric | None = None
) -> list[PredictorFolder]:
    """Return every predictor that has versions on disk, or those of one protocol, encoder or metric.

    No encoder is loaded for it: the manifests say which it was.

    Raises:
        UnknownName: if an encoder is asked for and no predictor was trained with it.
    """
    found = [
        folder
        for kind in Protocol
        if protocol in (None, kind)
        for folder in _folders_of(kind)
        if metric in (None, folder.metric)
    ]
    chosen = [folder for folder in found if encoder is None or folder.uses(encoder)]
    if encoder is not None and not chosen:
        known = list(dict.fromkeys(folder.encoder for folder in found))
        raise UnknownName("encoder of a predictor", encoder, known, "Ask 'predict --encoder' to have one trained.")
    return chosen


def _folders_of(protocol: Protocol) -> list[PredictorFolder]:
    """Return the folders of one protocol, those of the default encoder first."""
    found = [
        (metric, modality, encoder, root)
        for root in (get_home() / "predictors").glob(f"{protocol.value}-*")
        if root.is_dir() and "." not in root.name
        for metric, modality, encoder in _read_name(root.name.removeprefix(f"{protocol.value}-"))
    ]
    folders = []
    for metric, modality, digest, root in sorted(found, key=lambda one: (one[2] != _DEFAULT, one[3].name)):
        versions = list_versions(root)
        if not versions.readable and not versions.damaged:
            continue
        newest = versions.readable[-1] if versions.readable else None
        if digest == _DEFAULT:
            encoder, source = DEFAULT_ENCODER, None
        elif newest is None:
            encoder, source = digest, digest
        else:
            encoder, source = newest.encoder, newest.encoder_source or newest.encoder
        folders.append(PredictorFolder(root, protocol, encoder, source, metric, modality))
    return folders


def _read_name(name: str) -> Iterator[tuple[Metric, str, str]]:
    """Yield metric, modality and encoder of the folder that is called so after its protocol; nothing for others."""
    if "-" not in name:
        yield Metric.TOP1, Modality.IMAGE.value, name
        return
    metric, _, rest = name.partition("-")
    modality, _, encoder = rest.rpartition("-")
    if metric in list(Metric) and modality:
        yield Metric(metric), unquote(modality), encoder
