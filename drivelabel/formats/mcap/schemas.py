"""JSON schemas of the Foxglove messages that we write, put together from their parts.

Source: docs.foxglove.dev/docs/visualization/message-schemas; only fields that we write are described.
"""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

_NUMBER: Schema = {"type": "number"}
_TEXT: Schema = {"type": "string"}
_INTEGER: Schema = {"type": "integer"}
_BYTES: Schema = {"type": "string", "contentEncoding": "base64"}


def _object(title: str, **fields: Schema) -> Schema:
    return {"title": title, "type": "object", "properties": fields, "required": list(fields)}


def _list(item: Schema) -> Schema:
    return {"type": "array", "items": item}


_TIME = _object("time", sec=_INTEGER, nsec=_INTEGER)
_DURATION = _object("duration", sec=_INTEGER, nsec=_INTEGER)
_COLOR = _object("foxglove.Color", r=_NUMBER, g=_NUMBER, b=_NUMBER, a=_NUMBER)
_POINT2 = _object("foxglove.Point2", x=_NUMBER, y=_NUMBER)
_VECTOR3 = _object("foxglove.Vector3", x=_NUMBER, y=_NUMBER, z=_NUMBER)
_QUATERNION = _object("foxglove.Quaternion", x=_NUMBER, y=_NUMBER, z=_NUMBER, w=_NUMBER)
_POSE = _object("foxglove.Pose", position=_VECTOR3, orientation=_QUATERNION)
_PAIR = _object("foxglove.KeyValuePair", key=_TEXT, value=_TEXT)
_FIELD = _object("foxglove.PackedElementField", name=_TEXT, offset=_INTEGER, type=_INTEGER)

_POINTS = _object(
    "foxglove.PointsAnnotation", timestamp=_TIME, type=_INTEGER, points=_list(_POINT2), outline_color=_COLOR,
    outline_colors=_list(_COLOR), fill_color=_COLOR, thickness=_NUMBER, metadata=_list(_PAIR),
)  # fmt: skip
_CIRCLE = _object(
    "foxglove.CircleAnnotation", timestamp=_TIME, position=_POINT2, diameter=_NUMBER, thickness=_NUMBER,
    fill_color=_COLOR, outline_color=_COLOR, metadata=_list(_PAIR),
)  # fmt: skip
_LABEL = _object(
    "foxglove.TextAnnotation", timestamp=_TIME, position=_POINT2, text=_TEXT, font_size=_NUMBER,
    text_color=_COLOR, background_color=_COLOR, metadata=_list(_PAIR),
)  # fmt: skip
_CUBE = _object("foxglove.CubePrimitive", pose=_POSE, size=_VECTOR3, color=_COLOR)
_NOTHING = _list({"type": "object"})
_ENTITY = _object(
    "foxglove.SceneEntity", timestamp=_TIME, frame_id=_TEXT, id=_TEXT, lifetime=_DURATION,
    frame_locked={"type": "boolean"}, metadata=_list(_PAIR), arrows=_NOTHING, cubes=_list(_CUBE),
    spheres=_NOTHING, cylinders=_NOTHING, lines=_NOTHING, triangles=_NOTHING, texts=_NOTHING, models=_NOTHING,
)  # fmt: skip
_DELETION = _object("foxglove.SceneEntityDeletion", timestamp=_TIME, type=_INTEGER, id=_TEXT)
_TRANSFORM = _object(
    "foxglove.FrameTransform", timestamp=_TIME, parent_frame_id=_TEXT, child_frame_id=_TEXT,
    translation=_VECTOR3, rotation=_QUATERNION,
)  # fmt: skip

SCHEMAS: dict[str, Schema] = {
    schema["title"]: schema
    for schema in (
        _object("foxglove.FrameTransforms", transforms=_list(_TRANSFORM)),
        _object(
            "foxglove.CameraCalibration", timestamp=_TIME, frame_id=_TEXT, width=_INTEGER, height=_INTEGER,
            distortion_model=_TEXT, D=_list(_NUMBER), K=_list(_NUMBER), R=_list(_NUMBER), P=_list(_NUMBER),
        ),
        _object("foxglove.CompressedImage", timestamp=_TIME, frame_id=_TEXT, data=_BYTES, format=_TEXT),
        _object(
            "foxglove.ImageAnnotations", circles=_list(_CIRCLE), points=_list(_POINTS), texts=_list(_LABEL)
        ),
        _object("foxglove.SceneUpdate", deletions=_list(_DELETION), entities=_list(_ENTITY)),
        _object(
            "foxglove.PointCloud", timestamp=_TIME, frame_id=_TEXT, pose=_POSE, point_stride=_INTEGER,
            fields=_list(_FIELD), data=_BYTES,
        ),
    )
}  # fmt: skip
"""Name of a message to its schema."""
