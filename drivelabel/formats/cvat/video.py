"""CVAT's tracks through a video as a scene of one camera."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any
from xml.etree.ElementTree import Element

import numpy as np

from drivelabel.errors import FormatError
from drivelabel.formats.cvat.elements import Node, Shape, read_shape, typed
from drivelabel.formats.cvat.labels import Labels
from drivelabel.formats.cvat.rows import RowMaker
from drivelabel.formats.loading.names import safe_join
from drivelabel.formats.painting import InstancePainter
from drivelabel.formats.report import Tally
from drivelabel.formats.sequences import MAX_FRAMES
from drivelabel.labels import IMPORTED, INTERPOLATED, TABLES, Grouped
from drivelabel.labels.attributes import AttributeValue
from drivelabel.media.images import IMAGE_SUFFIXES, natural_key, read_image_header
from drivelabel.scene import NO_SAMPLE, Camera, Frames, Layer, Scene, Source

_At = tuple[int, Shape, bool]
"""Number of the frame, shape, whether the thing is outside from here on."""


def read_video(
    root: Element, file: Path, layer: str, labels: Labels, hz: float, skip: bool, tally: Tally
) -> Scene:
    """A scene from tracks; between the shapes of a track, they are interpolated as CVAT shows them.

    Raises:
        FormatError: a track breaks a rule; the message names it.
        StoreError: an image is damaged.
    """
    if not 0 < hz <= 1e5:
        raise FormatError(f"hz: expected frames a second above 0, got {hz}.")
    tracks = list(_tracks(root, file, labels, skip, tally))
    numbers = _frame_numbers(root, file, tracks)
    row_of = {number: row for row, number in enumerate(numbers)}
    shapes: list[list[Shape]] = [[] for _ in numbers]
    for ident, at in tracks:
        for number, shape in _everywhere(at, numbers, tally):
            if number not in row_of:
                tally.drop("shapes", "", 1, "at frames that the task leaves out")
                continue
            shape.track_id = ident
            shapes[row_of[number]].append(shape)
    sources, hw = _sources(root, file, numbers, tracks)
    maker = RowMaker(labels.taxonomy, InstancePainter(tally), tally)
    groups: dict[str, dict[int, Any]] = {}
    for row, here in enumerate(shapes):
        for table in maker.tables(row, here, hw):
            groups.setdefault(table.KIND, {})[row] = table
    n = len(numbers)
    tables = {kind: Grouped.from_groups(TABLES[kind], n, found) for kind, found in groups.items()}
    index = np.asarray([0] * n if sources[0].kind == "image" else numbers, np.int32)
    rows = np.arange(n, dtype=np.int32)
    frames = Frames(
        timestamp_ns=np.round(np.asarray(numbers) * (1e9 / hz)).astype(np.int64),
        sensor=np.zeros(n, np.int32),
        source=rows if sources[0].kind == "image" else np.zeros(n, np.int32),
        source_index=index,
        sample=np.full(n, NO_SAMPLE, np.int32),
    )
    return Scene(
        name=root.findtext("meta/task/name") or file.parent.name,
        sensors=(Camera("cam_front", hw),),
        taxonomy=labels.taxonomy,
        frames=frames,
        sources=tuple(sources),
        layers={layer: Layer(layer, labels.taxonomy, tables=tables)},
        root=str(file.parent),
        info={"format": "cvat", "hz": hz, "first_frame": numbers[0]},
    )


def _tracks(
    root: Element, file: Path, labels: Labels, skip: bool, tally: Tally
) -> Iterator[tuple[int, list[_At]]]:
    """Id and shapes of each track, in order of frames."""
    seen: set[int] = set()
    for row, element in enumerate(root.iterfind("track")):
        track = Node(element, f"{file}, track {row}")
        try:
            ident = track.integer("id", row)
            if ident in seen:
                raise FormatError(f"{track.where}: the id {ident} occurs twice.")
            at = _shapes(track, labels, tally)
        except FormatError as error:
            if not skip:
                raise
            tally.drop("tracks", "", 1, f"invalid: {error}")
            continue
        seen.add(ident)
        for name in element.attrib.keys() - {"id", "label", "source", "group_id"}:
            tally.drop("tracks", name[:40], 1, "not of the format")
        yield ident, at


def _shapes(track: Node, labels: Labels, tally: Tally) -> list[_At]:
    label = track.text("label", "")
    types = labels.types.get(label, {})
    common: dict[str, AttributeValue] = {
        child.get("name") or "": typed(child.text or "", types.get(child.get("name") or "", "text"))
        for child in track.element.iterfind("attribute")
    }
    found: list[_At] = []
    for number, element in enumerate(track.element):
        if element.tag == "attribute":
            continue
        node = Node(element, f"{track.where}, {element.tag[:40]} {number}")
        shape = read_shape(node, types, tally)
        if shape is None:
            continue
        if shape.mask is not None:
            tally.drop("shapes", "mask", 1, "masks have no tracks")
            continue
        shape.label, shape.facts = label, common | shape.facts
        shape.origin = IMPORTED if node.integer("keyframe", 1) else INTERPOLATED
        found.append((node.integer("frame"), shape, bool(node.integer("outside", 0))))
    found.sort(key=lambda entry: entry[0])
    numbers = [entry[0] for entry in found]
    if len(set(numbers)) != len(numbers) or (numbers and (numbers[0] < 0 or numbers[-1] > 10**9)):
        raise FormatError(f"{track.where}: expected one shape a frame, and frames from 0.")
    return found


def _frame_numbers(root: Element, file: Path, tracks: list[tuple[int, list[_At]]]) -> list[int]:
    """The frames of the task: by its first, last and step, else from 0 to the last that a track names."""
    meta = root.find("meta/task")
    meta = root.find("meta/job") if meta is None else meta
    named = [number for _, at in tracks for number, _, _ in at]
    first, last, step = 0, max(named, default=0), 1
    if meta is not None:
        texts = {
            name: (meta.findtext(name) or "").strip()
            for name in ("start_frame", "stop_frame", "frame_filter")
        }
        try:
            first = int(texts["start_frame"] or first)
            last = int(texts["stop_frame"] or last)
            step = int(texts["frame_filter"].removeprefix("step=") or step)
        except ValueError:
            raise FormatError(f"{file}: expected whole numbers as start_frame, stop_frame, step=.") from None
    if step <= 0 or not 0 <= first <= last or (last - first) // step >= MAX_FRAMES:
        raise FormatError(f"{file}: expected 1 to {MAX_FRAMES} frames, got {first} to {last} by {step}.")
    return list(range(first, last + 1, step))


def _everywhere(at: list[_At], numbers: list[int], tally: Tally) -> Iterator[tuple[int, Shape]]:
    """The shape of a track in each frame in which it is not outside."""
    for place, (number, shape, outside) in enumerate(at):
        if outside:
            continue
        yield number, shape
        after = at[place + 1] if place + 1 < len(at) else None
        stop = after[0] if after is not None else numbers[-1] + 1
        low, high = np.searchsorted(numbers, [number + 1, stop])
        for between in numbers[low:high]:
            share = 0.0 if after is None or after[2] else (between - number) / (after[0] - number)
            yield between, _between(shape, after[1] if after is not None else shape, share, tally)


def _between(one: Shape, other: Shape, share: float, tally: Tally) -> Shape:
    fits = one.kind == other.kind and one.numbers.shape == other.numbers.shape
    numbers = one.numbers
    if fits and share:
        numbers = one.numbers + share * (other.numbers - one.numbers)
        if one.kind in ("skeleton", "cuboid"):
            numbers[:, 2] = one.numbers[:, 2]
    elif share:
        tally.approximate("shapes", "points", 1, 0.0, "", "held where the number of points changes")
    return replace(one, numbers=numbers, facts=dict(one.facts), origin=INTERPOLATED)


def _sources(
    root: Element, file: Path, numbers: list[int], tracks: list[tuple[int, list[_At]]]
) -> tuple[list[Source], tuple[int, int]]:
    """The images of the frames or the video, and their size."""
    folder = file.parent / "images"
    images = sorted(folder.iterdir(), key=lambda item: natural_key(item.name)) if folder.is_dir() else []
    by_number = {
        int(item.stem.rpartition("_")[2]): item
        for item in images
        if item.suffix.lower() in IMAGE_SUFFIXES and item.stem.rpartition("_")[2].isdecimal()
    }
    hw = _original_size(root)
    if by_number and hw is None:
        hw = read_image_header(next(iter(by_number.values()))).image_hw
    hw = hw or _hull(tracks)
    if by_number:
        names = [by_number.get(number, folder / f"frame_{number:06d}.png") for number in numbers]
        return [Source(name.relative_to(file.parent).as_posix(), "image") for name in names], hw
    video = (root.findtext("meta/source") or root.findtext("meta/task/source") or "video.mp4").strip()
    name = PurePosixPath(video.replace("\\", "/")).name or "video.mp4"
    safe_join(file.parent, name)
    return [Source(name, "video")], hw


def _original_size(root: Element) -> tuple[int, int] | None:
    size = root.find("meta/task/original_size")
    size = root.find("meta/original_size") if size is None else size
    if size is None:
        return None
    try:
        height, width = int(size.findtext("height") or 0), int(size.findtext("width") or 0)
    except ValueError:
        return None
    return (height, width) if 0 < height < 65_536 and 0 < width < 65_536 else None


def _hull(tracks: list[tuple[int, list[_At]]]) -> tuple[int, int]:
    """The smallest image that holds all shapes."""
    low = [1.0, 1.0]
    for _, at in tracks:
        for _, shape, _ in at:
            flat = shape.numbers.reshape(-1, 2) if shape.kind == "box" else shape.numbers[:, :2]
            low = np.maximum(low, flat.max(axis=0, initial=1.0)).tolist()
    width, height = (int(min(np.ceil(side), 65_535)) for side in low)
    return height, width
