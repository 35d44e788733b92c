"""Pictures of frames inside the page: small JPEGs, with truth and prediction drawn over them as SVG."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from markupsafe import Markup

from drivelabel.evaluation.report.html import svg
from drivelabel.evaluation.report.shapes import Shape, extent
from drivelabel.typing import AnyArray, FloatArray, UInt8Array

BUDGET = 2_000_000
"""Bytes of pictures in one page, as base64; what does not fit is left out and counted."""
THUMB_WH, FRAME_WIDTH = (288, 180), 1120
_MARGIN = 0.8
_LEAST_PX = 160.0
_GROUND_METRES = 10.0
_LETTER = 13.0


@dataclass(slots=True)
class Album:
    """Encodes pictures until the budget is spent.

    Attributes:
        left: bytes that may still be used.
        left_out: pictures that did not fit.
    """

    left: int = BUDGET
    left_out: int = field(default=0)

    def encode(self, image_rgb: AnyArray, quality: int) -> str:
        """A data URI, or "" when it does not fit."""
        ok, data = cv2.imencode(".jpg", image_rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
        text = base64.b64encode(data.tobytes()).decode("ascii") if ok else ""
        if not text or len(text) > self.left:
            self.left_out += 1
            return ""
        self.left -= len(text)
        return f"data:image/jpeg;base64,{text}"


def thumb(image_rgb: UInt8Array, shapes: Sequence[Shape], album: Album, words: str) -> Markup:
    """The surroundings of some shapes with these drawn; empty when there is no room for it."""
    window = _window(extent(shapes), image_rgb.shape[1], image_rgb.shape[0])
    x0, y0, x1, y1 = (round(v) for v in window.tolist())
    cut = cv2.resize(image_rgb[y0:y1, x0:x1], THUMB_WH, interpolation=cv2.INTER_AREA)
    uri = album.encode(cut, 68)
    if not uri:
        return Markup("")
    picture = Markup('<image href="{}" width="{}" height="{}"/>').format(uri, *THUMB_WH)
    drawn = [_draw(shape, np.array([x0, y0]), THUMB_WH[0] / (x1 - x0)) for shape in shapes]
    return svg.svg(*THUMB_WH, words, svg.join([picture, *drawn]), "thumb")


def ground(shapes: Sequence[Shape], ego_xy: FloatArray | None, words: str) -> Markup:
    """Cuboids from above, north up, on a grid of 5 m; an arrow points to the ego vehicle."""
    box = extent(shapes)
    middle = (box[:2] + box[2:]) / 2
    scale = THUMB_WH[1] / max(_GROUND_METRES, 1.4 * float((box[2:] - box[:2]).max()))

    def place(xy: FloatArray) -> FloatArray:
        return (xy - middle) * [scale, -scale] + np.array(THUMB_WH) / 2

    half = np.array(THUMB_WH) / 2 / scale
    low, high = np.floor((middle - half) / 5) * 5, middle + half
    lines = [
        svg.path(place(np.array([[x, low[1]], [x, high[1]]])), "grid") for x in np.arange(low[0], high[0], 5)
    ]
    lines += [
        svg.path(place(np.array([[low[0], y], [high[0], y]])), "grid") for y in np.arange(low[1], high[1], 5)
    ]
    # Dark in both schemes: the colours of shapes are made for pictures.
    night = svg.rect(0, 0, *THUMB_WH, "night")
    drawn = [svg.path(place(shape.points), f"b {shape.look}", close=True) for shape in shapes]
    told = "from above, grid 5 m"
    notes = []
    if ego_xy is not None:
        away = ego_xy - middle
        far = float(np.linalg.norm(away))
        step = away / max(far, 1e-9) * [1, -1]
        side = step[::-1] * [-1, 1]
        tip = np.array(THUMB_WH) / 2 + step * 80
        notes.append(svg.path([tip - step * 22, tip], "arrow"))
        notes.append(svg.path([tip - step * 7 + side * 4, tip, tip - step * 7 - side * 4], "arrow"))
        told += f"; arrow: ego, {far:.0f} m"
    notes.append(svg.text(6, THUMB_WH[1] - 6, told, "plate"))
    return svg.svg(*THUMB_WH, words, svg.join([night, *lines, *notes, *drawn]), "thumb")


def _window(box: FloatArray, width: int, height: int) -> FloatArray:
    """The part of the image round a box, of the thumb's shape, inside the image."""
    aspect = THUMB_WH[0] / THUMB_WH[1]
    size = box[2:] - box[:2]
    wide = max(size[0] * (1 + _MARGIN), size[1] * (1 + _MARGIN) * aspect, _LEAST_PX)
    wide = min(wide, width, height * aspect)
    tall = wide / aspect
    x = np.clip((box[0] + box[2] - wide) / 2, 0, width - wide)
    y = np.clip((box[1] + box[3] - tall) / 2, 0, height - tall)
    return np.array([x, y, x + wide, y + tall])


def whole_frame(image_rgb: UInt8Array, shapes: Sequence[Shape], album: Album, title: str) -> Markup:
    """A whole frame with all shapes."""
    scale = FRAME_WIDTH / image_rgb.shape[1]
    size = (FRAME_WIDTH, round(image_rgb.shape[0] * scale))
    uri = album.encode(cv2.resize(image_rgb, size, interpolation=cv2.INTER_AREA), 66)
    if not uri:
        return Markup("")
    parts = [Markup('<image href="{}" width="{}" height="{}"/>').format(uri, *size)]
    parts += [_draw(shape, np.zeros(2), scale) for shape in shapes]
    parts += _names(shapes, scale)
    return svg.svg(*size, title, svg.join(parts), "frame")


def _names(shapes: Sequence[Shape], scale: float) -> list[Markup]:
    """Names of boxes, large ones first, where they cover no other name; below labels, above the truth."""
    named = [shape for shape in shapes if shape.form == "box" and shape.name]
    named.sort(key=lambda shape: -float(np.prod(shape.points[1] - shape.points[0])))
    taken: list[tuple[float, float, float]] = []
    parts = []
    for shape in named:
        (x, top), (_, bottom) = (shape.points * scale).tolist()
        y = bottom + _LETTER if shape.look.startswith("p-") else max(top - 4, _LETTER)
        stop = x + len(shape.name) * _LETTER * 0.6
        if all(abs(y - v) >= _LETTER or stop < a or b < x for a, b, v in taken):
            taken.append((x, stop, y))
            parts.append(svg.text(x, y, shape.name, "plate"))
    return parts


def _draw(shape: Shape, corner: AnyArray, scale: float) -> Markup:
    """A shape with a dark line under it, so that it is seen on every ground."""
    points = (shape.points - corner) * scale
    if shape.form == "area":
        return svg.path(points, shape.look, close=True)
    if shape.form == "line":
        return svg.path(points, "under") + svg.path(points, f"b {shape.look}")
    (x, y), (right, bottom) = points.tolist()
    drawn = svg.rect(x, y, right - x, bottom - y, "under")
    drawn += svg.rect(x, y, right - x, bottom - y, f"b {shape.look}")
    return drawn
