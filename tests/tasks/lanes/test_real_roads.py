import cv2
import numpy as np

from drivelabel.tasks.annotator import FrameLabels
from drivelabel.tasks.lanes import LaneTracker, detect_lane_lines


def frames(path, stop):
    capture = cv2.VideoCapture(str(path))
    for _ in range(stop):
        good, image = capture.read()
        if not good:
            break
        yield np.ascontiguousarray(image[:, :, ::-1])
    capture.release()


def test_both_lines_of_our_lane_are_found_and_keep_their_ids_on_a_real_motorway(shared_data):
    tracker = LaneTracker((540, 960))
    ids = {-1: set(), 1: set()}
    for n, image in enumerate(frames(shared_data / "udacity_carnd/test_videos/solidWhiteRight.mp4", 40)):
        labels = FrameLabels(lane_lines=detect_lane_lines(image))
        lines = tracker.step(n * 40_000_000, labels).lane_lines
        for position in ids:
            ids[position].update(lines.track_id[lines.position == position].tolist())
        assert {-1, 1} <= set(lines.position.tolist())
    assert all(len(seen) == 1 for seen in ids.values())


def test_lines_lie_where_people_drew_them(shared_data):
    folder = shared_data / "tusimple/data/training_data_example"
    distances = []
    for n in range(3):
        image = cv2.imread(str(folder / f"image/000{n}.png"))[:, :, ::-1]
        truth = cv2.imread(str(folder / f"gt_instance_image/000{n}.png"), cv2.IMREAD_GRAYSCALE)
        lines = detect_lane_lines(np.ascontiguousarray(image))
        assert {-1, 1} <= set(lines.position.tolist())
        for row in range(len(lines)):
            for u, v in lines.points[row]:
                drawn = np.flatnonzero(truth[min(719, int(v))])
                distances.append(np.abs(drawn + 0.5 - u).min() if len(drawn) else np.nan)
    assert np.nanmedian(distances) < 6.0  # of 1280; the drawn lines are about 5 px wide
    assert np.nanmean(np.array(distances) < 20.0) > 0.9
