"""What an image format leaves behind, counted kind by kind and column by column."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np

from drivelabel.formats.pictures import IMAGE_KINDS, Pictures
from drivelabel.formats.report import Tally
from drivelabel.labels import ABSENT, HUMAN, IMPORTED, LINE_SOURCES, Attributes, Ragged, Table
from drivelabel.scene import Layer, Scene

STORE_COLUMNS = frozenset({"row_id"})
"""Columns that are the store's own and mean nothing elsewhere."""

_SAID_ANYHOW = {
    "origin": (HUMAN, IMPORTED),
    "source": tuple(LINE_SOURCES.index(name) for name in ("human", "imported")),
}
"""Values that lose nothing: what is read back is ``imported``, and by people when nothing says otherwise."""


def count_losses(
    pictures: Pictures,
    tally: Tally,
    kept: Mapping[str, frozenset[str] | set[str]],
    why: str,
    *,
    masks: frozenset[str] | set[str] = frozenset(),
    times: bool = False,
    drive: bool = True,
) -> None:
    """Count as dropped whatever is there and not kept.

    Args:
        pictures: what is written.
        tally: where it is counted.
        kept: kind of label to the columns of it that the format holds.
        why: the note for kinds that it does not hold at all, such as "KITTI has no lane lines".
        masks: which of ``label_map`` and ``instance_map`` it holds.
        times: whether it holds when frames were taken.
        drive: whether sweeps, poses and calibration are lost; false where the writer counts them itself.
    """
    for layer in pictures.layers:
        for kind, grouped in layer.tables.items():
            if kind in kept:
                count_columns(grouped.rows, kept[kind], tally)
            else:
                tally.drop(kind, "", len(grouped.rows), why)
        for kind, store in (("label_map", layer.label_maps), ("instance_map", layer.instance_maps)):
            if store is not None and kind not in masks:
                tally.drop(kind, "", int(store.labelled().sum()), why)
    for data in pictures.data:
        if drive and isinstance(data, Scene):
            count_drive(data, tally, why, times=times)


def count_columns(table: Table, kept: frozenset[str] | set[str], tally: Tally) -> None:
    """Count, for each column that is not kept, the rows in which it says more than its default."""
    for spec in fields(table):
        if spec.name in kept or spec.name in STORE_COLUMNS:
            continue
        value = getattr(table, spec.name)
        if isinstance(value, Attributes):
            for name, column in value.by_name.items():
                tally.drop(table.KIND, f"attributes.{name}", int((column.codes != ABSENT).sum()))
        else:
            told = value if spec.name not in _SAID_ANYHOW else value[~np.isin(value, _SAID_ANYHOW[spec.name])]
            default = 1.0 if spec.name == "score" else spec.metadata.get("default")
            tally.drop(table.KIND, spec.name, _n_told(told, default))


def _n_told(column: Any, default: Any) -> int:
    if isinstance(column, Ragged) or default is None:
        return len(column)
    if not len(column):
        return 0
    if column.dtype.kind == "f" and np.isnan(default):
        return int((~np.isnan(column)).reshape(len(column), -1).any(axis=1).sum())
    return int((column != default).reshape(len(column), -1).any(axis=1).sum())


def count_drive(scene: Scene, tally: Tally, why: str, *, times: bool = False) -> None:
    """Count what makes a drive of some images: sweeps, poses and calibration."""
    tally.drop("sweeps", "", len(scene.sweeps), why)
    tally.drop("poses", "", 0 if scene.poses is None else len(scene.poses), why)
    calibrated = sum(camera.camera_matrix is not None for camera in scene.cameras)
    tally.drop("sensors", "calibration", calibrated, why)
    tally.drop("frames", "timestamp_ns", 0 if times else len(scene.frames), why)


def labelled_pictures(pictures: Pictures, kinds: frozenset[str] | set[str], tally: Tally) -> list[int]:
    """The pictures that somebody labelled with one of some kinds; the others are counted as dropped.

    A picture that nobody looked at must not be written without labels: that would teach "nothing there".
    """
    flags = np.zeros(len(pictures), np.bool_)
    start = 0
    for data, layer in zip(pictures.data, pictures.layers, strict=True):
        n = len(data.frames) if isinstance(data, Scene) else len(data)
        flags[start : start + n] = _labelled(layer, kinds, n)
        start += n
    tally.drop("images", "", int((~flags).sum()), "nobody labelled them")
    return [int(row) for row in np.flatnonzero(flags)]


def count_loose_masks(pictures: Pictures, rows: list[int], tally: Tally) -> None:
    """Count masks of things that no box of the same track gives a class, and pictures without any mask."""
    note = "no box of the same track says its class"
    for row in rows:
        picture = pictures.items[row]
        layer = pictures.layer_of(picture)
        if layer.instance_maps is None or picture.group not in layer.instance_maps:
            continue
        instances = layer.instance_map(picture.group)
        present = np.unique(instances.instance_map[instances.instance_map > 0])
        boxes = pictures.table("boxes2d", picture)
        tracks = np.zeros(0, np.int64) if boxes is None else boxes.track_id
        loose = np.setdiff1d(instances.track_id[present - 1], tracks)
        tally.drop("instance_map", "", len(loose), note)
        tally.drop("instance_map", "", int(not len(present)), "a picture in which somebody found none")


def count_unsaid(pictures: Pictures, rows: list[int], kinds: frozenset[str] | set[str], tally: Tally) -> None:
    """Count what a format of many kinds cannot say: that somebody looked for a kind, or nobody, in a picture.

    Its reader takes every picture as looked at for the kinds of which the file has any, and for no other.

    Args:
        pictures: what is written.
        rows: which of them.
        kinds: of tables that the format holds.
        tally: where it is counted.
    """
    tables = {kind for layer in pictures.layers for kind in layer.tables} & kinds
    for kind in tables:
        found = [pictures.table(kind, pictures.items[row]) for row in rows]
        n_rows = sum(len(table) for table in found if table is not None)
        unsaid = sum((table is None) == (n_rows > 0) for table in found)
        tally.drop(kind, "labelled", unsaid, "not told from pictures without any")


def _labelled(layer: Layer, kinds: frozenset[str] | set[str], n: int) -> Any:
    flags = np.zeros(n, np.bool_)
    for kind in IMAGE_KINDS:
        if kind in kinds and kind in layer.tables:
            flags |= layer.tables[kind].labelled
    for kind, store in (("label_map", layer.label_maps), ("instance_map", layer.instance_maps)):
        if kind in kinds and store is not None:
            flags |= store.labelled()
    return flags
