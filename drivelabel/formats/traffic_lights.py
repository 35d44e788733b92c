"""What readers of traffic-light data sets share."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from drivelabel.errors import FormatError
from drivelabel.labels import (
    ARROWS,
    BULBS,
    DRIVING,
    IMPORTED,
    LIGHT_STATES,
    NO_TRACK,
    RELEVANCES,
    Attributes,
    TrafficLights,
)
from drivelabel.labels.attributes import AttributeValue

_COLOR_WORDS = {
    "green": "green",
    "go": "green",
    "red": "red",
    "stop": "red",
    "yellow": "yellow",
    "warning": "yellow",
    "off": "off",
}
_ARROW_WORDS = {
    frozenset[str](): "unknown",
    frozenset({"left"}): "left",
    frozenset({"right"}): "right",
    frozenset({"straight"}): "straight",
    frozenset({"left", "straight"}): "straight_left",
    frozenset({"right", "straight"}): "straight_right",
}


@dataclass(slots=True)
class Light:
    """One housing of a foreign file.

    Attributes:
        xyxy: pixels, ours.
        state, arrow, relevance: names out of LIGHT_STATES, ARROWS and RELEVANCES.
        track_id: or NO_TRACK.
        bulbs: bulb name to its u and v, pixels; absent where not told.
        attributes: further facts.
    """

    xyxy: tuple[float, float, float, float]
    state: str = "unknown"
    arrow: str = "unknown"
    relevance: str = "unknown"
    track_id: int = NO_TRACK
    bulbs: dict[str, tuple[float, float]] = field(default_factory=dict)
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)


def lights_table(lights: Sequence[Light]) -> TrafficLights:
    """Imported traffic lights of the driving taxonomy."""
    if not lights:
        return TrafficLights.empty()
    n = len(lights)
    keypoints = np.zeros((n, len(BULBS), 3), np.float32)
    for row, light in enumerate(lights):
        for name, (u, v) in light.bulbs.items():
            keypoints[row, BULBS.index(name)] = (u, v, 2)
    return TrafficLights(
        xyxy=np.asarray([light.xyxy for light in lights], np.float32),
        keypoints=keypoints,
        category_id=np.full(n, DRIVING.id_of("traffic_light")),
        state=np.asarray([LIGHT_STATES.index(light.state) for light in lights], np.uint8),
        arrow=np.asarray([ARROWS.index(light.arrow) for light in lights], np.uint8),
        relevance=np.asarray([RELEVANCES.index(light.relevance) for light in lights], np.uint8),
        track_id=np.asarray([light.track_id for light in lights], np.int64),
        origin=np.full(n, IMPORTED, np.uint8),
        attributes=Attributes.from_rows([light.attributes for light in lights]),
    )


def state_and_arrow(tag: str, where: str) -> tuple[str, str]:
    """State and arrow that a tag such as ``RedStraightLeft`` or ``goForward`` says.

    Raises:
        FormatError: the tag has a word that is no colour and no direction.
    """
    words = [word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", tag)]
    words = ["straight" if word == "forward" else word for word in words]
    state = _COLOR_WORDS.get(words[0]) if words else None
    arrow = _ARROW_WORDS.get(frozenset(words[1:]))
    if state is None or arrow is None:
        raise FormatError(f"{where}: expected a tag such as RedLeft or stop, got {tag[:40]!r}.")
    return state, arrow
