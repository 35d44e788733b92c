"""Pictures of frames inside the page: small JPEGs, with truth and prediction drawn over them as SVG."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from markupsafe import Markup

from drivelabel.evaluation.report import columns as c
from drivelabel.evaluation.report.columns import Matched
from drivelabel.evaluation.report.findings import Finding
from drivelabel.evaluation.report.html import svg
from drivelabel.labels import DRIVING
from drivelabel.typing import AnyArray, FloatArray, UInt8Array

BUDGET = 2_000_000
"""Bytes of pictures in one page, as base64; what does not fit is left out and counted."""
THUMB_WH, FRAME_WIDTH = (288, 180), 1120
_MARGIN = 0.8
TRUTH_CSS = {c.FOUND: "t-found", c.MISSED: "t-missed", c.WRONG_CLASS: "t-wrong", c.LOOSE: "t-loose"}
PRED_CSS = {c.RIGHT: "p-right", c.FALSE: "p-false", c.WRONG_CLASS: "p-wrong", c.LOOSE: "p-loose"}
PRED_CSS[c.DUPLICATE] = "p-false"


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


def thumb(image_rgb: UInt8Array, matched: Matched, finding: Finding, album: Album) -> Markup:
    """The finding's surroundings with both sides drawn; empty when there is no room for it."""
    t, p = finding.truth_row, finding.pred_row
    box = matched.truth.xyxy[t] if t >= 0 else matched.pred.xyxy[p]
    window = _window(box, image_rgb.shape[1], image_rgb.shape[0])
    x0, y0, x1, y1 = (round(v) for v in window.tolist())
    cut = cv2.resize(image_rgb[y0:y1, x0:x1], THUMB_WH, interpolation=cv2.INTER_AREA)
    uri = album.encode(cut, 68)
    if not uri:
        return Markup("")
    scale = THUMB_WH[0] / (x1 - x0)
    parts = [Markup('<image href="{}" width="{}" height="{}"/>').format(uri, *THUMB_WH)]
    if p >= 0:
        parts.append(_box(matched.pred.xyxy[p], (x0, y0), scale, PRED_CSS[int(matched.pred_error[p])]))
    if t >= 0:
        parts.append(_box(matched.truth.xyxy[t], (x0, y0), scale, TRUTH_CSS[int(matched.truth_error[t])]))
    words = f"{finding.error}: {finding.truth_class or 'no object'}, {finding.pred_class or 'no label'}"
    return svg.svg(*THUMB_WH, words, svg.join(parts), "thumb")


def _window(box: FloatArray, width: int, height: int) -> FloatArray:
    """The part of the image round a box, of the thumb's shape, inside the image."""
    aspect = THUMB_WH[0] / THUMB_WH[1]
    size = box[2:] - box[:2]
    wide = max(size[0] * (1 + _MARGIN), size[1] * (1 + _MARGIN) * aspect, 160.0)
    wide = min(wide, width, height * aspect)
    tall = wide / aspect
    x = np.clip((box[0] + box[2] - wide) / 2, 0, width - wide)
    y = np.clip((box[1] + box[3] - tall) / 2, 0, height - tall)
    return np.array([x, y, x + wide, y + tall])


def whole_frame(image_rgb: UInt8Array, matched: Matched, frame: int, album: Album, title: str) -> Markup:
    """A whole frame with every object that counts on both sides; names only where something is wrong."""
    scale = FRAME_WIDTH / image_rgb.shape[1]
    size = (FRAME_WIDTH, round(image_rgb.shape[0] * scale))
    uri = album.encode(cv2.resize(image_rgb, size, interpolation=cv2.INTER_AREA), 66)
    if not uri:
        return Markup("")
    parts = [Markup('<image href="{}" width="{}" height="{}"/>').format(uri, *size)]
    for p in np.flatnonzero((matched.pred.group == frame) & matched.judged).tolist():
        error = int(matched.pred_error[p])
        name = f"{DRIVING.names[matched.pred.category[p]]} {matched.pred.score[p]:.2f}"
        parts.append(_box(matched.pred.xyxy[p], (0, 0), scale, PRED_CSS[error]))
        parts.append(
            _name(matched.pred.xyxy[p], scale, name, bottom=True) if error != c.RIGHT else Markup("")
        )
    for t in np.flatnonzero((matched.truth.group == frame) & matched.counted).tolist():
        error = int(matched.truth_error[t])
        parts.append(_box(matched.truth.xyxy[t], (0, 0), scale, TRUTH_CSS[error]))
        name = DRIVING.names[matched.truth.category[t]]
        parts.append(_name(matched.truth.xyxy[t], scale, name) if error != c.FOUND else Markup(""))
    return svg.svg(*size, title, svg.join(parts), "frame")


def _box(xyxy: FloatArray, corner: tuple[float, float], scale: float, css: str) -> Markup:
    x, y = (xyxy[0] - corner[0]) * scale, (xyxy[1] - corner[1]) * scale
    width, height = (xyxy[2] - xyxy[0]) * scale, (xyxy[3] - xyxy[1]) * scale
    return svg.rect(x, y, width, height, "under") + svg.rect(x, y, width, height, f"b {css}")


def _name(xyxy: FloatArray, scale: float, words: str, bottom: bool = False) -> Markup:
    y = xyxy[3] * scale + 13 if bottom else max(xyxy[1] * scale - 4, 12)
    return svg.text(xyxy[0] * scale, y, words, "plate")


def worst_frames(matched: Matched, n: int) -> list[dict[str, Any]]:
    """The frames with most errors, not more than one within a second of one camera."""
    truth, pred = matched.truth, matched.pred
    bad_t = matched.counted & (matched.truth_error != c.FOUND)
    bad_p = np.isin(matched.pred_error, (c.FALSE, c.DUPLICATE))
    size = max(truth.group.max(initial=-1), pred.group.max(initial=-1)) + 1
    errors = np.bincount(truth.group[bad_t], minlength=size) + np.bincount(pred.group[bad_p], minlength=size)
    where = {
        int(g): (int(o.camera[i]), int(o.time_ns[i])) for o in (truth, pred) for i, g in enumerate(o.group)
    }
    chosen: list[dict[str, Any]] = []
    for frame in np.argsort(-errors, kind="stable").tolist():
        if not errors[frame] or len(chosen) == n:
            break
        camera, time_ns = where[frame]
        if all(one["camera"] != camera or abs(one["time_ns"] - time_ns) > 1e9 for one in chosen):
            chosen.append(
                {"frame": frame, "camera": camera, "time_ns": time_ns, "errors": int(errors[frame])}
            )
    return chosen
