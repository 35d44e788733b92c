"""The box tracker: ids for the boxes of one camera, frame by frame."""

from __future__ import annotations

from dataclasses import astuple, dataclass, fields, replace
from typing import Any, Final

import numpy as np

from drivelabel._check import check_shape
from drivelabel.errors import InvalidLabelError
from drivelabel.geometry._kernels.kalman import predict
from drivelabel.geometry._kernels.track_rows import next_tracks
from drivelabel.geometry._kernels.tracking import associate
from drivelabel.labels import Taxonomy
from drivelabel.labels.taxonomies import DRIVING
from drivelabel.tasks.annotator import FrameLabels, State
from drivelabel.tasks.track.groups import category_groups
from drivelabel.tasks.track.lights import light_track_ids
from drivelabel.tasks.track.tracks import Tracks
from drivelabel.typing import AnyArray, FloatArray, IntArray

IDS_PER_CAMERA: Final = 1_000_000
"""Ids of camera k of a scene lie from ``k * IDS_PER_CAMERA`` on, so two cameras never share one."""

_METHOD = "kalman-3-rounds/1"
"""Named in `version`; raise the number with every change that can change an id."""


@dataclass(frozen=True, slots=True)
class TrackerSettings:
    """When boxes are one thing, and when a thing begins and ends.

    Attributes:
        low_score: boxes below take no part; they keep their row and get no id.
        high_score: boxes from here on can go on with any track; weaker ones only with a track that was there
            in the frame before, which they must overlap by more.
        new_score: a box from here on begins a track with an id in its very frame.
        enough: sum of the scores of a thing seen in every frame since it began, from which on a weaker
            thing gets its id. Its earlier boxes keep none.
        max_gap: seconds without a box after which a track with an id ends. One without ends at once.
        min_iou: overlap of foreseen and found box that is needed: by boxes of high score, of low score, when
            both are widened, and by boxes of a thing that waits for its id.
        widen: share of width and height by which boxes grow on each side for a last try.
        max_overlap: a box that overlaps one in a track by more, both of one group, begins none.

    Raises:
        InvalidLabelError: a number lies outside its range, or low exceeds high.
    """

    low_score: float = 0.1
    high_score: float = 0.5
    new_score: float = 0.6
    enough: float = 1.2
    max_gap: float = 1.0
    min_iou: tuple[float, float, float, float] = (0.2, 0.5, 0.3, 0.3)
    widen: float = 0.3
    max_overlap: float = 0.7

    def __post_init__(self) -> None:
        shares = {f.name: getattr(self, f.name) for f in fields(self) if f.name.endswith("_score")}
        shares |= {"max_overlap": self.max_overlap}
        shares |= {f"min_iou[{k}]": value for k, value in enumerate(self.min_iou)}
        for name, value in shares.items():
            if not 0 <= value <= 1:
                raise InvalidLabelError(f"{name}: expected a number in [0, 1], got {value}.")
        if self.low_score > self.high_score:
            raise InvalidLabelError(
                f"low_score: expected at most high_score {self.high_score}, got {self.low_score}."
            )
        if min(self.min_iou) <= 0 or len(self.min_iou) != 4:
            raise InvalidLabelError(f"min_iou: expected four numbers above 0, got {self.min_iou}.")
        if not (self.max_gap >= 0 and self.enough >= 0 and self.widen >= 0):
            raise InvalidLabelError("max_gap, enough, widen: expected numbers from 0 on.")


class BoxTracker:
    """Gives the boxes of one camera their track ids; a Sequencer.

    Boxes are never moved, added or removed. A box with a strong score has its id from its first frame on;
    a weak one gets its id once it was seen often enough (see TrackerSettings). The class of a box with an
    id becomes the one that its track was called most, by sum of scores up to this frame. Time is taken
    from the timestamps: frames may come at any rate, and a pause longer than `max_gap` ends all tracks.
    Traffic lights take the ids of the boxes they are in.

    Args:
        first_id: the first id given; ids go up by one from there. For camera k of a scene give
            ``k * IDS_PER_CAMERA``.
        taxonomy: of the boxes' categories; decides which classes may be one thing (category_groups).
        settings: see TrackerSettings.

    Raises:
        InvalidLabelError: `first_id` is negative.
    """

    name = "tracks"
    provides = ("boxes2d", "traffic_lights")
    needs = ("boxes2d",)

    def __init__(
        self,
        first_id: int = 0,
        *,
        taxonomy: Taxonomy = DRIVING,
        settings: TrackerSettings | None = None,
    ) -> None:
        if first_id < 0:
            raise InvalidLabelError(f"first_id: expected 0 or more, got {first_id}.")
        self._settings = settings or TrackerSettings()
        self._taxonomy = taxonomy
        self._groups = category_groups(taxonomy)
        self._max_gap_ns = round(self._settings.max_gap * 1e9)
        self._min_iou = np.array(self._settings.min_iou)
        self._first_id = first_id
        self._tracks = Tracks.none(len(taxonomy))
        self._next_id = first_id
        self._last_ns: int | None = None

    @property
    def version(self) -> str:
        """Changes whenever the same boxes could get other ids."""
        return f"{_METHOD} {self._taxonomy.name} {astuple(self._settings)}"

    def step(self, timestamp_ns: int, labels: FrameLabels) -> FrameLabels:
        """The labels of the next frame, with track ids.

        Args:
            timestamp_ns: of the frame; later than the one before.
            labels: with boxes2d.

        Raises:
            InvalidLabelError: there are no boxes2d, time does not rise, a category is unknown, or the
                camera's ids are used up.
        """
        if labels.boxes2d is None:
            raise InvalidLabelError("tracks: expected boxes2d of the frame, got none. Run a detector before.")
        boxes = labels.boxes2d
        track_id, category_id = self.step_arrays(timestamp_ns, boxes.xyxy, boxes.score, boxes.category_id)
        tracked = boxes.replace(track_id=track_id, category_id=category_id)
        lights = labels.traffic_lights
        if lights is not None:
            lights = lights.replace(track_id=light_track_ids(lights, tracked))
        return replace(labels, boxes2d=tracked, traffic_lights=lights)

    def step_arrays(
        self, timestamp_ns: int, xyxy: AnyArray, score: AnyArray, category_id: AnyArray
    ) -> tuple[IntArray, IntArray]:
        """The same on bare columns.

        Args:
            timestamp_ns: of the frame; later than the one before.
            xyxy: (n, 4), pixels.
            score: (n,) in [0, 1].
            category_id: (n,) row of the taxonomy.

        Returns:
            track_id: (n,) int64, NO_TRACK where there is no id.
            category_id: (n,) int64, voted where there is an id.

        Raises:
            InvalidLabelError: see :meth:`step`; or columns differ in length or shape.
        """
        boxes, scores = np.ascontiguousarray(xyxy, np.float64), np.ascontiguousarray(score, np.float64)
        category = np.ascontiguousarray(category_id, np.int64)
        check_shape("xyxy", boxes, (None, 4))
        check_shape("score", scores, (len(boxes),))
        check_shape("category_id", category, (len(boxes),))
        self._taxonomy.check_ids("category_id", category)
        self._check_time(int(timestamp_ns))
        if self._next_id + len(boxes) > self._first_id + IDS_PER_CAMERA:
            raise InvalidLabelError(
                f"track_id: all {IDS_PER_CAMERA} ids of this camera are used. Split the log."
            )
        return self._advance(int(timestamp_ns), boxes, scores, category)

    def _advance(
        self, now: int, xyxy: FloatArray, score: FloatArray, category: IntArray
    ) -> tuple[IntArray, IntArray]:
        rules, group = self._settings, self._groups[category]
        tracks = self._tracks.seen_since(now - self._max_gap_ns)
        last = now if self._last_ns is None else self._last_ns
        is_lost = tracks.last_seen != last
        motion = predict(tracks.motion, (now - last) / 1e9, is_lost)
        # argmax of nothing fails, and a taxonomy without categories has no boxes.
        called = np.argmax(tracks.votes, axis=1) if len(tracks) else np.zeros(0, np.int64)
        box_of_track = associate(
            motion, tracks.track_id, tracks.group, called, is_lost,
            xyxy, group, category, score,
            rules.low_score, rules.high_score, self._min_iou, rules.widen,
        )  # fmt: skip
        motion, ids, groups, evidence, seen, votes, track_id, voted, self._next_id = next_tracks(
            motion, tracks.track_id, tracks.group, tracks.evidence, tracks.last_seen, tracks.votes,
            box_of_track, xyxy, group, category, score,
            now, rules.low_score, rules.new_score, rules.enough,
            rules.max_overlap, self._next_id,
        )  # fmt: skip
        self._tracks = Tracks(motion, ids, groups, evidence, seen, votes)
        self._last_ns = now
        return track_id, voted

    def _check_time(self, now: int) -> None:
        if self._last_ns is not None and now <= self._last_ns:
            raise InvalidLabelError(
                f"timestamp_ns: expected a time after {self._last_ns} ns, got {now} ns. "
                "A tracker takes the frames of one camera in order of time."
            )

    def state(self) -> State:
        """All that the next step depends on; see Sequencer."""
        state: dict[str, Any] = {
            "version": self.version,
            "first_id": self._first_id,
            "next_id": self._next_id,
        }
        if self._last_ns is not None:
            state["last_ns"] = self._last_ns
        state.update((name, column.copy()) for name, column in self._tracks.columns().items())
        return state

    def restore(self, state: State) -> None:
        """Go back to a state that :meth:`state` gave; ids go on bit for bit as they would have.

        Raises:
            InvalidLabelError: the state is of a tracker with other settings or another first id, or a
                part of it is missing.
        """
        mine = {"version": self.version, "first_id": self._first_id}
        for name, expected in mine.items():
            if state.get(name) != expected:
                raise InvalidLabelError(
                    f"tracker state, {name}: expected {expected!r}, got {state.get(name)!r}. "
                    "Give the settings it was made with, or start the camera anew."
                )
        self._tracks = Tracks.of(state, len(self._taxonomy))
        self._next_id = int(_scalar(state, "next_id"))
        self._last_ns = int(_scalar(state, "last_ns")) if "last_ns" in state else None


def _scalar(state: State, name: str) -> int:
    value = state.get(name)
    if value is None or isinstance(value, (str, float)):
        raise InvalidLabelError(f"tracker state, {name}: expected a whole number, got {value!r}.")
    return int(value)
