from __future__ import annotations

from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference.draw_lights import Drawn, Scenery, draw_light

from drivelabel.errors import InvalidLabelError
from drivelabel.labels import BULBS, LIGHT_STATES, MODEL, Boxes2D, TrafficLights
from drivelabel.labels.taxonomies import DRIVING
from drivelabel.tasks.annotator import Annotator, FrameLabels
from drivelabel.tasks.lights import ColourLights

LIGHT = DRIVING.id_of("traffic_light")
HARD = Scenery(blur=(0.5, 1.5), noise=(5, 15), gain=(0.35, 1.3), loose=0.12, jpeg=(40, 80))


def housing(xyxy, score: float = 1.0, track_id: int = -1) -> Boxes2D:
    return Boxes2D(
        xyxy=np.array([xyxy], np.float32), category_id=[LIGHT], score=[score], track_id=np.array([track_id])
    )


def read(image: np.ndarray, boxes: Boxes2D) -> TrafficLights:
    lights = ColourLights().annotate([image], [FrameLabels(boxes2d=boxes)])[0].traffic_lights
    assert lights is not None
    return lights


def state_of(drawn: Drawn) -> str:
    return LIGHT_STATES[read(drawn.image_rgb, housing(drawn.xyxy)).state[0]]


def answers(state: str, width: float, scenery: Scenery, n: int) -> Counter[str]:
    """What was read from `n` upright and `n` lying lights of one state."""
    rng = np.random.default_rng([LIGHT_STATES.index(state), int(width)])
    drawn = [draw_light(rng, width, state, lying=bool(i % 2), scenery=scenery) for i in range(2 * n)]
    return Counter(state_of(light) for light in drawn)


@pytest.mark.parametrize("state", ["red", "yellow", "green"])
@pytest.mark.parametrize(("width", "least"), [(6, 0.7), (8, 0.9), (12, 0.95), (25, 0.95)])
def test_a_lit_lamp_is_read_at_many_sizes(state: str, width: float, least: float) -> None:
    seen = answers(state, width, Scenery(), 15)
    assert seen[state] >= least * seen.total(), seen


@pytest.mark.parametrize("state", ["red", "yellow", "green"])
@pytest.mark.parametrize(("width", "least"), [(12, 0.7), (25, 0.8)])
def test_in_a_bad_picture_a_lamp_is_unknown_rather_than_wrong(state: str, width: float, least: float) -> None:
    seen = answers(state, width, HARD, 15)
    wrong = seen.total() - seen[state] - seen["unknown"] - seen["off"]
    assert seen[state] >= least * seen.total(), seen
    assert wrong <= 0.07 * seen.total(), seen


def test_red_with_yellow_is_its_own_state() -> None:
    seen = answers("red_yellow", 16, Scenery(), 15)
    assert seen["red_yellow"] >= 0.75 * seen.total(), seen
    assert seen["green"] == 0, seen


def test_a_dark_light_is_off_or_unknown() -> None:
    seen = answers("off", 16, Scenery(), 15)
    assert seen["off"] + seen["unknown"] >= 0.85 * seen.total(), seen
    assert seen["off"] > seen["unknown"], seen


@pytest.mark.parametrize("lying", [False, True])
@pytest.mark.parametrize("state", ["red", "yellow", "green"])
def test_the_lit_bulb_lies_on_the_lamp_and_the_others_in_a_row_with_it(state: str, lying: bool) -> None:
    rng = np.random.default_rng(3)
    lit, rest = [], []
    for _ in range(20):
        drawn = draw_light(rng, 20, state, lying=lying)
        lights = read(drawn.image_rgb, housing(drawn.xyxy))
        if LIGHT_STATES[lights.state[0]] != state:
            continue
        assert lights.keypoints[0, BULBS.index(state), 2] == 2
        off = np.linalg.norm(lights.keypoints[0, :, :2] - drawn.bulbs_uv, axis=1) / 20
        lit.append(off[BULBS.index(state)])
        rest.extend(np.delete(off, BULBS.index(state)))
    assert np.percentile(lit, 90) < 0.2
    assert np.median(rest) < 0.25


def test_a_lying_light_with_red_on_the_right_is_read_too() -> None:
    rng = np.random.default_rng(5)
    seen: Counter[str] = Counter()
    for _ in range(20):
        drawn = draw_light(rng, 16, "red", lying=True)
        mirrored = np.ascontiguousarray(drawn.image_rgb[:, ::-1])
        width = mirrored.shape[1]
        xyxy = [width - drawn.xyxy[2], drawn.xyxy[1], width - drawn.xyxy[0], drawn.xyxy[3]]
        lights = read(mirrored, housing(xyxy))
        seen[LIGHT_STATES[lights.state[0]]] += 1
        if LIGHT_STATES[lights.state[0]] == "red":
            assert lights.keypoints[0, 0, 0] > lights.keypoints[0, 2, 0]
    assert seen["red"] >= 18, seen


def test_grey_and_dark_boxes_never_show_a_colour() -> None:
    rng = np.random.default_rng(0)
    for level in (0, 30, 128, 255):
        image = np.clip(level + rng.normal(0, 3, (60, 60, 1)), 0, 255).repeat(3, 2).astype(np.uint8)
        lights = read(image, housing([20, 10, 35, 50]))
        assert LIGHT_STATES[lights.state[0]] in ("off", "unknown")


def test_a_light_keeps_box_and_track_and_its_score_is_at_most_that_of_the_box() -> None:
    drawn = draw_light(np.random.default_rng(1), 20, "green")
    lights = read(drawn.image_rgb, housing(drawn.xyxy, score=0.6, track_id=7))
    np.testing.assert_array_equal(lights.xyxy, housing(drawn.xyxy).xyxy)
    assert lights.track_id.tolist() == [7]
    assert lights.origin.tolist() == [MODEL]
    assert 0 < lights.score[0] <= np.float32(0.6)


def test_only_boxes_of_traffic_lights_become_lights_in_their_order() -> None:
    image = np.zeros((50, 50, 3), np.uint8)
    boxes = Boxes2D(
        xyxy=np.array([[0, 0, 9, 20], [5, 5, 20, 40], [30, 0, 39, 25]], np.float32),
        category_id=[LIGHT, DRIVING.id_of("car"), LIGHT],
    )
    np.testing.assert_array_equal(read(image, boxes).xyxy, boxes.xyxy[[0, 2]])
    assert len(read(image, boxes[1:2])) == 0


@given(
    st.integers(1, 40),
    st.integers(1, 40),
    st.tuples(*[st.floats(0, 1, width=32)] * 4),
    st.integers(0, 2**32 - 1),
)
def test_any_box_in_any_image_gives_a_light_with_bulbs_inside_it(
    height: int, width: int, corners: tuple[float, float, float, float], seed: int
) -> None:
    image = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    xs, ys = (
        sorted((corners[0] * width, corners[2] * width)),
        sorted((corners[1] * height, corners[3] * height)),
    )
    boxes = housing([xs[0], ys[0], xs[1], ys[1]])
    lights = read(image, boxes)
    uv, box = lights.keypoints[0, :, :2], boxes.xyxy[0]
    assert np.all((uv >= box[:2] - 1e-3) & (uv <= box[2:] + 1e-3))


def test_a_box_wholly_outside_the_image_is_read_without_an_error() -> None:
    assert len(read(np.zeros((8, 8, 3), np.uint8), housing([100, 100, 120, 160]))) == 1


def test_without_boxes_it_says_what_to_run_first() -> None:
    lights = ColourLights()
    assert isinstance(lights, Annotator)
    with pytest.raises(InvalidLabelError, match=r"labels\[0\]: colour_lights needs boxes2d"):
        lights.annotate([np.zeros((8, 8, 3), np.uint8)], [FrameLabels()])


REAL = [  # frame of the front camera, housing in pixels, what a person sees
    ("pandaset_002/camera/front_camera/00.jpg", (931, 362, 955, 397), "green"),
    ("udacity_carnd/cvnd_city_scene.jpg", (215, 1822, 361, 2233), "red"),
    ("udacity_carnd/cvnd_city_scene.jpg", (4121, 1375, 4230, 1590), "red"),
    ("udacity_carnd/cvnd_city_scene.jpg", (1576, 2042, 1672, 2277), "red"),
]


@pytest.mark.parametrize(("name", "xyxy", "state"), REAL)
def test_real_lights_are_read_as_a_person_sees_them(
    shared_data: Path, name: str, xyxy: tuple[int, ...], state: str
) -> None:
    image = cv2.cvtColor(cv2.imread(str(shared_data / name)), cv2.COLOR_BGR2RGB)
    assert LIGHT_STATES[read(image, housing(xyxy)).state[0]] == state
