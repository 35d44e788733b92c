"""A scene that any release wrote opens in every later one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from storage.scenes import assert_same_scene, boxes, instance_map, label_map, scene, things, unpack

from drivelabel.storage import SceneStore, check_scene

FIXTURES = sorted((Path(__file__).parents[1] / "golden").glob("scene-format-*.zip"))


@pytest.mark.parametrize("fixture", FIXTURES, ids=lambda path: path.stem)
def test_scenes_of_every_release_open(fixture: Path, tmp_path: Path) -> None:
    unpack(fixture, tmp_path / "old.scene")
    store = SceneStore.open(tmp_path / "old.scene")
    opened = store.scene()
    assert_same_scene(scene(), opened, same_layers=False)
    layer = opened.layer("review")
    np.testing.assert_array_equal(layer.boxes2d[0].xyxy, boxes(3, 1).xyxy)
    assert layer.boxes2d[0].attributes["occluded"].to_list() == [True, None, "partly"]
    assert layer.boxes2d[0].attributes["lane"].to_list() == [1, 2.5, 3]
    assert layer.lane_lines[1].points[0].tolist() == [[0, 1], [2, 3]]
    assert layer.tags[2].attributes.row(0) == {"weather": "rain"}
    np.testing.assert_array_equal(layer.label_map(3).label_map, label_map(4))
    given = instance_map([7, 9], 5, (4, 5))
    np.testing.assert_array_equal(things(layer, 6), np.array([-1, 7, 9])[given.instance_map])
    assert [(commit.message, commit.by) for commit in store.log()] == [
        ("second", "model"), ("first", "human"), ("layers", "import"), ("Ingest a drive", "import"),
    ]  # fmt: skip
    assert len(store.scene("HEAD~1").layer("review").boxes2d[5]) == 0
    with store.edit("goes on") as edit:
        edit.set("review", 0, boxes(1))
    assert check_scene(store.root).damages == []


def test_there_is_a_scene_of_this_format() -> None:
    from drivelabel.storage._recording import FORMAT_VERSION

    assert f"scene-format-{FORMAT_VERSION}" in [path.stem for path in FIXTURES]
