"""A fine-tuned model is kept, and says the same when it is loaded again."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from zoograph.data.errors import ZoographError
from zoograph.data.networks.checkpoints import finetuned
from zoograph.data.networks.checkpoints.finetuned import (
    ABOUT,
    WEIGHTS,
    BestModel,
    FinetunedModel,
    load_finetuned,
    save_finetuned,
    saved_model,
)
from zoograph.data.networks.encoders import load_encoder
from zoograph.data.networks.rows import stack
from zoograph.data.networks.weights import RANDOM, PretrainedModel, load_pretrained
from zoograph.data.records.records import Protocol, Run
from zoograph.data.tasks.sources import open_task
from zoograph.data.testing.tiny_encoders import describe_sentences, make_tiny_encoder

CLASSES = ("good", "bad", "so so")
TEXTS = ["this film is good", "bad book", "the cat was very fine"]


def _run(value: float = 0.8, dataset: str = "reviews") -> Run:
    return Run(source="s", model="m", dataset=dataset, protocol=Protocol.FINETUNE, value=value, test_size=9)


def _tuned(model: PretrainedModel, seed: int = 0) -> Any:
    """Return a copy of the network with a classifier, whose weights are other than those it began with."""
    network: Any = copy.deepcopy(model.network)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network.reset_classifier(len(CLASSES))
        with torch.no_grad():
            for weight in network.parameters():
                weight += 0.05 * torch.randn_like(weight)
    return network.eval()


def _says(network: Any, model: PretrainedModel, samples: Sequence[Any]) -> torch.Tensor:
    with torch.inference_mode():
        found: torch.Tensor = network(stack([model.transform(sample) for sample in samples])).softmax(1)
    return found


def _kept_without(folder: Path) -> tuple[FinetunedModel, Any, PretrainedModel]:
    """Tune and keep the encoder of a folder, which then is gone; return what is loaded, the network and the encoder."""
    model = load_encoder(str(folder))
    network = _tuned(model)
    kept = folder.parent / "kept"
    save_finetuned(kept, model, network.state_dict(), CLASSES, _run())
    folder.rename(folder.parent / "moved")
    return load_finetuned(kept), network, model


def test_an_encoder_says_the_same_again_without_the_folder_it_came_from(tmp_path: Path) -> None:
    folder = make_tiny_encoder(tmp_path / "bert")
    describe_sentences(folder, pooling_mode_cls_token=True)
    again, network, model = _kept_without(folder)
    expected = _says(network, model, TEXTS)
    torch.testing.assert_close(again.probabilities(TEXTS), expected)
    torch.testing.assert_close(again.probabilities(TEXTS, batch_size=1), expected)
    assert again.classify(TEXTS) == [CLASSES[place] for place in expected.argmax(1).tolist()]
    assert again.probabilities([]).shape == (0, 3)
    assert sum(1 for path in (tmp_path / "kept").rglob("*.safetensors")) == 1


def test_a_model_of_sentence_transformers_takes_its_safetensors_along(tmp_path: Path) -> None:
    pytest.importorskip("sentence_transformers")
    folder = make_tiny_encoder(tmp_path / "bert")
    describe_sentences(folder, pooling_mode_mean_sqrt_len_tokens=True)
    again, network, model = _kept_without(folder)
    torch.testing.assert_close(again.probabilities(TEXTS), _says(network, model, TEXTS))


def test_a_network_of_timm_says_the_same_again_and_timm_reads_the_folder(
    tmp_path: Path, paint_classes: Callable[[Path], Path]
) -> None:
    import timm

    model = load_pretrained("test_resnet", RANDOM)
    network = _tuned(model)
    save_finetuned(tmp_path / "kept", model, network.state_dict(), CLASSES, _run())
    task: Any = open_task(str(paint_classes(tmp_path / "photos")))
    pictures = [task.picture(row) for row in (0, 12, 25)]
    again = load_finetuned(tmp_path / "kept")
    expected = _says(network, model, pictures)
    torch.testing.assert_close(again.probabilities(pictures), expected)
    theirs: Any = timm.create_model(f"local-dir:{tmp_path / 'kept'}", pretrained=True).eval()
    torch.testing.assert_close(_says(theirs, model, pictures), expected)
    assert theirs.pretrained_cfg["label_names"] == list(CLASSES)


def test_the_small_file_says_what_it_is(tmp_path: Path) -> None:
    model = load_encoder(str(make_tiny_encoder(tmp_path / "bert")))
    save_finetuned(tmp_path / "kept", model, _tuned(model).state_dict(), CLASSES, _run())
    about = json.loads((tmp_path / "kept" / ABOUT).read_text())
    assert about["classes"] == list(CLASSES)
    assert (about["model"], about["dataset"], about["value"]) == (model.card.id, "reviews", 0.8)
    assert about["transform"].startswith("tokens ")
    assert load_finetuned(tmp_path / "kept").about == about


def test_what_was_changed_or_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ZoographError, match="must be a folder that 'zoograph measure"):
        load_finetuned(tmp_path / "none")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").touch()
    with pytest.raises(ZoographError, match="must be a new or empty folder, or one that '--save-model' wrote"):
        BestModel(tmp_path / "mine")
    model = load_encoder(str(make_tiny_encoder(tmp_path / "bert")))
    save_finetuned(tmp_path / "kept", model, _tuned(model).state_dict(), CLASSES, _run())
    held = bytearray((tmp_path / "kept" / WEIGHTS).read_bytes())
    held[-1] ^= 1
    (tmp_path / "kept" / WEIGHTS).write_bytes(held)
    with pytest.raises(ZoographError, match="does not agree with its hash"):
        load_finetuned(tmp_path / "kept")


def test_the_model_that_was_there_stays_until_all_of_the_next_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = load_encoder(str(make_tiny_encoder(tmp_path / "bert")))
    kept, first = tmp_path / "kept", _tuned(model)
    save_finetuned(kept, model, first.state_dict(), CLASSES, _run())

    def fail(*_: object) -> None:
        raise OSError("no space left")

    with monkeypatch.context() as patched:
        patched.setattr(finetuned, "save_tensors", fail)
        with pytest.raises(ZoographError, match=r"cannot be written \(no space left\)"):
            save_finetuned(kept, model, _tuned(model, 1).state_dict(), CLASSES, _run())
        with pytest.raises(ZoographError, match="cannot be written"):
            save_finetuned(tmp_path / "new", model, first.state_dict(), CLASSES, _run())
    torch.testing.assert_close(load_finetuned(kept).probabilities(TEXTS), _says(first, model, TEXTS))
    assert saved_model(tmp_path / "new") is None

    second = _tuned(model, 1)
    save_finetuned(kept, model, second.state_dict(), CLASSES, _run())
    torch.testing.assert_close(load_finetuned(kept).probabilities(TEXTS), _says(second, model, TEXTS))
    assert {path.name for path in kept.iterdir()} == {"encoder", ABOUT, WEIGHTS}


def test_the_best_of_several_is_kept_and_a_later_call_begins_anew_or_goes_on(tmp_path: Path) -> None:
    model, folder = load_encoder(str(make_tiny_encoder(tmp_path / "bert"))), tmp_path / "kept"

    def offer(best: BestModel, value: float, dataset: str = "reviews") -> float:
        best(model, _run(value, dataset), _tuned(model).state_dict(), CLASSES)
        about = saved_model(folder)
        assert about is not None
        return float(about["value"])

    first = BestModel(folder)
    assert not first.holds(model.card.id, "reviews")
    assert [offer(first, value) for value in (0.7, 0.9, 0.8)] == [0.7, 0.9, 0.9]
    assert first.holds(model.card.id, "reviews")
    assert offer(BestModel(folder, goes_on=True), 0.8) == 0.9
    assert offer(BestModel(folder, goes_on=True), 0.8, "films") == 0.8  # another dataset
    assert offer(BestModel(folder), 0.5) == 0.5
