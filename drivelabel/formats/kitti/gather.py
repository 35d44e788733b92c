"""KITTI's objects of many frames as our tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from drivelabel.errors import FormatError, InvalidLabelError
from drivelabel.formats.classes import taxonomy_of_names
from drivelabel.formats.kitti.cuboids import to_world
from drivelabel.formats.kitti.rows import DONT_CARE, Row
from drivelabel.formats.report import Tally
from drivelabel.labels import (
    IMPORTED,
    KITTI,
    NO_TRACK,
    Attributes,
    Boxes2D,
    Boxes3D,
    Grouped,
    Table,
    Taxonomy,
)
from drivelabel.typing import FloatArray, IntArray

OnInvalid = Literal["error", "skip"]


@dataclass(slots=True)
class Objects:
    """Rows of frames while they are read; :meth:`tables` makes boxes of them.

    Attributes:
        tally: where damaged lines are counted.
        on_invalid: what becomes of them.
    """

    tally: Tally
    on_invalid: OnInvalid
    frames: list[int] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)

    def add(self, frame: int, row: Row | FormatError) -> None:
        """Add an object, or what is wrong with its line."""
        if isinstance(row, FormatError):
            if self.on_invalid == "error":
                raise FormatError(f'{row} Leave it out with on_invalid="skip".')
            self.tally.drop("boxes2d", "", 1, "damaged line")
            return
        self.frames.append(frame)
        self.rows.append(row)

    def taxonomy(self) -> Taxonomy:
        """KITTI's own where all classes are its, else the classes in order of appearance."""
        names = list(dict.fromkeys(row.name for row in self.rows))
        return KITTI if set(names) <= set(KITTI.names) else taxonomy_of_names("kitti", names)

    def tables(
        self,
        looked: Sequence[bool],
        sample_of_frame: IntArray,
        samples_ns: IntArray,
        world_from_rect: FloatArray,
        *,
        tracked: bool,
    ) -> tuple[Taxonomy, dict[str, Any]]:
        """The classes, and boxes in images and in the world.

        An object's two boxes have one track id; untracked ones are numbered.

        Args:
            looked: of each frame, whether it has a label file.
            sample_of_frame: (f,) each frame's sample.
            samples_ns: (s,) times.
            world_from_rect: (f, 4, 4), of each frame.
            tracked: whether rows have track ids.
        """
        taxonomy = self.taxonomy()
        order = np.argsort(np.array(self.frames, np.int64), kind="stable")
        rows, frame = [self.rows[k] for k in order], np.array(self.frames, np.int64)[order]
        numbers = np.array([row.numbers for row in rows], np.float64).reshape(-1, 14)
        solid = np.array([row.has_cuboid for row in rows], np.bool_)
        track = np.array([row.track for row in rows], np.int64) if tracked else np.arange(len(rows))
        if not tracked:
            track = np.where(solid, track, NO_TRACK)
        score = np.array([1.0 if row.score is None else row.score for row in rows])
        self._check_scores(score)
        shared: dict[str, Any] = {
            "category_id": taxonomy.ids_of(row.name for row in rows),
            "score": score.astype(np.float32),
            "track_id": track,
            "origin": np.full(len(rows), IMPORTED, np.uint8),
        }
        try:
            flat = Boxes2D(
                xyxy=numbers[:, 3:7].astype(np.float32), **shared, attributes=_attributes(rows, numbers)
            )
            cuboids = self._cuboids(
                numbers, frame, solid, shared, sample_of_frame, samples_ns, world_from_rect
            )
        except InvalidLabelError as error:
            raise FormatError(f"KITTI objects: {error}") from None
        sample = sample_of_frame[frame[solid]]
        by_sample = np.argsort(sample, kind="stable")
        seen = np.zeros(len(samples_ns), np.bool_)
        seen[sample_of_frame[np.flatnonzero(np.array(looked, np.bool_))]] = True
        self.tally.keep("boxes2d", "", len(flat))
        self.tally.keep("boxes3d", "", len(cuboids))
        return taxonomy, {
            "boxes2d": _grouped(flat, frame, np.array(looked, np.bool_)),
            "boxes3d": _grouped(cuboids[by_sample], sample[by_sample], seen),
        }

    def _check_scores(self, score: FloatArray) -> None:
        bad = ~((score >= 0) & (score <= 1))
        if bad.any():
            if self.on_invalid == "error":
                raise FormatError(
                    f"KITTI objects: expected scores from 0 to 1, got {score[bad][0]:g}. Some detectors "
                    'write any number; bring them to 0 to 1, or cut them off with on_invalid="skip".'
                )
            self.tally.approximate(
                "boxes2d", "score", int(bad.sum()), float(np.abs(score[bad]).max()), "", "cut off"
            )
            score[:] = np.clip(score, 0, 1)

    @staticmethod
    def _cuboids(
        numbers: FloatArray,
        frame: IntArray,
        solid: Any,
        shared: dict[str, Any],
        sample_of_frame: IntArray,
        samples_ns: IntArray,
        world_from_rect: FloatArray,
    ) -> Boxes3D:
        mine = numbers[solid]
        size_lwh = mine[:, [9, 8, 7]]
        center, quat = to_world(mine[:, 10:13], size_lwh, mine[:, 13], world_from_rect[frame[solid]])
        return Boxes3D(
            timestamp_ns=samples_ns[sample_of_frame[frame[solid]]],
            center=center,
            size_lwh=size_lwh.astype(np.float32),
            quat_wxyz=quat,
            **{name: column[solid] for name, column in shared.items()},
        )


def _attributes(rows: list[Row], numbers: FloatArray) -> Attributes:
    known = [row.name != DONT_CARE for row in rows]
    return Attributes.of(
        {
            "truncated": [
                float(v) if k and v >= 0 else None for v, k in zip(numbers[:, 0], known, strict=True)
            ],
            "occluded": [int(v) if k and v >= 0 else None for v, k in zip(numbers[:, 1], known, strict=True)],
            "alpha": [float(v) if k and v > -9 else None for v, k in zip(numbers[:, 2], known, strict=True)],
        },
        len(rows),
    )


def _grouped(table: Table, group: IntArray, looked: Any) -> Grouped[Any]:
    offsets = np.concatenate([[0], np.cumsum(np.bincount(group, minlength=len(looked)))]).astype(np.int64)
    return Grouped(table, offsets, looked | (np.diff(offsets) > 0))
