from zoograph.training.retraining.round import Round, Waiting
from zoograph.training.versions.verdict import Verdict


def test_too_little_waits():
    few = Round(Waiting(3, 0), None, 25)
    assert few.notes == ("3 new runs wait, too few to retrain: 25 are enough, or what '--min-new' says.",)
    assert Round(Waiting(1, 0), None, 2).notes == (
        "1 new run waits, too few to retrain: 2 are enough, or what '--min-new' says.",
    )
    assert Round(Waiting(0, 0), None).notes == ("No new run waits: there is nothing to retrain on.",)
    assert few.to_frame().iloc[0].dropna().to_dict() == {"new": 3, "gone": 0}


def test_a_version_that_was_promoted(save_toy, tmp_path):
    artifact = save_toy(tmp_path / "head", version="v1", num_records=2700, verdict=Verdict(seconds=41.2, error=0.02))
    done = Round(None, artifact)
    assert done.notes == (
        "v1, learned from 2,700 records (full training, 41 s).",
        "The first one.",
        "It is in use from now on.",
    )
    row = done.to_frame().iloc[0].dropna().to_dict()
    assert row == {"version": "v1", "records": 2700, "promoted": True, "error": 0.02}
    assert "<td>v1</td>" in done._repr_html_()


def test_a_version_that_was_kept_aside(save_toy, tmp_path):
    verdict = Verdict(parent="v1", promoted=False, reason="Worse.", suspects=("bad",))
    artifact = save_toy(tmp_path / "head", version="v2", verdict=verdict)
    assert Round(Waiting(30, 1), artifact).notes[2] == (
        "Not put into use: 'v1' stays. 'zoograph undo bad' removes a batch; 'zoograph rollback v2' puts the "
        "new one into use all the same."
    )
