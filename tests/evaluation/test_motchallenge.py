"""MOTChallenge's choice of rows: numbers of TrackEval 1.3.0 run on the same two files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from drivelabel.errors import FormatError, StoreError
from drivelabel.evaluation.tracks import (
    MOT17_DISTRACTORS,
    MOT20_DISTRACTORS,
    clear,
    hota,
    identity,
    read_mot_text,
    read_motchallenge,
)

FOLDER = Path(__file__).parents[1] / "golden" / "motchallenge"

# MotChallenge2DBox.get_preprocessed_seq_data with BENCHMARK MOT17 and MOT20, then HOTA, CLEAR and Identity.
GOLDEN = {
    MOT17_DISTRACTORS: {
        "rows": (67, 106),
        "hota": (0.42875318464016116, 0.3912291474169193, 0.470673210180951, 0.8401997228457013),
        "clear": (0.0, 0.8160232378051605, 6, 12, 3, 56, 50, 11),
        "identity": (0.49710982658959535, 43),
    },
    MOT20_DISTRACTORS: {
        "rows": (67, 96),
        "hota": (0.4479478856593982, 0.4270911443069907, 0.470673210180951, 0.8401997228457013),
        "clear": (0.14925373134328357, 0.8160232378051605, 6, 12, 3, 56, 40, 11),
        "identity": (0.5276073619631901, 43),
    },
}


@pytest.mark.parametrize("distractors", list(GOLDEN))
def test_rows_and_metrics_are_those_of_trackeval(distractors: tuple[int, ...]) -> None:
    golden = GOLDEN[distractors]
    truth, pred = read_motchallenge(FOLDER / "gt.txt", FOLDER / "pred.txt", distractors=distractors)
    assert (len(truth.track_id), len(pred.track_id)) == golden["rows"]
    mean, c, i = hota(truth, pred).mean(), clear(truth, pred), identity(truth, pred)
    ours = tuple(mean[name] for name in ("hota", "det_a", "ass_a", "loc_a"))
    np.testing.assert_allclose(ours, golden["hota"], rtol=0, atol=1e-9)
    ours = c.mota, c.motp, c.idsw, c.frag, c.mt, c.tp, c.fp, c.fn
    np.testing.assert_allclose(ours, golden["clear"], rtol=0, atol=1e-9)
    np.testing.assert_allclose((i.idf1, i.idtp), golden["identity"], rtol=0, atol=1e-9)


def test_without_distractors_every_prediction_is_judged() -> None:
    truth, pred = read_motchallenge(FOLDER / "gt.txt", FOLDER / "pred.txt", distractors=())
    assert len(truth.track_id) == 67
    assert len(pred.track_id) == len(read_mot_text(FOLDER / "pred.txt").track_id) == 146


def test_lines_may_stand_in_any_order(tmp_path: Path) -> None:
    for name in ("gt.txt", "pred.txt"):
        lines = (FOLDER / name).read_text().splitlines()
        order = np.random.default_rng(0).permutation(len(lines))
        (tmp_path / name).write_text("\n".join(lines[k] for k in order))
    expected = read_motchallenge(FOLDER / "gt.txt", FOLDER / "pred.txt")
    found = read_motchallenge(tmp_path / "gt.txt", tmp_path / "pred.txt")
    assert clear(*found).to_json() == pytest.approx(clear(*expected).to_json())
    assert hota(*found).mean() == pytest.approx(hota(*expected).mean())


def test_a_distractor_takes_its_prediction_even_where_a_person_is_near(tmp_path: Path) -> None:
    (tmp_path / "gt.txt").write_text("1,1,0,0,10,10,1,1,1\n1,2,1,0,10,10,0,8,1\n")
    (tmp_path / "pred.txt").write_text("1,7,1,0,10,10,1\n")
    truth, pred = read_motchallenge(tmp_path / "gt.txt", tmp_path / "pred.txt")
    assert (len(truth.track_id), len(pred.track_id)) == (1, 0)
    assert (len(truth), len(pred)) == (1, 1)


@pytest.mark.parametrize(
    ("truth", "message"),
    [
        ("1,1,0,0,10,10,1\n", "expected 8 fields a line"),
        ("1,1,0,0,10,10,1,14,1\n", "frame 1: expected a class from 1 to 13, got 14"),
        ("1,1,0,0,10,10,1,x,1\n", "expected lines of numbers"),
    ],
)
def test_truth_without_known_classes_is_refused(tmp_path: Path, truth: str, message: str) -> None:
    (tmp_path / "gt.txt").write_text(truth)
    (tmp_path / "pred.txt").write_text("1,7,1,0,10,10,1\n")
    with pytest.raises(FormatError, match=message):
        read_motchallenge(tmp_path / "gt.txt", tmp_path / "pred.txt")


def test_empty_files_have_no_tracks_and_missing_ones_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.txt").write_text("")
    truth, pred = read_motchallenge(tmp_path / "empty.txt", FOLDER / "pred.txt")
    assert (len(truth.track_id), len(pred.track_id)) == (0, 146)
    truth, pred = read_motchallenge(FOLDER / "gt.txt", tmp_path / "empty.txt", n_frames=30)
    assert (len(truth.track_id), len(pred.track_id), len(truth), len(pred)) == (67, 0, 30, 30)
    with pytest.raises(StoreError, match="cannot be read"):
        read_motchallenge(tmp_path / "none.txt", FOLDER / "pred.txt")
