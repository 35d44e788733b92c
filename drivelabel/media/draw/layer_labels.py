"""What is drawn: one layer's labels of one frame."""

from __future__ import annotations

from dataclasses import dataclass

from drivelabel.labels import (
    Boxes2D,
    Boxes3D,
    Keypoints,
    LabelMap,
    LaneLines,
    Polygons,
    Taxonomy,
    TrafficLights,
)


@dataclass(frozen=True, slots=True, eq=False)
class LayerLabels:
    """One layer's labels of one frame; None where the frame was not labelled with that kind.

    Attributes:
        taxonomy: what the category ids mean, and their colours.
        name: of the layer.
        boxes2d, lane_lines, traffic_lights, keypoints, polygons: the frame's rows.
        label_map: the frame's areas.
        cuboids: world coords, at the frame's own time.
    """

    taxonomy: Taxonomy
    name: str = ""
    boxes2d: Boxes2D | None = None
    lane_lines: LaneLines | None = None
    traffic_lights: TrafficLights | None = None
    keypoints: Keypoints | None = None
    polygons: Polygons | None = None
    label_map: LabelMap | None = None
    cuboids: Boxes3D | None = None
