"""Where an image may show painted lines: stripes brighter than the road on both their sides."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from drivelabel.geometry._kernels.lanes import ridge_strength
from drivelabel.typing import Float32Array, FloatArray, Int32Array, IntArray, UInt8Array

WORK_WIDTH = 640
"""Images are reduced to this width; the other lengths follow from it."""

SKY_SHARE = 0.2
"""The upper part of an image in which no road is looked for."""

# White paint keeps its brightness, yellow paint on pale concrete gains: it differs from the road in blue.
_PAINT_FROM_RGB = np.array([[0.75, 0.75, -0.5]], np.float32)

_TEXTURE_FLOOR = 2.5
_TEXTURE_CAP = 8.0
_STRONG, _WEAK = 3.0, 1.5  # in units of the texture
_STEPS_PER_UNIT = 64  # Canny wants whole numbers
_MAX_STRENGTH = 200.0
_MAX_PER_ROW = 9.0  # middles a row on average; more is foliage or noise, and only the strongest count


@dataclass(frozen=True, slots=True, eq=False)
class WorkImage:
    """An image reduced to the size that lines are looked for in.

    Attributes:
        brightness: (h, w) uint8, of paint; only the rows below the sky.
        top: row of the reduced image that `brightness` starts with.
        size_hw: height and width of the whole reduced image.
        scale_uv: reduced size over original size, per axis.
    """

    brightness: UInt8Array
    top: int
    size_hw: tuple[int, int]
    scale_uv: tuple[float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Stripes:
    """Middles of bright stripes, one row each, in order of their image row.

    Attributes:
        uv: (n, 2) float64, pixels of the reduced image, (0, 0) its corner.
        row: (n,) int32, image row.
        strength: (n,) float32, in units of the texture around.
        center_map: (h, w) uint8, 255 at each middle, rows as in ``WorkImage.brightness``.
    """

    uv: FloatArray
    row: Int32Array
    strength: Float32Array
    center_map: UInt8Array


def reduce_image(image_rgb: UInt8Array) -> WorkImage:
    """The part of an image below the sky, at most WORK_WIDTH wide, as brightness of paint."""
    height, width = image_rgb.shape[:2]
    scale = min(1.0, WORK_WIDTH / max(width, height))
    work_h, work_w = max(1, round(height * scale)), max(1, round(width * scale))
    cut = int(height * SKY_SHARE)
    top = round(cut * work_h / height)
    part = np.ascontiguousarray(image_rgb[cut:])
    if scale < 1.0:
        part = cv2.resize(part, (work_w, max(1, work_h - top)), interpolation=cv2.INTER_AREA)
    brightness = cv2.transform(part, _PAINT_FROM_RGB)
    return WorkImage(
        np.ascontiguousarray(brightness.reshape(part.shape[:2])),
        top,
        (work_h, work_w),
        (work_w / width, work_h / height),
    )


def find_stripes(work: WorkImage, width_px: Int32Array) -> Stripes:
    """The middles of stripes of about the given widths.

    Canny's suppression and hysteresis run on the stripes' strength instead of on a gradient: the
    strength goes in as the horizontal derivative, so that its horizontal maxima come out.

    Args:
        work: the reduced image.
        width_px: (s, h) int32, odd widths to try in each row of ``work.brightness``.
    """
    window = max(4, work.size_hw[1] // 12)
    strength = ridge_strength(work.brightness, width_px, window, _TEXTURE_FLOOR, _TEXTURE_CAP)
    across = np.minimum(strength, _MAX_STRENGTH)
    dx = (across * _STEPS_PER_UNIT).astype(np.int16)
    center_map = np.asarray(
        cv2.Canny(dx, np.zeros_like(dx), _WEAK * _STEPS_PER_UNIT, _STRONG * _STEPS_PER_UNIT), np.uint8
    )
    row, col = np.nonzero(center_map != 0)
    surplus = len(row) - int(_MAX_PER_ROW * len(strength))
    if surplus > 0:
        weakest = np.argsort(strength[row, col], kind="stable")[:surplus]
        center_map[row[weakest], col[weakest]] = 0
        row, col = np.nonzero(center_map != 0)
    uv = np.column_stack([col + 0.5 + _peak_offset(across, row, col), row + work.top + 0.5])
    return Stripes(uv, row.astype(np.int32), strength[row, col], center_map)


def _peak_offset(strength: Float32Array, row: IntArray, col: IntArray) -> FloatArray:
    """(n,) where between the columns a maximum lies: the top of the parabola through three values."""
    last = strength.shape[1] - 1
    before = strength[row, np.maximum(col - 1, 0)].astype(np.float64)
    here = strength[row, col].astype(np.float64)
    after = strength[row, np.minimum(col + 1, last)].astype(np.float64)
    bend = before - 2.0 * here + after
    offset = np.where(bend < -1e-9, 0.5 * (before - after) / np.minimum(bend, -1e-9), 0.0)
    return np.clip(offset, -0.5, 0.5)
