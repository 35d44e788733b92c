"""HOTA, CLEAR and Identity equal their plain twins, published numbers, and TrackEval's numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import tracks as plain
from scipy.optimize import linear_sum_assignment

from drivelabel.errors import FormatError, InvalidLabelError, StoreError
from drivelabel.evaluation.tracks import (
    ALPHAS,
    Clear,
    Hota,
    Identity,
    MotClear,
    Overlaps,
    Tracks,
    clear,
    hota,
    identity,
    mot_clear,
    read_mot_text,
)
from drivelabel.geometry._kernels.sparse_assignment import pair_sparse
from drivelabel.labels import Boxes2D, Grouped


def log(seed, n_frames=12, n_tracks=6):
    """True and predicted rows (frame, id, xyxy) of a made-up crowd: gaps, drift, switches, ghosts."""
    rng = np.random.default_rng(seed)
    truth, pred = [], []
    for k in range(n_tracks):
        start, stop = np.sort(rng.integers(0, n_frames + 1, 2))
        place, way, size, name = rng.uniform(0, 50, 2), rng.normal(0, 1.5, 2), rng.uniform(8, 30, 2), 100 + k
        for frame in range(start, stop):
            corner = place + way * (frame - start)
            if rng.random() < 0.9:
                truth.append([frame, k, *corner, *corner + size])
            if rng.random() < 0.1:
                name += 20
            if rng.random() < 0.85:
                corner = corner + rng.normal(0, 2, 2)
                pred.append([frame, name, *corner, *corner + np.maximum(1, size + rng.normal(0, 2, 2))])
    for ghost in range(int(rng.integers(0, 8))):
        corner = rng.uniform(0, 60, 2)
        pred.append([rng.integers(0, n_frames), 900 + ghost, *corner, *corner + rng.uniform(5, 25, 2)])
    return n_frames, np.array(truth).reshape(-1, 6), np.array(pred).reshape(-1, 6)


def tracks_of(rows, n_frames):
    return Tracks.from_rows(rows[:, 0], rows[:, 1], rows[:, 2:], n_frames)


def frames_of(rows, n_frames):
    return [{r[1]: r[2:] for r in rows if r[0] == f} for f in range(n_frames)]


@pytest.fixture(scope="module")
def tud(shared_data):
    folder = shared_data / "mot_tud/TUD-Campus"
    truth = read_mot_text(folder / "gt.txt", min_confidence=1, n_frames=71)
    return truth, read_mot_text(folder / "test.txt", n_frames=71)


def test_the_published_numbers_of_py_motmetrics_come_out(tud):
    r = mot_clear(*tud)
    numbers = (r.idf1, r.idp, r.idr, r.recall, r.precision, r.mota, r.motp)
    expected = (0.557659, 0.729730, 0.451253, 0.582173, 0.941441, 0.526462, 0.277201)
    assert tuple(round(number, 6) for number in numbers) == expected
    assert (r.n_unique, r.mostly_tracked, r.partially_tracked, r.mostly_lost) == (8, 1, 6, 1)
    assert (r.fp, r.fn, r.switches, r.fragments) == (13, 150, 7, 7)


def test_trackevals_numbers_come_out(tud):
    # From TrackEval 1.3.0 on the same rows.
    scores = hota(*tud).mean()
    expected = {"hota": 0.391397, "det_a": 0.418047, "ass_a": 0.369121, "loc_a": 0.770052}
    assert {name: round(scores[name], 6) for name in expected} == expected
    counts = clear(*tud)
    assert (counts.tp, counts.fn, counts.fp, counts.idsw, counts.frag) == (209, 150, 13, 7, 7)
    assert identity(*tud) == Identity(162, 197, 60)


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1))
def test_they_equal_their_plain_twins(seed):
    n, truth_rows, pred_rows = log(seed)
    truth, pred = tracks_of(truth_rows, n), tracks_of(pred_rows, n)
    if not len(truth_rows) or not len(pred_rows):
        return
    plainly = frames_of(truth_rows, n), frames_of(pred_rows, n)
    scores = hota(truth, pred)
    for k in (0, 9, 18):
        ours = [scores.hota[k], scores.det_a[k], scores.ass_a[k], scores.loc_a[k]]
        np.testing.assert_allclose(ours, plain.hota(*plainly, ALPHAS[k]), atol=1e-12)
    c = clear(truth, pred)
    ours = (c.tp, c.idsw, c.mt, c.pt, c.ml, c.frag, c.similarity_sum)
    np.testing.assert_allclose(ours, plain.clear(*plainly), atol=1e-9)
    assert identity(truth, pred).idtp == plain.idtp(*plainly)


@given(st.integers(0, 2**32 - 1))
def test_the_truth_against_itself_is_perfect(seed):
    n, rows, _ = log(seed)
    truth = tracks_of(rows, n)
    if len(rows):
        np.testing.assert_allclose(list(hota(truth, truth).mean().values()), 1)
        result = clear(truth, truth)
        assert (result.mota, result.idsw, result.fp, result.ml) == (1, 0, 0, 0)
        assert identity(truth, truth).idf1 == 1
        assert mot_clear(truth, truth).mota == 1


@given(st.integers(0, 2**32 - 1))
def test_names_of_ids_and_order_of_rows_do_not_matter(seed):
    n, truth_rows, pred_rows = log(seed)
    shuffled = np.random.default_rng(seed).permutation(len(pred_rows))
    other = pred_rows[shuffled]
    other[:, 1] = -7 * other[:, 1] + 10**12
    a = [tracks_of(truth_rows, n), tracks_of(pred_rows, n)]
    b = [tracks_of(truth_rows, n), tracks_of(other, n)]
    np.testing.assert_allclose(list(hota(*a).mean().values()), list(hota(*b).mean().values()), atol=1e-12)
    assert clear(*a).idsw == clear(*b).idsw
    assert identity(*a) == identity(*b)


@given(st.integers(0, 2**32 - 1))
def test_counts_of_logs_add_up(seed):
    logs = [log(seed + k) for k in range(3)]
    pairs = [(tracks_of(t, n), tracks_of(p, n)) for n, t, p in logs]
    one = Hota.combine([hota(*pair) for pair in pairs])
    assert (one.tp + one.fn == sum(len(t) for _, t, _ in logs)).all()
    total = Clear.combine([clear(*pair) for pair in pairs])
    assert (total.tp + total.fn, total.tp + total.fp) == tuple(sum(len(x[k]) for x in logs) for k in (1, 2))
    assert Identity.combine([identity(*pair) for pair in pairs]).idtp == sum(identity(*p).idtp for p in pairs)
    assert MotClear.combine([mot_clear(*pair) for pair in pairs]).n_truth == sum(len(t) for _, t, _ in logs)


@given(st.integers(0, 7), st.integers(0, 7), st.floats(0.1, 1), st.integers(0, 2**32 - 1))
def test_the_sparse_pairing_is_the_best_one(n, m, density, seed):
    rng = np.random.default_rng(seed)
    gain = np.round(rng.random((n, m)), int(rng.integers(1, 8))) * (rng.random((n, m)) < density)
    rows, columns = np.nonzero(gain >= 0)
    starts = np.searchsorted(rows, np.arange(n + 1))
    taken = pair_sparse(n, m, starts, columns, gain[rows, columns])
    kept = taken[taken >= 0]
    assert len(set(columns[kept])) == len(kept)
    assert (rows[kept] == np.flatnonzero(taken >= 0)).all()
    np.testing.assert_allclose(
        gain[rows, columns][kept].sum(), gain[linear_sum_assignment(-gain)].sum(), atol=1e-12
    )


def test_empty_sides_follow_trackeval():
    n, rows, _ = log(3)
    truth, nobody = tracks_of(rows, n), tracks_of(np.zeros((0, 6)), n)
    missed = hota(truth, nobody)
    assert (missed.fn == len(rows)).all()
    assert (missed.mean()["hota"], missed.mean()["loc_a"]) == (0, 1)
    assert clear(truth, nobody).ml == truth.n_ids
    ghosts = clear(nobody, truth)
    assert (ghosts.fp, ghosts.mota) == (len(rows), 0)
    assert identity(nobody, truth).idfp == len(rows)
    assert np.isnan(mot_clear(nobody, truth).mota)


def test_any_geometry_can_be_scored_by_its_own_similarity():
    truth = Tracks.from_rows([0, 0, 1], [1, 2, 1])
    pred = Tracks.from_rows([0, 1], [7, 8])
    overlaps = Overlaps.from_pairs(truth, pred, [0, 1, 2], [0, 0, 1], [0.9, 0.6, 0.7])
    assert clear(truth, pred, overlaps).idsw == 1
    assert identity(truth, pred, overlaps) == Identity(2, 1, 0)
    with pytest.raises(InvalidLabelError, match="truth: expected boxes, got none"):
        hota(truth, pred)
    with pytest.raises(InvalidLabelError, match="both rows of a pair in one frame"):
        Overlaps.from_pairs(truth, pred, [0], [1], [0.5])
    with pytest.raises(InvalidLabelError, match=r"similarity, row 0: expected a number in \[0, 1\], got nan"):
        Overlaps.from_pairs(truth, pred, [0], [0], [np.nan])
    with pytest.raises(InvalidLabelError, match="pair 0: expected rows 0 to 2 and 1"):
        Overlaps.from_pairs(truth, pred, [9], [0], [0.5])


def test_a_layers_boxes_are_tracks():
    rows = Boxes2D(xyxy=[[0, 0, 9, 9], [1, 0, 9, 9]], category_id=[0, 0], track_id=[5, 5])
    boxes = Grouped.from_groups(Boxes2D, 3, {0: rows[:1], 2: rows[1:]})
    tracks = Tracks.of_boxes(boxes)
    assert (tracks.n_ids, tracks.frame_offsets.tolist()) == (1, [0, 1, 1, 2])
    loose = Grouped.from_groups(Boxes2D, 1, {0: rows.replace(track_id=[5, -1])})
    with pytest.raises(InvalidLabelError, match="track_id, row 1: the box belongs to no track"):
        Tracks.of_boxes(loose)


def test_bad_rows_are_named():
    with pytest.raises(InvalidLabelError, match="frame 2: track 7 has more than one row"):
        Tracks.from_rows([2, 2], [7, 7])
    with pytest.raises(InvalidLabelError, match="frame, row 1: expected 0 to 3, got 9"):
        Tracks.from_rows([0, 9], [7, 7], n_frames=4)
    with pytest.raises(InvalidLabelError, match="xyxy, row 0: expected finite"):
        Tracks.from_rows([0], [7], [[0, 0, np.nan, 1]])
    with pytest.raises(InvalidLabelError, match="pred: expected 3 frames like the truth, got 1"):
        hota(Tracks.from_rows([2], [1], [[0, 0, 1, 1]]), Tracks.from_rows([0], [1], [[0, 0, 1, 1]]))
    with pytest.raises(InvalidLabelError, match="logs: expected at least one"):
        Hota.combine([])


@given(st.lists(st.floats(-1e6, 1e6).map(lambda x: round(x, 5)), min_size=6, max_size=6))
def test_numbers_are_read_as_python_reads_them(tmp_path_factory, numbers):
    path = tmp_path_factory.getbasetemp() / "numbers.txt"
    path.write_text("1,1," + ",".join(f"{x:.5f}" for x in numbers))
    left, top, width, height = (float(f"{x:.5f}") for x in numbers[:4])
    assert read_mot_text(path).xyxy.tolist() == [[left, top, left + width, top + height]]


def test_text_files_are_read_and_refused(tmp_path):
    path = tmp_path / "gt.txt"
    path.write_text("2, 1, 10, 20, 5, 6, 1, -1,-1,-1\n1,1,10,20,5,6,0,-1,-1,-1\n")
    assert len(read_mot_text(path).track_id) == 2
    kept = read_mot_text(path, min_confidence=1)
    assert (kept.xyxy.tolist(), kept.frame_offsets.tolist()) == ([[10, 20, 15, 26]], [0, 0, 1])
    path.write_text("")
    assert len(read_mot_text(path, n_frames=3)) == 3
    path.write_text("1,1,1e1,20.123456789012345678,5,6\r\n\n2,1,+10,.5,5.,6")
    odd = read_mot_text(path)
    assert odd.xyxy[:, :2].tolist() == [[10, 20.123456789012345678], [10, 0.5]]
    path.write_text("1,2,3,4,5,6,7\n1,2,3\n")
    with pytest.raises(FormatError, match=r"gt.txt: expected"):
        read_mot_text(path)
    path.write_text("1,2,3\n")
    with pytest.raises(FormatError, match="at least 6 fields"):
        read_mot_text(path)
    path.write_text("1,a,3,4,5,6\n")
    with pytest.raises(FormatError, match="expected lines of numbers"):
        read_mot_text(path)
    with pytest.raises(StoreError, match="cannot be read"):
        read_mot_text(tmp_path / "none.txt")
