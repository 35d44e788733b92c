"""All labels of one frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drivelabel.geometry._kernels.sim_boxes import instance_boxes
from drivelabel.labels import IMPORTED, Attributes, Boxes2D, LaneLines, Tags, TrafficLights
from drivelabel.simulate.geometry3d import Surfaces
from drivelabel.simulate.truth.boxes import boxes_in
from drivelabel.simulate.truth.lights import traffic_lights_in
from drivelabel.simulate.truth.lines import lane_lines_in
from drivelabel.simulate.truth.view import View
from drivelabel.simulate.world.world import World
from drivelabel.typing import Float32Array, UInt8Array, UInt16Array


@dataclass(frozen=True, slots=True, eq=False)
class FrameTruth:
    """All labels of one frame.

    Attributes:
        label_map: (h, w) uint8, rows of DRIVING.
        instance_map: (h, w) uint16, the things' track ids themselves.
    """

    boxes2d: Boxes2D
    lane_lines: LaneLines
    traffic_lights: TrafficLights
    tags: Tags
    label_map: UInt8Array
    instance_map: UInt16Array
    depth: Float32Array


def frame_truth(world: World, view: View, surfaces: Surfaces, tags: Tags) -> FrameTruth:
    """All labels of one frame.

    Args:
        world: that was seen.
        view: what each pixel shows.
        surfaces: that were seen.
        tags: of the drive.
    """
    found = instance_boxes(view.instance, len(world.things))
    return FrameTruth(
        boxes_in(world, view, surfaces, found),
        lane_lines_in(world, view),
        traffic_lights_in(world, view, found),
        tags,
        view.category,
        view.instance,
        view.depth,
    )


def drive_tags(weather: str, time_of_day: str, style: str) -> Tags:
    """The facts of a drive, as one row."""
    attributes = {"weather": [weather], "time_of_day": [time_of_day], "road": [style]}
    return Tags(
        score=np.ones(1, np.float32),
        origin=np.full(1, IMPORTED, np.uint8),
        attributes=Attributes.of(attributes, 1),
    )
