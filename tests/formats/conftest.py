"""A small scene with one of everything that a format may meet."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from drivelabel.labels import (
    DRIVING,
    HUMAN,
    MODEL,
    Boxes2D,
    Boxes3D,
    Grouped,
    Keypoints,
    LaneLines,
    Tags,
    TrafficLights,
)
from drivelabel.scene import Camera, Frames, Layer, MemoryMasks, Scene, Source

HW = (48, 64)


@pytest.fixture
def full_scene(tmp_path: Path) -> Scene:
    """Two cameras: one of image files, one of a video; frame 3 is labelled by nobody."""
    root = tmp_path / "recorded"
    root.mkdir()
    for k in range(2):
        cv2.imwrite(str(root / f"{k}.png"), np.full((*HW, 3), 40 * k, np.uint8))
    frames = Frames(
        timestamp_ns=[0, 100, 0, 100], sensor=[0, 0, 1, 1], source=[0, 1, 2, 2], source_index=[0, 0, 0, 1],
        sample=[0, -1, 0, -1],
    )  # fmt: skip
    return Scene(
        name="small",
        sensors=(Camera("cam_front", HW), Camera("cam_back", HW)),
        taxonomy=DRIVING,
        frames=frames,
        samples_ns=np.array([0]),
        sources=(Source("0.png", "image"), Source("1.png", "image"), Source("back.mp4", "video")),
        layers={"auto": _layer()},
        root=str(root),
    )


def _layer() -> Layer:
    car, light = DRIVING.ids_of(["car", "traffic_light"])
    boxes = Boxes2D(
        xyxy=[[1.1, 2.2, 30.3, 40.4], [5, 5, 9, 15]],
        category_id=[car, light],
        score=[0.9, 0.5],
        track_id=[7, 8],
        origin=[MODEL, MODEL],
        row_id=[0, 1],
        attributes={"occluded": [True, None]},
    )
    lights = TrafficLights(
        xyxy=[[5, 5, 9, 15]],
        keypoints=[[[7, 7, 2], [7, 10, 1], [0, 0, 0]]],
        category_id=[light],
        state=[2],
        arrow=[1],
        relevance=[1],
        track_id=[8],
        origin=[HUMAN],
    )
    lines = LaneLines(
        points=[[[10.5, 47.0], [20.25, 30.0], [25.0, 20.0]]],
        category_id=[DRIVING.id_of("lane_marking")],
        style=[2],
        position=[-1],
        track_id=[3],
    )
    cuboids = Boxes3D(
        timestamp_ns=[0], center=[[1, 2, 3]], size_lwh=[[4, 2, 1.5]], quat_wxyz=[[1, 0, 0, 0]],
        category_id=[car],
    )  # fmt: skip
    road = np.full(HW, 255, np.uint8)
    road[20:, 10:50] = DRIVING.id_of("road")
    road[30:40, 20:25] = DRIVING.id_of("lane")
    instance_map = np.zeros(HW, np.uint16)
    instance_map[3:40, 2:30] = 1
    instance_map[0, 0] = 2
    points = Keypoints(keypoints=[[[1, 2, 2], [3, 4, 1]]], category_id=[DRIVING.id_of("pedestrian")])
    return Layer(
        "auto",
        DRIVING,
        author="drivelabel",
        tables={
            "boxes2d": Grouped.from_groups(Boxes2D, 4, {0: boxes, 1: Boxes2D.empty()}),
            "traffic_lights": Grouped.from_groups(TrafficLights, 4, {0: lights}),
            "lane_lines": Grouped.from_groups(LaneLines, 4, {2: lines}),
            "keypoints": Grouped.from_groups(Keypoints, 4, {2: points}),
            "boxes3d": Grouped.from_groups(Boxes3D, 1, {0: cuboids}),
            "tags": Grouped.from_groups(Tags, 4, {0: Tags(score=[0.75], attributes={"weather": ["rain"]})}),
        },
        label_maps=MemoryMasks({0: road, 2: road}, 4),
        instance_maps=MemoryMasks({0: instance_map}, 4),
        instance_track_id=np.array([7, 99]),
    )
