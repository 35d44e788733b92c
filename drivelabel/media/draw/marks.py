"""How each kind of label in the image is painted. Functions return the name plates they ask for."""

from __future__ import annotations

import cv2
import numpy as np

from drivelabel.labels import (
    ARROWS,
    BULBS,
    HUMAN,
    IMPORTED,
    LIGHT_STATES,
    LINE_STYLES,
    VOID,
    Boxes2D,
    Keypoints,
    LabelMap,
    LaneLines,
    Polygons,
    Taxonomy,
    TrafficLights,
)
from drivelabel.media.draw.canvas import Canvas, Dash
from drivelabel.media.draw.chips import Chip, name_spans, texts_for
from drivelabel.media.draw.legend import Meaning
from drivelabel.media.draw.style import (
    BULB_COLORS,
    FAINT,
    LIGHT_COLORS,
    LINE_COLORS,
    PAPER,
    Rgb,
    readable,
    rgb_of,
)
from drivelabel.typing import AnyArray

AREA_ALPHA = 0.38
_LIT = {"red": (0,), "yellow": (1,), "red_yellow": (0, 1), "green": (2,)}


def dash_of(canvas: Canvas, origin: int, width: int | None = None) -> Dash:
    """Solid for what people drew or brought, dashes for models and interpolation."""
    if origin in (HUMAN, IMPORTED):
        return None
    return (4.0, 3.0) if width == 1 else (canvas.style.dash, canvas.style.gap)


def meaning_of(name: str, color: Rgb, origin: int) -> Meaning:
    """What a thing's outline means; a model's things stand apart in the legend as in the picture."""
    return Meaning(name, color, "box" if origin in (HUMAN, IMPORTED) else "dashed box")


def _outline_box(canvas: Canvas, xyxy: AnyArray, color: Rgb, origin: int) -> None:
    """A box's outline; tiny boxes get a hair line, so that what is in them stays visible."""
    smallest = float((xyxy[2:] - xyxy[:2]).min()) * canvas.scale
    width = canvas.style.line if smallest > 12 * canvas.style.line else 1
    canvas.outline(corners_of(xyxy), color, width, closed=True, dash=dash_of(canvas, origin, width))


def draw_boxes(canvas: Canvas, boxes: Boxes2D, taxonomy: Taxonomy) -> list[Chip]:
    """Box outlines, the largest first so that small ones stay on top."""
    chips = []
    areas = np.prod(boxes.xyxy[:, 2:] - boxes.xyxy[:, :2], axis=1)
    for row in np.argsort(-areas, kind="stable").tolist():
        color = rgb_of(taxonomy.colors, int(boxes.category_id[row]))
        xyxy = boxes.xyxy[row]
        _outline_box(canvas, xyxy, color, int(boxes.origin[row]))
        name = _plain(taxonomy.categories[boxes.category_id[row]].name)
        score = None if boxes.origin[row] in (HUMAN, IMPORTED) else float(boxes.score[row])
        texts = name_spans(name, int(boxes.track_id[row]), score, readable(color))
        around = _around(canvas, xyxy)
        texts = texts_for(texts, around[3] - around[1], canvas)
        chips.append(Chip(texts, meaning_of(name, color, int(boxes.origin[row])), around, float(areas[row])))
    return chips


def draw_areas(canvas: Canvas, label_map: LabelMap, taxonomy: Taxonomy) -> list[Meaning]:
    """Areas tinted with their class colour, each with a border line; returns what they mean."""
    height, width = canvas.hw
    labels = label_map.label_map
    if labels.shape != (height, width):
        labels = np.asarray(cv2.resize(labels, (width, height), interpolation=cv2.INTER_NEAREST), np.uint8)
    meanings = []
    for category_id in _present(label_map, taxonomy):
        mask = labels == category_id
        color = rgb_of(taxonomy.colors, category_id)
        canvas.blend(mask, color, AREA_ALPHA)
        borders, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
        cv2.polylines(canvas.pixels, borders, True, readable(color), 1, cv2.LINE_AA)
        meanings.append(Meaning(_plain(taxonomy.categories[category_id].name), color, "area"))
    return meanings


def _present(label_map: LabelMap, taxonomy: Taxonomy) -> list[int]:
    """The categories that a label map's pixels have, in order; void is none."""
    counts = np.bincount(label_map.label_map.reshape(-1), minlength=256)
    return [row for row in np.flatnonzero(counts).tolist() if row != VOID and row < len(taxonomy)]


def draw_lane_lines(canvas: Canvas, lines: LaneLines, taxonomy: Taxonomy) -> list[Chip]:
    """Thick lines from near to far; neighbours differ in colour, dashed paint is drawn dashed."""
    chips = []
    for row in range(len(lines)):
        points = lines.points[row]
        color = line_color(lines, row)
        style = LINE_STYLES[lines.style[row]]
        width = canvas.style.lane
        dash = (12.0 * width, 8.0 * width) if style == "dashed" else None
        canvas.outline(points, color, width, dash=dash)
        texts = _line_texts(lines, row, readable(color))
        foot = _point_in(points, canvas.hw, canvas.scale)
        chips.append(Chip(texts, Meaning("lane line", color, "line"), (*foot, *foot), 1e9))
    return chips


def line_color(lines: LaneLines, row: int) -> Rgb:
    """The colour of a lane line: by id where it has one, else by its row."""
    ident = int(lines.track_id[row])
    return LINE_COLORS[(ident if ident >= 0 else row) % len(LINE_COLORS)]


def _line_texts(lines: LaneLines, row: int, color: Rgb) -> tuple[list[tuple[str, Rgb]], ...]:
    position, ident = int(lines.position[row]), int(lines.track_id[row])
    where = f"left {-position}" if position < 0 else f"right {position}" if position > 0 else "line"
    style = LINE_STYLES[lines.style[row]]
    tail = [] if style == "unknown" else [(f"  {style.replace('_', ' ')}", FAINT)]
    ids = [(f"  #{ident}", color)] if ident >= 0 else []
    short = [(f"#{ident}", color)] if ident >= 0 else [(where, PAPER)]
    return [(where, PAPER), *ids, *tail], [(where, PAPER), *ids], short


def draw_traffic_lights(canvas: Canvas, lights: TrafficLights, taxonomy: Taxonomy) -> list[Chip]:
    """Housings in the colour they show; lit bulbs are discs, the others rings."""
    chips = []
    for row in range(len(lights)):
        state = LIGHT_STATES[lights.state[row]]
        color = LIGHT_COLORS[state]
        xyxy = lights.xyxy[row]
        _outline_box(canvas, xyxy, color, int(lights.origin[row]))
        _bulbs(canvas, lights.keypoints[row], xyxy, state)
        ident = int(lights.track_id[row])
        ids = [(f"  #{ident}", readable(color))] if ident >= 0 else []
        arrow = ARROWS[lights.arrow[row]]
        turn = [] if arrow in ("unknown", "none") else [(f" {_plain(arrow)}", PAPER)]
        full = [(_plain(state), PAPER), *turn, *ids]
        sure = [] if lights.origin[row] in (HUMAN, IMPORTED) else [(f"  {lights.score[row]:.2f}", FAINT)]
        texts = ([*full, *sure], full, [(_plain(state), PAPER)])
        meaning = Meaning(f"{_plain(state)} light", color, "light")
        chips.append(Chip(texts, meaning, _around(canvas, xyxy), 1e8))
    return chips


def _bulbs(canvas: Canvas, keypoints: AnyArray, xyxy: AnyArray, state: str) -> None:
    width, height = ((xyxy[2:] - xyxy[:2]) * canvas.scale).tolist()
    radius = float(np.clip(min(width, height / len(BULBS)) * 0.34, 2.0, 40.0))
    for bulb, (u, v, visibility) in enumerate(keypoints.tolist()):
        if visibility > 0:
            lit = bulb in _LIT.get(state, ())
            canvas.disc(np.asarray([u, v]), radius if lit else radius * 0.8, BULB_COLORS[bulb], filled=lit)


def draw_keypoints(canvas: Canvas, keypoints: Keypoints, taxonomy: Taxonomy) -> list[Chip]:
    """Points of skeletons: seen ones as discs, hidden ones as rings."""
    radius = max(2.0, 1.6 * canvas.style.line)
    chips = []
    for row in range(len(keypoints)):
        color = rgb_of(taxonomy.colors, int(keypoints.category_id[row]))
        points = keypoints.keypoints[row]
        points = points[points[:, 2] > 0]
        for u, v, visibility in points.tolist():
            canvas.disc(np.asarray([u, v]), radius, color, filled=visibility == 2)
        if len(points):
            name = _plain(taxonomy.categories[keypoints.category_id[row]].name)
            bounds = np.concatenate([points[:, :2].min(axis=0), points[:, :2].max(axis=0)])
            texts = name_spans(name, int(keypoints.track_id[row]), None, readable(color))
            chips.append(Chip(texts, Meaning(name, color, "box"), _around(canvas, bounds)))
    return chips


def draw_polygons(canvas: Canvas, polygons: Polygons, taxonomy: Taxonomy) -> list[Chip]:
    """Outlined areas: a tint inside, holes left out, and their rings."""
    chips = []
    bounds = polygons.bounds()
    sizes = np.prod(bounds[:, 2:] - bounds[:, :2], axis=1)
    for row in np.argsort(-sizes, kind="stable").tolist():
        color = rgb_of(taxonomy.colors, int(polygons.category_id[row]))
        rings, origin = polygons.rings(row), int(polygons.origin[row])
        inside = np.zeros(canvas.hw, np.uint8)
        cv2.fillPoly(inside, [np.round(ring * canvas.scale).astype(np.int32) for ring in rings], (1,))
        canvas.blend(inside.astype(np.bool_), color, AREA_ALPHA)
        for ring in rings:
            canvas.outline(ring, color, canvas.style.line, closed=True, dash=dash_of(canvas, origin))
        name = _plain(taxonomy.categories[polygons.category_id[row]].name)
        texts = name_spans(name, int(polygons.track_id[row]), None, readable(color))
        chips.append(
            Chip(texts, Meaning(name, color, "area"), _around(canvas, bounds[row]), float(sizes[row]))
        )
    return chips


def corners_of(xyxy: AnyArray) -> AnyArray:
    """(4, 2) corners of a box, clockwise from the left upper one."""
    x0, y0, x1, y1 = xyxy.tolist()
    return np.asarray([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], np.float64)


def _around(canvas: Canvas, xyxy: AnyArray) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = (xyxy * canvas.scale).tolist()
    return x0, y0, x1, y1


def _point_in(points: AnyArray, hw: tuple[int, int], scale: float) -> tuple[float, float]:
    """A line's nearest point that lies inside the picture, picture pixels."""
    at = points.astype(np.float64) * scale
    inside = ((at >= 0) & (at < (hw[1], hw[0]))).all(axis=1)
    x, y = at[int(np.argmax(inside))].tolist()
    return x, y


def _plain(name: str) -> str:
    return name.replace("_", " ")
