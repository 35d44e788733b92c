from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference.roads import PaintedLine, Road, render

from drivelabel.errors import InvalidLabelError
from drivelabel.labels import LINE_SOURCES, LINE_STYLES, MODEL
from drivelabel.labels.taxonomies import DRIVING
from drivelabel.tasks.annotator import Annotator, FrameLabels
from drivelabel.tasks.lanes import HoughLanes, detect_lane_lines

ROAD = Road()
EGO = Road(lines=(PaintedLine(1.75), PaintedLine(-1.75, dash=3.0, gap=6.0, phase=2.0)))
TOLERANCE = 0.0125  # of the width: 8 px of 640


def share_near(points, truth, tolerance_px):
    """Share of a found line's rows in which a true line lies within the tolerance."""
    points, truth = points[points[:, 1].argsort()], truth[truth[:, 1].argsort()]
    rows = truth[(truth[:, 1] >= points[0, 1]) & (truth[:, 1] <= points[-1, 1])]
    if len(rows) < 3:
        return 0.0
    return np.mean(np.abs(np.interp(rows[:, 1], points[:, 1], points[:, 0]) - rows[:, 0]) < tolerance_px)


def counts(road):
    """True positives, false positives, false negatives."""
    drawn = render(road)
    lines = detect_lane_lines(drawn.image_rgb)
    free = list(drawn.lines)
    hits = 0
    for row in range(len(lines)):
        shares = [share_near(lines.points[row], t, TOLERANCE * road.image_hw[1]) for t in free]
        if shares and max(shares) >= 0.85:
            free.pop(int(np.argmax(shares)))
            hits += 1
    return hits, len(lines) - hits, len(free)


VIEWS = {
    "plain": {},
    "night": {"light": 0.25},
    "noise": {"noise": 10.0},
    "shadow bands": {"shadows": ((4.0, 6.0, 0.4), (9.0, 14.0, 0.35), (20.0, 22.0, 0.4))},
    "worn paint": {"wear": 0.5},
    "left bend": {"curvature": 1 / 400},
    "right bend": {"curvature": -1 / 400},
    "high camera": {"camera_height": 2.4, "horizon_share": 0.35},
    "low camera": {"camera_height": 1.1, "horizon_share": 0.55},
    "long lens": {"focal_share": 1.5},
    "wide lens": {"focal_share": 0.6},
    "turned": {"yaw": 0.06},
    "pale concrete": {"gray": 165.0},
    "540 rows": {"image_hw": (540, 960)},
    "1080 rows": {"image_hw": (1080, 1920)},
    "160 rows": {"image_hw": (160, 320)},
    "flat image": {"image_hw": (375, 1242)},
}


@pytest.mark.parametrize("view", VIEWS)
def test_lines_of_a_drawn_road_are_found_and_no_others(view):
    totals = np.zeros(3, int)
    for seed in range(3):
        lines = tuple(replace(line, phase=line.phase + 2.0 * seed) for line in ROAD.lines)
        totals += counts(replace(ROAD, seed=seed, lines=lines, **VIEWS[view]))
    hits, false, missed = totals
    assert 2 * hits / (2 * hits + false + missed) >= 0.85
    assert false <= 1


def test_a_yellow_line_is_found_on_pale_concrete():
    yellow = PaintedLine(1.75, rgb=(215, 175, 70))
    assert counts(Road(gray=165.0, lines=(yellow, PaintedLine(-1.75, dash=3.0, gap=6.0)))) == (2, 0, 0)


def test_a_road_without_paint_has_no_lines():
    for seed in range(8):
        road = replace(
            ROAD, seed=seed, noise=(2.0, 12.0)[seed % 2], shadows=((4.0, 6.0, 0.4),)
        ).without_lines()
        assert len(detect_lane_lines(render(road).image_rgb)) == 0


def test_an_image_without_content_has_no_lines():
    for height, width in ((1, 1), (1, 900), (900, 1), (47, 640), (360, 640), (64, 2000), (2000, 64)):
        for level in (0, 127, 255):
            assert len(detect_lane_lines(np.full((height, width, 3), level, np.uint8))) == 0


def test_noise_gives_almost_no_lines():
    random = np.random.default_rng(0)
    images = [random.integers(0, 256, (180, 320, 3), dtype=np.uint8) for _ in range(20)]
    assert sum(len(detect_lane_lines(image)) for image in images) <= 1


@settings(max_examples=15)
@given(st.integers(1, 260), st.integers(1, 260), st.integers(0, 1000))
def test_an_image_of_any_size_gives_lines_inside_it(height, width, seed):
    image = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    points = detect_lane_lines(image).points.values
    assert np.all((points >= 0.0) & (points <= (width, height)))


def test_the_mirrored_image_has_the_mirrored_lines():
    for curvature in (0.0, 1 / 400):
        image = render(replace(ROAD, curvature=curvature)).image_rgb
        lines, mirrored = detect_lane_lines(image), detect_lane_lines(image[:, ::-1].copy())
        assert mirrored.position[::-1].tolist() == (-lines.position).tolist()
        for row in range(len(lines)):
            points = mirrored.points[len(lines) - 1 - row] * (-1.0, 1.0) + (image.shape[1], 0.0)
            assert share_near(points, lines.points[row], 3.0) > 0.9


@pytest.mark.parametrize("factor", [0.5, 0.75])
def test_a_darker_image_has_the_same_lines(factor):
    image = render(ROAD).image_rgb
    lines, darker = detect_lane_lines(image), detect_lane_lines((image * factor).astype(np.uint8))
    assert darker.position.tolist() == lines.position.tolist()
    for row in range(len(lines)):
        assert share_near(darker.points[row], lines.points[row], 3.0) > 0.9


def test_the_same_image_gives_the_same_lines_bit_for_bit():
    image = render(ROAD).image_rgb
    assert detect_lane_lines(image).equals(detect_lane_lines(image.copy()))


def test_rows_say_what_they_are():
    lines = detect_lane_lines(render(EGO).image_rgb)
    assert lines.position.tolist() == [-1, 1]
    assert [LINE_STYLES[s] for s in lines.style] == ["solid", "dashed"]
    assert {LINE_SOURCES[s] for s in lines.source} == {"hough"}
    assert set(lines.origin.tolist()) == {MODEL}
    assert {DRIVING.names[c] for c in lines.category_id} == {"lane_marking"}
    assert np.all(lines.score > 0.5)


def test_points_run_from_near_to_far_in_even_steps():
    lines = detect_lane_lines(render(EGO).image_rgb)
    for row in range(len(lines)):
        steps = -np.diff(lines.points[row][:, 1])
        np.testing.assert_allclose(steps, 5.0, atol=1e-3)  # 360 / 72
        assert lines.points[row][0, 1] > 300.0


def test_a_line_lies_on_the_middle_of_its_paint_within_a_pixel():
    drawn = render(replace(EGO, noise=1.0))
    lines = detect_lane_lines(drawn.image_rgb)
    for row in range(2):
        near = lines.points[row][lines.points[row][:, 1] > 230.0]
        truth = drawn.lines[row][drawn.lines[row][:, 1].argsort()]
        off = np.interp(near[:, 1], truth[:, 1], truth[:, 0]) - near[:, 0]
        assert np.median(np.abs(off)) < 1.0


def test_positions_change_when_the_camera_crosses_a_line():
    def positions(shift):
        lines = tuple(replace(line, left=line.left + shift) for line in EGO.lines)
        return detect_lane_lines(render(replace(EGO, lines=lines)).image_rgb).position.tolist()

    assert positions(0.0) == [-1, 1]
    assert positions(-2.3)[-2:] == [1, 2]


def test_the_annotator_labels_a_batch_of_any_sizes():
    annotator = HoughLanes()
    assert isinstance(annotator, Annotator)
    images = [render(EGO).image_rgb, np.zeros((1, 1, 3), np.uint8)]
    found = annotator.annotate(images, [FrameLabels(), FrameLabels()])
    assert [len(f.lane_lines) for f in found] == [2, 0]
    assert all(f.kinds == annotator.provides for f in found)


def test_an_image_of_another_kind_is_refused():
    with pytest.raises(InvalidLabelError, match=r"expected \(h, w, 3\) uint8, got \(5, 5\)"):
        detect_lane_lines(np.zeros((5, 5), np.uint8))
    with pytest.raises(InvalidLabelError, match="float64"):
        detect_lane_lines(np.zeros((5, 5, 3)))
