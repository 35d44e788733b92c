import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivelabel.errors import InvalidLabelError
from drivelabel.evaluation.boxes import ImageBoxes, voc_average_precision


def read_folder(folder):
    """Lines of class, [score,] left, top, width, height; boxes include the pixel they end on."""
    image, xyxy, score = [], [], []
    for path in sorted(folder.glob("*.txt")):
        for line in path.read_text().split("\n"):
            if line.strip():
                *scores, x, y, width, height = map(float, line.split()[1:])
                image.append(int(path.stem))
                xyxy.append([x, y, x + width + 1, y + height + 1])
                score.append(scores[0] if scores else 1.0)
    return ImageBoxes.of(image, np.zeros(len(image)), xyxy, score)


def test_the_published_numbers_come_out(shared_data):
    truth = read_folder(shared_data / "voc_metrics" / "groundtruths")
    pred = read_folder(shared_data / "voc_metrics" / "detections")
    assert (len(truth), len(pred)) == (15, 24)
    for method, expected in (("all_points", 0.2457), ("11_points", 0.2684)):
        result = voc_average_precision(truth, pred, 0.3, method)
        assert round(result.mean_average_precision, 4) == expected
        one = result.to_json()["classes"]["0"]
        assert (one["n_truth"], one["n_pred"], one["n_true_positive"], one["n_false_positive"]) == (
            15,
            24,
            7,
            17,
        )


def plain_average_precision(truth, pred, category, threshold, hard):
    """Straight from the words of the rule."""

    def iou(a, b):
        width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
        shared = max(width, 0) * max(height, 0)
        return (
            shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)
            if shared
            else 0.0
        )

    n_truth = sum(c == category and not h for c, h in zip(truth.category_id, hard, strict=True))
    if not n_truth:
        return None
    taken, right, points = set(), [], []
    for p in sorted(
        (p for p in range(len(pred)) if pred.category_id[p] == category), key=lambda p: -pred.score[p]
    ):
        rows = [
            t
            for t in range(len(truth))
            if truth.category_id[t] == category and truth.image[t] == pred.image[p]
        ]
        best = max(rows, key=lambda t: iou(truth.xyxy[t], pred.xyxy[p]), default=None)
        found = best is not None and iou(truth.xyxy[best], pred.xyxy[p]) >= threshold
        if found and hard[best]:
            continue
        right.append(found and best not in taken)
        if found:
            taken.add(best)
        points.append((sum(right) / n_truth, sum(right) / len(right)))
    total, before = 0.0, 0.0
    for recall, _ in points:
        total += (recall - before) * max(p for r, p in points if r >= recall)
        before = recall
    eleven = [max((p for r, p in points if r >= level), default=0) for level in np.linspace(0, 1, 11)]
    return total, sum(eleven) / 11


SIDE = st.integers(1, 4)
ROW = st.tuples(
    st.integers(0, 2), st.integers(0, 1), st.integers(0, 4), st.integers(0, 4), SIDE, SIDE, st.integers(1, 3)
)


def boxes_of(rows):
    table = np.array(rows, np.float64).reshape(-1, 7)
    return ImageBoxes.of(
        table[:, 0], table[:, 1], np.c_[table[:, 2:4], table[:, 2:4] + table[:, 4:6]], table[:, 6]
    )


@given(st.lists(ROW, max_size=8), st.lists(ROW, max_size=8), st.sampled_from([0.2, 0.5, 1.0]), st.randoms())
def test_average_precision_equals_its_plain_twin_with_ties_and_difficult_truth(a, b, threshold, random):
    truth, pred = boxes_of(a), boxes_of(b)
    hard = np.array([random.random() < 0.3 for _ in a], np.bool_)
    for column, method in enumerate(("all_points", "11_points")):
        result = voc_average_precision(truth, pred, threshold, method, hard)
        for category, one in result.classes.items():
            expected = plain_average_precision(truth, pred, category, threshold, hard)
            if expected is None:
                assert np.isnan(one.average_precision)
            else:
                np.testing.assert_allclose(one.average_precision, expected[column], rtol=0, atol=1e-12)
            assert one.n_true_positive + one.n_false_positive + one.n_not_counted == one.n_pred


@given(st.lists(ROW, min_size=1, max_size=8, unique_by=lambda row: row[:4]))
def test_truth_finds_itself(rows):
    truth = boxes_of(rows)
    # Two boxes of one class at one place could take each other's match: an IoU of 1 keeps them apart.
    result = voc_average_precision(truth, truth, 1.0)
    assert result.mean_average_precision == 1


def test_messages_say_what_is_wrong():
    none = boxes_of([])
    with pytest.raises(InvalidLabelError, match="method: expected one of all_points, 11_points, got '12'"):
        voc_average_precision(none, none, method="12")
    with pytest.raises(InvalidLabelError, match=r"iou_threshold: expected a number in \(0, 1\], got 0"):
        voc_average_precision(none, none, 0)
    with pytest.raises(InvalidLabelError, match=r"difficult: expected shape \(0,\), got \(1,\)"):
        voc_average_precision(none, none, difficult=[True])
    assert voc_average_precision(none, none).to_json()["mean_average_precision"] is None
