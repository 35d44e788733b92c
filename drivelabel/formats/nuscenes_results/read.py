"""A results file of nuScenes' detection or tracking task as a layer of a scene."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from drivelabel._check import did_you_mean
from drivelabel.errors import FormatError, InvalidLabelError
from drivelabel.formats.classes import taxonomy_of_names
from drivelabel.formats.imported import Imported
from drivelabel.formats.loading import Fields, read_json
from drivelabel.formats.nuscenes import read_nuscenes
from drivelabel.formats.nuscenes.annotations import OnInvalid
from drivelabel.formats.nuscenes.tokens import sample_tokens
from drivelabel.formats.report import Tally
from drivelabel.labels import MODEL, NO_TRACK, UNKNOWN_COUNT, Attributes, Boxes3D, Grouped, Taxonomy
from drivelabel.labels.nuscenes_tasks import (
    ATTRIBUTE_NAMES,
    DETECTION_NAMES,
    MAX_BOXES_PER_SAMPLE,
    TRACKING_NAMES,
)
from drivelabel.scene import Layer, Scene

MADE_STEP_NS = 500_000_000
"""From sample to sample, where nothing tells their times."""

_SHARED = ("sample_token", "translation", "size", "rotation", "velocity", "num_pts")
_KEYS = {
    "detection": (*_SHARED, "detection_name", "detection_score", "attribute_name"),
    "tracking": (*_SHARED, "tracking_id", "tracking_name", "tracking_score"),
}


def read_results(
    path: Path | str,
    *,
    layer: str = "pred",
    data: Scene | Path | None = None,
    scene: str | None = None,
    version: str | None = None,
    on_invalid: OnInvalid = "error",
) -> Imported:
    """Detections or tracks of a results file as one layer; the file says which.

    Args:
        path: the JSON file.
        layer: name of the new layer.
        data: the scene that the results are for, or a folder of nuScenes' tables with it. None makes a scene
            of nothing but samples, half a second apart, since the file tells no times.
        scene, version: which of the folder's scenes and versions; see :func:`read_nuscenes`.
        on_invalid: ``error`` refuses damaged boxes, ``skip`` leaves them out and counts them.

    Raises:
        StoreError: the file is missing or cannot be read.
        FormatError: it is no results file, a sample of the scene is missing or has more than 500 boxes, or a
            box is damaged and may not be skipped.
    """
    path = Path(path)
    tally = Tally()
    results, meta = _open(path)
    target = _target(path, results, data, scene, version, tally)
    tokens = sample_tokens(target)
    missing = [token for token in tokens if token not in results]
    if missing:
        raise FormatError(
            f"{path}: expected all {len(tokens)} samples of {target.name}, {len(missing)} are missing, "
            f"the first {missing[0]!r}. Is it for another split?"
        )
    others = sum(len(boxes) for token, boxes in results.items() if token not in set(tokens))
    tally.drop("boxes3d", "", others, "in samples of other scenes")
    task = _task(results)
    names = DETECTION_NAMES if task == "detection" else TRACKING_NAMES
    taxonomy = taxonomy_of_names(f"nuscenes-{task}", names)
    made = _Boxes(path, task, taxonomy, on_invalid, tally)
    for sample, token in enumerate(tokens):
        made.add_sample(sample, token, results[token])
    table = made.table(target)
    tally.keep("boxes3d", "", len(table.rows))
    new = Layer(
        layer,
        taxonomy,
        author="results file",
        model={"meta": meta} if meta else {},
        tables={"boxes3d": table},
    )
    found = replace(target, layers={**target.layers, layer: new})
    return Imported(found, tally.report("nuscenes-results", str(path)))


def _open(path: Path) -> tuple[dict[str, list[Any]], dict[str, Any]]:
    top = Fields(read_json(path), str(path))
    results = top.object("results")
    for token, boxes in results.value.items():
        if not isinstance(boxes, list):
            raise FormatError(f"{path}, sample {token[:80]!r}: expected a list of boxes.")
        if len(boxes) > MAX_BOXES_PER_SAMPLE:
            raise FormatError(
                f"{path}, sample {token[:80]!r}: expected at most {MAX_BOXES_PER_SAMPLE} boxes, "
                f"got {len(boxes)}."
            )
    return dict(results.value), dict(top.object("meta").value)


def _target(
    path: Path,
    results: Mapping[str, Any],
    data: Scene | Path | None,
    scene: str | None,
    version: str | None,
    tally: Tally,
) -> Scene:
    if isinstance(data, Scene):
        return data
    if data is not None:
        found = read_nuscenes(Path(data), scene=scene, version=version).data
        assert isinstance(found, Scene), "nuScenes holds drives"
        return found
    times = np.arange(len(results), dtype=np.int64) * MADE_STEP_NS
    note = "made half a second apart; name the scene with data=... to have its own"
    tally.approximate("samples", "timestamp_ns", len(times), 0.0, "", note)
    taxonomy = taxonomy_of_names("nuscenes-detection", DETECTION_NAMES)
    return Scene(path.stem, (), taxonomy, samples_ns=times, info={"nuscenes": {"samples": list(results)}})


def _task(results: Mapping[str, list[Any]]) -> str:
    first = next((boxes[0] for boxes in results.values() if boxes), None)
    return "tracking" if isinstance(first, Mapping) and "tracking_name" in first else "detection"


class _Boxes:
    """The boxes of a file while they are read."""

    def __init__(
        self, path: Path, task: str, taxonomy: Taxonomy, on_invalid: OnInvalid, tally: Tally
    ) -> None:
        self.path, self.task, self.taxonomy = path, task, taxonomy
        self._on_invalid, self._tally = on_invalid, tally
        self._rows: list[dict[str, Any]] = []
        self._tracks: dict[str, int] = {}

    def add_sample(self, sample: int, token: str, boxes: list[Any]) -> None:
        """Read the boxes of one sample."""
        for row, box in enumerate(boxes):
            where = f"{self.path}, sample {token[:80]!r}, box {row}"
            try:
                self._rows.append({"sample": sample, **self._box(Fields(box, where), token)})
            except FormatError as error:
                if self._on_invalid == "error":
                    raise FormatError(f'{error} Leave it out with on_invalid="skip".') from None
                self._tally.drop("boxes3d", "", 1, "damaged")

    def _box(self, box: Fields, token: str) -> dict[str, Any]:
        if box.text("sample_token") != token:
            raise FormatError(f"{box.where}: its sample_token is another sample's.")
        size, quat = box.numbers("size", 3), box.numbers("rotation", 4)
        length, score = float(np.linalg.norm(quat)), box.number(f"{self.task}_score")
        if size.min() <= 0:
            raise FormatError(f"{box.where}: size: expected positive metres, got {size.tolist()}.")
        if not abs(length - 1) < 1e-3:
            raise FormatError(f"{box.where}: rotation: expected a quaternion of unit length, got {length:g}.")
        if not 0 <= score <= 1:
            raise FormatError(f"{box.where}: score: expected 0 to 1, got {score:g}.")
        attributes: dict[str, Any] = {}
        if self.task == "detection":
            named = box.text("attribute_name", "")
            if named and named not in ATTRIBUTE_NAMES:
                raise FormatError(
                    f"{box.where}: no attribute {named!r}.{did_you_mean(named, ATTRIBUTE_NAMES)}"
                )
            attributes = {named: True} if named else {}
        for key in box.value:
            if key not in _KEYS[self.task]:
                self._tally.drop("boxes3d", key, 1, "no key of results files")
        return {
            "center": box.numbers("translation", 3),
            "size_lwh": size[[1, 0, 2]],
            "quat_wxyz": quat / length if abs(length - 1) > 1e-9 else quat,
            "velocity": np.array([*box.numbers("velocity", 2), math.nan]),
            "category_id": self._category(box),
            "score": score,
            "n_points": max(box.integer("num_pts", UNKNOWN_COUNT), UNKNOWN_COUNT),
            "track_id": self._track(box) if self.task == "tracking" else NO_TRACK,
            "attributes": attributes,
        }

    def _category(self, box: Fields) -> int:
        try:
            return self.taxonomy.id_of(box.text(f"{self.task}_name"))
        except InvalidLabelError as error:
            raise FormatError(f"{box.where}: {error}") from None

    def _track(self, box: Fields) -> int:
        """Whole numbers stay as they are; other names are counted from the first free number later."""
        name = (
            str(box.integer("tracking_id"))
            if not isinstance(box.get("tracking_id"), str)
            else box.text("tracking_id")
        )
        return self._tracks.setdefault(name, len(self._tracks))

    def table(self, scene: Scene) -> Grouped[Boxes3D]:
        """The boxes by sample of the scene."""
        n = len(self._rows)
        sample = np.array([row["sample"] for row in self._rows], np.int64)
        columns: dict[str, Any] = {}
        for name, tail in (("center", 3), ("size_lwh", 3), ("quat_wxyz", 4), ("velocity", 3)):
            columns[name] = np.array([row[name] for row in self._rows], np.float64).reshape(n, tail)
        for name in ("category_id", "n_points", "track_id"):
            columns[name] = np.array([row[name] for row in self._rows], np.int64)
        if self.task == "tracking":
            names = self._numbers()
            numbers = np.array([*names.values(), NO_TRACK], np.int64)
            columns["track_id"] = numbers[columns["track_id"]]
        for row, name in enumerate(self._names()):
            if name:
                self._rows[row]["attributes"]["tracking_id"] = name
        columns["score"] = np.array([row["score"] for row in self._rows], np.float32)
        offsets = np.concatenate([[0], np.cumsum(np.bincount(sample, minlength=len(scene.samples_ns)))])
        try:
            boxes = Boxes3D(
                timestamp_ns=scene.samples_ns[sample],
                **columns,
                origin=np.full(n, MODEL, np.uint8),
                attributes=Attributes.from_rows([row["attributes"] for row in self._rows]),
            )
        except InvalidLabelError as error:
            raise FormatError(f"{self.path}: {error}") from None
        return Grouped(boxes, offsets.astype(np.int64), np.ones(len(scene.samples_ns), np.bool_))

    def _numbers(self) -> dict[str, int]:
        """Name of a track to its number: its own where all names are numbers, else in order of appearance."""
        whole = all(re.fullmatch(r"0|[1-9][0-9]{0,17}", name) for name in self._tracks)
        return {name: int(name) if whole else number for name, number in self._tracks.items()}

    def _names(self) -> list[str]:
        """(n,) the names of tracks that their numbers do not tell."""
        if self.task != "tracking":
            return []
        known, numbers = list(self._tracks), self._numbers()
        return [
            "" if str(numbers[known[row["track_id"]]]) == known[row["track_id"]] else known[row["track_id"]]
            for row in self._rows
        ]


def is_results(path: Path) -> bool:
    """Whether a file looks like a results file."""
    if not path.is_file() or path.suffix.lower() != ".json":
        return False
    with path.open("rb") as file:
        head = file.read(4096)
    return b'"use_camera"' in head or (b'"results"' in head and b'"meta"' in head)
