"""Labels with known mistakes, for testing whatever is meant to find them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from drivelabel.errors import InvalidLabelError
from drivelabel.geometry import quat_of_yaw, yaw_of_quat
from drivelabel.labels import NO_TRACK, Grouped, Ragged, Table
from drivelabel.scene import Layer
from drivelabel.typing import AnyArray, IntArray

ERROR_KINDS = ("miss", "ghost", "jitter", "id_switch", "wrong_class", "drift", "late")
"""What can be planted; see :class:`Mistakes`."""

_CORRUPTED = ("boxes2d", "boxes3d", "lane_lines", "traffic_lights")

GHOST_TRACK = 1 << 40
"""Track ids of ghosts count from here."""


@dataclass(frozen=True, slots=True)
class Mistakes:
    """How often each mistake is made.

    Attributes:
        miss: share of labels that are left out.
        ghost: share of labels that are repeated somewhere where there is nothing, under a new track id.
        jitter: share of boxes and cuboids that are moved.
        jitter_size: standard deviation of the move, as a share of the box's size.
        id_switch: share of tracks that go on under another id from some frame on.
        wrong_class: share of labels whose category is exchanged.
        drift: share of lane lines that drift away from near to far.
        drift_px: how far their far end is off, pixels.
        late: share of tracks whose labels all are those of the frame before.

    Raises:
        InvalidLabelError: a share lies outside [0, 1], or a size is negative.
    """

    miss: float = 0.05
    ghost: float = 0.03
    jitter: float = 0.2
    jitter_size: float = 0.08
    id_switch: float = 0.1
    wrong_class: float = 0.03
    drift: float = 0.1
    drift_px: float = 25.0
    late: float = 0.05

    def __post_init__(self) -> None:
        for spec in fields(self):
            value = getattr(self, spec.name)
            is_share = spec.name not in ("jitter_size", "drift_px")
            if not np.isfinite(value) or value < 0 or (is_share and value > 1):
                wanted = "a share in [0, 1]" if is_share else "0 or more"
                raise InvalidLabelError(f"corrupt: {spec.name}: expected {wanted}, got {value:g}.")

    @classmethod
    def none(cls) -> Mistakes:
        """No mistakes at all; exchange those that are wanted with :func:`dataclasses.replace`."""
        return cls(**dict.fromkeys((spec.name for spec in fields(cls)), 0.0))


@dataclass(frozen=True, slots=True)
class PlantedError:
    """One mistake that was made on purpose.

    Attributes:
        kind: one of ERROR_KINDS.
        table: kind of label: ``boxes2d``, ``boxes3d``, ``lane_lines``, ...
        group: frame (cuboids: sample) in which it is, or begins.
        track_id: of the true label; of the ghost, for a ghost.
        detail: what was changed, and how much: ``category_id`` before and after, ``moved`` pixels or metres.
    """

    kind: str
    table: str
    group: int
    track_id: int
    detail: Mapping[str, Any]


def corrupt(
    layer: Layer, seed: int, mistakes: Mistakes | None = None, *, name: str = "corrupted"
) -> tuple[Layer, list[PlantedError]]:
    """A layer with mistakes, and the list of them.

    Tables without boxes or lines, and masks, stay as they are. A label has at most one mistake; an id switch
    and a late annotator concern all labels of a track. The same seed makes the same mistakes.

    Args:
        layer: the truth; it stays as it is.
        seed: of all choices.
        mistakes: how often each is made; a little of each when None.
        name: of the new layer.

    Raises:
        InvalidLabelError: the seed is negative.
    """
    if seed < 0:
        raise InvalidLabelError(f"corrupt: seed: expected 0 or more, got {seed}.")
    chosen = mistakes or Mistakes()
    tables: dict[str, Grouped[Any]] = {}
    errors: list[PlantedError] = []
    for row, kind in enumerate(sorted(layer.tables)):
        work = _Work(
            kind, layer.tables[kind], np.random.default_rng([seed, row]), chosen, len(layer.taxonomy)
        )
        if kind in _CORRUPTED:
            work.run()
        tables[kind] = work.grouped()
        errors += work.errors
    return replace(layer, name=name, parent=layer.name, author="drivelabel corrupt", tables=tables), errors


class _Work:
    """One table while mistakes are made in it."""

    def __init__(
        self, kind: str, table: Grouped[Any], rng: np.random.Generator, mistakes: Mistakes, n_categories: int
    ) -> None:
        self.kind, self.rng, self.mistakes = kind, rng, mistakes
        self.rows: Any = table.rows
        self.group: IntArray = table.group_of_row
        self.n_groups, self.labelled = len(table), table.labelled
        self.n_categories = n_categories
        self.errors: list[PlantedError] = []
        self.touched = np.zeros(len(self.rows), np.bool_)

    def run(self) -> None:
        """All mistakes, in an order in which none hides another."""
        self._late()
        self._id_switches()
        self._wrong_classes()
        if self.kind == "lane_lines":
            self._drift()
        else:
            self._jitter()
        self._ghosts()
        self._misses()

    def grouped(self) -> Grouped[Any]:
        """The table with its mistakes."""
        order = np.argsort(self.group, kind="stable")
        offsets = np.zeros(self.n_groups + 1, np.int64)
        np.cumsum(np.bincount(self.group, minlength=self.n_groups), out=offsets[1:])
        return Grouped(self.rows[order], offsets, self.labelled)

    def _note(self, kind: str, row: int, **detail: Any) -> None:
        track = int(self.rows.track_id[row])
        self.errors.append(PlantedError(kind, self.kind, int(self.group[row]), track, detail))

    def _pick(self, share: float) -> IntArray:
        """Rows without a mistake so far, each with probability `share`; they count as touched."""
        picked = (self.rng.random(len(self.rows)) < share) & ~self.touched
        self.touched |= picked
        return np.flatnonzero(picked)

    def _tracks(self, share: float) -> list[IntArray]:
        """Rows in order of time of some tracks that are seen at least twice."""
        tracks = np.unique(self.rows.track_id[self.rows.track_id != NO_TRACK])
        found = []
        for track in tracks[self.rng.random(len(tracks)) < share]:
            rows = np.flatnonzero(self.rows.track_id == track)
            rows = rows[np.argsort(self.group[rows], kind="stable")]
            if len(rows) >= 2 and not self.touched[rows].any():
                found.append(rows)
        return found

    def _set(self, **columns: AnyArray | Ragged) -> None:
        self.rows = self.rows.replace(**columns)

    def _late(self) -> None:
        """Places of the frame before; only where the track was seen in it, by the same camera."""
        place = {"boxes2d": "xyxy", "traffic_lights": "xyxy", "boxes3d": "center"}.get(self.kind)
        if place is None:
            return
        old = getattr(self.rows, place)
        new = old.copy()
        for rows in self._tracks(self.mistakes.late):
            follows = np.flatnonzero(np.diff(self.group[rows]) == 1)
            if len(follows):
                new[rows[follows + 1]] = old[rows[follows]]
                self.touched[rows] = True
                self._note("late", int(rows[follows[0] + 1]), labels=len(follows), groups=1)
        self._set(**{place: new})

    def _id_switches(self) -> None:
        track_id = self.rows.track_id.copy()
        fresh = int(track_id.max(initial=0)) + 1
        for rows in self._tracks(self.mistakes.id_switch):
            groups = np.unique(self.group[rows])
            if len(groups) < 2:
                continue
            start = int(groups[int(self.rng.integers(1, len(groups)))])
            after = rows[self.group[rows] >= start]
            self._note("id_switch", int(after[0]), new_track_id=fresh, labels=len(after))
            track_id[after] = fresh
            self.touched[rows] = True
            fresh += 1
        self._set(track_id=track_id)

    def _wrong_classes(self) -> None:
        if self.kind not in ("boxes2d", "boxes3d"):
            return
        category_id = self.rows.category_id.copy()
        used = np.unique(category_id)
        if len(used) < 2:
            return
        for row in self._pick(self.mistakes.wrong_class):
            others = used[used != category_id[row]]
            new = int(self.rng.choice(others))
            self._note("wrong_class", int(row), category_id=(int(category_id[row]), new))
            category_id[row] = new
        self._set(category_id=category_id)

    def _jitter(self) -> None:
        rows = self._pick(self.mistakes.jitter)
        if not hasattr(self.rows, "xyxy"):
            return self._jitter_cuboids(rows)
        xyxy = self.rows.xyxy.copy()
        size = np.tile(xyxy[rows, 2:] - xyxy[rows, :2], 2)
        moved = xyxy[rows] + self.rng.normal(0, self.mistakes.jitter_size, (len(rows), 4)) * size
        low, high = np.minimum(moved[:, :2], moved[:, 2:]), np.maximum(moved[:, :2], moved[:, 2:])
        moved = np.concatenate([low, high], axis=1).astype(np.float32)
        for row, new in zip(rows, moved, strict=True):
            self._note("jitter", int(row), moved=float(np.abs(new - xyxy[row]).max()))
        xyxy[rows] = moved
        self._set(xyxy=xyxy)

    def _jitter_cuboids(self, rows: IntArray) -> None:
        center, quat = self.rows.center.copy(), self.rows.quat_wxyz.copy()
        step = self.rng.normal(0, self.mistakes.jitter_size, (len(rows), 3)) * self.rows.size_lwh[rows]
        step[:, 2] *= 0.3
        turn = self.rng.normal(0, self.mistakes.jitter_size, len(rows))
        for row, move, angle in zip(rows, step, turn, strict=True):
            self._note("jitter", int(row), moved=float(np.linalg.norm(move)), turned=float(angle))
        center[rows] += step
        if len(rows):
            quat[rows] = quat_of_yaw(yaw_of_quat(quat[rows]) + turn)
        self._set(center=center, quat_wxyz=quat)

    def _drift(self) -> None:
        points = self.rows.points
        values = points.values.copy()
        for row in self._pick(self.mistakes.drift):
            span = slice(int(points.offsets[row]), int(points.offsets[row + 1]))
            off = self.mistakes.drift_px * float(self.rng.choice([-1, 1]))
            values[span, 0] += np.linspace(0, 1, span.stop - span.start) ** 2 * off
            self._note("drift", int(row), moved=abs(off))
        self._set(points=Ragged(values, points.offsets))

    def _ghosts(self) -> None:
        rows = self._pick(self.mistakes.ghost)
        if not len(rows):
            return
        ghosts = self.rows[rows]
        track_id = GHOST_TRACK + np.arange(len(rows), dtype=np.int64)
        ghosts = ghosts.replace(track_id=track_id, **self._elsewhere(ghosts))
        first = len(self.rows)
        self.rows = type(self.rows).concat([self.rows, ghosts])
        self.group = np.concatenate([self.group, self.group[rows]])
        self.touched = np.concatenate([self.touched, np.ones(len(rows), np.bool_)])
        for k in range(len(rows)):
            self._note("ghost", first + k, like=int(self.rows.track_id[rows[k]]))

    def _elsewhere(self, ghosts: Table) -> dict[str, AnyArray | Ragged]:
        """The columns of a place, moved by more than the label's own size."""
        n = len(ghosts)
        sign = self.rng.choice([-1.0, 1.0], n)
        if self.kind == "boxes3d":
            center = ghosts.center.copy()  # type: ignore[attr-defined]
            center[:, :2] += sign[:, None] * (ghosts.size_lwh[:, :1] + 2.0)  # type: ignore[attr-defined]
            return {"center": center}
        if self.kind == "lane_lines":
            points = ghosts.points  # type: ignore[attr-defined]
            values = points.values.copy()
            values[:, 0] += np.repeat(sign * 90.0, points.counts)
            return {"points": Ragged(values, points.offsets)}
        xyxy = ghosts.xyxy  # type: ignore[attr-defined]
        width = xyxy[:, 2] - xyxy[:, 0]
        # To the side on which there is room, so that ghosts stay in images that begin at 0.
        step = np.where((sign < 0) & (xyxy[:, 0] > 1.5 * width), -1.5 * width, 1.5 * width)
        moved = xyxy.copy()
        moved[:, [0, 2]] += step[:, None]
        columns: dict[str, AnyArray | Ragged] = {"xyxy": moved}
        if hasattr(ghosts, "keypoints"):
            keypoints = ghosts.keypoints.copy()
            keypoints[:, :, 0] += step[:, None]
            columns["keypoints"] = keypoints
        return columns

    def _misses(self) -> None:
        rows = self._pick(self.mistakes.miss)
        for row in rows:
            self._note("miss", int(row))
        keep = np.ones(len(self.rows), np.bool_)
        keep[rows] = False
        self.rows, self.group, self.touched = self.rows[keep], self.group[keep], self.touched[keep]
