"""PandaSet's cuboids as our tables: which boxes are one thing, when each holds, how fast it moves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from drivelabel.errors import FormatError, InvalidLabelError
from drivelabel.geometry import invert_rigid, quat_of_yaw, transform_points
from drivelabel.labels import Attributes, Boxes3D, Taxonomy
from drivelabel.labels._table import IMPORTED
from drivelabel.media._pandaset_files import read_columns
from drivelabel.media.video import OnInvalid
from drivelabel.typing import AnyArray, FloatArray, IntArray

BOTH_LIDARS, TOP, FRONT = -1, 0, 1
"""``cuboids.sensor_id``: seen alike by both (it stands still), by the turning lidar, by the forward one."""

NO_SIBLING = "-"
_SHORTEST_PREFIX = 16
_LONGEST_GAP_NS = 500_000_000
"""No velocity is taken over a longer gap of a track."""

_POSITION = ("position.x", "position.y", "position.z")
_SIZE_WLH = ("dimensions.x", "dimensions.y", "dimensions.z")
_COLUMNS = (
    ("uuid", "O"),
    ("label", "O"),
    ("yaw", "f"),
    ("stationary", "b"),
    ("camera_used", "f"),
    *((name, "f") for name in (*_POSITION, *_SIZE_WLH)),
    ("cuboids.sibling_id", "O"),
    ("cuboids.sensor_id", "f"),
)


@dataclass(frozen=True, slots=True)
class CuboidReport:
    """What became of the boxes of a sequence.

    Attributes:
        n_given: boxes in the files.
        n_joined: boxes left out because the turning lidar's box of the same thing was kept.
        pairs: uuids of the boxes that are one thing: of the turning lidar, of the forward one.
        unresolved: siblings that no file holds.
        skipped: boxes that were left out because they are broken, in words.
    """

    n_given: int
    n_joined: int
    pairs: tuple[tuple[str, str], ...]
    unresolved: tuple[str, ...]
    skipped: tuple[str, ...] = field(default=())


def read_cuboids(
    files: Mapping[int, Path],
    lidar_ns: IntArray,
    world_from_ego: FloatArray,
    taxonomy: Taxonomy,
    on_invalid: OnInvalid,
) -> tuple[dict[int, Boxes3D], CuboidReport]:
    """Cuboids of all annotated instants, by the instant's number in the sequence.

    A thing that both lidars saw while it moved has two boxes, tied by ``cuboids.sibling_id``. They get one
    track id, and of the two the turning lidar's box is kept, since it exists all round and its time is known;
    the other is kept where that one is missing.

    A box holds at the instant at which the turning lidar swept its direction. Evidence: boxes of a pair are
    apart by speed times the difference of their points' times (well-seen cars at 4 to 12 m/s: 29 to 43 ms
    from the boxes, 31 to 41 ms from the points). A turn starts and ends behind the car, runs clockwise, and
    ends at the lidar's timestamp. The cameras fire as it passes them, so their images show things where the
    boxes are. For a box of the forward lidar alone, whose turns are not in step, the same rule can be off by
    50 ms.

    Raises:
        StoreError: a file is missing or damaged.
        FormatError: a file lacks a column, or a box is broken and may not be skipped.
    """
    tables, skipped = {}, []
    for index, path in files.items():
        table, problems = _good_rows(path, read_columns(path, _COLUMNS), taxonomy, on_invalid)
        tables[index] = table
        skipped += problems
    other_of, pairs, unresolved = _pairs(tables.values())
    tracks = _track_ids(tables.values(), other_of)
    boxes, n_joined = {}, 0
    for index, table in tables.items():
        kept = _keep_one_of_a_pair(table, other_of)
        n_joined += len(table["uuid"]) - len(kept)
        boxes[index] = _boxes(table, kept, other_of, tracks, taxonomy, lidar_ns, world_from_ego, index)
    n_given = sum(len(table["uuid"]) for table in tables.values())
    return with_velocity(boxes), CuboidReport(n_given, n_joined, pairs, unresolved, tuple(skipped))


def sweep_times(
    lidar_ns: IntArray, index: int, world_from_ego: FloatArray, points_world: AnyArray
) -> IntArray:
    """(n,) int64, when the turning lidar's turn of `index` passed points in world coords."""
    period = float(np.median(np.diff(lidar_ns))) if len(lidar_ns) > 1 else 1e8
    points_ego = transform_points(invert_rigid(world_from_ego[index]), points_world)
    azimuth = np.arctan2(points_ego[:, 1], points_ego[:, 0])
    before_end: IntArray = np.round(period * (azimuth + np.pi) / (2 * np.pi)).astype(np.int64)
    return int(lidar_ns[index]) - before_end


def with_velocity(boxes: Mapping[int, Boxes3D]) -> dict[int, Boxes3D]:
    """The boxes with the velocity of each track, from the box before to the one after; one-sided at ends."""
    rows = Boxes3D.concat(list(boxes.values()))
    velocity = np.full((len(rows), 3), np.nan, np.float32)
    order = np.lexsort((rows.timestamp_ns, rows.track_id))
    track, time = rows.track_id[order], rows.timestamp_ns[order]
    for i, row in enumerate(order):
        first = i - 1 if i > 0 and _near(track, time, i - 1, i) else i
        last = i + 1 if i + 1 < len(order) and _near(track, time, i, i + 1) else i
        if last > first:
            moved = rows.center[order[last]] - rows.center[order[first]]
            velocity[row] = moved / ((time[last] - time[first]) / 1e9)
    filled, start = {}, 0
    for index, part in boxes.items():
        filled[index] = part.replace(velocity=velocity[start : start + len(part)])
        start += len(part)
    return filled


def _near(track: IntArray, time: IntArray, i: int, j: int) -> bool:
    return bool(track[i] == track[j] and 0 < time[j] - time[i] <= _LONGEST_GAP_NS)


def _good_rows(
    path: Path, table: dict[str, AnyArray], taxonomy: Taxonomy, on_invalid: OnInvalid
) -> tuple[dict[str, AnyArray], list[str]]:
    problems = {row: text for row in range(len(table["uuid"])) if (text := _problem(table, row, taxonomy))}
    texts = [f"{path}, row {row}: {text}" for row, text in problems.items()]
    if texts and on_invalid == "error":
        raise FormatError(f'{texts[0]} Leave it out with on_invalid="skip".')
    keep = np.ones(len(table["uuid"]), np.bool_)
    keep[list(problems)] = False
    uuids = table["uuid"][keep]
    if len(set(uuids)) != len(uuids):
        raise FormatError(f"{path}: expected each uuid once, got one twice.")
    return {name: column[keep] for name, column in table.items()}, texts


def _problem(table: Mapping[str, AnyArray], row: int, taxonomy: Taxonomy) -> str:
    numbers = [float(table[name][row]) for name in (*_POSITION, *_SIZE_WLH, "yaw")]
    if not np.isfinite(numbers).all():
        return f"expected finite numbers, got position {numbers[:3]}, size {numbers[3:6]}, yaw {numbers[6]}."
    if min(numbers[3:6]) <= 0:
        return f"expected positive sides, got {numbers[3:6]} m."
    if not isinstance(table["uuid"][row], str):
        return "expected a text as uuid."
    try:
        taxonomy.id_of(str(table["label"][row]))
    except InvalidLabelError as error:
        return str(error)
    return ""


def _pairs(
    tables: Any,
) -> tuple[dict[str, str], tuple[tuple[str, str], ...], tuple[str, ...]]:
    """Which uuids are one thing.

    The files have three quirks: a box may name itself, only one of the two may name the other, and a name may
    lack its last characters.
    """
    sensor: dict[str, int] = {}
    claims: dict[str, str] = {}
    for table in tables:
        columns = (table["uuid"], table["cuboids.sensor_id"], table["cuboids.sibling_id"])
        for uuid, sensor_id, sibling in zip(*columns, strict=True):
            sensor.setdefault(uuid, int(sensor_id))
            if isinstance(sibling, str) and sibling != NO_SIBLING:
                claims.setdefault(uuid, sibling)
    other_of: dict[str, str] = {}
    unresolved: list[str] = []
    for uuid, claim in claims.items():
        sibling = _full_name(claim, sensor)
        if sibling is None:
            unresolved.append(claim)
        elif {sensor[uuid], sensor[sibling]} == {TOP, FRONT} and not {uuid, sibling} & other_of.keys():
            other_of[uuid], other_of[sibling] = sibling, uuid
    pairs = tuple((uuid, other) for uuid, other in other_of.items() if sensor[uuid] == TOP)
    return other_of, pairs, tuple(unresolved)


def _full_name(claim: str, known: Mapping[str, int]) -> str | None:
    if claim in known:
        return claim
    longer = [uuid for uuid in known if len(claim) >= _SHORTEST_PREFIX and uuid.startswith(claim)]
    return longer[0] if len(longer) == 1 else None


def _track_ids(tables: Any, other_of: Mapping[str, str]) -> dict[str, int]:
    """uuid to 1, 2, ... in order of first appearance; both boxes of a pair have one number."""
    tracks: dict[str, int] = {}
    for table in tables:
        for uuid in table["uuid"]:
            if uuid not in tracks:
                other = other_of.get(uuid, "")
                tracks[uuid] = tracks[other] if other in tracks else len(set(tracks.values())) + 1
    return tracks


def _keep_one_of_a_pair(table: Mapping[str, AnyArray], other_of: Mapping[str, str]) -> list[int]:
    here = set(table["uuid"])
    return [
        row
        for row, (uuid, sensor) in enumerate(zip(table["uuid"], table["cuboids.sensor_id"], strict=True))
        if not (sensor == FRONT and other_of.get(uuid) in here)
    ]


def _boxes(
    table: Mapping[str, AnyArray],
    kept: Sequence[int],
    other_of: Mapping[str, str],
    tracks: Mapping[str, int],
    taxonomy: Taxonomy,
    lidar_ns: IntArray,
    world_from_ego: FloatArray,
    index: int,
) -> Boxes3D:
    rows = np.asarray(kept, np.int64)
    center = np.stack([table[name][rows] for name in _POSITION], axis=1).astype(np.float64)
    size_wlh = np.stack([table[name][rows] for name in _SIZE_WLH], axis=1).astype(np.float64)
    here = set(table["uuid"])
    return Boxes3D(
        timestamp_ns=sweep_times(lidar_ns, index, world_from_ego, center),
        center=center,
        size_lwh=size_wlh[:, [1, 0, 2]].astype(np.float32),
        quat_wxyz=quat_of_yaw(table["yaw"][rows].astype(np.float64) + np.pi / 2),
        category_id=taxonomy.ids_of(str(label) for label in table["label"][rows]),
        track_id=np.array([tracks[uuid] for uuid in table["uuid"][rows]], np.int64),
        origin=np.full(len(rows), IMPORTED, np.uint8),
        attributes=_attributes(table, rows, {u: o for u, o in other_of.items() if o in here}),
    )


def _attributes(table: Mapping[str, AnyArray], rows: IntArray, joined: Mapping[str, str]) -> Attributes:
    """All that the table says beyond our columns; ``joined_uuid`` names the box that was left out."""
    named = {name.removeprefix("attributes."): name for name in table if name.startswith("attributes.")}
    found: dict[str, list[Any]] = {
        name: [value if isinstance(value, str) else None for value in table[column][rows]]
        for name, column in named.items()
    }
    found["stationary"] = [bool(value) for value in table["stationary"][rows]]
    found["camera_used"] = [int(value) for value in table["camera_used"][rows]]
    found["sensor_id"] = [int(value) for value in table["cuboids.sensor_id"][rows]]
    found["uuid"] = list(table["uuid"][rows])
    found["joined_uuid"] = [joined.get(uuid) for uuid in table["uuid"][rows]]
    return Attributes.of(found, len(rows))
