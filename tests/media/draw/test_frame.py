from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from drivelabel.errors import InvalidLabelError
from drivelabel.labels import (
    HUMAN,
    MODEL,
    Boxes2D,
    Boxes3D,
    Keypoints,
    LabelMap,
    LaneLines,
    TrafficLights,
)
from drivelabel.labels.taxonomies import DRIVING
from drivelabel.media.draw import LayerLabels, draw_frame
from drivelabel.media.draw.cuboids import View, depth_colors
from drivelabel.media.draw.frame import paint_frame
from drivelabel.media.draw.marks import AREA_ALPHA
from tests.media.draw.conftest import EGO_FROM_AHEAD, camera_looking, cuboid_at

GREY = np.full((240, 400, 3), 128, np.uint8)
CAR = DRIVING.id_of("car")
CAR_COLOR = DRIVING.colors[CAR]


def boxes(xyxy: object, origin: int = HUMAN, **columns: object) -> LayerLabels:
    table = Boxes2D(xyxy=xyxy, category_id=[CAR] * len(xyxy), origin=[origin] * len(xyxy), **columns)  # type: ignore[arg-type]
    return LayerLabels(DRIVING, boxes2d=table)


def is_color(picture: np.ndarray, color: np.ndarray) -> np.ndarray:
    """Whether pixels are mostly of a colour; lines are smooth, so none may be wholly of it."""
    return np.abs(picture.astype(int) - color).sum(axis=2) < 150


def test_without_labels_the_picture_is_the_image() -> None:
    np.testing.assert_array_equal(draw_frame(GREY, []), GREY)


def test_the_image_is_not_changed() -> None:
    image = GREY.copy()
    draw_frame(image, [boxes([(100, 80, 200, 160)])])
    np.testing.assert_array_equal(image, GREY)


def test_a_wrong_image_is_refused() -> None:
    with pytest.raises(InvalidLabelError, match=r"image_rgb: expected shape \(n, m, 3\), got \(240, 400\)"):
        draw_frame(GREY[..., 0], [])


def test_a_humans_box_is_drawn_whole_on_its_border() -> None:
    picture = draw_frame(GREY, [boxes([(100, 80, 200, 160)])])
    on = is_color(picture, CAR_COLOR)
    assert on[79:81, 105:195].any(axis=0).all()
    assert on[85:155, 199:201].any(axis=1).all()
    assert not on[90:150, 110:190].any()


def test_a_models_box_is_dashed_but_its_corners_are_closed() -> None:
    picture = draw_frame(GREY, [boxes([(100, 80, 200, 160)], MODEL)])
    top = is_color(picture, CAR_COLOR)[159:161, 101:199].any(axis=0)
    assert top[1]
    assert top[-2]
    assert 0.2 < top.mean() < 0.9


def test_areas_are_tinted_by_their_class_and_void_is_clear() -> None:
    labels = np.full((240, 400), 255, np.uint8)
    labels[120:] = road = DRIVING.id_of("road")
    picture = draw_frame(GREY, [LayerLabels(DRIVING, label_map=LabelMap(labels))])
    expected = 128 + (DRIVING.colors[road].astype(float) - 128) * AREA_ALPHA
    assert np.abs(picture[180, 200] - expected).max() <= 1
    np.testing.assert_array_equal(picture[:119], GREY[:119])


def test_a_label_map_of_another_size_is_stretched_over_the_picture() -> None:
    labels = np.full((240, 400), 255, np.uint8)
    labels[120:] = DRIVING.id_of("road")
    picture = draw_frame(GREY, [LayerLabels(DRIVING, label_map=LabelMap(labels))], scale=0.5)
    assert picture.shape == (120, 200, 3)
    assert (picture[90, 100] != 128).any()
    assert (picture[30, 100] == 128).all()


def test_lane_lines_follow_their_points() -> None:
    lines = LaneLines(points=[[(100, 239), (200, 100)]], category_id=[DRIVING.id_of("lane_marking")])
    picture = draw_frame(GREY, [LayerLabels(DRIVING, lane_lines=lines)])
    assert (picture[170, 150] != 128).any()
    assert (picture[170, 250] == 128).all()


def test_only_the_lit_bulb_is_filled() -> None:
    lights = TrafficLights(
        xyxy=[(180, 60, 220, 180)],
        keypoints=[[(200, 80, 2), (200, 120, 2), (200, 160, 2)]],
        category_id=[DRIVING.id_of("traffic_light")],
        state=[5],
    )
    picture = draw_frame(GREY, [LayerLabels(DRIVING, traffic_lights=lights)])
    assert picture[160, 200].tolist() == [48, 209, 88]
    assert picture[80, 200].max() < 40


def test_cuboids_are_drawn_where_they_project() -> None:
    camera = camera_looking(0, "cam")
    picture = draw_frame(
        GREY,
        [LayerLabels(DRIVING, cuboids=cuboid_at(20))],
        camera=camera,
        world_from_camera=EGO_FROM_AHEAD,
    )
    # The rear side is 18 m ahead: 2 m wide there are 22 px, its ground line lies 1.5 m below the camera.
    on = is_color(picture, CAR_COLOR)
    assert on[136:138, 195:205].any()
    assert not on[:, :150].any()


def test_a_cuboid_behind_the_camera_is_not_drawn() -> None:
    picture = draw_frame(
        GREY,
        [LayerLabels(DRIVING, cuboids=cuboid_at(-20))],
        camera=camera_looking(0, "cam"),
        world_from_camera=EGO_FROM_AHEAD,
    )
    np.testing.assert_array_equal(picture, GREY)


@settings(max_examples=40)
@given(
    arrays(np.float64, (3, 3), elements=st.floats(-30, 30)),
    st.floats(-3.1, 3.1),
    st.sampled_from(["none", "brown", "fisheye"]),
)
def test_cuboids_anywhere_can_be_drawn(centers: np.ndarray, yaw: float, lens: str) -> None:
    from drivelabel.scene import Camera, Distortion

    plain = camera_looking(0, "cam")
    counts = {"none": 0, "brown": 5, "fisheye": 4}
    distortion = Distortion(lens, np.full(counts[lens], -0.02))
    camera = Camera("cam", plain.image_hw, plain.camera_matrix, distortion, plain.ego_from_sensor)
    cuboids = Boxes3D(
        timestamp_ns=[0] * 3,
        center=centers,
        size_lwh=[[4, 2, 1.5]] * 3,
        quat_wxyz=[[np.cos(yaw / 2), 0, 0, np.sin(yaw / 2)]] * 3,
        category_id=[CAR] * 3,
    )
    points = np.random.default_rng(0).normal(0, 30, (50, 3))
    picture = draw_frame(
        GREY,
        [LayerLabels(DRIVING, cuboids=cuboids)],
        camera=camera,
        world_from_camera=EGO_FROM_AHEAD,
        points_world=points,
    )
    assert picture.shape == GREY.shape


def test_only_points_in_view_are_counted_and_near_ones_lie_above() -> None:
    view = View(camera_looking(0, "cam"), EGO_FROM_AHEAD)
    points = np.array([[40.0, 0, 1.5], [10, 0, 1.5], [-10, 0, 1.5], [10, 100, 1.5]])
    painted = paint_frame(GREY, [], view, points, 1.0)
    assert painted.n_points == 2
    near = depth_colors(np.array([10.0]))[0].astype(float)
    assert np.abs(painted.picture_rgb[120, 200] - (128 * 0.15 + near * 0.85)).max() < 2


def test_depth_colours_grow_lighter_towards_the_camera() -> None:
    luma = depth_colors(np.geomspace(4, 80, 50)).astype(float) @ (0.2126, 0.7152, 0.0722)
    assert (np.diff(luma) <= 1.0).all()
    assert luma[0] > luma[-1] + 100


def test_the_legend_names_only_what_is_shown_and_counts_it() -> None:
    labels = boxes([(10, 10, 50, 50), (100, 100, 150, 150)], track_id=[1, 2])
    view = View(camera_looking(0, "cam"), EGO_FROM_AHEAD)
    behind = LayerLabels(DRIVING, cuboids=cuboid_at(-20))
    painted = paint_frame(GREY, [labels, behind], view, None, 1.0)
    assert [(e.meaning.name, e.count) for e in painted.legend] == [("car", 2)]


def test_skeletons_show_seen_points() -> None:
    keypoints = Keypoints(
        keypoints=[[(100, 100, 2), (150, 120, 1), (0, 0, 0)]], category_id=[DRIVING.id_of("pedestrian")]
    )
    picture = draw_frame(GREY, [LayerLabels(DRIVING, keypoints=keypoints)])
    assert is_color(picture, DRIVING.colors[DRIVING.id_of("pedestrian")])[99:101, 99:101].any()
    assert (picture[0, 0] == 128).all()
