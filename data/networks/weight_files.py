"""Files of weights: which file, and which settings, a path means for one model; no file of weights is opened."""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from zoograph.data.errors import UnknownName, ZoographError
from zoograph.data.networks.find_model import bare_architecture, file_names, without_prefix

INDEX = ".index.json"
ENDINGS = (".safetensors", ".pth", ".pt", ".ckpt", ".bin", ".pth.tar", ".tar", f".safetensors{INDEX}", f".bin{INDEX}")
_CONFIG = "config.json"
_OF_EVERYBODY = ("model", "pytorch_model")
_USUAL = ("model.safetensors", f"model.safetensors{INDEX}", "pytorch_model.bin", f"pytorch_model.bin{INDEX}")
SEEN = ("input_size", "mean", "std", "crop_pct", "crop_mode", "interpolation", "fixed_input_size")
"""Names of timm's ``pretrained_cfg`` that say how a model sees images."""


class WeightsError(ZoographError):
    """Weights that cannot be had, or that do not fit the architecture."""


@dataclass(frozen=True)
class WeightFile:
    """The weights of one model.

    Attributes:
        path: of the file.
        architecture: that the folder of the file says; None if it says none.
        sees: how the model sees images, where the folder says other than timm: names of timm's ``pretrained_cfg``.
        arguments: with which the network is made.
    """

    path: Path
    architecture: str | None = None
    sees: dict[str, Any] = field(default_factory=dict)
    arguments: dict[str, Any] = field(default_factory=dict)

    @property
    def called(self) -> str:
        """What the file is called, without its ending; of a folder as the hub has it, what the folder is called."""
        name = without_ending(self.path)
        return self.path.resolve().parent.name if name in _OF_EVERYBODY else name


def find_weight_file(weights: str | Path, model: str, alone: bool = True) -> WeightFile:
    """Return the file that a path means for a model.

    Args:
        weights: a file; a folder that was cloned from the hub, with ``config.json`` and one file of weights (or an
            index of several); or a folder with a file, or such a folder, that is called like the model.
        model: as timm names it; in names of files, a slash is an underscore, and the tag may be left out. An
            architecture alone also means a file that is called like its default weights.
        alone: whether no other model is asked for: one file without a name is meant only then.

    Raises:
        WeightsError: if there is no such file, or more than one.
    """
    path = Path(weights).expanduser()
    if not path.is_dir():
        if not path.is_file():
            raise WeightsError(f"The weights '{path}' must be a file or a folder (got nothing there). Check the path.")
        return WeightFile(path)
    named = _find_named(path, model)
    if named is not None:
        return _read_clone(named) if named.is_dir() else WeightFile(named)
    if alone and ((path / _CONFIG).is_file() or len(_weights_in(path)) == 1):
        return _read_clone(path)
    there = ", ".join(f"'{name}'" for name in sorted(entry.name for entry in path.iterdir())[:5]) or "nothing"
    raise WeightsError(
        f"The folder '{path}' must hold the weights of '{model}' (got {there}). {_ask_for_nearest(path, model)}"
        f"Call the file '{weight_file_name(model)}', or give it with --weights."
    )


def _ask_for_nearest(folder: Path, model: str) -> str:
    """Return a question for the file that is called nearly like a model of which timm knows none; empty for none."""
    from zoograph.data.networks.registry.timm_names import canonical_timm_name

    bare = without_prefix(model)
    if canonical_timm_name(bare) is not None:
        return ""
    called = {without_ending(file).partition(".")[0]: without_ending(file) for file in _weights_in(folder)}
    nearest = difflib.get_close_matches(bare.partition(".")[0], called, n=1, cutoff=0.8)
    return f"Is '{called[nearest[0]]}' meant? Else: " if nearest else ""


def without_ending(path: Path) -> str:
    """Return the name of a file of weights without its ending.

    >>> without_ending(Path("w/resnet50.a1_in1k.pth.tar"))
    'resnet50.a1_in1k'
    """
    for ending in sorted(ENDINGS, key=len, reverse=True):
        if path.name.endswith(ending):
            return path.name.removesuffix(ending)
    return path.name


def weight_file_name(model: str) -> str:
    """Return what the file of a model's weights is called in a folder of several models' files."""
    return f"{_spellings(model)[0]}.safetensors"


def _spellings(model: str) -> list[str]:
    bare = without_prefix(model)
    default = _default_weights(bare) if bare_architecture(bare) else bare
    names = [file_names(bare)[0], bare.rpartition("/")[2], default, file_names(default)[1]]
    return list(dict.fromkeys([*names, bare.rpartition("/")[2].partition(".")[0]]))


def _default_weights(architecture: str) -> str:
    """Return the id of the weights that timm means by an architecture; the name itself if it knows none."""
    from zoograph.data.networks.model_names import resolve_model_name

    try:
        return resolve_model_name(architecture)
    except UnknownName:
        return architecture


def _find_named(folder: Path, model: str) -> Path | None:
    """Return the file or folder in a folder that is called like a model.

    Raises:
        WeightsError: if there are several.
    """
    for name in _spellings(model):
        found = [folder / f"{name}{ending}" for ending in ENDINGS if (folder / f"{name}{ending}").is_file()]
        if (folder / name).is_dir():
            found.append(folder / name)
        if len(found) > 1:
            raise WeightsError(
                f"The folder '{folder}' must hold one file for '{model}' (got "
                f"{', '.join(repr(path.name) for path in found)}). Give the one that is meant with --weights."
            )
        if found:
            return found[0]
    return None


def _weights_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_file() and path.name.endswith(ENDINGS))


def _read_clone(folder: Path) -> WeightFile:
    """Return the weights and the settings of a folder as the hub has them.

    Raises:
        WeightsError: if it has no weights, or several, or if its settings cannot be read.
    """
    usual = next((folder / name for name in _USUAL if (folder / name).is_file()), None)
    files = _weights_in(folder)
    if usual is None and len(files) != 1:
        got = ", ".join(repr(path.name) for path in files[:5]) or "none"
        raise WeightsError(
            f"The folder '{folder}' must hold one file of weights, such as 'model.safetensors' (got {got}). "
            "Give the file itself."
        )
    path = usual or files[0]
    if not (folder / _CONFIG).is_file():
        return WeightFile(path)
    try:
        config = json.loads((folder / _CONFIG).read_bytes())
        known = config.get("pretrained_cfg") or {}
        sees = {name: _as_tuple(known[name]) for name in SEEN if known.get(name) is not None}
        return WeightFile(path, config.get("architecture"), sees, dict(config.get("model_args") or {}))
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise WeightsError(
            f"'{folder / _CONFIG}' must be the settings of a model, in JSON (got: {error}). Clone the model again."
        ) from error


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
