"""Traffic lights with their bulbs, what they show, and for whom."""

from __future__ import annotations

import numpy as np

from drivelabel.labels import ARROWS, BULBS, IMPORTED, LIGHT_STATES, RELEVANCES, Attributes, TrafficLights
from drivelabel.simulate.truth.view import MIN_PIXELS, View
from drivelabel.simulate.world.mesh import category_id
from drivelabel.simulate.world.signals import signal_state
from drivelabel.simulate.world.world import World
from drivelabel.typing import Float32Array, FloatArray, IntArray


def traffic_lights_in(world: World, view: View, found: IntArray) -> TrafficLights:
    """Housings with visible pixels; ``state`` is unknown for those seen from behind.

    Attributes: ``for``, ``vehicles`` or ``pedestrians``; ``facing``, whether its front can be seen.
    """
    rows = [k for k, row in enumerate(world.signal_rows) if found[row + 1, 4] >= MIN_PIXELS]
    time_s = world.seconds_at(view.timestamp_ns)
    ahead = world.next_junction(view.timestamp_ns)
    signals = [world.signals[k] for k in rows]
    n = len(rows)
    keypoints, states, facing, relevance = np.zeros((n, 3, 3), np.float32), [], [], []
    for i, (k, signal) in enumerate(zip(rows, signals, strict=True)):
        to_eye = view.world_from_camera[:3, 3] - signal.world_from_signal[:3, 3]
        front = bool(to_eye @ signal.world_from_signal[:3, 0] > 0)
        keypoints[i] = _bulbs(view, signal.bulbs, world.signal_rows[k] + 1, front)
        if signal.is_pedestrian:
            keypoints[i, BULBS.index("yellow")] = 0.0
        state = signal_state(world.layout, signal, time_s)
        states.append(LIGHT_STATES.index(state if front else "unknown"))
        facing.append(front)
        mine = signal.junction == ahead and signal.approach == 1 and signal.group == world.ego_signals(ahead)
        relevance.append(RELEVANCES.index("relevant" if mine and not signal.is_pedestrian else "irrelevant"))
    instances = np.array([world.signal_rows[k] for k in rows], np.int64) + 1
    arrows = [s.arrow if front else "unknown" for s, front in zip(signals, facing, strict=True)]
    return TrafficLights(
        xyxy=found[instances, :4].astype(np.float32).reshape(n, 4),
        keypoints=keypoints,
        category_id=np.full(n, category_id("traffic_light"), np.int64),
        state=np.array(states, np.uint8),
        arrow=np.array([ARROWS.index(arrow) for arrow in arrows], np.uint8),
        relevance=np.array(relevance, np.uint8),
        score=np.ones(n, np.float32),
        track_id=instances,
        origin=np.full(n, IMPORTED, np.uint8),
        attributes=Attributes.of(
            {"for": ["pedestrians" if s.is_pedestrian else "vehicles" for s in signals], "facing": facing}, n
        ),
    )


def _bulbs(view: View, bulbs: FloatArray, instance: int, front: bool) -> Float32Array:
    """(3, 3) u, v and visibility of the bulbs of one housing."""
    uv, _, inside = view.project(bulbs)
    out = np.zeros((3, 3), np.float32)
    for k in range(3):
        if inside[k]:
            u, v = int(uv[k, 0]), int(uv[k, 1])
            seen = front and view.instance[v, u] == instance
            out[k] = (*uv[k], 2 if seen else 1)
    return out
