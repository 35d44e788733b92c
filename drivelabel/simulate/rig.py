"""The sensors of a simulated car: a nuScenes-like rig, or one from a file."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from drivelabel._check import did_you_mean
from drivelabel.errors import FormatError, InvalidLabelError, StoreError
from drivelabel.scene import NO_DISTORTION, Camera, Distortion, Lidar
from drivelabel.simulate.render import LidarModel
from drivelabel.typing import FloatArray

DEFAULT_HW = (900, 1600)
DEFAULT_CAMERA_HZ, DEFAULT_LIDAR_HZ = 2.0, 10.0


@dataclass(frozen=True, slots=True, eq=False)
class RigCamera:
    """A camera and when it takes its pictures.

    Attributes:
        camera: calibrated.
        hz: pictures a second.
        offset_s: of the first one.
    """

    camera: Camera
    hz: float = DEFAULT_CAMERA_HZ
    offset_s: float = 0.0

    def __post_init__(self) -> None:
        _check_clock(self.camera.channel, self.hz, self.offset_s)
        if not self.camera.is_calibrated:
            raise InvalidLabelError(f"{self.camera.channel}: expected a camera with matrix and mounting.")


@dataclass(frozen=True, slots=True, eq=False)
class RigLidar:
    """A spinning lidar.

    Attributes:
        lidar: with its mounting; it spins about its own z.
        elevations: (b,) radians, one a beam, above the horizontal.
        azimuth_steps: shots of each beam in a turn.
        hz: turns a second.
        offset_s: of the first one's middle.
        range_m: how far it sees; it sees nothing within a metre.
        range_noise_m: standard deviation.
        dropout: share of shots without an echo.
    """

    lidar: Lidar
    elevations: FloatArray
    azimuth_steps: int = 1080
    hz: float = DEFAULT_LIDAR_HZ
    offset_s: float = 0.0
    range_m: float = 100.0
    range_noise_m: float = 0.02
    dropout: float = 0.02

    def __post_init__(self) -> None:
        name = self.lidar.channel
        _check_clock(name, self.hz, self.offset_s)
        if not 5 <= self.range_m <= 500:
            raise InvalidLabelError(f"{name}: expected range_m from 5 to 500, got {self.range_m:g}.")
        try:
            self.model()
        except InvalidLabelError as error:
            raise InvalidLabelError(f"{name}: {error}") from error

    def model(self) -> LidarModel:
        """What the renderer needs to know of it."""
        return LidarModel(
            elevation=np.sort(self.elevations),
            n_azimuths=self.azimuth_steps,
            turn_s=min(0.1, 1.0 / self.hz),
            max_range=self.range_m,
            range_noise=self.range_noise_m,
            dropout=self.dropout,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Rig:
    """All sensors of a car.

    Raises:
        InvalidLabelError: there is no sensor, or two share a name.
    """

    cameras: tuple[RigCamera, ...]
    lidars: tuple[RigLidar, ...] = ()

    def __post_init__(self) -> None:
        names = [c.camera.channel for c in self.cameras] + [item.lidar.channel for item in self.lidars]
        if not names:
            raise InvalidLabelError("rig: expected at least one camera or lidar, got none.")
        for name in names:
            if names.count(name) > 1:
                raise InvalidLabelError(f"rig: two sensors are called {name!r}.")

    def without_lidars(self) -> Rig:
        """The cameras alone."""
        return replace(self, lidars=())

    def at_rates(self, camera_hz: float | None, lidar_hz: float | None) -> Rig:
        """The same sensors with other rates; None leaves them."""
        cameras = tuple(replace(c, hz=camera_hz) if camera_hz is not None else c for c in self.cameras)
        lidars = tuple(replace(x, hz=lidar_hz) if lidar_hz is not None else x for x in self.lidars)
        return Rig(cameras, lidars)

    def at_size(self, image_hw: tuple[int, int]) -> Rig:
        """The same cameras with other image sizes: the field of view across stays."""
        return replace(
            self, cameras=tuple(replace(c, camera=_resized(c.camera, image_hw)) for c in self.cameras)
        )


def _check_clock(name: str, hz: float, offset_s: float) -> None:
    if not (math.isfinite(hz) and 0 < hz <= 1000):
        raise InvalidLabelError(f"{name}: expected a rate above 0 and at most 1000 hz, got {hz:g}.")
    if not (math.isfinite(offset_s) and 0 <= offset_s < 10):
        raise InvalidLabelError(f"{name}: expected an offset from 0 to 10 s, got {offset_s:g}.")


def _resized(camera: Camera, image_hw: tuple[int, int]) -> Camera:
    """A camera with another image size; the matrix follows the width, the middle follows both."""
    height, width = image_hw
    if height <= 0 or width <= 0:
        raise InvalidLabelError(f"image size: expected positive pixels, got {width}x{height}.")
    assert camera.camera_matrix is not None
    scale = width / camera.image_hw[1]
    matrix = camera.camera_matrix.copy()
    matrix[:2] *= scale
    matrix[1, 2] += (height - camera.image_hw[0] * scale) / 2
    return replace(camera, image_hw=(height, width), camera_matrix=matrix)


def mounting(
    translation: Sequence[float], yaw_deg: float = 0.0, pitch_deg: float = 0.0, roll_deg: float = 0.0
) -> FloatArray:
    """(4, 4), ego_from_sensor of what looks along +x before it is turned; positive pitch looks down."""
    yaw, pitch, roll = np.radians([yaw_deg, pitch_deg, roll_deg])
    turn_z = np.array([[np.cos(yaw), -np.sin(yaw), 0], [np.sin(yaw), np.cos(yaw), 0], [0, 0, 1]])
    turn_y = np.array([[np.cos(pitch), 0, np.sin(pitch)], [0, 1, 0], [-np.sin(pitch), 0, np.cos(pitch)]])
    turn_x = np.array([[1, 0, 0], [0, np.cos(roll), -np.sin(roll)], [0, np.sin(roll), np.cos(roll)]])
    matrix = np.eye(4)
    matrix[:3, :3] = turn_z @ turn_y @ turn_x
    matrix[:3, 3] = translation
    return matrix


CAMERA_AXES = np.array([[0.0, 0, 1, 0], [-1, 0, 0, 0], [0, -1, 0, 0], [0, 0, 0, 1]])
"""From a camera's axes (x right, y down, z forward) to those of something that looks along +x."""

_DEFAULT_CAMERAS = (
    ("cam_front", (1.7, 0.0, 1.51), 0.0, 65.0),
    ("cam_front_left", (1.52, 0.49, 1.51), 55.0, 65.0),
    ("cam_front_right", (1.52, -0.49, 1.51), -55.0, 65.0),
    ("cam_back", (0.03, 0.0, 1.58), 180.0, 89.0),
    ("cam_back_left", (1.03, 0.48, 1.59), 108.0, 65.0),
    ("cam_back_right", (1.03, -0.48, 1.59), -108.0, 65.0),
)
"""Name, place, yaw and field of view across, degrees: as on nuScenes' cars.

Source: Caesar et al., nuScenes: A multimodal dataset for autonomous driving, CVPR 2020, table 2 and figure 4.
"""


def default_rig(n_cameras: int = 6) -> Rig:
    """The first `n_cameras` of a nuScenes-like rig, and a lidar of 32 beams on the roof.

    Raises:
        InvalidLabelError: there are no more than six cameras.
    """
    most = len(_DEFAULT_CAMERAS)
    if not 1 <= n_cameras <= most:
        raise InvalidLabelError(
            f"cameras: expected 1 to {most}, got {n_cameras}. For other rigs, give a rig file."
        )
    cameras = []
    for name, place, yaw, fov in _DEFAULT_CAMERAS[:n_cameras]:
        matrix = pinhole(DEFAULT_HW, fov)
        cameras.append(
            RigCamera(Camera(name, DEFAULT_HW, matrix, NO_DISTORTION, mounting(place, yaw) @ CAMERA_AXES))
        )
    lidar = Lidar("lidar_top", mounting((0.94, 0.0, 1.84)))
    return Rig(tuple(cameras), (RigLidar(lidar, np.radians(np.linspace(-30.67, 10.67, 32))),))


def pinhole(image_hw: tuple[int, int], fov_deg: float) -> FloatArray:
    """(3, 3), the matrix of a camera with a field of view across."""
    height, width = image_hw
    focal = width / 2 / np.tan(np.radians(fov_deg) / 2)
    return np.array([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1]])


def read_rig(path: str | os.PathLike[str]) -> Rig:
    """A rig from a JSON file; docs/simulate.md says what it may hold.

    Raises:
        StoreError: the file cannot be read.
        FormatError: it is no JSON, or a field is missing, unknown or of the wrong kind.
    """
    name = os.fspath(path)
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise StoreError(f"{name}: cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise FormatError(f"{name}: is no text in UTF-8 (byte {error.start}).") from error
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise FormatError(f"{name}, line {error.lineno}: {error.msg}.") from error
    return rig_of(data, name)


def rig_of(data: Any, name: str = "rig") -> Rig:
    """A rig from what a rig file holds; see :func:`read_rig`."""
    fields = _Fields(data, name)
    fields.only("cameras", "lidars")
    cameras = [_camera(item, f"{name}, cameras[{i}]") for i, item in enumerate(fields.items("cameras"))]
    lidars = [_lidar(item, f"{name}, lidars[{i}]") for i, item in enumerate(fields.items("lidars"))]
    try:
        return Rig(tuple(cameras), tuple(lidars))
    except InvalidLabelError as error:
        raise FormatError(f"{name}: {error}") from error


class _Fields:
    """One object of a rig file, read field by field."""

    def __init__(self, data: Any, where: str) -> None:
        if not isinstance(data, Mapping):
            raise FormatError(f"{where}: expected an object with fields, got {type(data).__name__}.")
        self.data, self.where = data, where

    def only(self, *names: str) -> None:
        """Refuse fields that nobody reads."""
        for name in self.data:
            if name not in names:
                raise FormatError(f"{self.where}: unknown field {name!r}.{did_you_mean(str(name), names)}")

    def need(self, name: str) -> Any:
        """A field that must be there."""
        if name not in self.data:
            raise FormatError(f"{self.where}: field {name!r} is missing.")
        return self.data[name]

    def items(self, name: str) -> list[Any]:
        """A list; empty when it is not there."""
        value = self.data.get(name, [])
        if not isinstance(value, list):
            raise FormatError(f"{self.where}.{name}: expected a list, got {type(value).__name__}.")
        return value

    def numbers(self, name: str, shape: tuple[int, ...], default: Any = None) -> FloatArray:
        """Numbers of a fixed shape."""
        value = self.data.get(name, default) if default is not None else self.need(name)
        try:
            array = np.asarray(value, np.float64)
        except (TypeError, ValueError):
            raise FormatError(f"{self.where}.{name}: expected numbers, got {value!r}.") from None
        if array.shape != shape or not np.isfinite(array).all():
            raise FormatError(
                f"{self.where}.{name}: expected finite numbers of shape {shape}, got {value!r}."
            )
        return array

    def number(self, name: str, default: float | None = None) -> float:
        """One number."""
        return float(self.numbers(name, (), default))


def _mounting_of(fields: _Fields) -> FloatArray:
    if "ego_from_sensor" in fields.data:
        return fields.numbers("ego_from_sensor", (4, 4))
    place = fields.numbers("translation", (3,))
    angles = [fields.number(name, 0.0) for name in ("yaw_deg", "pitch_deg", "roll_deg")]
    return mounting(place.tolist(), *angles)


_MOUNTING_FIELDS = ("ego_from_sensor", "translation", "yaw_deg", "pitch_deg", "roll_deg")


def _camera(data: Any, where: str) -> RigCamera:
    fields = _Fields(data, where)
    fields.only(
        "channel", "image_hw", "camera_matrix", "fov_deg", "distortion", "hz", "offset_s", *_MOUNTING_FIELDS
    )
    height, width = (int(value) for value in fields.numbers("image_hw", (2,)))
    if "camera_matrix" in fields.data:
        matrix = fields.numbers("camera_matrix", (3, 3))
    else:
        fov = fields.number("fov_deg")
        if not 1 <= fov < 179:
            raise FormatError(f"{where}.fov_deg: expected 1 to 179, got {fov:g}. Or give a camera_matrix.")
        matrix = pinhole((height, width), fov)
    pose = _mounting_of(fields)
    if "ego_from_sensor" not in fields.data:
        pose = pose @ CAMERA_AXES
    try:
        camera = Camera(str(fields.need("channel")), (height, width), matrix, _lens(fields), pose)
        return RigCamera(camera, fields.number("hz", DEFAULT_CAMERA_HZ), fields.number("offset_s", 0.0))
    except InvalidLabelError as error:
        raise FormatError(f"{where}: {error}") from error


def _lens(fields: _Fields) -> Distortion:
    if "distortion" not in fields.data:
        return NO_DISTORTION
    lens = _Fields(fields.data["distortion"], f"{fields.where}.distortion")
    lens.only("model", "coefficients")
    values = lens.items("coefficients")
    return Distortion(str(lens.need("model")), lens.numbers("coefficients", (len(values),), []))


def _lidar(data: Any, where: str) -> RigLidar:
    fields = _Fields(data, where)
    fields.only(
        "channel", "elevations_deg", "beams", "lowest_deg", "highest_deg", "azimuth_steps", "hz", "offset_s",
        "range_m", "range_noise_m", "dropout", *_MOUNTING_FIELDS,
    )  # fmt: skip
    if "elevations_deg" in fields.data:
        degrees = fields.numbers("elevations_deg", (len(fields.items("elevations_deg")),))
    else:
        beams = int(fields.number("beams"))
        if not 1 <= beams <= 512:
            raise FormatError(f"{where}.beams: expected 1 to 512, got {beams}.")
        degrees = np.linspace(fields.number("lowest_deg"), fields.number("highest_deg"), beams)
    try:
        return RigLidar(
            Lidar(str(fields.need("channel")), _mounting_of(fields)),
            np.radians(degrees),
            int(fields.number("azimuth_steps", 1080)),
            fields.number("hz", DEFAULT_LIDAR_HZ),
            fields.number("offset_s", 0.0),
            fields.number("range_m", 100.0),
            fields.number("range_noise_m", 0.02),
            fields.number("dropout", 0.02),
        )
    except InvalidLabelError as error:
        raise FormatError(f"{where}: {error}") from error
