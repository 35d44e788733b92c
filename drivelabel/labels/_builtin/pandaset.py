"""The classes of PandaSet.

Source: annotations/semseg/classes.json of the data, and PandaSet's annotation instructions for cuboids.
They name no colours.
"""

from __future__ import annotations

from drivelabel.labels._builtin._rows import mixed

_ROWS = (
    ("Smoke", "9A9A9A", None),
    ("Exhaust", "858585", None),
    ("Spray or rain", "A8BFCF", None),
    ("Reflection", "CFCFEF", None),
    ("Vegetation", "4E8A4E", "vegetation"),
    ("Ground", "9FB36B", "terrain"),
    ("Road", "3A6EA5", "road"),
    ("Lane Line Marking", "FFE45C", "lane_marking"),
    ("Stop Line Marking", "FF9F80", "stop_line"),
    ("Other Road Marking", "D8D8A0", "other_road_marking"),
    ("Sidewalk", "C080B0", "sidewalk"),
    ("Driveway", "5C8FB8", "other_stuff"),
    ("Car", "FFAA00", "car"),
    ("Pickup Truck", "BF8CFF", "truck"),
    ("Medium-sized Truck", "AA66FF", "truck"),
    ("Semi-truck", "8840E0", "truck"),
    ("Towed Object", "C77CFF", "trailer"),
    ("Motorcycle", "00AA88", "motorcycle"),
    ("Other Vehicle - Construction Vehicle", "D98200", "construction_vehicle"),
    ("Other Vehicle - Uncommon", "D6A45C", "other_vehicle"),
    ("Other Vehicle - Pedicab", "C79550", "other_vehicle"),
    ("Emergency Vehicle", "FF5C7A", "emergency_vehicle"),
    ("Bus", "CCAAFF", "bus"),
    ("Personal Mobility Device", "33CC99", "personal_mobility"),
    ("Motorized Scooter", "1FB88A", "motorcycle"),
    ("Bicycle", "66FFAA", "bicycle"),
    ("Train", "7A5CD6", "train"),
    ("Trolley", "8E74DE", "train"),
    ("Tram / Subway", "A28CE6", "train"),
    ("Pedestrian", "FF0033", "pedestrian"),
    ("Pedestrian with Object", "FF4D6D", "pedestrian"),
    ("Animals - Bird", "C77433", "animal"),
    ("Animals - Other", "B35900", "animal"),
    ("Pylons", "FF9955", "traffic_cone"),
    ("Road Barriers", "A0A0C8", "barrier"),
    ("Signs", "8888AA", "traffic_sign"),
    ("Cones", "FF7F2A", "traffic_cone"),
    ("Construction Signs", "9C9CBE", "traffic_sign"),
    ("Temporary Construction Barriers", "B4B4DC", "barrier"),
    ("Rolling Containers", "B0B0B0", "other_object"),
    ("Building", "7D7468", "building"),
    ("Other Static Object", "6C6C70", "other_stuff"),
)

_STUFF = frozenset(row[0] for row in _ROWS[:12] + _ROWS[40:])

PANDASET_CUBOIDS: tuple[str, ...] = tuple(name for name, _, _ in _ROWS if name not in _STUFF)
"""The 28 classes that cuboids can have; the other rows label points only."""

PANDASET = mixed("pandaset", _ROWS, _STUFF)
"""PandaSet's classes; the id in its point labels is ``category_id + 1`` and 0 is no label."""
