"""Charts as inline SVG. Text goes through markupsafe, so that no label's name becomes markup."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from markupsafe import Markup

from drivelabel.typing import FloatArray

WIDTH, HEIGHT = 640, 96
WIDE = 1100
_LEFT, _BOTTOM, _TOP = 44, 18, 8


def join(parts: Iterable[Markup]) -> Markup:
    """All parts, one after the other."""
    return Markup("").join(parts)


def svg(width: float, height: float, label: str, body: Markup, css: str = "chart") -> Markup:
    """A picture that scales with its column and says in words what it shows."""
    return Markup('<svg class="{}" viewBox="0 0 {:g} {:g}" role="img" aria-label="{}">{}</svg>').format(
        css, width, height, label, body
    )


def text(x: float, y: float, words: Any, css: str = "", anchor: str = "start") -> Markup:
    """Words at a point."""
    return Markup('<text x="{:.1f}" y="{:.1f}" class="{}" text-anchor="{}">{}</text>').format(
        x, y, css, anchor, words
    )


def path(xy: Any, css: str, close: bool = False) -> Markup:
    """A line through points."""
    points = np.asarray(xy, float)
    if not len(points):
        return Markup("")
    course = "L".join(f"{x:.1f} {y:.1f}" for x, y in points.tolist())
    return Markup('<path d="M{}{}" class="{}"/>').format(course, "Z" if close else "", css)


def rect(x: float, y: float, width: float, height: float, css: str, title: str = "") -> Markup:
    """A rectangle; its title shows when it is pointed at."""
    inner = Markup("<title>{}</title>").format(title) if title else Markup("")
    return Markup('<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" class="{}">{}</rect>').format(
        x, y, width, height, css, inner
    )


def bars_over_time(name: str, values: Sequence[float], step: float, css: str) -> Markup:
    """One of the small multiples: a bar per bin; the script moves one line over all of them."""
    top = max([*values, 1e-9])
    n = max(len(values), 1)
    plot_w, plot_h = WIDTH - _LEFT - 4, HEIGHT - _BOTTOM - _TOP
    bar = plot_w / n
    parts = [
        rect(_LEFT + i * bar, _TOP + plot_h * (1 - v / top), max(bar - 0.8, 0.6), plot_h * v / top, css)
        for i, v in enumerate(values)
        if v > 0
    ]
    axis = [
        path([(_LEFT, _TOP + plot_h), (WIDTH - 4, _TOP + plot_h)], "axis"),
        text(_LEFT - 6, _TOP + 9, f"{top:.3g}" if max(values, default=0) else "0", "tick", "end"),
        text(_LEFT - 6, _TOP + plot_h, "0", "tick", "end"),
        text(_LEFT, HEIGHT - 4, "0 s", "tick"),
        text(WIDTH - 4, HEIGHT - 4, f"{n * step:g} s", "tick", "end"),
        path([(_LEFT, _TOP), (_LEFT, _TOP + plot_h)], "hair"),
    ]
    body = join([*parts, *axis])
    data = ",".join(f"{v:.4g}" for v in values)
    return Markup(
        '<figure class="time" data-step="{}" data-v="{}"><figcaption>{} <output></output></figcaption>'
        "{}</figure>"
    ).format(step, data, name, svg(WIDTH, HEIGHT, f"{name} over time", body))


def pr_curve(curve: dict[str, Any], name: str) -> Markup:
    """Precision (up) over recall (right) of one class."""
    size, left = 150, 22
    recall, precision = np.array(curve["recall"], float), np.array(curve["precision"], float)
    x, y = left + (size - left - 4) * recall, size - 16 - (size - 24) * precision
    frame = [path([(left, 8), (left, size - 16), (size - 4, size - 16)], "axis")]
    ticks = [
        text(left - 3, 14, "1", "tick", "end"),
        text(left - 3, size - 16, "0", "tick", "end"),
        text(size - 4, size - 4, "1", "tick", "end"),
        text(left + 40, size - 4, "recall", "tick"),
    ]
    body = join([*frame, *ticks, path(np.stack([x, y], axis=1), "curve")])
    return svg(size, size, f"precision over recall of {name}", body, "small")


def track_bars(rows: Sequence[dict[str, Any]], seconds: float) -> Markup:
    """One bar per track: found solid, lost hollow, a mark where the identity switches."""
    left, line = 190, 16
    scale = (WIDE - left - 8) / max(seconds, 1e-9)
    parts = []
    for i, row in enumerate(rows):
        y = 4 + i * line
        parts.append(text(0, y + 10, row["name"], "tick"))
        for start, stop, found in row["spans"]:
            css = "found" if found else "lost"
            title = f"{row['name']}: {'found' if found else 'not found'} {start:.1f}–{stop:.1f} s"
            width = max((stop - start) * scale, 2.0)
            parts.append(
                rect(left + start * scale, y + (2 if found else 4), width, 9 if found else 5, css, title)
            )
        for at in row["switches"]:
            parts.append(path([(left + at * scale, y), (left + at * scale, y + 13)], "switch"))
    height = 8 + line * len(rows) + 14
    parts += [
        text(left, height - 3, "0 s", "tick"),
        text(WIDE - 8, height - 3, f"{seconds:.1f} s", "tick", "end"),
    ]
    return svg(WIDE, height, "tracks over time", join(parts))


def from_above(
    path_xy: FloatArray, path_error: FloatArray, points: Sequence[tuple[FloatArray, str]]
) -> Markup:
    """The ego's path, coloured by error, and what was found and missed round it, from above, with a scale.

    Args:
        path_xy: (k, 2) metres, world coords.
        path_error: (k,) share not found at each place; NaN where it is not known.
        points: (n, 2) places of things, and how they are drawn.
    """
    every = np.concatenate([path_xy, *(xy for xy, _ in points)])
    every = every[np.isfinite(every).all(axis=1)]
    low, high = every.min(axis=0), every.max(axis=0)
    extent = np.maximum(high - low, 10.0)
    wide, tall = WIDE, float(np.clip(WIDE * extent[1] / extent[0], 160, 520))
    scale = float(min((wide - 24) / extent[0], (tall - 34) / extent[1]))

    def place(xy: FloatArray) -> FloatArray:
        x = 12 + (xy[:, 0] - low[0]) * scale
        return np.stack([x, tall - 22 - (xy[:, 1] - low[1]) * scale], axis=1)

    parts = []
    for xy, css in points:
        for x, y in np.unique(np.round(place(xy[np.isfinite(xy).all(axis=1)])), axis=0).tolist():
            parts.append(Markup('<circle cx="{:g}" cy="{:g}" r="2.4" class="{}"/>').format(x, y, css))
    parts += _coloured(place(path_xy), path_error)
    start = place(path_xy[:1])[0] if len(path_xy) else (12, 12)
    parts.append(Markup('<circle cx="{:g}" cy="{:g}" r="5" class="start"/>').format(*np.round(start)))
    step = next((s for s in (5, 10, 20, 50, 100, 200, 500, 1000) if s * scale >= 60), 2000)
    parts.append(path([(12, tall - 6), (12 + step * scale, tall - 6)], "axis"))
    parts.append(text(16 + step * scale, tall - 3, f"{step} m", "tick"))
    return svg(max(24 + extent[0] * scale, 320.0), tall, "path from above", join(parts), "chart above")


def _coloured(xy: FloatArray, error: FloatArray) -> list[Markup]:
    """The path in runs of one of four looks: unknown, up to a third, two thirds, all not found."""
    look = np.where(np.isnan(error), 0, 1 + np.minimum(2, np.nan_to_num(error) * 3).astype(np.int64))
    if not len(look):
        return []
    starts = np.flatnonzero(np.r_[True, np.diff(look) != 0]).tolist()
    ends = [*starts[1:], len(xy) - 1]
    return [path(xy[a : b + 1], f"ego e{look[a]}") for a, b in zip(starts, ends, strict=True) if b > a]
