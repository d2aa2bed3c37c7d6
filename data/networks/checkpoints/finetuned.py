"""Fine-tuned models as folders: their weights, the classes, and all that makes the network and its transform again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from zoograph.data.errors import ZoographError
from zoograph.data.files.atomic import replace_file
from zoograph.data.files.tensors import load_tensors, read_about, save_tensors
from zoograph.data.networks.encoders import load_encoder
from zoograph.data.networks.foreign import foreign_code
from zoograph.data.networks.rows import stack
from zoograph.data.networks.weight_files import SEEN, WeightsError
from zoograph.data.networks.weights import RANDOM, PretrainedModel, load_pretrained
from zoograph.data.records.records import Run
from zoograph.data.text.encoders.model_folder import visible_files
from zoograph.data.text.encoders.recipe import read_recipe
from zoograph.data.text.encoders.sentence_library import LibraryNetwork

WEIGHTS, ABOUT, _CONFIG, _ENCODER = "model.safetensors", "model.json", "config.json", "encoder"
_FORMAT = "zoograph-finetuned-1"
_UNFINISHED = ".zoograph-part"  # folder that a model is written in
_HEAVY = frozenset({".bin", ".ckpt", ".h5", ".msgpack", ".onnx", ".ot", ".pt", ".pth", ".safetensors"})


@dataclass(frozen=True, eq=False)
class FinetunedModel:
    """A fine-tuned network that names the classes of new samples.

    Attributes:
        classes: names, in the order of the network's outputs.
        network: in evaluation mode, on the CPU.
        transform: a sample, an RGB picture or a text, -> what the network takes.
        about: what ``model.json`` holds: the model it began as, the dataset, the accuracy, and the options.
    """

    classes: tuple[str, ...]
    network: nn.Module
    transform: Any
    about: Mapping[str, Any]

    def probabilities(self, samples: Iterable[Any], batch_size: int = 64) -> Tensor:
        """Return the (N, C) probabilities of the classes.

        Args:
            samples: N RGB pictures, or N texts.
            batch_size: samples in one pass.
        """
        parts = []
        with torch.inference_mode():
            rest = iter(samples)
            while batch := list(islice(rest, batch_size)):
                taken = stack([self.transform(sample) for sample in batch])
                parts.append(self.network(taken).float().softmax(1))
        return torch.cat(parts) if parts else torch.zeros(0, len(self.classes))

    def classify(self, samples: Iterable[Any]) -> list[str]:
        """Return the likeliest class of each sample."""
        return [self.classes[place] for place in self.probabilities(samples).argmax(1).tolist()]


def save_finetuned(
    folder: Path, model: PretrainedModel, weights: Mapping[str, Tensor], classes: Sequence[str], run: Run
) -> None:
    """Write a fine-tuned model into a folder, in the place of one that was there, which stays until all is written.

    A network of timm is written as the hub has it: timm loads the folder by itself.

    Args:
        folder: that is made if it is not there.
        model: that was fine-tuned.
        weights: after fine-tuning, by name.
        classes: names, in the order of the classifier's outputs.
        run: what was measured.

    Raises:
        ZoographError: if it cannot be written.
    """
    begun = {"model": model.card.id, "digest": model.digest, "architecture": model.card.timm_name}
    found = run.model_dump(mode="json", include={"dataset", "value", "seed", "train_size", "test_size"})
    about = {
        "format": _FORMAT,
        **begun,
        **found,
        "source": run.source,
        "classes": list(classes),
        "transform": repr(model.transform),
        "options": dict(run.hyperparameters),
    }
    fresh = folder / _UNFINISHED
    try:
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        if model.folder is None:
            replace_file(fresh / _CONFIG, _to_json(_describe_for_timm(model, classes)))
        else:
            _copy_settings(model.folder, fresh / _ENCODER, whole=isinstance(model.network, LibraryNetwork))
        save_tensors(fresh / WEIGHTS, weights, about)
        replace_file(fresh / ABOUT, _to_json(about))
        # All of it is on the disk before the first part of the model that was there goes.
        shutil.rmtree(folder / _ENCODER, ignore_errors=True)
        (folder / _CONFIG).unlink(missing_ok=True)
        for part in sorted(fresh.iterdir()):
            part.replace(folder / part.name)
        fresh.rmdir()
    except OSError as error:
        raise ZoographError(
            f"'{folder}' cannot be written ({error.strerror or error}). Choose another place with --save-model."
        ) from error


def load_finetuned(folder: str | Path) -> FinetunedModel:
    """Return a fine-tuned model that ``--save-model`` wrote; nothing is unpickled, and no network is asked.

    Raises:
        WeightsError: if the folder holds none, or was changed.
    """
    path = Path(folder).expanduser()
    if not (path / WEIGHTS).is_file():
        raise _no_model(path, f"no '{WEIGHTS}' there")
    try:
        weights, about = load_tensors(path / WEIGHTS)
    except (OSError, ValueError) as error:
        raise _no_model(path, error) from error
    if about.get("format") != _FORMAT:
        raise _no_model(path, "another format")
    classes = tuple(about["classes"])
    if about["architecture"] is not None:
        made = load_pretrained(about["architecture"], path)
    else:
        whole = read_recipe(path / _ENCODER, _ENCODER).beyond is not None
        made = load_encoder(str(path / _ENCODER), None if whole else RANDOM)
        network: Any = made.network
        network.reset_classifier(len(classes))
        with foreign_code(f"The weights in '{path}' must fit its encoder", "Fine-tune it again.", WeightsError):
            network.load_state_dict(weights)
    return FinetunedModel(classes, made.network.eval(), made.transform, about)


def saved_model(folder: Path) -> dict[str, Any] | None:
    """Return what a folder says of the fine-tuned model in it; None if the folder is empty or not there.

    Raises:
        ZoographError: if it holds something else.
    """
    try:
        if not folder.exists() or all(path.name == _UNFINISHED for path in folder.iterdir()):
            return None
        about = read_about(folder / WEIGHTS)
        if about.get("format") == _FORMAT:
            return about
    except (OSError, ValueError):
        pass
    raise ZoographError(
        f"'{folder}' must be a new or empty folder, or one that '--save-model' wrote (got something else there). "
        "Choose another place with --save-model."
    )


class BestModel:
    """Keeps the fine-tuned model with the highest test accuracy in a folder.

    Args:
        folder: that it is kept in.
        goes_on: whether a model that the folder holds already, of the same dataset, is one of those compared.

    Raises:
        ZoographError: if the folder holds something else.
    """

    def __init__(self, folder: Path, goes_on: bool = False) -> None:
        self.folder = folder.expanduser()
        self._kept = saved_model(self.folder) if goes_on else None
        if not goes_on:
            saved_model(self.folder)

    def __call__(self, model: PretrainedModel, run: Run, weights: Mapping[str, Tensor], classes: Sequence[str]) -> None:
        """Keep a model if it is the best by now."""
        kept = self._kept
        same = kept is not None and all(kept[name] == getattr(run, name) for name in ("dataset", "test_size"))
        if kept is None or not same or run.value > kept["value"]:
            save_finetuned(self.folder, model, weights, classes, run)
            self._kept = saved_model(self.folder)

    def holds(self, model: str, dataset: str) -> bool:
        """Return whether the folder holds this model, fine-tuned on this dataset."""
        kept = self._kept
        return kept is not None and (kept["model"], kept["dataset"]) == (model, dataset)


def _no_model(path: Path, why: object) -> WeightsError:
    return WeightsError(
        f"'{path}' must be a folder that 'zoograph measure --protocol finetune --save-model' wrote (got: {why}). "
        "Check the path."
    )


def _to_json(content: Any) -> str:
    return json.dumps(content, indent=1, default=str) + "\n"


def _describe_for_timm(model: PretrainedModel, classes: Sequence[str]) -> dict[str, Any]:
    """Return what timm and :mod:`zoograph.data.networks.weight_files` read of a folder."""
    known: Any = model.network.pretrained_cfg
    return {
        "architecture": model.card.timm_name,
        "num_classes": len(classes),
        "label_names": list(classes),
        "model_args": dict(model.arguments),
        "pretrained_cfg": {
            **{name: known[name] for name in SEEN if known.get(name) is not None},
            "num_classes": len(classes),
            "classifier": known.get("classifier"),
            "first_conv": known.get("first_conv"),
        },
    }


def _copy_settings(source: Path, target: Path, whole: bool) -> None:
    """Copy what an encoder's folder holds beside the weights of the transformer; linear layers after it are small.

    Args:
        source: with the encoder.
        target: is made.
        whole: whether the safetensors are copied too, as sentence-transformers makes no network without them.
    """
    for path in visible_files(source):
        heavy = path.suffix in _HEAVY or path.name.endswith(".index.json")
        if not heavy or (path.suffix == ".safetensors" and (whole or _is_dense(path.parent, source))):
            place = target / path.relative_to(source)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, place)


def _is_dense(folder: Path, whole: Path) -> bool:
    return folder != whole and folder.name.endswith("_Dense")
