"""The 32 general classes of nuScenes, in the order of nuScenes-lidarseg.

Source: nuscenes-devkit, docs/instructions_lidarseg.md and nuscenes/utils/color_map.py.
"""

from __future__ import annotations

from drivelabel.labels._builtin._rows import mixed

_ROWS = (
    ("noise", "000000", None),
    ("animal", "4682b4", "animal"),
    ("human.pedestrian.adult", "0000e6", "pedestrian"),
    ("human.pedestrian.child", "87ceeb", "pedestrian"),
    ("human.pedestrian.construction_worker", "6495ed", "pedestrian"),
    ("human.pedestrian.personal_mobility", "db7093", "personal_mobility"),
    ("human.pedestrian.police_officer", "000080", "pedestrian"),
    ("human.pedestrian.stroller", "f08080", "other_object"),
    ("human.pedestrian.wheelchair", "8a2be2", "personal_mobility"),
    ("movable_object.barrier", "708090", "barrier"),
    ("movable_object.debris", "d2691e", "debris"),
    ("movable_object.pushable_pullable", "696969", "other_object"),
    ("movable_object.trafficcone", "2f4f4f", "traffic_cone"),
    ("static_object.bicycle_rack", "bc8f8f", "other_object"),
    ("vehicle.bicycle", "dc143c", "bicycle"),
    ("vehicle.bus.bendy", "ff7f50", "bus"),
    ("vehicle.bus.rigid", "ff4500", "bus"),
    ("vehicle.car", "ff9e00", "car"),
    ("vehicle.construction", "e99646", "construction_vehicle"),
    ("vehicle.emergency.ambulance", "ff5300", "emergency_vehicle"),
    ("vehicle.emergency.police", "ffd700", "emergency_vehicle"),
    ("vehicle.motorcycle", "ff3d63", "motorcycle"),
    ("vehicle.trailer", "ff8c00", "trailer"),
    ("vehicle.truck", "ff6347", "truck"),
    ("flat.driveable_surface", "00cfbf", "road"),
    ("flat.other", "af004b", "other_stuff"),
    ("flat.sidewalk", "4b004b", "sidewalk"),
    ("flat.terrain", "70b43c", "terrain"),
    ("static.manmade", "deb887", "building"),
    ("static.other", "ffe4c4", "other_stuff"),
    ("static.vegetation", "00af00", "vegetation"),
    ("vehicle.ego", "fff0f5", "ego_vehicle"),
)

_STUFF = frozenset(
    {"noise", "vehicle.ego", *(name for name, _, _ in _ROWS if name.startswith(("flat.", "static.")))}
)

NUSCENES = mixed("nuscenes", _ROWS, _STUFF)
"""nuScenes' general classes; ``category_id`` is the index of nuScenes-lidarseg."""
