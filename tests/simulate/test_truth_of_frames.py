"""Labels of frames, checked from directions that the simulator does not take."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from simulate.drives import cameras, instants, look, points_behind, worlds

from drivelabel.labels import BULBS, LIGHT_STATES, LINE_STYLES
from drivelabel.labels.taxonomies import DRIVING
from drivelabel.simulate.truth import MIN_PIXELS

few = settings(max_examples=5)


@few
@given(worlds, cameras(), instants)
def test_a_box_is_the_tight_box_of_its_things_pixels(world, camera, when):
    view, truth = look(world, camera, when)
    counts = np.bincount(view.instance.ravel())
    big = np.flatnonzero(counts >= MIN_PIXELS)
    assert set(truth.boxes2d.track_id.tolist()) == set(big[big > 0].tolist())
    for xyxy, track_id in zip(truth.boxes2d.xyxy, truth.boxes2d.track_id, strict=True):
        rows, columns = np.nonzero(view.instance == track_id)
        assert xyxy.tolist() == [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]


@few
@given(worlds, cameras(), instants)
def test_every_pixel_of_a_thing_lies_in_its_cuboid(world, camera, when):
    view, truth = look(world, camera, when)
    states = world.states(when)
    inside = [np.ones(1, bool)]
    for track_id in truth.boxes2d.track_id:
        thing, pose = world.things[int(track_id) - 1], states.world_from_thing[int(track_id) - 1]
        points = points_behind(view, view.instance == track_id)
        local = (points - pose[:3, 3]) @ pose[:3, :3]
        slack = 0.01 + 1e-4 * view.depth[view.instance == track_id].max()
        inside.append(((local > thing.low - slack) & (local < thing.high + slack)).all(axis=1))
    assert np.concatenate(inside).all()


@few
@given(worlds, cameras(), instants)
def test_a_thing_has_the_category_of_its_pixels(world, camera, when):
    view, truth = look(world, camera, when)
    for track_id, category_id in zip(truth.boxes2d.track_id, truth.boxes2d.category_id, strict=True):
        assert np.unique(view.category[view.instance == track_id]).tolist() == [category_id]


@few
@given(worlds, cameras(), instants)
def test_paint_of_lane_lines_lies_on_a_painted_line(world, camera, when):
    view, _ = look(world, camera, when)
    mask = (view.category == DRIVING.id_of("lane_marking")) & (view.depth < 60)
    points = points_behind(view, mask)[:400]
    painted = [line for line in world.lines if line.style != "road_edge"]
    nearest = np.full(len(points), np.inf)
    for line in painted:
        wide = line.width / 2 + (0.11 if line.style == "double" else 0.0)
        a, b = line.points[:-1, :2], line.points[1:, :2]
        if np.linalg.norm(a - view.world_from_camera[:2, 3], axis=1).min() > 70:
            continue
        t = np.clip(((points[:, None, :2] - a) * (b - a)).sum(2) / ((b - a) ** 2).sum(1), 0, 1)
        away = np.linalg.norm(points[:, None, :2] - (a + t[..., None] * (b - a)), axis=2).min(axis=1)
        nearest = np.minimum(nearest, away - wide)
    assert (nearest < 0.02).all()


@few
@given(worlds, cameras(), instants)
def test_visible_lane_lines_lie_on_the_ground_where_the_line_is(world, camera, when):
    view, truth = look(world, camera, when)
    ground = {DRIVING.id_of(name) for name in ("road", "lane_marking", "crosswalk", "stop_line", "sidewalk")}
    height, width = camera.image_hw
    for row in range(len(truth.lane_lines)):
        points = truth.lane_lines.points[row]
        assert (points >= 0).all() and (points <= [width, height]).all()
        line = world.lines[int(truth.lane_lines.track_id[row]) - world.first_line_id]
        assert LINE_STYLES[truth.lane_lines.style[row]] == line.style
        inner = points[1:-1].astype(int)
        seen = {int(view.category[v, u]) for u, v in inner}
        assert len(seen - ground) <= 1  # a pixel's middle may already show what stands beside the point


@few
@given(worlds, cameras(), instants)
def test_lines_right_of_the_ego_have_positive_positions(world, camera, when):
    _, truth = look(world, camera, when)
    ego_from_world = np.linalg.inv(world.ego_pose(when))
    for track_id, position in zip(truth.lane_lines.track_id, truth.lane_lines.position, strict=True):
        line = world.lines[int(track_id) - world.first_line_id]
        near = line.points[np.linalg.norm(line.points[:, :2] - world.ego_pose(when)[:2, 3], axis=1) < 8]
        if position != 0 and len(near):
            left = (near @ ego_from_world[:3, :3].T + ego_from_world[:3, 3])[:, 1].mean()
            assert np.sign(left) == -np.sign(position)


@few
@given(worlds, cameras(), instants)
def test_seen_bulbs_lie_inside_the_box_of_their_light(world, camera, when):
    _, truth = look(world, camera, when)
    lights = truth.traffic_lights
    for box, bulbs, state in zip(lights.xyxy, lights.keypoints, lights.state, strict=True):
        seen = bulbs[bulbs[:, 2] == 2]
        assert (seen[:, :2] >= box[:2]).all() and (seen[:, :2] <= box[2:]).all()
        if len(seen) and LIGHT_STATES[state] == "green":
            assert bulbs[BULBS.index("green"), 2] > 0


@few
@given(worlds, cameras(), instants)
def test_shares_of_hidden_and_cut_off_parts_are_shares(world, camera, when):
    _, truth = look(world, camera, when)
    for row in range(len(truth.boxes2d)):
        facts = truth.boxes2d.attributes.row(row)
        assert 0 <= facts["occlusion"] <= 1 and 0 <= facts["truncation"] <= 1
        x0, y0, x1, y1 = truth.boxes2d.xyxy[row]
        assert facts["full_x0"] <= x0 + 1 and facts["full_y0"] <= y0 + 1
        assert facts["full_x1"] >= x1 - 1 and facts["full_y1"] >= y1 - 1
