"""Frames of ours as KITTI's: which are written, how they are calibrated, and their objects."""

from __future__ import annotations

from typing import Any

import numpy as np

from drivelabel.errors import FormatError
from drivelabel.formats.classes import layer_under
from drivelabel.formats.kitti.calibration import EGO_FROM_RECT_AXES
from drivelabel.formats.kitti.cuboids import DECIMALS, from_world, observation_angle
from drivelabel.formats.kitti.rows import (
    NO_ANGLE,
    NO_LOCATION,
    NO_SIZE,
    NO_TRUNCATION,
    UNKNOWN_OCCLUSION,
    Row,
)
from drivelabel.formats.nuscenes.numbers import shortest
from drivelabel.formats.pictures import Picture, Pictures
from drivelabel.formats.report import Tally
from drivelabel.geometry import cuboid_corners, invert_rigid, project_cuboids, transform_points
from drivelabel.labels import KITTI, NO_TRACK, Boxes2D, Boxes3D
from drivelabel.scene import NO_SAMPLE, Scene
from drivelabel.typing import AnyArray, FloatArray

_EXTRA_DIGITS = 0.5 * 10.0**-DECIMALS


def camera_frames(pictures: Pictures, camera: str | None, tally: Tally) -> list[Picture]:
    """The frames that are written: labelled ones of one camera of each scene, and of image sets.

    Raises:
        SceneLookupError: a scene has no such camera.
    """
    chosen: dict[int, str] = {}
    for row, data in enumerate(pictures.data):
        if isinstance(data, Scene):
            first = data.cameras[0].channel if data.cameras else ""
            chosen[row] = first if camera is None else data.camera(camera).channel
    found = []
    n_other = n_bare = 0
    for picture in pictures.items:
        if chosen.get(picture.data, "") != picture.camera:
            n_other += 1
        elif pictures.table("boxes2d", picture) is None and not _has_cuboids(pictures, picture):
            n_bare += 1
        else:
            found.append(picture)
    tally.drop("images", "", n_bare, "nobody labelled them")
    tally.drop("frames", "", n_other, "of other cameras")
    return found


def _has_cuboids(pictures: Pictures, picture: Picture) -> bool:
    sample = sample_of(pictures, picture)
    table = pictures.layer_of(picture).tables.get("boxes3d")
    return table is not None and sample != NO_SAMPLE and bool(table.labelled[sample])


def sample_of(pictures: Pictures, picture: Picture) -> int:
    """The picture's sample; NO_SAMPLE in image sets."""
    data = pictures.data[picture.data]
    return int(data.frames.sample[picture.group]) if isinstance(data, Scene) else NO_SAMPLE


def frame_projection(pictures: Pictures, picture: Picture) -> tuple[FloatArray | None, FloatArray]:
    """(3, 4) projection of the frame's camera, None when not calibrated; (4, 4) camera from lidar coords."""
    data = pictures.data[picture.data]
    camera = data.camera(picture.camera) if isinstance(data, Scene) else None
    rect_from_ego = invert_rigid(EGO_FROM_RECT_AXES)
    if camera is not None and camera.ego_from_sensor is not None:
        rect_from_ego = invert_rigid(camera.ego_from_sensor)
    if camera is None or camera.camera_matrix is None or camera.ego_from_sensor is None:
        return None, rect_from_ego
    projection = np.concatenate([camera.camera_matrix, np.zeros((3, 1))], axis=1)
    assert isinstance(data, Scene)
    lidar = data.lidars[0].ego_from_sensor if data.lidars else np.eye(4)
    return projection, rect_from_ego @ lidar


def lidar_poses(pictures: Pictures, frames: list[Picture]) -> FloatArray | None:
    """(f, 4, 4) world from the first lidar (the ego, where there is none); None where a pose is missing."""
    data = pictures.data[frames[0].data] if frames else None
    if not isinstance(data, Scene) or data.poses is None:
        return None
    times = np.array([picture.timestamp_ns for picture in frames], np.int64)
    if times.min() < data.poses.timestamp_ns[0] or times.max() > data.poses.timestamp_ns[-1]:
        return None
    poses = data.poses.at(times)
    return poses @ data.lidars[0].ego_from_sensor if data.lidars else poses


def rect_from_world(pictures: Pictures, picture: Picture) -> FloatArray | None:
    """(4, 4), or None where cuboids cannot be placed in the camera's coords."""
    data = pictures.data[picture.data]
    if not isinstance(data, Scene) or data.poses is None:
        return None
    times = data.poses.timestamp_ns
    inside = times[0] <= (picture.timestamp_ns or 0) <= times[-1]
    if not inside or data.camera(picture.camera).ego_from_sensor is None:
        return None
    return invert_rigid(data.world_from_camera(picture.group))


class FrameObjects:
    """The objects of frames as KITTI's rows.

    Attributes:
        pictures: whose labels.
        tally: what was approximated and dropped.
    """

    def __init__(self, pictures: Pictures, classes: str, tally: Tally) -> None:
        if classes not in ("kitti", "keep"):
            raise FormatError(f"classes: expected kitti or keep, got {classes!r}.")
        self.pictures, self.tally = pictures, tally
        keep = classes == "keep" or pictures.taxonomy == KITTI
        self.layers = [
            layer if keep else layer_under(layer, KITTI, tally, names=None) for layer in pictures.layers
        ]
        self.names = [name.replace(" ", "_") for name in self.layers[0].taxonomy.names]
        for layer in self.layers if not keep else []:
            for kind in ("boxes2d", "boxes3d"):
                if kind in layer.tables:
                    n = len(layer.tables[kind].rows)
                    tally.approximate(kind, "category_id", n, 0.0, "", "as KITTI's classes")

    def rows(self, picture: Picture, frame: int = -1, *, tracking: bool = False) -> list[Row]:
        """The objects of a frame."""
        layer = self.layers[picture.data]
        flat, solid = Boxes2D.empty(), Boxes3D.empty()
        if "boxes2d" in layer.tables:
            flat = layer.boxes2d[picture.group]
        sample = sample_of(self.pictures, picture)
        if "boxes3d" in layer.tables and sample != NO_SAMPLE:
            solid = layer.boxes3d[sample]
        rect = rect_from_world(self.pictures, picture)
        if rect is None:
            self.tally.drop("boxes3d", "", len(solid), "no pose or no mounting places them before the camera")
            solid = Boxes3D.empty()
        cuboid_of = {int(track): row for row, track in enumerate(solid.track_id) if track != NO_TRACK}
        numbers = self._cuboid_numbers(solid, rect)
        rows, used = [], set()
        for row in range(len(flat)):
            own = cuboid_of.get(int(flat.track_id[row]))
            own = None if own in used else own
            if own is not None:
                used.add(own)
            rows.append(self._row(flat, row, None if own is None else numbers[own], frame, tracking))
        rest = np.array([row for row in range(len(solid)) if row not in used], np.int64)
        return rows + self._projected(picture, solid, rest, numbers, rect, frame, tracking)

    def _cuboid_numbers(self, solid: Boxes3D, rect: FloatArray | None) -> FloatArray:
        """(n, 7) height, width, length, x, y, z, rotation_y."""
        if rect is None or not len(solid):
            return np.zeros((0, 7))
        size = shortest(solid.size_lwh)
        location, angle, lean = from_world(solid.center, size, solid.quat_wxyz, rect)
        exact = np.concatenate([size[:, [2, 1, 0]], location, angle[:, None]], axis=1)
        rounded: FloatArray = exact.copy()
        rounded[:, 3:] = np.round(exact[:, 3:], DECIMALS)
        off = float(np.abs(rounded - exact).max())
        self.tally.approximate("boxes3d", "center", len(solid), max(off, _EXTRA_DIGITS), "m", "six decimals")
        note = "KITTI's boxes stand upright in camera coords"
        self.tally.approximate("boxes3d", "quat_wxyz", len(solid), float(lean.max()), "rad", note)
        return rounded

    def _row(self, flat: Boxes2D, row: int, cuboid: FloatArray | None, frame: int, tracking: bool) -> Row:
        facts = flat.attributes.row(row)
        name = self.names[int(flat.category_id[row])]
        alpha = NO_ANGLE
        if cuboid is not None:
            alpha = float(observation_angle(cuboid[None, 3:6], cuboid[None, 6])[0])
        numbers = np.array(
            [
                _fact(facts, "truncated", NO_TRUNCATION),
                _fact(facts, "occluded", UNKNOWN_OCCLUSION if name != "DontCare" else -1),
                _fact(facts, "alpha", round(alpha, DECIMALS)),
                *shortest(flat.xyxy[row]).tolist(),
                *([NO_SIZE] * 3 + [NO_LOCATION] * 3 + [NO_ANGLE] if cuboid is None else cuboid.tolist()),
            ]
        )
        score = float(shortest(flat.score[row : row + 1])[0])
        track = int(flat.track_id[row]) if tracking else -1
        return Row(name, numbers, None if score == 1 else score, frame, track)

    def _projected(
        self, picture: Picture, solid: Boxes3D, rest: AnyArray, numbers: FloatArray,
        rect: FloatArray | None, frame: int, tracking: bool,
    ) -> list[Row]:  # fmt: skip
        """Objects whose box is the one round their projection."""
        data = self.pictures.data[picture.data]
        if rect is None or not len(rest) or not isinstance(data, Scene):
            return []
        camera = data.camera(picture.camera)
        if camera.camera_matrix is None:
            self.tally.drop("boxes3d", "", len(rest), "the camera is not calibrated")
            return []
        own = solid[rest]
        corners = cuboid_corners(own.center, own.size_lwh, own.quat_wxyz).reshape(-1, 3)
        seen = project_cuboids(
            transform_points(rect, corners).reshape(-1, 8, 3), camera.camera_matrix, camera.image_hw,
            camera.distortion.model, camera.distortion.coefficients,
        )  # fmt: skip
        self.tally.drop("boxes3d", "", int((~seen.in_image).sum()), "outside of the image")
        shown = np.flatnonzero(seen.in_image)
        note = "made: the box round the cuboid's projection"
        self.tally.approximate("boxes2d", "", len(shown), 0.0, "", note)
        made = Boxes2D(
            xyxy=seen.xyxy[shown].astype(np.float32),
            category_id=own.category_id[shown],
            score=own.score[shown],
            track_id=own.track_id[shown],
        )
        return [
            self._row(made, k, numbers[int(rest[row])], frame, tracking)
            for k, row in enumerate(shown.tolist())
        ]


def _fact(facts: dict[str, Any], name: str, default: float) -> float:
    value = facts.get(name)
    good = isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e6
    return float(value) if good else default  # type: ignore[arg-type]
