"""Pictures of a stored scene's frames."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np

from drivelabel.errors import FormatError, SceneLookupError, StoreError
from drivelabel.media.draw import draw_scene_frame, draw_scene_rig, points_of
from drivelabel.media.frames import open_frames
from drivelabel.scene import NO_SAMPLE, Scene
from drivelabel.typing import UInt8Array

SUFFIXES = (".png", ".jpg", ".jpeg")


def row_of_frame(scene: Scene, frame: int, camera: str | None) -> int:
    """The scene's row of a frame that may be counted within a camera.

    Raises:
        SceneLookupError: there is no such camera or frame.
    """
    if camera is None:
        scene.camera_of(frame)
        return frame
    scene.camera(camera)
    own = scene.frames_of(camera)
    if frame >= len(own):
        raise SceneLookupError(
            f"{scene.name}: {camera} has no frame {frame}. It has {len(own)}, counted from 0."
        )
    return own[frame]


def draw_one(
    scene: Scene,
    row: int,
    *,
    layers: Sequence[str] | None = None,
    lidar: bool = True,
    birds_eye: bool = False,
    scale: float = 1.0,
) -> UInt8Array:
    """(h, w, 3), one frame with its labels."""
    with open_frames(scene) as frames:
        image_rgb = frames.read(row)
    return draw_scene_frame(
        scene,
        row,
        image_rgb,
        layers=layers,
        points_world=points_of(scene, row) if lidar else None,
        birds_eye=birds_eye,
        scale=scale,
    )


def draw_rig(
    scene: Scene, frame: int, *, layers: Sequence[str] | None = None, lidar: bool = True
) -> tuple[UInt8Array, int]:
    """All cameras at the time of one frame of the first camera, and that frame's row."""
    row = row_of_frame(scene, frame, scene.cameras[0].channel if scene.cameras else None)
    rows = [row, *(_at_the_time(scene, row, camera.channel) for camera in scene.cameras[1:])]
    rows = [other for other in rows if other >= 0]
    with open_frames(scene) as frames:
        images = [frames.read(other) for other in rows]
    points = points_of(scene, row) if lidar else None
    return draw_scene_rig(scene, rows, images, layers=layers, points_world=points), row


def _at_the_time(scene: Scene, row: int, channel: str) -> int:
    """The frame of another camera that belongs to the same sample, else the nearest in time; -1 if none."""
    own = np.asarray(scene.frames_of(channel), np.int64)
    if not len(own):
        return -1
    sample = int(scene.frames.sample[row])
    same = own[scene.frames.sample[own] == sample]
    if sample != NO_SAMPLE and len(same):
        return int(same[0])
    return int(own[np.argmin(np.abs(scene.frames.timestamp_ns[own] - scene.frames.timestamp_ns[row]))])


def write_picture(out: Path, picture_rgb: UInt8Array) -> None:
    """Write a picture beside its place and rename it, so that a half-written one never stands there.

    Raises:
        FormatError: the name ends in something else than .png, .jpg or .jpeg.
        StoreError: it cannot be written.
    """
    suffix = out.suffix.lower()
    if suffix not in SUFFIXES:
        raise FormatError(f"{out}: expected a name that ends in {', '.join(SUFFIXES)}.")
    done, data = cv2.imencode(suffix, cv2.cvtColor(picture_rgb, cv2.COLOR_RGB2BGR))
    if not done:
        raise StoreError(f"{out}: the picture could not be encoded.")
    aside = out.with_name(f".{out.name}.{secrets.token_hex(4)}.partial")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        aside.write_bytes(data.tobytes())
        aside.replace(out)
    except OSError as error:
        raise StoreError(f"{out}: cannot be written ({error.strerror or error}).") from error
    finally:
        with suppress(OSError):
            aside.unlink(missing_ok=True)
