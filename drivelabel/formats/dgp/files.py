"""DGP's files: where they are, times, poses and classes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from drivelabel.errors import FormatError
from drivelabel.formats.loading import Fields, read_json, safe_join
from drivelabel.geometry import pose_matrix
from drivelabel.labels import Category, Taxonomy
from drivelabel.labels.taxonomies import DRIVING, spelling
from drivelabel.typing import FloatArray

BOXES_2D, BOXES_3D = "0", "1"
KINDS = {
    "0": "bounding_box_2d", "1": "bounding_box_3d", "2": "semantic_segmentation_2d",
    "3": "semantic_segmentation_3d", "4": "instance_segmentation_2d", "5": "instance_segmentation_3d",
    "6": "depth", "7": "surface_normals_3d", "8": "motion_vectors_2d", "9": "motion_vectors_3d",
    "10": "key_point_2d", "11": "key_line_2d", "12": "polygon_2d", "13": "surface_normals_2d",
    "14": "agent_behavior", "15": "classification", "16": "key_point_3d", "17": "key_line_3d",
    "18": "polygon_3d",
}  # fmt: skip
"""What numbers of annotations mean. Source: github.com/TRI-ML/dgp (MIT), proto/annotations.proto."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Classes:
    """The classes of a scene.

    Attributes:
        taxonomy: of all its ontologies, by name.
        rows: kind of annotation to DGP's class id to row of `taxonomy`.
    """

    taxonomy: Taxonomy
    rows: dict[str, dict[int, int]]

    def row(self, kind: str, class_id: int, where: str) -> int:
        """The row of a class. Raises FormatError when the ontology does not know it."""
        found = self.rows.get(kind, {}).get(class_id)
        if found is None:
            raise FormatError(f"{where}: class_id {class_id} is not in the ontology of {KINDS[kind]}.")
        return found


def read_classes(scene: Fields, folder: Path) -> Classes:
    """The classes of boxes in 2D and 3D, from their ontology files.

    Raises:
        StoreError: a file is missing or cannot be read.
        FormatError: a file breaks a rule of the format.
    """
    categories: dict[str, Category] = {}
    names: dict[str, dict[int, str]] = {}
    ontologies = scene.object("ontologies") if "ontologies" in scene else Fields({}, scene.where)
    for kind in (BOXES_2D, BOXES_3D):
        if kind not in ontologies:
            continue
        file = safe_join(folder, f"ontology/{ontologies.text(kind)}.json")
        items = sorted(Fields(read_json(file), str(file)).objects("items"), key=_class_id)
        names[kind] = {_class_id(item): item.text("name") for item in items}
        for item in items:
            categories.setdefault(item.text("name"), _category(item))
    taxonomy = Taxonomy("dgp", tuple(categories.values()))
    rows = {
        kind: {number: taxonomy.id_of(name) for number, name in named.items()}
        for kind, named in names.items()
    }
    return Classes(taxonomy, rows)


def _class_id(item: Fields) -> int:
    return item.integer("id", 0)


def _category(item: Fields) -> Category:
    name = item.text("name")
    color = item.object("color") if "color" in item else Fields({}, item.where)
    rgb = [color.integer(channel, 0) & 255 for channel in "rgb"]
    concept = spelling(name) if spelling(name) in DRIVING else None
    return Category(
        name, "#{:02X}{:02X}{:02X}".format(*rgb), concept=concept, is_thing=item.flag("isthing", True)
    )


def time_ns_of(identity: Fields) -> int:
    """A datum's time, nanoseconds since 1970; may lie beyond 64 bits.

    Raises:
        FormatError: it is no time such as 2019-05-03T21:33:13.820375Z.
    """
    text = identity.text("timestamp")
    main, _, fraction = text.removesuffix("Z").partition(".")
    try:
        seconds = (datetime.fromisoformat(main).replace(tzinfo=UTC) - _EPOCH).total_seconds()
        return int(seconds) * 1_000_000_000 + int(fraction[:9].ljust(9, "0") or "0")
    except ValueError:
        raise FormatError(
            f"{identity.where}: expected a time such as 2019-05-03T21:33:13.820375Z, got {text[:40]!r}."
        ) from None


def read_pose(pose: Fields) -> FloatArray:
    """(4, 4) ``reference_from_thing``; values that are left out are zero.

    Raises:
        FormatError: a number is missing its kind, or the quaternion is not of unit length.
    """
    place = pose.object("translation") if "translation" in pose else Fields({}, pose.where)
    turn = pose.object("rotation") if "rotation" in pose else Fields({"qw": 1.0}, pose.where)
    quat = np.array([turn.number(name, 0.0) for name in ("qw", "qx", "qy", "qz")])
    length = float(np.linalg.norm(quat))
    if abs(length - 1) > 1e-3:
        raise FormatError(f"{pose.where}: expected a unit quaternion, got length {length:g}.")
    return pose_matrix(np.array([place.number(axis, 0.0) for axis in "xyz"]), quat / length)
