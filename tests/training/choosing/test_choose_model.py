"""Choosing for a folder of images, with small networks: what is measured, stored, stated, and taken up again."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from zoograph.data.errors import ZoographError
from zoograph.data.networks.checkpoints.finetuned import load_finetuned
from zoograph.data.records.cards import DatasetCard, Modality, ModelCard
from zoograph.data.records.collection import Collection
from zoograph.data.records.records import Protocol, Run
from zoograph.data.store.store import RecordStore
from zoograph.data.testing.tiny_encoders import make_tiny_encoder, write_opinions
from zoograph.facade import score
from zoograph.training.candidates.filters import Filters
from zoograph.training.choosing import choose_model
from zoograph.training.choosing.choice import Choice
from zoograph.training.choosing.choose_model import choose
from zoograph.training.choosing.loop import Standing
from zoograph.training.measuring.finetuning.finetune import FinetuneConfig

pytestmark = pytest.mark.usefixtures("toy_zoo", "machine")
NAMED = Filters(models=("test_resnet", "test_vit"))


def _runs() -> list[tuple[str, str, str]]:
    with RecordStore.open() as store:
        runs = store.snapshot().runs
    own = runs[runs["source"].str.startswith("zoograph ")]
    return sorted(zip(own["model"], own["dataset"], own["protocol"], strict=True))


def test_both_candidates_are_measured_and_the_better_one_is_picked(photos: Path, weights_dir: Path) -> None:
    seen: list[Standing] = []
    choice = choose(str(photos), 600, regret=0.0, filters=NAMED, weights_dir=weights_dir, watch=seen.append)
    assert [model for model, dataset, protocol in _runs()] == ["test_resnet.r160_in1k", "test_vit.r160_in1k"]
    assert {(dataset, protocol) for _, dataset, protocol in _runs()} == {("photos", "head")}
    assert choice.stopped == "exhausted"
    best = max(choice.trials, key=lambda trial: trial.accuracy)
    assert choice.picked.head == choice.measured == best.accuracy
    assert choice.next is None
    assert [standing.doing is None for standing in seen] == [False, False, True]
    assert len(seen[-1].trials) == 2
    assert choice.weights == weights_dir / f"{choice.picked.model}.safetensors"
    assert "on the word of its name" in " ".join(choice.notes)


def test_a_second_call_goes_on_where_the_first_was(photos: Path, weights_dir: Path) -> None:
    def stop(standing: Standing) -> None:
        if standing.trials:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        choose(str(photos), 600, regret=0.0, filters=NAMED, weights_dir=weights_dir, watch=stop)
    assert len(_runs()) == 1
    choice = choose(str(photos), 600, regret=0.0, filters=NAMED, weights_dir=weights_dir)
    assert (len(choice.trials), choice.earlier, len(_runs())) == (1, 1, 2)
    again = choose(str(photos), 600, regret=0.0, filters=NAMED, weights_dir=weights_dir)
    assert (len(again.trials), again.earlier, again.stopped) == (0, 2, "exhausted")


def test_heads_come_before_fine_tuning(photos: Path, weights_dir: Path) -> None:
    config = FinetuneConfig(max_epochs=1)
    filters = Filters(models=("test_resnet",))
    choice = choose(
        str(photos), 600, Protocol.FINETUNE, regret=0.0, filters=filters, weights_dir=weights_dir, config=config
    )
    assert [trial.level for trial in choice.trials] == [Protocol.HEAD, Protocol.FINETUNE]
    assert choice.picked.finetune == choice.trials[-1].accuracy
    assert "--protocol finetune" in choice.command


def test_a_candidate_that_fails_is_said_and_not_asked_again(photos: Path, weights_dir: Path) -> None:
    save_file({"nothing": torch.zeros(1)}, weights_dir / "test_vit.r160_in1k.safetensors")
    choice = choose(str(photos), 600, regret=0.0, filters=NAMED, weights_dir=weights_dir)
    assert [left.model for left in choice.left] == ["test_vit.r160_in1k"]
    assert choice.picked.model == "test_resnet.r160_in1k"
    assert (choice.num_candidates, len(choice.trials)) == (1, 1)


def test_weights_with_another_classifier_are_not_the_published_ones(photos: Path, weights_dir: Path) -> None:
    import timm

    save_file(timm.create_model("test_vit", num_classes=7).state_dict(), weights_dir / "test_vit.r160_in1k.safetensors")
    with pytest.raises(ZoographError, match=r"of their own, 'test_vit@.*another number of classes"):
        choose(str(photos), 600, filters=Filters(models=("test_vit",)), weights_dir=weights_dir)
    assert _runs() == []


def test_the_same_file_has_the_same_name_in_every_command(photos: Path, weights_dir: Path) -> None:
    (weights_dir / "test_vit.r160_in1k.safetensors").rename(weights_dir / "test_vit.safetensors")  # names no weights
    choice = choose(str(photos), 600, regret=0.0, filters=NAMED, weights_dir=weights_dir)
    chosen = {trial.model for trial in choice.trials}
    scored, moved = {}, weights_dir.rename(weights_dir.with_name("moved"))
    for path in moved.iterdir():
        report = score(path.name.partition(".")[0], str(photos), ["logme"], weights=str(path))
        scored[path.name] = report.pairs[0].model
        said = any("on the word of the name" in note for note in report.notes)
        assert said == ("@" not in scored[path.name])
    assert set(scored.values()) == chosen
    assert scored["test_resnet.r160_in1k.safetensors"] == "test_resnet.r160_in1k"
    assert scored["test_vit.safetensors"].startswith("test_vit@")
    assert "--models test_vit --" in choice.command or "--models test_resnet.r160_in1k --" in choice.command


def test_one_file_under_two_names_is_one_candidate(photos: Path, weights_dir: Path) -> None:
    shutil.copyfile(weights_dir / "test_vit.r160_in1k.safetensors", weights_dir / "test_vit.safetensors")
    filters = Filters(models=("test_resnet", "test_vit", "test_vit.r160_in1k"))
    choice = choose(str(photos), 600, regret=0.0, filters=filters, weights_dir=weights_dir)
    assert {trial.model for trial in choice.trials} == {"test_resnet.r160_in1k", "test_vit.r160_in1k"}
    ((model, reason),) = choice.left
    assert model.startswith("test_vit@")
    assert reason == "its file holds the weights of 'test_vit.r160_in1k', under another name."


def test_a_split_that_says_nothing_is_refused_before_any_work(
    tmp_path: Path, paint_classes: Callable[[Path], Path], weights_dir: Path
) -> None:
    folder = paint_classes(tmp_path / "split" / "train")
    shutil.copytree(next(path for path in folder.iterdir() if path.is_dir()), tmp_path / "split" / "test" / "red")
    said: list[str] = []
    first = next(path.name for path in sorted(folder.iterdir()))
    (tmp_path / "split" / "test" / "red").rename(tmp_path / "split" / "test" / first)
    with pytest.raises(ZoographError, match="must be of two classes or more"):
        choose(str(tmp_path / "split"), 600, filters=NAMED, weights_dir=weights_dir, stage=said.append)
    assert (said, _runs()) == ([], [])


def test_the_budget_begins_when_it_is_said_to(photos: Path, weights_dir: Path) -> None:
    with pytest.raises(ZoographError, match="A budget of 10 min is too short"):
        choose(str(photos), 600, filters=NAMED, weights_dir=weights_dir, begin=time.monotonic() - 599.9)


def test_a_budget_that_is_too_short_says_how_long_it_takes(
    photos: Path, weights_dir: Path, machine: Callable[[float], None]
) -> None:
    machine(0.01)
    with pytest.raises(ZoographError, match=r"A budget of 20 s is too short for one candidate: .* Give --budget \d+s"):
        choose(str(photos), 20, filters=NAMED, weights_dir=weights_dir)
    assert _runs() == []


def test_no_weights_at_all_is_a_sentence(photos: Path, tmp_path: Path, toy_zoo: Collection) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ZoographError, match=r"The weights of none of 2 candidates are to be had"):
        choose(str(photos), 60, filters=NAMED, weights_dir=tmp_path / "empty")


def test_what_trains_nothing_is_not_chosen_for(photos: Path) -> None:
    with pytest.raises(ZoographError, match="does head or finetune"):
        choose(str(photos), 60, "probe")


@pytest.fixture
def encoders(tmp_path: Path) -> tuple[str, str]:
    """Folders of two encoders, in a home that knows a few records of texts under another protocol."""
    texts = DatasetCard(id="reviews", source="toy", modality=Modality.TEXT)
    models = [ModelCard(id=f"encoder-{number}", source="toy", modalities=("text",)) for number in range(3)]
    runs = [
        Run(source="t", model=card.id, dataset="reviews", protocol=Protocol.PROBE, value=0.6 + place / 10)
        for place, card in enumerate(models)
    ]
    with RecordStore.open() as store:
        store.add(models=models, datasets=[texts], runs=runs)
    return str(make_tiny_encoder(tmp_path / "one", seed=1)), str(make_tiny_encoder(tmp_path / "two", seed=2))


def test_texts_are_chosen_for_as_images_are(tmp_path: Path, encoders: tuple[str, str]) -> None:
    table = write_opinions(tmp_path / "opinions.csv", 40)
    choice = choose(str(table), 600, regret=0.0, filters=Filters(models=encoders))
    assert (choice.num_candidates, len(choice.trials), choice.stopped) == (2, 2, "exhausted")
    assert choice.measured == max(trial.accuracy for trial in choice.trials)
    assert {Path(str(choice.weights)).name, choice.picked.model.partition("@")[0]} <= {"one", "two"}
    assert choice.answered is Protocol.PROBE
    assert choice.samples == "texts"
    assert "AutoModelForSequenceClassification" in choice.snippet
    assert f"--weights {choice.weights}" in choice.command
    again = choose(str(table), 600, regret=0.0, filters=Filters(models=encoders))
    assert (again.trials, again.earlier, again.picked.model) == ((), 2, choice.picked.model)


def test_a_model_of_images_is_not_chosen_for_texts(tmp_path: Path, encoders: tuple[str, str]) -> None:
    table = write_opinions(tmp_path / "opinions.csv", 40)
    with pytest.raises(ZoographError, match="must read texts"):
        choose(str(table), 600, filters=NAMED)


def test_a_folder_named_for_images_must_hold_what_sees_them(photos: Path, encoders: tuple[str, str]) -> None:
    with pytest.raises(ZoographError, match="to be asked about 'photos'"):
        choose(str(photos), 600, filters=Filters(models=encoders))


def test_the_fine_tuned_choice_is_kept(tmp_path: Path, encoders: tuple[str, str]) -> None:
    table, folder = write_opinions(tmp_path / "opinions.csv", 40), tmp_path / "kept"
    filters, config = Filters(models=encoders[:1]), FinetuneConfig(max_epochs=1)
    how = {"regret": 0.0, "filters": filters, "config": config, "save_model": folder}
    choice = choose(str(table), 600, Protocol.FINETUNE, **how)
    assert choice.is_saved
    assert f'zoograph.load_finetuned("{folder}")' in choice.snippet
    kept = load_finetuned(folder)
    assert (kept.about["model"], kept.about["value"]) == (choice.picked.model, choice.picked.finetune)
    again = choose(str(table), 600, Protocol.FINETUNE, **how)
    assert (again.trials, again.is_saved) == ((), True)
    missed = choose(str(table), 600, Protocol.FINETUNE, **{**how, "save_model": tmp_path / "other"})
    assert not missed.is_saved
    assert "does not hold the choice" in " ".join(missed.notes)
    with pytest.raises(ZoographError, match="Add '--protocol finetune'"):
        choose(str(table), 600, save_model=folder)


def test_what_a_call_measured_is_among_the_newer_records(choice: Choice) -> None:
    known = choose_model._with_own(choice.provenance, choice.trials, Protocol.HEAD)  # a probe is no record of heads
    assert known.newer_records == choice.provenance.newer_records + 1
    baseline = replace(choice.provenance, version="")
    assert choose_model._with_own(baseline, choice.trials, Protocol.HEAD) == baseline
