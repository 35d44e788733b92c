"""What nuImages' tables hold.

Source: nuscenes-devkit 1.2.0, docs/schema_nuimages.md.
"""

from __future__ import annotations

from types import MappingProxyType

from drivelabel.formats.nuscenes.schema import ATTRIBUTES as NUSCENES_ATTRIBUTES
from drivelabel.formats.nuscenes.schema import EXTRA as EXTRA

TABLES = (
    "attribute",
    "calibrated_sensor",
    "category",
    "ego_pose",
    "log",
    "object_ann",
    "sample",
    "sample_data",
    "sensor",
    "surface_ann",
)

KEYS = MappingProxyType(
    {
        "attribute": ("token", "name", "description"),
        "calibrated_sensor": (
            "token",
            "sensor_token",
            "translation",
            "rotation",
            "camera_intrinsic",
            "camera_distortion",
        ),
        "category": ("token", "name", "description"),
        "log": ("token", "logfile", "vehicle", "date_captured", "location"),
        "object_ann": (
            "token",
            "sample_data_token",
            "category_token",
            "attribute_tokens",
            "bbox",
            "mask",
            EXTRA,
        ),
        "sample": ("token", "timestamp", "log_token", "key_camera_token", "key_lidar_token", EXTRA),
        "sample_data": (
            "token",
            "sample_token",
            "ego_pose_token",
            "calibrated_sensor_token",
            "filename",
            "fileformat",
            "width",
            "height",
            "timestamp",
            "is_key_frame",
            "next",
            "prev",
        ),
        "sensor": ("token", "channel", "modality"),
        "surface_ann": ("token", "sample_data_token", "category_token", "mask", EXTRA),
    }
)

ATTRIBUTES = (
    *NUSCENES_ATTRIBUTES,
    "vehicle_light.emergency.flashing",
    "vehicle_light.emergency.not_flashing",
    "vertical_position.off_ground",
    "vertical_position.on_ground",
)

NOT_IN_NUIMAGES = (
    "noise",
    "flat.other",
    "flat.sidewalk",
    "flat.terrain",
    "static.manmade",
    "static.other",
    "static.vegetation",
)
"""nuScenes' general classes that nuImages lacks; its devkit counts classes before it draws masks."""
