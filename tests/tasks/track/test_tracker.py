import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivelabel.errors import InvalidLabelError
from drivelabel.labels import NO_TRACK, Boxes2D, TrafficLights
from drivelabel.labels.taxonomies import DRIVING
from drivelabel.tasks.annotator import FrameLabels, Sequencer
from drivelabel.tasks.track import IDS_PER_CAMERA, BoxTracker, TrackerSettings, category_groups

CAR, TRUCK, PEDESTRIAN, BICYCLE, LIGHT = DRIVING.ids_of(
    ["car", "truck", "pedestrian", "bicycle", "traffic_light"]
).tolist()
FRAME_NS = 100_000_000


def frame(*rows):
    """FrameLabels of (left, top, width, height, category, score) rows."""
    table = np.array(rows, np.float64).reshape(-1, 6)
    boxes = np.concatenate([table[:, :2], table[:, :2] + table[:, 2:4]], axis=1)
    return FrameLabels(
        boxes2d=Boxes2D(
            xyxy=boxes.astype(np.float32),
            category_id=table[:, 4].astype(np.int64),
            score=table[:, 5].astype(np.float32),
        )
    )


def ids_of(tracker, frames, start=0):
    return [
        tracker.step((start + k) * FRAME_NS, labels).boxes2d.track_id.tolist()
        for k, labels in enumerate(frames)
    ]


def car(left, score=0.9, category=CAR, top=200):
    return (left, top, 80, 60, category, score)


@st.composite
def drives(draw):
    """Frames of cars and people that come, go, flicker, change class and change score, at odd times."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n_things, n_frames = draw(st.integers(0, 8)), draw(st.integers(1, 25))
    place, speed = rng.uniform(0, 1000, (n_things, 2)), rng.normal(0, 15, (n_things, 2))
    kind = rng.choice([CAR, TRUCK, PEDESTRIAN, BICYCLE], n_things)
    frames = []
    for k in range(n_frames):
        rows = [
            (*(place[i] + k * speed[i]), 80, 60, kind[i] if rng.random() < 0.9 else TRUCK, rng.random())
            for i in range(n_things)
            if rng.random() < 0.85
        ]
        frames.append(frame(*rows))
    times = np.cumsum(rng.integers(1_000_000, 400_000_000, n_frames))
    return list(zip(times.tolist(), frames, strict=True))


def test_it_is_a_sequencer():
    assert isinstance(BoxTracker(), Sequencer)


def test_a_strong_box_has_its_id_from_its_first_frame_on():
    assert ids_of(BoxTracker(7), [frame(car(10 + 5 * k)) for k in range(5)]) == [[7]] * 5


def test_a_weak_box_gets_its_id_once_it_was_seen_often_enough():
    ids = ids_of(BoxTracker(), [frame(car(10, score=0.45)) for _ in range(4)])
    assert ids == [[NO_TRACK], [NO_TRACK], [0], [0]]


def test_a_weak_box_seen_once_in_a_while_stays_without_an_id_and_stays_in_the_table():
    frames = [frame(car(10, score=0.4)), frame(), frame(car(10, score=0.4)), frame()] * 5
    tracker = BoxTracker()
    out = [tracker.step(k * FRAME_NS, labels) for k, labels in enumerate(frames)]
    assert all((labels.boxes2d.track_id == NO_TRACK).all() for labels in out)
    assert [len(labels.boxes2d) for labels in out] == [len(labels.boxes2d) for labels in frames]


def test_an_id_survives_missed_frames_and_weak_frames():
    frames = [frame(car(10 * k)) for k in range(8)]
    frames += [frame(), frame(), frame(car(100, score=0.2)), frame(), frame(car(120))]
    ids = ids_of(BoxTracker(), frames)
    assert {value for row in ids for value in row} == {0, NO_TRACK} or {v for row in ids for v in row} == {0}
    assert ids[-1] == [0]


def test_an_id_ends_after_the_longest_gap():
    gap = [frame()] * 10
    assert ids_of(BoxTracker(), [frame(car(10)), *gap[:8], frame(car(10))])[-1] == [0]
    assert ids_of(BoxTracker(), [frame(car(10)), *gap, frame(car(10))])[-1] == [1]


def test_two_cars_that_pass_each_other_keep_their_ids():
    near, far = (lambda k: car(100 + 12 * k, top=220)), (lambda k: car(500 - 12 * k, top=180))
    ids = ids_of(BoxTracker(), [frame(near(k), far(k)) for k in range(35)])
    assert ids == [[0, 1]] * 35


def test_a_car_that_is_called_a_truck_for_a_frame_stays_itself_and_stays_a_car():
    frames = [frame(car(10 + 4 * k, category=TRUCK if k == 5 else CAR)) for k in range(8)]
    tracker = BoxTracker()
    out = [tracker.step(k * FRAME_NS, labels).boxes2d for k, labels in enumerate(frames)]
    assert [boxes.track_id.tolist() for boxes in out] == [[0]] * 8
    assert [boxes.category_id.tolist() for boxes in out] == [[CAR]] * 8


def test_no_pedestrian_takes_the_id_of_a_bicycle_at_the_same_place():
    frames = [frame(car(10, category=BICYCLE)), frame(car(10, category=PEDESTRIAN))]
    assert ids_of(BoxTracker(), frames) == [[0], [1]]
    groups = category_groups(DRIVING)
    assert groups[CAR] == groups[TRUCK]
    assert len({int(groups[k]) for k in (CAR, PEDESTRIAN, BICYCLE, LIGHT)}) == 4


def test_a_second_box_on_one_car_begins_no_track():
    rows = (car(10), car(12, score=0.55, category=TRUCK))
    assert ids_of(BoxTracker(), [frame(*rows)] * 6) == [[0, NO_TRACK]] * 6


def test_a_small_thing_that_jumps_most_of_its_width_is_followed():
    there, jumped = ((left, 200, 20, 20, CAR, 0.9) for left in (100, 116))
    assert ids_of(BoxTracker(), [frame(there), frame(there), frame(jumped)]) == [[0]] * 3


def test_a_weak_box_in_its_place_is_not_given_up_for_a_strong_one_that_comes_out_beside_it():
    hidden = [frame((700, 347, 95, 78, CAR, 0.8)) for _ in range(4)]
    both = frame((700, 347, 95, 78, CAR, 0.41), (685, 336, 66, 62, CAR, 0.73))
    ids = ids_of(BoxTracker(), [*hidden, both, both])
    assert ids == [[0]] * 4 + [[0, 1]] * 2


def test_the_frame_rate_may_change():
    """Positions follow time, not frames: uniform motion seen at irregular times is one track."""
    rng = np.random.default_rng(3)
    times = np.cumsum(rng.uniform(0.01, 0.35, 40))
    tracker = BoxTracker()
    ids = [
        tracker.step(
            int(1e9 * t), frame(car(150 * t), car(1500 - 150 * t, top=400))
        ).boxes2d.track_id.tolist()
        for t in times
    ]
    assert ids == [[0, 1]] * 40


@settings(max_examples=60)
@given(drives(), st.data())
def test_a_restored_tracker_goes_on_bit_for_bit(drive, data):
    split = data.draw(st.integers(0, len(drive)))
    whole, first, second = BoxTracker(5), BoxTracker(5), BoxTracker(5)
    expected = [whole.step(when, labels).boxes2d for when, labels in drive]
    got = [first.step(when, labels).boxes2d for when, labels in drive[:split]]
    second.restore(first.state())
    got += [second.step(when, labels).boxes2d for when, labels in drive[split:]]
    assert all(a.equals(b) for a, b in zip(expected, got, strict=True))
    a, b = whole.state(), second.state()
    assert a.keys() == b.keys()
    for name in a:
        np.testing.assert_array_equal(a[name], b[name])


@settings(max_examples=60)
@given(drives())
def test_boxes_are_kept_and_no_id_occurs_twice_in_a_frame(drive):
    tracker = BoxTracker()
    groups = category_groups(DRIVING)
    group_of_id = {}
    for when, labels in drive:
        out = tracker.step(when, labels).boxes2d
        for column in ("xyxy", "score", "origin", "row_id"):
            np.testing.assert_array_equal(getattr(out, column), getattr(labels.boxes2d, column))
        given_ids = out.track_id[out.track_id != NO_TRACK]
        assert len(set(given_ids.tolist())) == len(given_ids)
        np.testing.assert_array_equal(groups[out.category_id], groups[labels.boxes2d.category_id])
        strong = out.score >= 0.6
        for row in np.flatnonzero(out.track_id != NO_TRACK):
            group = groups[out.category_id[row]]
            assert group_of_id.setdefault(int(out.track_id[row]), group) == group
        # Only a second box on a thing goes without.
        assert len(out) == 0 or (out.track_id[strong] != NO_TRACK).any() or not strong.any()


def test_a_state_is_not_changed_by_later_steps():
    tracker = BoxTracker()
    tracker.step(0, frame(car(10)))
    state = tracker.state()
    before = {name: np.copy(value) for name, value in state.items()}
    tracker.step(FRAME_NS, frame(car(20), car(400)))
    for name in before:
        np.testing.assert_array_equal(state[name], before[name])


def test_cameras_never_share_an_id_and_say_when_they_run_out():
    trackers = [BoxTracker(camera * IDS_PER_CAMERA) for camera in range(3)]
    ids = [ids_of(tracker, [frame(car(10))])[0][0] for tracker in trackers]
    assert ids == [0, 1_000_000, 2_000_000]
    full = BoxTracker()
    full.restore(full.state() | {"next_id": IDS_PER_CAMERA})
    with pytest.raises(InvalidLabelError, match="all 1000000 ids of this camera are used"):
        full.step(0, frame(car(10)))


def test_lights_take_the_ids_of_their_boxes():
    labels = frame((100, 50, 20, 50, LIGHT, 0.9), car(300), (400, 50, 20, 50, LIGHT, 0.9))
    boxes = labels.boxes2d
    xyxy = np.array([boxes.xyxy[2], boxes.xyxy[0] + 3, [700, 0, 720, 50], boxes.xyxy[1]])
    lights = TrafficLights(xyxy=xyxy, keypoints=np.zeros((4, 3, 3)), category_id=np.full(4, LIGHT))
    out = BoxTracker().step(0, FrameLabels(boxes2d=boxes, traffic_lights=lights))
    np.testing.assert_array_equal(out.boxes2d.track_id, [0, 1, 2])
    np.testing.assert_array_equal(out.traffic_lights.track_id, [2, 0, NO_TRACK, NO_TRACK])


def test_what_goes_wrong_is_named():
    tracker = BoxTracker()
    with pytest.raises(InvalidLabelError, match=r"expected boxes2d of the frame, got none\. Run a detector"):
        tracker.step(0, FrameLabels())
    tracker.step(5, frame(car(10)))
    with pytest.raises(InvalidLabelError, match="expected a time after 5 ns, got 5 ns"):
        tracker.step(5, frame(car(10)))
    with pytest.raises(InvalidLabelError, match="version: expected"):
        tracker.restore(BoxTracker(settings=TrackerSettings(max_gap=2)).state())
    with pytest.raises(InvalidLabelError, match="first_id: expected 0, got 9"):
        tracker.restore(BoxTracker(9).state())
    broken = dict(tracker.state())
    del broken["votes"]
    with pytest.raises(InvalidLabelError, match="column votes is missing"):
        tracker.restore(broken)
    with pytest.raises(InvalidLabelError, match="low_score: expected at most high_score"):
        TrackerSettings(low_score=0.7)
    with pytest.raises(InvalidLabelError, match="category_id, row 0"):
        tracker.step(6, frame(car(10, category=999)))
