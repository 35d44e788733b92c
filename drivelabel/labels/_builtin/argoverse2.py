"""The 30 classes of Argoverse 2.

Source: av2-api, AnnotationCategories of the sensor dataset. It names no colours.
"""

from __future__ import annotations

from drivelabel.labels._builtin._rows import taxonomy

ARGOVERSE2 = taxonomy(
    "argoverse2",
    things=(
        ("ANIMAL", "B35900", "animal"),
        ("ARTICULATED_BUS", "DDC4FF", "bus"),
        ("BICYCLE", "66FFAA", "bicycle"),
        ("BICYCLIST", "FF6666", "rider"),
        ("BOLLARD", "A0A0C8", "barrier"),
        ("BOX_TRUCK", "BF8CFF", "truck"),
        ("BUS", "CCAAFF", "bus"),
        ("CONSTRUCTION_BARREL", "FF9955", "traffic_cone"),
        ("CONSTRUCTION_CONE", "FF7F2A", "traffic_cone"),
        ("DOG", "C77433", "animal"),
        ("LARGE_VEHICLE", "D6A45C", "other_vehicle"),
        ("MESSAGE_BOARD_TRAILER", "B060F0", "trailer"),
        ("MOBILE_PEDESTRIAN_CROSSING_SIGN", "9C9CBE", "traffic_sign"),
        ("MOTORCYCLE", "00AA88", "motorcycle"),
        ("MOTORCYCLIST", "FF8080", "rider"),
        ("OFFICIAL_SIGNALER", "FF4D6D", "pedestrian"),
        ("PEDESTRIAN", "FF0033", "pedestrian"),
        ("RAILED_VEHICLE", "7A5CD6", "train"),
        ("REGULAR_VEHICLE", "FFAA00", "car"),
        ("SCHOOL_BUS", "E0B84D", "bus"),
        ("SIGN", "8888AA", "traffic_sign"),
        ("STOP_SIGN", "77779E", "traffic_sign"),
        ("STROLLER", "B0B0B0", "other_object"),
        ("TRAFFIC_LIGHT_TRAILER", "9A50D8", "trailer"),
        ("TRUCK", "AA66FF", "truck"),
        ("TRUCK_CAB", "8840E0", "truck"),
        ("VEHICULAR_TRAILER", "C77CFF", "trailer"),
        ("WHEELCHAIR", "1FB88A", "personal_mobility"),
        ("WHEELED_DEVICE", "33CC99", "personal_mobility"),
        ("WHEELED_RIDER", "FF9999", "rider"),
    ),
)
"""Argoverse 2's classes, in alphabetical order as its API has them."""
