"""The classes of BDD100K: detection, semantic segmentation, drivable area and lane marks.

Source: bdd100k/label/label.py and the toolkit's configs (det, sem_seg, drivable, lane_mark).
"""

from __future__ import annotations

from drivelabel.labels._builtin._rows import mixed

_DETECTION = (
    ("pedestrian", "dc143c", "pedestrian"),
    ("rider", "ff0000", "rider"),
    ("car", "00008e", "car"),
    ("truck", "000046", "truck"),
    ("bus", "003c64", "bus"),
    ("train", "005064", "train"),
    ("motorcycle", "0000e6", "motorcycle"),
    ("bicycle", "770b20", "bicycle"),
    ("traffic light", "faaa1e", "traffic_light"),
    ("traffic sign", "dcdc00", "traffic_sign"),
)
_SEMANTIC_ONLY = (
    ("road", "804080", "road"),
    ("sidewalk", "f423e8", "sidewalk"),
    ("building", "464646", "building"),
    ("wall", "66669c", "wall"),
    ("fence", "be9999", "fence"),
    ("pole", "999999", "pole"),
    ("vegetation", "6b8e23", "vegetation"),
    ("terrain", "98fb98", "terrain"),
    ("sky", "4682b4", "sky"),
    ("person", "dc143c", "pedestrian"),
)
_DRIVABLE = (
    ("direct", "db5e56", "lane"),
    ("alternative", "56d3db", "lane"),
)
_LANES = (
    ("crosswalk", "db5e56", "crosswalk"),
    ("double other", "dbc256", "lane_marking"),
    ("double white", "91db56", "lane_marking"),
    ("double yellow", "56db7f", "lane_marking"),
    ("road curb", "56d3db", None),
    ("single other", "566fdb", "lane_marking"),
    ("single white", "a156db", "lane_marking"),
    ("single yellow", "db56b2", "lane_marking"),
)

BDD100K_DETECTION: tuple[str, ...] = tuple(name for name, _, _ in _DETECTION)
"""The 10 classes of detection and tracking, in order; their ids count from 1 in files."""

BDD100K_SEMANTIC: tuple[str, ...] = (
    "road", "sidewalk", "building", "wall", "fence", "pole", "traffic light", "traffic sign", "vegetation",
    "terrain", "sky", "person", "rider", "car", "truck", "bus", "train", "motorcycle", "bicycle",
)  # fmt: skip
"""The 19 classes of semantic segmentation by their train id."""

BDD100K_DRIVABLE: tuple[str, ...] = tuple(name for name, _, _ in _DRIVABLE)
"""The classes of drivable area by their id; 2 is background."""

BDD100K_LANES: tuple[str, ...] = tuple(name for name, _, _ in _LANES)
"""The classes of lane marks by their id."""

BDD100K = mixed(
    "bdd100k",
    _DETECTION + _SEMANTIC_ONLY + _DRIVABLE + _LANES,
    frozenset(name for name, _, _ in _SEMANTIC_ONLY + _DRIVABLE + _LANES) - {"person"},
)
"""All classes of BDD100K; the tuples beside it say which id a task's files give them."""
