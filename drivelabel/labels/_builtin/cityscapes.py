"""The classes of Cityscapes.

Source: cityscapesScripts, cityscapesscripts/helpers/labels.py.
"""

from __future__ import annotations

from drivelabel.labels._builtin._rows import mixed

# Name, colour, concept, train id (255 ignored), whether instances are told apart.
_TABLE = (
    ("unlabeled", "000000", None, 255, False),
    ("ego vehicle", "000000", "ego_vehicle", 255, False),
    ("rectification border", "000000", None, 255, False),
    ("out of roi", "000000", None, 255, False),
    ("static", "000000", "other_stuff", 255, False),
    ("dynamic", "6f4a00", "other_object", 255, False),
    ("ground", "510051", "other_stuff", 255, False),
    ("road", "804080", "road", 0, False),
    ("sidewalk", "f423e8", "sidewalk", 1, False),
    ("parking", "faaaa0", "other_stuff", 255, False),
    ("rail track", "e6968c", "other_stuff", 255, False),
    ("building", "464646", "building", 2, False),
    ("wall", "66669c", "wall", 3, False),
    ("fence", "be9999", "fence", 4, False),
    ("guard rail", "b4a5b4", "fence", 255, False),
    ("bridge", "966464", "building", 255, False),
    ("tunnel", "96785a", "building", 255, False),
    ("pole", "999999", "pole", 5, False),
    ("polegroup", "999999", "pole", 255, False),
    ("traffic light", "faaa1e", "traffic_light", 6, False),
    ("traffic sign", "dcdc00", "traffic_sign", 7, False),
    ("vegetation", "6b8e23", "vegetation", 8, False),
    ("terrain", "98fb98", "terrain", 9, False),
    ("sky", "4682b4", "sky", 10, False),
    ("person", "dc143c", "pedestrian", 11, True),
    ("rider", "ff0000", "rider", 12, True),
    ("car", "00008e", "car", 13, True),
    ("truck", "000046", "truck", 14, True),
    ("bus", "003c64", "bus", 15, True),
    ("caravan", "00005a", "other_vehicle", 255, True),
    ("trailer", "00006e", "trailer", 255, True),
    ("train", "005064", "train", 16, True),
    ("motorcycle", "0000e6", "motorcycle", 17, True),
    ("bicycle", "770b20", "bicycle", 18, True),
    ("license plate", "00008e", None, -1, False),
)

CITYSCAPES_IDS: tuple[int, ...] = (*range(34), -1)
"""Cityscapes' own id of each row: the row itself, but -1 for the license plate."""

CITYSCAPES_TRAIN_IDS: tuple[int, ...] = tuple(row[3] for row in _TABLE)
"""The train id of each row; 255 is ignored, -1 is the license plate's."""

CITYSCAPES = mixed(
    "cityscapes", [row[:3] for row in _TABLE], frozenset(row[0] for row in _TABLE if not row[4])
)
"""Cityscapes' classes; ``category_id`` is Cityscapes' id, and 34 the license plate."""
