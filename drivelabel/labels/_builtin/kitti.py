"""The object types of KITTI.

Source: the readme of KITTI's object development kit. It names no colours; these are DRIVING's.
"""

from __future__ import annotations

from drivelabel.labels._builtin._rows import taxonomy

KITTI = taxonomy(
    "kitti",
    things=(
        ("Car", "FFAA00", "car"),
        ("Van", "FFC766", "car"),
        ("Truck", "AA66FF", "truck"),
        ("Pedestrian", "FF0033", "pedestrian"),
        ("Person_sitting", "FF6680", "pedestrian"),
        ("Cyclist", "66FFAA", "rider"),
        ("Tram", "7A5CD6", "train"),
        ("Misc", "B0B0B0", "other_object"),
    ),
    # A region that nobody labelled: no class at all, and it never maps.
    stuff=(("DontCare", "606060", None),),
)
"""KITTI's types. A Cyclist is one box round rider and bicycle."""
