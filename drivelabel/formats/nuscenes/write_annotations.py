"""Cuboids as records of nuScenes' tables."""

from __future__ import annotations

from typing import Any

import numpy as np

from drivelabel.formats.nuscenes import schema
from drivelabel.formats.nuscenes.numbers import shortest
from drivelabel.formats.nuscenes.records import Record, Records
from drivelabel.formats.nuscenes.velocity import devkit_velocity, neighbours
from drivelabel.formats.report import Tally
from drivelabel.labels import ABSENT, IMPORTED, NO_TRACK, ORIGINS, Boxes3D
from drivelabel.scene import Layer, Scene
from drivelabel.typing import FloatArray, IntArray

_OWN = ("token", "instance_token", "num_radar_pts")
"""Attributes that become keys of a record."""


def write_annotations(records: Records, scene: Scene, layer: Layer, samples: list[str], tally: Tally) -> bool:
    """Add instances and annotations; whether all their tokens follow from what they name."""
    if "boxes3d" not in layer.tables:
        return True
    table = layer.tables["boxes3d"]
    boxes: Boxes3D = table.rows
    sample = table.group_of_row
    thing, category = _things(boxes, sample)
    tokens, n_kept = _instance_tokens(records, scene, boxes, thing)
    times = scene.samples_ns[sample] // 1000
    before, after = neighbours(thing, times)
    velocity = devkit_velocity(boxes.center, times, before, after)
    _count_columns(scene, boxes, sample, velocity, tally)
    extras = _extras(scene, layer, boxes, sample, category[thing], velocity)
    native = _native_attributes(records, boxes, extras)
    book = records.book("sample_annotation")
    start = book.n_kept
    given = _column(boxes, "token")
    own = [
        book.take(given[row], scene.name, int(times[row]), tokens[thing[row]]) for row in range(len(boxes))
    ]
    rows = _rows(boxes, sample, samples, [tokens[k] for k in thing.tolist()], own, before, after, native)
    for row, extra in zip(rows, extras, strict=True):
        if extra:
            row[schema.EXTRA] = extra
    records.rows["sample_annotation"] += rows
    _add_instances(records, layer, boxes, thing, category, tokens, own, times)
    tally.keep("boxes3d", "", len(boxes))
    return n_kept == 0 and book.n_kept == start


def _things(boxes: Boxes3D, sample: IntArray) -> tuple[IntArray, IntArray]:
    """(n,) number of each row's thing, in order of appearance, and (t,) the class of most of its rows.

    A row without track is a thing of its own, and so is a row whose track is in its sample already.
    """
    n = len(boxes)
    track = boxes.track_id.copy()
    order = np.lexsort((np.arange(n), sample, track))
    again = np.zeros(n, np.bool_)
    same = (track[order][1:] == track[order][:-1]) & (sample[order][1:] == sample[order][:-1])
    again[order[1:][same]] = True
    alone = again | (track == NO_TRACK)
    label = np.stack([alone.astype(np.int64), np.where(alone, np.arange(n), track)], axis=1)
    _, first, back = np.unique(label, axis=0, return_index=True, return_inverse=True)
    number = np.empty(len(first), np.int64)
    number[np.argsort(first, kind="stable")] = np.arange(len(first))
    thing = number[back.reshape(-1)] if n else np.zeros(0, np.int64)
    votes = np.zeros((len(first), int(boxes.category_id.max(initial=0)) + 1), np.int64)
    np.add.at(votes, (thing, boxes.category_id), 1)
    return thing, votes.argmax(axis=1)


def _column(boxes: Boxes3D, name: str) -> list[Any]:
    return boxes.attributes[name].to_list() if name in boxes.attributes else [None] * len(boxes)


def _instance_tokens(
    records: Records, scene: Scene, boxes: Boxes3D, thing: IntArray
) -> tuple[list[str], int]:
    given = _column(boxes, "instance_token")
    book = records.book("instance")
    start, tokens = book.n_kept, []
    _, first = np.unique(thing, return_index=True)
    for number, row in enumerate(first.tolist()):
        track = int(boxes.track_id[row])
        parts = ("track", track) if track != NO_TRACK else ("thing", number)
        tokens.append(book.take(given[row], scene.name, *parts))
    return tokens, book.n_kept - start


def _add_instances(
    records: Records,
    layer: Layer,
    boxes: Boxes3D,
    thing: IntArray,
    category: IntArray,
    tokens: list[str],
    own: list[str],
    times: IntArray,
) -> None:
    names = {row["name"]: row["token"] for row in records.rows["category"]}
    order = np.lexsort((times, thing))
    starts = np.searchsorted(thing[order], np.arange(len(tokens) + 1))
    for number, token in enumerate(tokens):
        mine = order[starts[number] : starts[number + 1]]
        record: Record = {
            "token": token,
            "category_token": names[layer.taxonomy.names[category[number]]],
            "nbr_annotations": len(mine),
            "first_annotation_token": own[mine[0]],
            "last_annotation_token": own[mine[-1]],
        }
        track = int(boxes.track_id[mine[0]])
        if track not in (NO_TRACK, number):
            record[schema.EXTRA] = {"track_id": track}
        records.rows["instance"].append(record)


def _rows(
    boxes: Boxes3D,
    sample: IntArray,
    samples: list[str],
    instance: list[str],
    own: list[str],
    before: IntArray,
    after: IntArray,
    native: list[tuple[list[str], str, int]],
) -> list[Record]:
    names = np.array([*own, ""], object)
    size_wlh = shortest(boxes.size_lwh)[:, [1, 0, 2]].tolist()
    columns = zip(
        own,
        sample.tolist(),
        instance,
        native,
        boxes.center.tolist(),
        size_wlh,
        boxes.quat_wxyz.tolist(),
        names[before].tolist(),
        names[after].tolist(),
        boxes.n_points.tolist(),
        strict=True,
    )
    return [
        {
            "token": token,
            "sample_token": samples[of],
            "instance_token": thing,
            "visibility_token": visible,
            "attribute_tokens": attributes,
            "translation": center,
            "size": size,
            "rotation": quat,
            "prev": prev,
            "next": following,
            "num_lidar_pts": points,
            "num_radar_pts": radar,
        }
        for token, of, thing, (
            attributes,
            visible,
            radar,
        ), center, size, quat, prev, following, points in columns
    ]


def _native_attributes(
    records: Records, boxes: Boxes3D, extras: list[Record]
) -> list[tuple[list[str], str, int]]:
    """Attribute tokens, visibility token and radar points of each row; the rest goes to `extras`."""
    attributes = {row["name"]: row["token"] for row in records.rows["attribute"]}
    levels = {row["level"]: row["token"] for row in records.rows["visibility"]}
    found: list[tuple[list[str], str, int]] = []
    for row in range(len(boxes)):
        tokens, visible, radar, rest = [], "", 0, {}
        for name, value in boxes.attributes.row(row).items():
            if name in attributes and value is True:
                tokens.append(attributes[name])
            elif name == "visibility" and value in levels and isinstance(value, str):
                visible = levels[value]
            elif name == "num_radar_pts" and type(value) is int and 0 < value < 2**31:
                radar = value
            elif name not in _OWN[:2]:
                rest[name] = value
        if rest:
            extras[row]["attributes"] = rest
        found.append((tokens, visible, radar))
    return found


def _extras(
    scene: Scene, layer: Layer, boxes: Boxes3D, sample: IntArray, category: IntArray, velocity: FloatArray
) -> list[Record]:
    """What nuScenes has no key for, row by row."""
    extras: list[Record] = [{} for _ in range(len(boxes))]
    score = shortest(boxes.score)
    for row in np.flatnonzero(score != 1):
        extras[row]["score"] = float(score[row])
    for row in np.flatnonzero(boxes.origin != IMPORTED):
        extras[row]["origin"] = ORIGINS[boxes.origin[row]]
    for row in np.flatnonzero(boxes.track_id == NO_TRACK):
        extras[row]["untracked"] = True
    for row in np.flatnonzero(boxes.timestamp_ns != scene.samples_ns[sample]):
        extras[row]["timestamp_ns"] = int(boxes.timestamp_ns[row])
    for row in np.flatnonzero(boxes.category_id != category):
        extras[row]["category"] = layer.taxonomy.names[boxes.category_id[row]]
    for row in np.flatnonzero(_differs(boxes, velocity)):
        numbers = shortest(boxes.velocity[row]).tolist()
        extras[row]["velocity"] = [None if number != number else number for number in numbers]
    return extras


def _differs(boxes: Boxes3D, velocity: FloatArray) -> Any:
    """(n,) whether a velocity is not the one that follows from the positions."""
    derived = velocity.astype(np.float32)
    same = (boxes.velocity == derived) | (np.isnan(boxes.velocity) & np.isnan(derived))
    return ~same.all(axis=1)


def _count_columns(
    scene: Scene, boxes: Boxes3D, sample: IntArray, velocity: FloatArray, tally: Tally
) -> None:
    off = np.abs(boxes.timestamp_ns - scene.samples_ns[sample])
    worst = float(off.max(initial=0)) / 1e6
    note = f"extra field; nuScenes takes the sample's time, up to {worst:.3g} ms off"
    tally.keep("boxes3d", "timestamp_ns", int((off > 0).sum()), note)
    other = _differs(boxes, velocity)
    miss = np.abs(boxes.velocity.astype(np.float64) - velocity)[other]
    worst = float(np.nanmax(miss)) if np.isfinite(miss).any() else float("nan")
    note = f"extra field; the devkit takes it from positions, up to {worst:.3g} m/s off"
    tally.keep("boxes3d", "velocity", int(other.sum()), note)
    tally.keep("boxes3d", "score", int((boxes.score != 1).sum()), "extra field")
    tally.keep("boxes3d", "origin", int((boxes.origin != IMPORTED).sum()), "extra field")
    tally.keep("boxes3d", "track_id", int((boxes.track_id == NO_TRACK).sum()), "extra field: untracked")
    tally.drop("boxes3d", "row_id", int((boxes.row_id >= 0).sum()), "the store's own numbers")
    for name in boxes.attributes.names:
        count = int((boxes.attributes[name].codes != ABSENT).sum())
        tally.keep("boxes3d", f"attributes.{name}", count, "" if name in schema.ATTRIBUTES else "extra field")
