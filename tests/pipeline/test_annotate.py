"""The main job on small, exact stages."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from drivelabel.errors import InvalidLabelError, StoreError
from drivelabel.labels import HUMAN
from drivelabel.pipeline import Plan, annotate
from drivelabel.pipeline.annotate_run import CHUNK
from drivelabel.pipeline.plan import in_order
from drivelabel.storage import SceneStore
from tests.pipeline.stages import CountingTracker, PixelBoxes, exact_plan, picture_scene

KILLS = 10


def labels_of(store: SceneStore) -> tuple[object, list[bytes]]:
    layer = store.scene().layer("auto")
    masks = [layer.label_map(frame).label_map.tobytes() for frame in range(len(layer.boxes2d))]
    return layer.boxes2d, masks


def assert_same_labels(a: SceneStore, b: SceneStore) -> None:
    (boxes_a, masks_a), (boxes_b, masks_b) = labels_of(a), labels_of(b)
    assert boxes_a.equals(boxes_b)  # type: ignore[attr-defined]
    assert masks_a == masks_b


@pytest.fixture
def whole(tmp_path_factory: pytest.TempPathFactory) -> SceneStore:
    """A scene labelled in one go."""
    store = picture_scene(tmp_path_factory.mktemp("whole"))
    annotate(store, exact_plan())
    return store


def test_every_frame_is_labelled_and_the_history_says_how(whole: SceneStore) -> None:
    scene = whole.scene()
    assert scene.layer("auto").boxes2d.labelled.all()
    commits = whole.log()
    assert [c.message for c in commits][::-1] == [
        f"Ingest {scene.name}",
        "Start layer auto",
        "Annotate cam_front, frames 0 to 31",
        "Annotate cam_front, frames 32 to 63",
        "Annotate cam_front, frames 64 to 89",
    ]
    assert commits[0].parameters["tasks"] == ["boxes", "tracks"]
    assert scene.layer("auto").model["stages"] == {"pixel_boxes": "1", "counting_tracker": "1"}


def test_a_run_that_stops_by_an_exception_goes_on_and_ends_equal(tmp_path: Path, whole: SceneStore) -> None:
    class Stop(Exception):
        pass

    def stop_after_first_chunk(done: int, total: int) -> None:
        if done >= CHUNK:
            raise Stop

    store = picture_scene(tmp_path)
    with pytest.raises(Stop):
        annotate(store, exact_plan(), progress=stop_after_first_chunk)
    assert store.scene().layer("auto").boxes2d.labelled.sum() == CHUNK
    report = annotate(store, exact_plan())
    assert (report.earlier, report.frames) == (CHUNK, 90 - CHUNK)
    assert_same_labels(store, whole)


def test_a_run_killed_at_random_instants_goes_on_and_ends_equal(tmp_path: Path, whole: SceneStore) -> None:
    store = picture_scene(tmp_path)
    program = (
        "from drivelabel.pipeline import annotate\n"
        "from drivelabel.storage import SceneStore\n"
        "from tests.pipeline.stages import exact_plan\n"
        f"annotate(SceneStore.open({store.name!r}), exact_plan())\n"
    )
    rng = random.Random(3)
    root = Path(__file__).parents[2]
    kills = 0
    for _ in range(KILLS):
        process = subprocess.Popen([sys.executable, "-c", program], cwd=root, start_new_session=True)
        time.sleep(rng.uniform(0.3, 2.5))
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            kills += 1
        process.wait()
        SceneStore.open(store.name).scene()  # opens whenever it was killed
    assert kills > 0
    annotate(SceneStore.open(store.name), exact_plan())
    assert_same_labels(SceneStore.open(store.name), whole)


def test_running_twice_is_the_same_as_running_once(whole: SceneStore) -> None:
    before = whole.head
    report = annotate(whole, exact_plan())
    assert (report.frames, report.earlier) == (0, 90)
    assert whole.head == before


def test_another_plan_does_not_write_over_a_layer(whole: SceneStore) -> None:
    other = Plan(("boxes",), (PixelBoxes(),), ())
    with pytest.raises(InvalidLabelError, match="layer 'auto' was made by another plan"):
        annotate(whole, other)
    assert annotate(whole, other, into="boxes_only").frames == 90


def test_what_a_person_corrected_is_left_alone(tmp_path: Path) -> None:
    store = picture_scene(tmp_path, 40)
    plan = exact_plan()
    with pytest.raises(ZeroDivisionError):
        annotate(store, plan, progress=lambda done, total: None if done < CHUNK else 1 // 0)
    corrected = store.read("auto", "boxes2d", [0])[0]
    with store.edit("Correct") as edit:
        edit.set(
            "auto",
            35,
            corrected.replace(row_id=np.full(len(corrected), -1), origin=np.full(len(corrected), HUMAN)),
        )
    report = annotate(store, plan)
    assert report.kept == 1
    kept = store.read("auto", "boxes2d", [35])[35]
    np.testing.assert_array_equal(kept.columns()["xyxy"], corrected.columns()["xyxy"])


def test_a_missing_picture_is_an_error_or_is_skipped_and_counted(tmp_path: Path) -> None:
    store = picture_scene(tmp_path, 10)
    (tmp_path / "pictures" / "0004.png").unlink()
    with pytest.raises(StoreError, match="frame 4 of cam_front"):
        annotate(store, exact_plan())
    report = annotate(store, exact_plan(), on_invalid="skip")
    assert (report.frames, report.skipped) == (10, 1)
    np.testing.assert_array_equal(np.flatnonzero(~store.labelled("auto", "boxes2d")), [4])


def test_stages_run_after_those_whose_labels_they_read() -> None:
    class Reader:
        name, version, provides, needs = "reader", "1", ("traffic_lights",), ("boxes2d",)

        def annotate(self, images_rgb, labels):  # type: ignore[no-untyped-def]
            return []

    stages = [Reader(), CountingTracker(0), PixelBoxes()]
    assert [stage.name for stage in in_order(stages)] == ["pixel_boxes", "counting_tracker", "reader"]
    with pytest.raises(InvalidLabelError, match="counting_tracker needs boxes2d, which no chosen task makes"):
        in_order([CountingTracker(0)])
