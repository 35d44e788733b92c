"""The labels of one frame as COCO annotations, without their ids."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from drivelabel.formats.report import Tally
from drivelabel.geometry import label_map_to_rle, mask_to_rle
from drivelabel.labels import (
    ARROWS,
    LIGHT_STATES,
    LINE_SOURCES,
    LINE_STYLES,
    NO_TRACK,
    ORIGINS,
    RELEVANCES,
    Boxes2D,
    InstanceMap,
    Keypoints,
    LabelMap,
    LaneLines,
    TrafficLights,
)
from drivelabel.scene import Layer
from drivelabel.typing import AnyArray, BoolArray

Annotation = dict[str, Any]


def frame_annotations(layer: Layer, frame: int, label_map: LabelMap | None, tally: Tally) -> list[Annotation]:
    """Everything that `layer` says of one frame."""
    found: list[Annotation] = []
    lights = layer.traffic_lights[frame] if "traffic_lights" in layer.tables else TrafficLights.empty()
    if "boxes2d" in layer.tables:
        boxes = layer.boxes2d[frame]
        doubles = _same_objects(boxes, lights)
        tally.keep("boxes2d", "", int(doubles.sum()), "written once, with the traffic light's bulbs")
        found += _boxes(boxes[~doubles], _instances(layer, frame), tally)
    elif layer.instance_maps is not None and frame in layer.instance_maps:
        _drop_masks(layer.instance_map(frame), np.zeros(0, np.int64), tally)
    found += _lights(lights, tally)
    if "lane_lines" in layer.tables:
        found += _lines(layer.lane_lines[frame], tally)
    if "keypoints" in layer.tables:
        found += _skeletons(layer.keypoints[frame], tally)
    if label_map is not None:
        found += _areas(label_map, tally)
    return found


def _same_objects(boxes: Boxes2D, lights: TrafficLights) -> BoolArray:
    """(n,), boxes that a traffic light has as its housing: one object, so one annotation."""
    same = (boxes.xyxy[:, None] == lights.xyxy[None]).all(axis=2)
    same &= boxes.category_id[:, None] == lights.category_id[None]
    same &= boxes.track_id[:, None] == lights.track_id[None]
    return np.asarray(same.any(axis=1))


def _instances(layer: Layer, frame: int) -> InstanceMap | None:
    if layer.instance_maps is None or frame not in layer.instance_maps:
        return None
    return layer.instance_map(frame)


def _boxes(boxes: Boxes2D, instances: InstanceMap | None, tally: Tally) -> Iterator[Annotation]:
    for row in range(len(boxes)):
        annotation = _common("box", boxes, row) | _bbox(boxes.xyxy[row])
        track_id = int(boxes.track_id[row])
        if instances is not None and track_id != NO_TRACK:
            mask = instances.mask(track_id)
            if mask.any():
                annotation |= {"segmentation": mask_to_rle(mask), "area": float(mask.sum())}
                tally.keep("instance_map", "", 1, "segmentation of the box with its track id")
        yield annotation
    tally.keep("boxes2d", "", len(boxes))
    if instances is not None:
        _drop_masks(instances, boxes.track_id, tally)


def _drop_masks(instances: InstanceMap, kept: AnyArray, tally: Tally) -> None:
    present = instances.track_id[np.unique(instances.instance_map[instances.instance_map > 0]) - 1]
    lost = np.setdiff1d(present, kept[kept != NO_TRACK])
    tally.drop("instance_map", "", len(lost), "no box with their track id says their category")


def _lights(lights: TrafficLights, tally: Tally) -> Iterator[Annotation]:
    for row in range(len(lights)):
        yield (
            _common("traffic_light", lights, row)
            | _bbox(lights.xyxy[row])
            | _keypoints(lights.keypoints[row])
            | {
                "state": LIGHT_STATES[lights.state[row]],
                "arrow": ARROWS[lights.arrow[row]],
                "relevance": RELEVANCES[lights.relevance[row]],
            }
        )
    tally.keep("traffic_lights", "", len(lights), "keypoints; state, arrow and relevance as extra fields")


def _lines(lines: LaneLines, tally: Tally) -> Iterator[Annotation]:
    for row in range(len(lines)):
        points = lines.points[row]
        yield (
            _common("lane_line", lines, row)
            | _bbox(np.concatenate([points.min(axis=0), points.max(axis=0)]))
            | {
                "polyline": points.astype(np.float64).tolist(),
                "style": LINE_STYLES[lines.style[row]],
                "source": LINE_SOURCES[lines.source[row]],
                "position": int(lines.position[row]),
            }
        )
    tally.keep("lane_lines", "", len(lines), "extra field polyline")


def _skeletons(skeletons: Keypoints, tally: Tally) -> Iterator[Annotation]:
    for row in range(len(skeletons)):
        keypoints = skeletons.keypoints[row]
        seen = keypoints[keypoints[:, 2] > 0, :2]
        box = np.concatenate([seen.min(axis=0), seen.max(axis=0)]) if len(seen) else np.zeros(4)
        yield _common("keypoints", skeletons, row) | _bbox(box) | _keypoints(keypoints)
    tally.keep("keypoints", "", len(skeletons))


def _areas(label_map: LabelMap, tally: Tally) -> Iterator[Annotation]:
    codes = label_map_to_rle(label_map.label_map)
    for category_id, rle in codes.items():
        mask = label_map.mask(category_id)
        columns, rows = np.flatnonzero(mask.any(axis=0)), np.flatnonzero(mask.any(axis=1))
        box = [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]
        yield {
            "kind": "area",
            "category_id": category_id + 1,
            "iscrowd": 0,
            **_bbox(np.array(box, np.float64)),
            "area": float(mask.sum()),
            "segmentation": rle,
        }
    tally.keep("label_map", "", 1, "one annotation per category and frame")


def _common(kind: str, table: Any, row: int) -> Annotation:
    track_id = int(table.track_id[row])
    return {
        "kind": kind,
        "category_id": int(table.category_id[row]) + 1,
        "iscrowd": 0,
        "segmentation": [],
        "score": float(table.score[row]),
        **({} if track_id == NO_TRACK else {"track_id": track_id}),
        "origin": ORIGINS[table.origin[row]],
        "attributes": table.attributes.row(row),
    }


def _bbox(xyxy: AnyArray) -> Annotation:
    # In float64: the difference of two float32 of like size is exact, so reading gives the same box back.
    left, top, right, bottom = xyxy.astype(np.float64).tolist()
    return {"bbox": [left, top, right - left, bottom - top], "area": (right - left) * (bottom - top)}


def _keypoints(keypoints: AnyArray) -> Annotation:
    flat = [value for u, v, seen in keypoints.astype(np.float64).tolist() for value in (u, v, int(seen))]
    return {"keypoints": flat, "num_keypoints": int((keypoints[:, 2] > 0).sum())}
