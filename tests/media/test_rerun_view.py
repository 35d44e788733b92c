from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from drivelabel import _optional
from drivelabel.errors import MissingExtraError, SceneLookupError
from drivelabel.labels import Boxes2D, Grouped, LaneLines, TrafficLights
from drivelabel.labels.taxonomies import DRIVING
from drivelabel.media.rerun_view import require_rerun, write_rerun
from drivelabel.scene import Camera, Frames, Layer, MemoryMasks, Poses, Scene, Source
from tests.media.draw.conftest import EGO_FROM_AHEAD, SECOND, cuboid_at

T0 = 1_600_000_000_000_000_000


@pytest.fixture
def rerun() -> Any:
    """The rerun module; the test is skipped where it is not installed or refuses this numpy."""
    try:
        return require_rerun()
    except MissingExtraError as error:
        pytest.skip(str(error))


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """A calibrated camera far from the world's origin, with every kind of label on two frames."""
    image_hw = (120, 160)
    for row in range(2):
        cv2.imwrite(str(tmp_path / f"{row}.png"), np.full((*image_hw, 3), 90, np.uint8))
    matrix = np.array([[100.0, 0, 80], [0, 100, 60], [0, 0, 1]])
    light = DRIVING.id_of("traffic_light")
    tables = {
        "boxes2d": {0: Boxes2D(xyxy=[(10, 20, 50, 60)], category_id=[0], track_id=[7])},
        "lane_lines": {1: LaneLines(points=[[(0, 100), (80, 60)]], category_id=[DRIVING.id_of("lane")])},
        "traffic_lights": {
            1: TrafficLights(
                xyxy=[(5, 5, 9, 17)], keypoints=np.zeros((1, 3, 3)), category_id=[light], state=[2]
            )
        },
    }
    kinds = {"boxes2d": Boxes2D, "lane_lines": LaneLines, "traffic_lights": TrafficLights}
    grouped = {kind: Grouped.from_groups(kinds[kind], 2, rows) for kind, rows in tables.items()}
    cuboid = cuboid_at(1_000_020.0).replace(timestamp_ns=[T0])
    grouped["boxes3d"] = Grouped.from_groups(type(cuboid), 1, {0: cuboid})
    masks = MemoryMasks({0: np.zeros(image_hw, np.uint8)}, 2)
    return Scene(
        name="far",
        sensors=(Camera("cam_front", image_hw, matrix, ego_from_sensor=EGO_FROM_AHEAD),),
        taxonomy=DRIVING,
        frames=Frames([T0, T0 + SECOND], [0, 0], [0, 1], [0, 0], [0, -1]),
        samples_ns=np.array([T0]),
        sources=tuple(Source(str(tmp_path / f"{row}.png"), "image") for row in range(2)),
        poses=Poses(
            np.array([T0, T0 + SECOND]),
            np.array([[1_000_000.0, 0, 0], [1_000_010, 0, 0]]),
            np.array([[1.0, 0, 0, 0]] * 2),
        ),
        layers={"truth": Layer("truth", DRIVING, tables=grouped, label_maps=masks)},
    )


def test_a_recording_can_be_read_back(rerun: Any, scene: Scene, tmp_path: Path) -> None:
    out = tmp_path / "out" / "far.rrd"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        steps: list[tuple[int, int]] = []
        n_frames = write_rerun(scene, out, max_width=80, on_progress=lambda *step: steps.append(step))
        import rerun.dataframe as dataframe

        recording = dataframe.load_recording(str(out))
        view = recording.view(index="time", contents="/**")
        rows = view.select().read_all().to_pylist()
    assert (n_frames, steps) == (2, [(1, 2), (2, 2)])
    assert [path.name for path in out.parent.iterdir()] == ["far.rrd"]
    paths = {column.entity_path for column in recording.schema().component_columns()}
    image = "/world/ego/cam_front/image"
    assert paths >= {
        "/world/ego",
        image,
        f"{image}/truth/boxes2d",
        f"{image}/truth/lane_lines",
        f"{image}/truth/traffic_lights",
        f"{image}/truth/label_map",
        "/world/truth/boxes3d",
    }
    assert [int(np.datetime64(row["time"], "ns").astype(np.int64)) for row in rows] == [T0, T0 + SECOND]
    # Moved to the log's start, so that float32 keeps centimetres; scaled by half with the image.
    np.testing.assert_allclose(rows[0]["/world/truth/boxes3d:PoseTranslation3D"], [[20, 0, 0.75]])
    np.testing.assert_allclose(rows[0][f"{image}/truth/boxes2d:Position2D"], [[15, 20]])
    np.testing.assert_allclose(rows[1]["/world/ego:Translation3D"], [[10, 0, 0]])


def test_part_of_a_scene_and_of_its_layers_can_be_written(rerun: Any, scene: Scene, tmp_path: Path) -> None:
    assert write_rerun(scene, tmp_path / "a.rrd", layers=[], start=1) == 1


def test_an_unknown_layer_leaves_no_file(rerun: Any, scene: Scene, tmp_path: Path) -> None:
    with pytest.raises(SceneLookupError, match="no layer 'trth'"):
        write_rerun(scene, tmp_path / "b.rrd", layers=["trth"])
    assert not list(tmp_path.glob("*rrd*"))


def test_a_rerun_that_does_not_load_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(name: str) -> None:
        raise ImportError("pyarrow requires NumPy 2.0 or newer, found 1.26.4")

    monkeypatch.setattr(_optional.importlib, "import_module", broken)
    with pytest.raises(MissingExtraError, match=r"cannot be loaded: pyarrow requires NumPy 2\.0"):
        require_rerun()


def test_a_missing_rerun_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError("no rerun", name="rerun")

    monkeypatch.setattr(_optional.importlib, "import_module", missing)
    with pytest.raises(MissingExtraError, match=r"pip install 'drivelabel\[rerun\]'"):
        require_rerun()
