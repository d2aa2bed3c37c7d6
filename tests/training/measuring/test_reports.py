import pytest

from zoograph.data.records.records import Protocol, Run
from zoograph.training.measuring.reports import MeasureReport, PairScores, ScoreReport
from zoograph.training.measuring.subject import Failure

FAILED = Failure("broken", "no <such> weights")


EMPTY = "an empty file"


def run(**fields):
    given = {"source": "t", "model": "resnet18", "dataset": "pets", "protocol": Protocol.HEAD, "value": 0.9}
    return Run.model_validate({**given, "train_size": 70, "test_size": 30, "seed": 0, **fields})


@pytest.fixture
def scored():
    pairs = (
        PairScores("resnet18", {"logme": 1.5, "hscore": 2.0}, {}, {"a.png": EMPTY}, 1),
        PairScores(
            "vit",
            {"logme": 0.5},
            {"leep": "there are no source classes"},
            {"a.png": "an empty file", "b.png": "an empty file"},
            1,
        ),
    )
    return ScoreReport("pets", 500, 7000, pairs, (FAILED,))


def test_scores_are_one_row_a_model_and_score(scored):
    frame = scored.to_frame()
    assert list(frame) == ["model", "score", "value", "reason"]
    assert frame[["model", "score", "value"]].iloc[:3].values.tolist() == [
        ["resnet18", "logme", 1.5],
        ["resnet18", "hscore", 2.0],
        ["vit", "logme", 0.5],
    ]
    assert frame["value"].isna().tolist() == [False, False, False, True, True]
    assert frame["reason"].tolist()[3:] == ["there are no source classes", "no <such> weights"]


def test_notes_of_scores(scored):
    assert scored.title == "Transferability to pets, higher is better"
    assert scored.notes == (
        "500 of 7,000 images; 2 scores computed, 1 known.",
        "vit: leep is undefined, there are no source classes.",
        "2 images are left out, which cannot be read (2 are each an empty file: 'a.png', 'b.png').",
    )
    assert "no &lt;such&gt; weights" in scored._repr_html_()


def test_scores_that_are_as_high_as_they_can_be_are_said_to_rank_nothing():
    pairs = (
        PairScores("resnet18", {"h_score": 9 - 1e-12, "sfda": 0.98}, {}, {}, 2),
        PairScores("vit", {"h_score": 9.0, "sfda": 1.0}, {}, {}, 2),
        PairScores("tiny", {"h_score": 5.2, "sfda": 0.23}, {}, {}, 2),
    )
    report = ScoreReport("pets", 500, 7000, pairs, (), num_classes=10)
    assert report.notes[1:] == (
        "h_score is 9 at most, and 'resnet18', 'vit' reach it: so does nearly any model with as many features as there "
        "are images. Go by another score, or look at more.",
        "sfda is 1 at most, and 'vit' reaches it: so does nearly any model with as many features as there are images. "
        "Go by another score, or look at more.",
    )
    assert len(ScoreReport("prices", 500, 7000, pairs, ()).notes) == 1


def test_measured_runs_are_one_row_each_and_so_are_failures():
    runs = (run(hyperparameters={"seconds": 2.5}), run(seed=1, value=0.8))
    report = MeasureReport("pets", runs, {"a.png": "an empty file"}, (FAILED,))
    frame = report.to_frame()
    assert list(frame) == ["model", "value", "seed", "train_size", "test_size", "seconds", "reason"]
    assert frame["value"].tolist()[:2] == [0.9, 0.8]
    assert frame["seed"].tolist()[:2] == [0, 1]
    assert frame.iloc[2].dropna().to_dict() == {"model": "broken", "reason": "no <such> weights"}
    assert frame["seconds"].isna().tolist() == [False, True, True]
    assert report.title == "pets, retrained head: measured top-1 accuracy"
    assert report.notes == ("1 image is left out, which cannot be read (1 is an empty file: 'a.png').",)


def test_runs_that_were_in_the_store_are_counted():
    runs = (run(), run(seed=1), run(seed=2))
    (one,) = MeasureReport("pets", runs, {}, (), num_known=1).notes
    assert one == "2 runs measured, 1 was in the store already; --fresh measures again."
    (all_of_them,) = MeasureReport("pets", runs, {}, (), num_known=3).notes
    assert all_of_them == "0 runs measured, 3 were in the store already; --fresh measures again."


def test_what_an_accuracy_does_not_say_is_among_the_notes():
    runs = (run(hyperparameters={"warnings": ["Nothing is known of 'owl'."]}), run(seed=1), run(seed=2))
    runs = (*runs, run(seed=3, hyperparameters={"warnings": ["Nothing is known of 'owl'."]}))
    assert MeasureReport("pets", runs, {}, ()).notes == ("Nothing is known of 'owl'.",)


def test_without_any_run_there_is_still_a_table():
    report = MeasureReport("pets", (), {}, (FAILED,))
    assert report.title == "pets: measured top-1 accuracy"
    assert report.notes == ()
    assert "broken" in report._repr_html_()
