"""Small layers of every kind of label, for tests of the report."""

from __future__ import annotations

from typing import Any

import numpy as np
from evaluation.report.scenes import HW, boxes, layer, lines, scene

from drivelabel.labels import DRIVING, LIGHT_STATES, VOID, Boxes3D, Grouped, TrafficLights
from drivelabel.scene import Layer, MemoryMasks, Scene

LIGHT = DRIVING.id_of("traffic_light")
ROAD, PAINT, SKY = (DRIVING.id_of(name) for name in ("road", "lane_marking", "sky"))


def light(xyxy: tuple[float, ...], state: str, track: int = 1, score: float = 1.0) -> TrafficLights:
    """One light with its three bulbs in a column."""
    x, top, height = (xyxy[0] + xyxy[2]) / 2, xyxy[1], xyxy[3] - xyxy[1]
    bulbs = [[[x, top + height * share, 2] for share in (0.2, 0.5, 0.8)]]
    return TrafficLights(
        xyxy=[xyxy], keypoints=bulbs, category_id=[LIGHT], state=[LIGHT_STATES.index(state)],
        score=[score], track_id=[track],
    )  # fmt: skip


def cuboid(x: float, y: float, track: int = 1, n_points: int = 9, **more: Any) -> Boxes3D:
    """A car with some lidar points."""
    columns: dict[str, Any] = {
        "timestamp_ns": [0],
        "center": [[x, y, 0.75]],
        "size_lwh": [[4.0, 2.0, 1.5]],
        "quat_wxyz": [[1.0, 0, 0, 0]],
        "category_id": [DRIVING.id_of("car")],
        "velocity": [[0.0, 0, 0]],
        "track_id": [track],
        "n_points": [n_points],
    }
    return Boxes3D(**(columns | more))


def road_map(top: int, paint: bool = True, sky: bool = True) -> np.ndarray:
    """(h, w) road from a row on, a stripe of paint in it, sky (or void) above."""
    label_map = np.full(HW, SKY if sky else VOID, np.uint8)
    label_map[top:] = ROAD
    if paint:
        label_map[top:, 290:310] = PAINT
    return label_map


def with_maps(base: Layer, maps: dict[int, np.ndarray], n_frames: int) -> Layer:
    """The same layer with label maps."""
    return Layer(base.name, base.taxonomy, tables=base.tables, label_maps=MemoryMasks(maps, n_frames))


def all_kinds(name: str, seed: int, n_frames: int = 4) -> Layer:
    """Boxes, cuboids, lines, lights and areas, moved about by a seed; seed 0 is the truth."""
    generator = np.random.default_rng(seed)
    off = generator.normal(0, 3.0 if seed else 0.0, (n_frames, 4))
    car = DRIVING.id_of("car")
    made = {"boxes2d": [], "boxes3d": [], "lane_lines": [], "traffic_lights": []}
    for i in range(n_frames):
        a, b, c, d = off[i].tolist()
        rows = [(100 + a, 200, 180 + b, 280, car, 1, 1), (300, 200 + c, 340, 260 + d, car, 1, 2)]
        made["boxes2d"].append(boxes(rows[: 1 if seed and i % 2 else 2]))
        made["boxes3d"].append(
            Boxes3D.concat(
                [
                    cuboid(12 + a / 6, b / 6, 1, score=[0.9 - i / 10]),
                    cuboid(25, 6 + c / 3, 2, score=[0.85 - i / 10]),
                ]
            )
        )
        made["lane_lines"].append(lines([(200 + a, 390), (260 + b, 210)], [(420, 390), (350 + 2 * c, 210)]))
        state = "red" if i < n_frames // 2 or (seed and i == n_frames - 1) else "green"
        made["traffic_lights"].append(light((400 + a / 3, 50, 412 + a / 3, 86), state))
    kinds = {"boxes3d": Boxes3D, "traffic_lights": TrafficLights}
    base = layer(name, boxes2d=made["boxes2d"], lane_lines=made["lane_lines"])
    tables = {kind: Grouped.from_groups(cls, n_frames, made[kind]) for kind, cls in kinds.items()}
    base = Layer(name, DRIVING, tables={**base.tables, **tables})
    maps = {i: road_map(200 + round(off[i, 0])) for i in range(n_frames)}
    return with_maps(base, maps, n_frames)


def drive(name: str, seed: int, n_frames: int = 4) -> Scene:
    """A log with truth and one prediction of every kind."""
    layers = {"truth": all_kinds("truth", 0, n_frames), "auto": all_kinds("auto", seed, n_frames)}
    return scene(layers, n_frames, name)
