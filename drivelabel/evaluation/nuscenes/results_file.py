"""nuScenes results files: the JSON that detectors and trackers submit, read into columns.

Source: nuscenes-devkit 1.2.0, eval/detection/README.md and eval/tracking/README.md. Its checks are here too:
every sample listed, no more than 500 boxes in one, no NaN outside velocities.
"""

from __future__ import annotations

import json
import mmap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from drivelabel._check import did_you_mean
from drivelabel.errors import FormatError, StoreError
from drivelabel.evaluation.nuscenes.columns import DetectionColumns, TrackingColumns
from drivelabel.evaluation.nuscenes.config import ATTRIBUTE_NAMES, DETECTION_NAMES, TRACKING_NAMES
from drivelabel.geometry._kernels import json_numbers as scanner
from drivelabel.geometry._kernels import nuscenes_json as kernels
from drivelabel.geometry._kernels.json_words import as_words
from drivelabel.geometry._kernels.nuscenes_alike import new_form
from drivelabel.typing import FloatArray, IntArray, UInt8Array

_STRIDE = 32 << 20  # bytes of the file that are in memory at a time
_SMALLEST_BOX = 128  # bytes; the required keys and values alone are longer

_SHARED_KEYS = {
    "sample_token": kernels.TOKEN,
    "translation": kernels.TRANSLATION,
    "size": kernels.SIZE,
    "rotation": kernels.ROTATION,
    "velocity": kernels.VELOCITY,
}
_DETECTION_KEYS = _SHARED_KEYS | {
    "detection_name": kernels.NAME,
    "detection_score": kernels.SCORE,
    "attribute_name": kernels.ATTRIBUTE,
    "num_pts": kernels.POINTS,
}
_TRACKING_KEYS = _SHARED_KEYS | {
    "tracking_id": kernels.TRACK,
    "tracking_name": kernels.NAME,
    "tracking_score": kernels.SCORE,
    "num_pts": kernels.POINTS,
}
_OPTIONAL = ("num_pts",)


@dataclass(frozen=True, slots=True)
class DetectionResults:
    """A detector's results file.

    Attributes:
        boxes: in the file's order; ``sample`` is a row of the tokens that were asked for.
        meta: the file's ``meta``: which sensors were used.
    """

    boxes: DetectionColumns
    meta: dict[str, Any]


@dataclass(frozen=True, slots=True)
class TrackingResults:
    """A tracker's results file.

    Attributes:
        boxes: in the file's order; ``sample`` is a row of the tokens that were asked for.
        identities: the file's name of each ``track_id``.
        meta: the file's ``meta``: which sensors were used.
    """

    boxes: TrackingColumns
    identities: tuple[str, ...]
    meta: dict[str, Any]


def read_detections(
    path: Path | str, tokens: Sequence[str], *, max_boxes_per_sample: int = 500
) -> DetectionResults:
    """Detections of a results file.

    Args:
        path: the JSON file.
        tokens: the samples that it must list, all of them and no others.
        max_boxes_per_sample: more are refused.

    Raises:
        StoreError: the file cannot be read.
        FormatError: it is not a results file, a sample is missing, unknown or has too many boxes, a number is
            NaN where it may not be, or a class or attribute is unknown.
    """
    file = _File(Path(path), tokens, _DETECTION_KEYS, DETECTION_NAMES, max_boxes_per_sample).read()
    n, sample = file.n_boxes, file.sample
    columns = {
        "sample": sample,
        "translation": file.numbers("translation"),
        "size_wlh": file.numbers("size"),
        "quat_wxyz": file.numbers("rotation"),
        "category_id": file.boxes.category[:n],
        "velocity": file.boxes.velocity[:n],
        "score": file.numbers("score"),
        "attribute": file.boxes.attribute[:n],
        "n_points": file.boxes.n_points[:n],
        "ego_distance": np.zeros(n),
        "in_bike_rack": np.zeros(n, np.bool_),
    }
    return DetectionResults(DetectionColumns._trusted(columns), file.meta)


def read_tracks(
    path: Path | str, tokens: Sequence[str], *, max_boxes_per_sample: int = 500
) -> TrackingResults:
    """Tracks of a results file; see :func:`read_detections`."""
    file = _File(Path(path), tokens, _TRACKING_KEYS, TRACKING_NAMES, max_boxes_per_sample).read()
    n, sample = file.n_boxes, file.sample
    file.numbers("size"), file.numbers("rotation")  # not judged, but NaN is refused there too
    columns = {
        "sample": sample,
        "translation": file.numbers("translation"),
        "track_id": file.boxes.track[:n],
        "category_id": file.boxes.category[:n],
        "score": file.numbers("score"),
        "n_points": file.boxes.n_points[:n],
        "ego_distance": np.zeros(n),
        "in_bike_rack": np.zeros(n, np.bool_),
    }
    return TrackingResults(TrackingColumns._trusted(columns), file.identity_names, file.meta)


class _File:
    """One results file while it is read."""

    def __init__(
        self, path: Path, tokens: Sequence[str], keys: dict[str, int], names: tuple[str, ...], limit: int
    ) -> None:
        self.path, self.limit, self.names = path, limit, names
        self.rows = {token: row for row, token in enumerate(tokens)}
        self.keys = keys
        self.meta: dict[str, Any] = {}
        self.n_boxes = 0
        self.count: IntArray = np.zeros(0, np.int64)
        self.token: list[str] = []
        self.sample: IntArray = np.zeros(0, np.int64)
        self.identity_names: tuple[str, ...] = ()

    def read(self) -> _File:
        """Read all of it.

        Raises:
            StoreError, FormatError: see :func:`read_detections`.
        """
        try:
            with self.path.open("rb") as file:
                if not file.read(1):
                    raise FormatError(f"{self.path}: expected a results file, got an empty one.")
                # Not closed by hand: an error's traceback may still look at the text.
                pages = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
                self._read_top(np.frombuffer(pages, np.uint8), pages)
        except OSError as error:
            raise StoreError(f"{self.path}: cannot be read: {error.strerror or error}.") from error
        self._check_samples()
        return self

    def _read_top(self, text: UInt8Array, pages: mmap.mmap) -> None:
        found = set()
        at = scanner.skip_space(text, 0)
        if at >= len(text) or text[at] != scanner.OPEN_OBJECT:
            self._refuse("expected a JSON object with results and meta")
        at = scanner.skip_space(text, at + 1)
        while at < len(text) and text[at] != scanner.CLOSE_OBJECT:
            if text[at] == scanner.COMMA:
                at = scanner.skip_space(text, at + 1)
            end = scanner.skip_string(text, at) if text[at : at + 1].tobytes() == b'"' else -1
            if end < 0:
                self._refuse(f"malformed JSON at byte {at}")
            key = self._json(text, at, end)
            at = scanner.skip_space(text, end)
            if at >= len(text) or text[at] != scanner.COLON:
                self._refuse(f"malformed JSON at byte {at}")
            at = scanner.skip_space(text, at + 1)
            if key == "results":
                at = self._read_results(text, pages, at)
            else:
                end = scanner.skip_value(text, at)
                if end < 0:
                    self._refuse(f"malformed JSON at byte {at}")
                if key == "meta":
                    self.meta = self._json(text, at, end)
                at = end
            found.add(key)
            at = scanner.skip_space(text, at)
        if at >= len(text):
            self._refuse("the JSON ends too early; was the file cut off?")
        if not {"results", "meta"} <= found:
            missing = " and ".join(sorted({"results", "meta"} - found))
            self._refuse(f"expected results and meta, but there is no {missing}")

    def _read_results(self, text: UInt8Array, pages: mmap.mmap, at: int) -> int:
        """Read the object at `at` into the columns; the position behind it."""
        if at >= len(text) or text[at] != scanner.OPEN_OBJECT:
            self._refuse("expected results to be an object of sample token to boxes")
        room, most = len(text) // _SMALLEST_BOX + 1, len(self.rows) + 1
        self.boxes = _Columns.with_room(room)
        first, stop, self.count = (np.empty(most, np.int64) for _ in range(3))
        n_tracks = room if "tracking_id" in self.keys else 1
        table, track_first, track_stop = np.zeros(1 << 12, np.int64), *np.empty((2, n_tracks), np.int64)
        track_hash, counts = np.empty(n_tracks, np.uint64), np.zeros(4, np.int64)
        roles = np.array(list(self.keys.values()), np.int64)
        required = sum(1 << k for k, key in enumerate(self.keys) if key not in _OPTIONAL)
        words: tuple[Any, ...] = (
            *_words(self.keys),
            roles,
            required,
            *_words(self.names),
            *_words(ATTRIBUTE_NAMES),
        )
        columns = [getattr(self.boxes, column.name) for column in fields(_Columns)]
        eights, form = as_words(text), new_form()
        how, at = kernels.MORE, at + 1
        while how == kernels.MORE and counts[kernels.N_SAMPLES] < most:
            known = (table, track_first, track_stop, track_hash)
            places: list[Any] = [counts, form, *words, *columns, first, stop, self.count, *known]
            how, at, table, late = kernels.scan(text, eights, at, at + _STRIDE, *places)
            self.boxes.correct(text, late)
            new = slice(len(self.token), counts[kernels.N_SAMPLES])
            self.token += self._texts(text, first[new] - 1, stop[new] + 1)
            if hasattr(pages, "madvise"):  # what is read need not stay in memory
                pages.madvise(mmap.MADV_DONTNEED, 0, at - at % mmap.PAGESIZE)
        self.n_boxes, n_samples, n_tracks, _ = counts.tolist()
        self.count = self.count[:n_samples].copy()
        if how == kernels.MORE:
            self._check_samples()  # one more than there are: it is unknown or listed twice
        if how != kernels.DONE:
            self._refuse_box(text, how, at)
        self.identity_names = tuple(self._texts(text, track_first[:n_tracks], track_stop[:n_tracks]))
        return at

    def _texts(self, text: UInt8Array, first: IntArray, stop: IntArray) -> list[str]:
        """The values at first:stop as texts."""
        places = list(zip(first.tolist(), stop.tolist(), strict=True))
        try:  # in one call, since each takes its 5 us
            values = json.loads(b"[" + b",".join(text[a:b].tobytes() for a, b in places) + b"]")
        except ValueError:
            values = [self._json(text, a, b) for a, b in places]
        return [str(value) for value in values]

    def _check_samples(self) -> None:
        """All samples are there, once, and no others, and none has too many boxes."""
        seen: set[str] = set()
        for token in self.token:
            if token not in self.rows:
                self._refuse(
                    f"sample {token!r} is not among the {len(self.rows)} that are judged. "
                    "Was another split submitted?"
                )
            if token in seen:
                self._refuse(f"sample {token!r} is listed twice")
            seen.add(token)
        missing = [token for token in self.rows if token not in seen]
        if missing:
            self._refuse(
                f"expected all {len(self.rows)} samples, {len(missing)} are missing, the first "
                f"{missing[0]!r}. List a sample without boxes as an empty list"
            )
        if len(self.count) and self.count.max() > self.limit:
            worst = int(np.argmax(self.count))
            self._refuse(
                f"sample {self.token[worst]!r}: expected at most {self.limit} boxes, got "
                f"{self.count[worst]}. Keep those with the highest scores"
            )
        rows = np.array([self.rows[token] for token in self.token], np.int64)
        self.sample = np.repeat(rows, self.count)

    def numbers(self, name: str) -> FloatArray:
        """(n, ...) numbers of a column, none of them NaN."""
        values: FloatArray = getattr(self.boxes, name)[: self.n_boxes]
        if not np.isfinite(values).all():
            bad = ~np.isfinite(values).reshape(self.n_boxes, -1).all(axis=1)
            row = int(np.argmax(bad))
            self._refuse(f"{self._where(row)}: expected a finite {name}, got {values[row].tolist()}")
        return values

    def _where(self, row: int) -> str:
        """The sample and place of a box."""
        ends = np.cumsum(self.count)
        sample = int(np.searchsorted(ends, row, "right"))
        return f"sample {self.token[sample]!r}, box {row - (ends[sample] - self.count[sample])}"

    def _refuse_box(self, text: UInt8Array, how: int, at: int) -> NoReturn:
        where = f"sample {self.token[-1]!r}, box {self.count[-1]}: " if self.token else ""
        end = scanner.skip_string(text, at) if at < len(text) and text[at] == scanner.QUOTE else -1
        word = self._json(text, at, end) if end > 0 else ""
        if how == kernels.FOREIGN_BOX:
            self._refuse(f"{where}its sample_token is {word!r}, another sample's")
        if how == kernels.UNKNOWN_NAME:
            self._refuse(f"{where}no class {word!r}.{did_you_mean(word, self.names)}")
        if how == kernels.UNKNOWN_ATTRIBUTE:
            self._refuse(f"{where}no attribute {word!r}.{did_you_mean(word, ATTRIBUTE_NAMES)}")
        if how == kernels.MISSING_KEY:
            wanted = ", ".join(key for key in self.keys if key not in _OPTIONAL)
            self._refuse(f"{where}expected the keys {wanted}; one is missing")
        if how == kernels.WRONG_COUNT:
            self._refuse(f"{where}a list at byte {at} has the wrong number of values")
        self._refuse(f"{where}malformed JSON at byte {at}")

    def _json(self, text: UInt8Array, first: int, stop: int) -> Any:
        try:
            return json.loads(text[first:stop].tobytes())
        except ValueError:
            self._refuse(f"malformed JSON at byte {first}")

    def _refuse(self, message: str) -> NoReturn:
        raise FormatError(f"{self.path}: {message.rstrip('.')}.")


@dataclass(frozen=True, slots=True)
class _Columns:
    """Where the kernel writes boxes, in its order."""

    translation: FloatArray
    size: FloatArray
    rotation: FloatArray
    velocity: FloatArray
    score: FloatArray
    n_points: IntArray
    category: IntArray
    attribute: IntArray
    track: IntArray

    @classmethod
    def with_room(cls, n: int) -> _Columns:
        """Uninitialised; pages that no box is written to take no memory."""
        return cls(
            translation=np.empty((n, 3)),
            size=np.empty((n, 3)),
            rotation=np.empty((n, 4)),
            velocity=np.empty((n, 2)),
            score=np.empty(n),
            n_points=np.empty(n, np.int64),
            category=np.empty(n, np.int64),
            attribute=np.empty(n, np.int64),
            track=np.empty(n, np.int64),
        )

    def correct(self, text: UInt8Array, late: IntArray) -> None:
        """Write the numbers whose last bit the kernel was not sure of."""
        for row, place, first, stop in late.tolist():
            value = float(text[first:stop].tobytes())
            for column, start in zip(fields(self)[:6], kernels.NUMBERS, strict=False):
                values = getattr(self, column.name)[row : row + 1].reshape(-1)
                if start <= place < start + len(values):
                    values[place - start] = value


def _words(words: Iterable[str]) -> tuple[UInt8Array, IntArray]:
    """Texts, one after the other, and where each starts."""
    encoded = [word.encode() for word in words]
    start = np.cumsum([0, *(len(word) for word in encoded)])
    return np.frombuffer(b"".join(encoded), np.uint8), start
