"""OpenLABEL's coordinate systems: poses, transforms by frame, and the way from each system to the world.

Source: ASAM OpenLABEL 1.0, coordinate systems; quaternions there are x, y, z, w.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from drivelabel.errors import FormatError
from drivelabel.formats.loading import Fields
from drivelabel.geometry import invert_rigid, pose_matrix
from drivelabel.typing import FloatArray

_MAX_SYSTEMS = 10_000


def read_transform(value: Fields) -> FloatArray:
    """(4, 4) rigid motion of a 4x4 matrix, a quaternion, or Euler angles (about x, then y, then z).

    Raises:
        FormatError: it has none of these, or is no rigid motion.
    """
    if "matrix4x4" in value:
        matrix = value.numbers("matrix4x4", 16).reshape(4, 4)
        return _checked(matrix, value.where)
    translation = value.numbers("translation", 3) if "translation" in value else np.zeros(3)
    if "quaternion" in value:
        return pose_matrix(translation, unit_wxyz(value.numbers("quaternion", 4), value.where))
    if "euler_angles" in value:
        matrix = np.eye(4)
        matrix[:3, :3], matrix[:3, 3] = euler_rotation(value.numbers("euler_angles", 3)), translation
        return matrix
    if "translation" in value:
        return pose_matrix(translation, np.array([1.0, 0.0, 0.0, 0.0]))
    raise FormatError(f"{value.where}: expected matrix4x4, quaternion or euler_angles.")


def unit_wxyz(xyzw: FloatArray, where: str) -> FloatArray:
    """(4,) unit quaternion, w first. Raises FormatError when the length is far from one."""
    length = float(np.linalg.norm(xyzw))
    if abs(length - 1) > 1e-3:
        raise FormatError(f"{where}: expected a unit quaternion, got length {length:g}.")
    # What is one to all digits that matter keeps its digits, so that writing gives them back.
    return np.asarray(xyzw[[3, 0, 1, 2]] / (1.0 if abs(length - 1) < 1e-12 else length), np.float64)


def euler_rotation(angles: FloatArray) -> FloatArray:
    """(3, 3) rotation about x, then y, then z, by (3,) angles in radians."""
    (cx, cy, cz), (sx, sy, sz) = np.cos(angles), np.sin(angles)
    about_x = np.array([(1, 0, 0), (0, cx, -sx), (0, sx, cx)])
    about_y = np.array([(cy, 0, sy), (0, 1, 0), (-sy, 0, cy)])
    about_z = np.array([(cz, -sz, 0), (sz, cz, 0), (0, 0, 1)])
    turned: FloatArray = about_z @ about_y @ about_x
    return turned


def _checked(matrix: FloatArray, where: str) -> FloatArray:
    """The nearest rigid motion, where the file's digits leave it off by less than 0.001."""
    u, _, vt = np.linalg.svd(matrix[:3, :3])
    rotation = u @ vt
    off = float(np.abs(rotation - matrix[:3, :3]).max())
    if off > 1e-3 or np.linalg.det(rotation) < 0:
        raise FormatError(f"{where}: matrix4x4: expected a rigid motion, got one that is off by {off:.2g}.")
    good = np.eye(4)
    good[:3, :3], good[:3, 3] = rotation, matrix[:3, 3]
    return good


@dataclass(slots=True)
class Systems:
    """The coordinate systems of a file.

    Attributes:
        kinds: name to ``scene_cs``, ``local_cs``, ``sensor_cs``, ...
        parents: name to its parent and ``parent_from_child``; systems without a parent are absent.
    """

    kinds: dict[str, str] = field(default_factory=dict)
    parents: dict[str, tuple[str, FloatArray]] = field(default_factory=dict)

    def to_root(self, name: str) -> tuple[str, FloatArray]:
        """The system at the end of the chain of parents, and ``root_from_name``.

        Raises:
            FormatError: a system is its own ancestor.
        """
        matrix, seen = np.eye(4), {name}
        while name in self.parents:
            parent, parent_from_child = self.parents[name]
            matrix = parent_from_child @ matrix
            if parent in seen:
                raise FormatError(f"coordinate_systems: {parent!r} is its own ancestor.")
            seen.add(parent)
            name = parent
        return name, matrix


def read_systems(root: Fields) -> Systems:
    """The coordinate systems of a file.

    Raises:
        FormatError: a pose is no rigid motion, or there are more than 10,000.
    """
    found = Systems()
    if "coordinate_systems" not in root:
        return found
    given = root.object("coordinate_systems")
    if len(given.value) > _MAX_SYSTEMS:
        raise FormatError(f"{given.where}: expected at most {_MAX_SYSTEMS} systems.")
    for name in given.value:
        system = given.object(name)
        found.kinds[name] = system.text("type", "")
        parent = system.text("parent", "") if "parent" in system else ""
        if parent:
            pose = (
                read_transform(system.object("pose_wrt_parent")) if "pose_wrt_parent" in system else np.eye(4)
            )
            found.parents[name] = (parent, pose)
    for name in found.parents:
        found.to_root(name)
    return found


@dataclass(slots=True)
class FrameTransforms:
    """The motions of one frame: ``dst_from_src`` of pairs of systems."""

    pairs: dict[tuple[str, str], FloatArray] = field(default_factory=dict)

    def world_from(self, systems: Systems, name: str) -> FloatArray | None:
        """From a system to the scene's (or to the last one that is known); None when nothing leads on."""
        root, matrix = systems.to_root(name)
        for _ in range(len(self.pairs) + 1):
            if systems.kinds.get(root) == "scene_cs":
                return matrix
            step = next(((dst, m) for (src, dst), m in self.pairs.items() if src == root), None)
            if step is None:
                step = next(
                    ((src, invert_rigid(m)) for (src, dst), m in self.pairs.items() if dst == root), None
                )
            if step is None:
                return None
            root, matrix = step[0], step[1] @ matrix
            root, up = systems.to_root(root)
            matrix = up @ matrix
        return None


def read_frame_transforms(properties: Fields) -> FrameTransforms:
    """The transforms of a frame's properties. Raises FormatError for one that is no rigid motion."""
    found = FrameTransforms()
    if "transforms" in properties:
        given = properties.object("transforms")
        for name in given.value:
            item = given.object(name)
            key = (item.text("src"), item.text("dst"))
            found.pairs[key] = read_transform(item.object("transform_src_to_dst"))
    return found
