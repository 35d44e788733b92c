"""MOTChallenge's text files, and which of their rows the benchmark compares."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import numpy as np

from drivelabel.errors import FormatError, StoreError
from drivelabel.evaluation.tracks.columns import Overlaps, Tracks
from drivelabel.geometry._kernels import track_pairs as kernels
from drivelabel.geometry._kernels.number_text import read_number_lines
from drivelabel.typing import FloatArray

MOT17_DISTRACTORS = (2, 7, 8, 12)
"""Persons on vehicles, static persons, distractors, reflections; of MOT16 and MOT17."""
MOT20_DISTRACTORS = (2, 6, 7, 8, 12)
"""And vehicles without a motor."""

_PEDESTRIAN, _N_CLASSES, _LEAST_IOU = 1, 13, 0.5


def read_mot_text(
    path: Path | str, *, min_confidence: float | None = None, n_frames: int | None = None
) -> Tracks:
    """Tracks of a MOTChallenge text file: frame (from 1), id, left, top, width, height, confidence, ...

    Args:
        path: the file; commas between the fields.
        min_confidence: rows with less are left out; truth marks what does not count with 0.
        n_frames: how many frames the log has; by default up to the last with a row.

    Raises:
        StoreError: the file cannot be read.
        FormatError: it holds something else.
        InvalidLabelError: a track has two rows in a frame, or a frame lies outside the log.
    """
    numbers = _read(path, 6 if min_confidence is None else 7)
    if len(numbers) > 6:
        numbers = numbers[:, numbers[6] >= min_confidence]
    return _tracks(numbers, n_frames)


def read_motchallenge(
    truth_path: Path | str,
    pred_path: Path | str,
    *,
    distractors: Collection[int] = MOT17_DISTRACTORS,
    n_frames: int | None = None,
) -> tuple[Tracks, Tracks]:
    """True and predicted tracks of a sequence as MOTChallenge compares them: pedestrians only.

    Truth and prediction are paired frame by frame where their IoU is at least 0.5, whatever the truth's class
    and confidence. A prediction that gets a distractor (a person on a vehicle, a mannequin, a reflection) is
    neither right nor wrong and left out; then so is all truth of another class or of confidence 0.

    Args:
        truth_path: frame, id, left, top, width, height, confidence, class, ...
        pred_path: frame, id, left, top, width, height, ...
        distractors: classes of truth; MOT17_DISTRACTORS also for MOT16, MOT20_DISTRACTORS for MOT20.
        n_frames: how many frames the sequence has; by default up to the last with a row in either file.

    Raises:
        StoreError: a file cannot be read.
        FormatError: a file holds something else, or the truth no class or an unknown one.
        InvalidLabelError: a track has two rows in a frame, or a frame lies outside the sequence.

    Source: TrackEval 1.3.0, MotChallenge2DBox.get_preprocessed_seq_data.
    """
    truth, pred = (_by_frame(_read(path, most)) for path, most in ((truth_path, 8), (pred_path, 6)))
    if len(truth) < 8:
        raise FormatError(f"{truth_path}: expected 8 fields a line, confidence and class last, got fewer.")
    kind = truth[7]
    wrong = np.flatnonzero(~np.isin(kind, np.arange(1, _N_CLASSES + 1)))
    if len(wrong):
        raise FormatError(
            f"{truth_path}, frame {int(truth[0, wrong[0]])}: expected a class from 1 to {_N_CLASSES}, got "
            f"{kind[wrong[0]]:g}."
        )
    n = int(max(truth[0].max(initial=0), pred[0].max(initial=0))) if n_frames is None else n_frames
    all_truth, all_pred = _tracks(truth, n), _tracks(pred, n)
    overlaps = Overlaps.of_boxes(all_truth, all_pred)
    unjudged = kernels.matched_preds(
        all_truth.frame_offsets,
        all_pred.frame_offsets,
        overlaps.starts,
        overlaps.pred_row,
        overlaps.similarity,
        _LEAST_IOU,
        np.isin(kind, list(distractors)),
    )
    counts = (truth[6] != 0) & (kind == _PEDESTRIAN)
    return _tracks(truth[:, counts], n), _tracks(pred[:, ~unjudged], n)


def _by_frame(numbers: FloatArray) -> FloatArray:
    """(k, n) fields of lines in order of their frames."""
    return numbers[:, np.argsort(numbers[0], kind="stable")]


def _tracks(numbers: FloatArray, n_frames: int | None) -> Tracks:
    """From (k, n) fields of lines."""
    frame, track_id, left, top, width, height = numbers[:6]
    xyxy = np.stack([left, top, left + width, top + height], axis=1)
    return Tracks.from_rows(frame - 1, track_id, xyxy, n_frames)


def _read(path: Path | str, most: int) -> FloatArray:
    """(k, n) the first fields of all lines of a file, `most` or as many as there are."""
    try:
        text = Path(path).read_bytes()
    except OSError as error:
        raise StoreError(f"{path}: cannot be read: {error}") from error
    return _numbers(path, text, most) if text and not text.isspace() else np.zeros((most, 0))


def _numbers(path: Path | str, text: bytes, most: int) -> FloatArray:
    """(k, n) the first fields of all lines, `most` or as many as there are; the first six are finite."""
    start = len(text) - len(text.lstrip()) if text[:1].isspace() else 0
    stop = text.find(b"\n", start)
    fields = text.count(b",", start, stop if stop >= 0 else len(text)) + 1
    if fields < 6:
        raise FormatError(f"{path}: expected at least 6 fields a line, got {fields}.")
    fields = min(most, fields)
    # Not polars alone: it takes 5x as long for numbers of a few digits. A field and its comma take two bytes.
    numbers = np.empty((fields, len(text) // (2 * fields) + 1))
    n = read_number_lines(np.frombuffer(text, np.uint8), 10.0 ** np.arange(16), numbers)
    if n >= 0:
        return numbers[:, :n]
    numbers = _read_with_polars(path, text, fields)
    if not np.isfinite(numbers[:6]).all():
        raise FormatError(f"{path}: expected finite numbers in the first 6 fields of each line.")
    return numbers


def _read_with_polars(path: Path | str, text: bytes, n_fields: int) -> FloatArray:
    """(n_fields, n) the first fields of lines of numbers of any spelling."""
    import polars as pl

    try:
        table = pl.read_csv(text, has_header=False, infer_schema=False)
        filled = table.filter(~pl.all_horizontal(pl.all().is_null()))
        columns = filled[:, :n_fields].select(pl.all().str.strip_chars().cast(pl.Float64))
    except pl.exceptions.PolarsError as error:
        raise FormatError(f"{path}: expected lines of numbers with commas between: {error}") from error
    return np.ascontiguousarray(columns.to_numpy().T)
