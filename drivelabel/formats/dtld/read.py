"""The JSON files of DTLD as an image set of traffic lights."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np

from drivelabel.errors import FormatError, StoreError
from drivelabel.formats.building import ImageSetBuilder, image_tags
from drivelabel.formats.imported import Imported
from drivelabel.formats.lane_lines import image_size
from drivelabel.formats.loading import Fields, read_json, safe_join
from drivelabel.formats.pixels import CORNER
from drivelabel.formats.report import Tally
from drivelabel.formats.traffic_lights import Light, lights_table
from drivelabel.labels import DRIVING, LIGHT_STATES, NO_TRACK

IMAGE_HW = (1024, 2048)
"""Size of all of DTLD's images, taken where the image itself is not there."""

_ARROWS = {
    "circle": "none",
    "arrow_left": "left",
    "arrow_right": "right",
    "arrow_straight": "straight",
    "arrow_straight_left": "straight_left",
    "arrow_straight_right": "straight_right",
}
_RELEVANCES = {"relevant": "relevant", "not_relevant": "irrelevant"}


def looks_like_dtld(path: Path) -> bool:
    """Whether a JSON file begins like DTLD version 2."""
    if not path.is_file() or path.suffix.lower() != ".json":
        return False
    with path.open("rb") as file:
        head = file.read(1 << 16)
    return b'"images"' in head and b'"image_path"' in head and b'"labels"' in head


def read_dtld(
    path: Path,
    *,
    layer: str = "truth",
    root: Path | None = None,
    on_invalid: Literal["error", "skip"] = "error",
) -> Imported:
    """Traffic lights of a DTLD file of version 2.

    State, pictogram and relevance become columns, all other attributes stay attributes.

    Args:
        path: such as ``DTLD_train.json``.
        layer: name of the layer.
        root: the folder that image paths count from; that of the file when None.
        on_invalid: ``skip`` leaves out images that break a rule and counts them.

    Raises:
        StoreError: the file is missing or cannot be read.
        FormatError: an image breaks a rule of the format; the message names it.
    """
    path = Path(path)
    home = Path(root) if root is not None else path.parent
    tally = Tally()
    builder = ImageSetBuilder(path.stem, str(home), DRIVING, layer)
    for image in Fields(read_json(path), str(path)).objects("images"):
        try:
            _add(builder, image, home, tally)
        except (FormatError, StoreError) as error:
            if on_invalid == "error":
                raise
            tally.drop("images", "", 1, f"invalid: {error}")
    return Imported(builder.build(), tally.report("dtld", str(path)))


def _add(builder: ImageSetBuilder, image: Fields, home: Path, tally: Tally) -> None:
    name = image.text("image_path")
    safe_join(home, name)
    lights = [_light(label, tally) for label in image.objects("labels", [])]
    facts: dict[str, Any] = {}
    for key, value in image.value.items():
        if key in ("image_path", "labels"):
            continue
        if isinstance(value, (str, bool, int, float)):
            facts[f"dtld.{key}"] = value
        elif value is not None:
            tally.drop("images", key, 1, "no single value")
    builder.add(name, _size(home / name, tally), lights_table(lights), image_tags(facts))
    tally.keep("traffic_lights", "", len(lights))
    tally.keep("tags", "", int(bool(facts)), "facts about the image")


def _size(file: Path, tally: Tally) -> tuple[int, int]:
    try:
        return image_size(file, IMAGE_HW)
    except StoreError:  # 12 bits a pixel, which no header reader need know
        tally.keep("images", "image_hw", 1, "unreadable header: the data set's own size")
        return IMAGE_HW


def _light(label: Fields, tally: Tally) -> Light:
    corner = np.array([[label.number(name) for name in ("x", "y", "w", "h")]])
    if (corner[:, 2:] < 0).any():
        raise FormatError(f"{label.where}: box has negative size {corner[0, 2]:g} x {corner[0, 3]:g} px.")
    corner[:, 2:] += corner[:, :2]
    xyxy = CORNER.to_xyxy(corner)[0]
    facts = dict(label.object("attributes").value) if "attributes" in label else {}
    state, arrow, relevance = _codes(facts, label.where)
    for key in label.value.keys() - {"x", "y", "w", "h", "track_id", "attributes", "unique_id"}:
        tally.drop("traffic_lights", key, 1, "not of the format")
    if "unique_id" in label:
        facts["unique_id"] = label.get("unique_id")
    plain = {key: value for key, value in facts.items() if isinstance(value, (str, bool, int, float))}
    for key in facts.keys() - plain.keys():
        tally.drop("traffic_lights", f"attributes.{key}", int(facts[key] is not None), "no single value")
    track_id = _track_id(label)
    return Light((xyxy[0], xyxy[1], xyxy[2], xyxy[3]), state, arrow, relevance, track_id, {}, plain)


def _codes(facts: dict[str, Any], where: str) -> tuple[str, str, str]:
    """State, arrow and relevance; what is no column stays among the facts."""
    state = str(facts.pop("state", "unknown")).replace("-", "_")
    if state not in LIGHT_STATES:
        raise FormatError(f"{where}: unknown state {state[:40]!r}. Known: {', '.join(LIGHT_STATES)}.")
    arrow, relevance = facts.get("pictogram"), facts.get("relevance")
    if isinstance(arrow, str) and arrow in _ARROWS:
        del facts["pictogram"]
    if isinstance(relevance, str) and relevance in _RELEVANCES:
        del facts["relevance"]
    return state, _ARROWS.get(str(arrow), "unknown"), _RELEVANCES.get(str(relevance), "unknown")


def _track_id(label: Fields) -> int:
    found = label.get("track_id")
    if isinstance(found, str) and found.lstrip("-").isdecimal() and len(found) < 19:
        return int(found)
    return label.integer("track_id", NO_TRACK)
