"""Fields of annotations that become columns: keypoints, and what our own lines and lights say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from drivelabel.errors import FormatError
from drivelabel.formats.loading import Fields
from drivelabel.formats.loading.values import as_numbers
from drivelabel.labels import ARROWS, LIGHT_STATES, LINE_SOURCES, LINE_STYLES, RELEVANCES
from drivelabel.typing import AnyArray


def points_of(item: dict[str, Any]) -> AnyArray:
    """(k, 3) float32 u, v, visibility of an annotation's keypoints. Raises FormatError."""
    numbers = as_numbers(item["keypoints"], "keypoints")
    if len(numbers) % 3:
        raise FormatError(f"keypoints: expected u, v and visibility of each, got {len(numbers)} numbers.")
    points = numbers.reshape(-1, 3).astype(np.float32)
    if not np.isin(points[:, 2], (0, 1, 2)).all():
        raise FormatError("keypoints: expected visibility 0 absent, 1 hidden or 2 seen.")
    return points


def light_columns(light: Fields) -> dict[str, Any]:
    """Bulbs, state, arrow and relevance of a traffic light of ours. Raises FormatError."""
    return {
        "keypoints": _bulbs(light),
        "state": code_of(light, "state", LIGHT_STATES),
        "arrow": code_of(light, "arrow", ARROWS),
        "relevance": code_of(light, "relevance", RELEVANCES),
    }


def _bulbs(light: Fields) -> AnyArray:
    points = points_of({"keypoints": light.items("keypoints")})
    if points.shape != (3, 3):
        raise light.wrong(f"keypoints: expected the three bulbs, got {len(points)} points.")
    return points


def line_columns(line: Fields) -> dict[str, Any]:
    """Points, style, source and position of a lane line of ours. Raises FormatError."""
    points = [as_numbers(point, f"{line.where}: polyline", 2) for point in line.items("polyline")]
    if len(points) < 2:
        raise line.wrong(f"polyline: expected at least two points, got {len(points)}.")
    position = line.integer("position", 0)
    if not -128 <= position < 128:
        raise line.wrong(f"position: expected a small number, got {position}.")
    return {
        "points": np.array(points, np.float32),
        "style": code_of(line, "style", LINE_STYLES),
        "source": code_of(line, "source", LINE_SOURCES, LINE_SOURCES.index("imported")),
        "position": position,
    }


def code_of(fields: Fields, name: str, words: Sequence[str], default: int = 0) -> int:
    """The index of a word among those that it may be. Raises FormatError."""
    word = fields.text(name, words[default])
    if word not in words:
        raise fields.wrong(f"{name}: expected one of {', '.join(words)}, got {word[:40]!r}.")
    return words.index(word)
