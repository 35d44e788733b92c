"""What nuScenes' tables hold: their keys, and the rows that all its versions share.

Source: nuscenes-devkit 1.2.0, docs/schema_nuscenes.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeAlias

from drivelabel.formats.loading.json_table import FLAG, TEXT, UNUSED, VALUE

Keys: TypeAlias = Mapping[str, str | int]
"""Key to its kind, see :func:`drivelabel.formats.loading.json_table.read_json_table`."""

TABLES = (
    "category",
    "attribute",
    "visibility",
    "instance",
    "sensor",
    "calibrated_sensor",
    "ego_pose",
    "log",
    "scene",
    "sample",
    "sample_data",
    "sample_annotation",
    "map",
)
"""The files of a version's folder, each a list of records."""

EXTRA = "drivelabel"
"""The key under which records hold what nuScenes has no key for; other readers pass over it."""

SAMPLE_KEYS: Keys = {
    "token": TEXT,
    "timestamp": 1,
    "prev": TEXT,
    "next": TEXT,
    "scene_token": TEXT,
    EXTRA: VALUE,
}
SAMPLE_DATA_KEYS: Keys = {
    "token": TEXT,
    "sample_token": TEXT,
    "ego_pose_token": TEXT,
    "calibrated_sensor_token": TEXT,
    "timestamp": 1,
    "fileformat": UNUSED,
    "is_key_frame": FLAG,
    "height": 1,
    "width": 1,
    "filename": TEXT,
    "prev": UNUSED,
    "next": UNUSED,
    EXTRA: VALUE,
}
EGO_POSE_KEYS: Keys = {"token": TEXT, "timestamp": 1, "rotation": 4, "translation": 3}
INSTANCE_KEYS: Keys = {
    "token": TEXT,
    "category_token": TEXT,
    "nbr_annotations": UNUSED,
    "first_annotation_token": UNUSED,
    "last_annotation_token": UNUSED,
    EXTRA: VALUE,
}
ANNOTATION_KEYS: Keys = {
    "token": TEXT,
    "sample_token": TEXT,
    "instance_token": TEXT,
    "visibility_token": TEXT,
    "attribute_tokens": VALUE,
    "translation": 3,
    "size": 3,
    "rotation": 4,
    "prev": TEXT,
    "next": TEXT,
    "num_lidar_pts": 1,
    "num_radar_pts": 1,
    EXTRA: VALUE,
}

SMALL_KEYS = MappingProxyType(
    {
        "category": ("token", "name", "description", "index"),
        "attribute": ("token", "name", "description"),
        "visibility": ("token", "level", "description"),
        "sensor": ("token", "channel", "modality"),
        "calibrated_sensor": (
            "token",
            "sensor_token",
            "translation",
            "rotation",
            "camera_intrinsic",
            "camera_distortion",
            EXTRA,
        ),
        "log": ("token", "logfile", "vehicle", "date_captured", "location"),
        "scene": (
            "token",
            "name",
            "description",
            "log_token",
            "nbr_samples",
            "first_sample_token",
            "last_sample_token",
            EXTRA,
        ),
        "map": ("token", "log_tokens", "category", "filename"),
        "lidarseg": ("token", "sample_data_token", "filename"),
    }
)
"""Tables that are small enough for a Python object per record, and their keys."""

ATTRIBUTES = (
    "vehicle.moving",
    "vehicle.stopped",
    "vehicle.parked",
    "cycle.with_rider",
    "cycle.without_rider",
    "pedestrian.sitting_lying_down",
    "pedestrian.standing",
    "pedestrian.moving",
)
"""What a thing may be doing; a box of the benchmark has at most one of them."""

VISIBILITY = MappingProxyType({"1": "v0-40", "2": "v40-60", "3": "v60-80", "4": "v80-100"})
"""Token to level: how many percent of a thing all cameras together see."""
