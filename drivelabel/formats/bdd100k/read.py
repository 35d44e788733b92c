"""Scalabel's JSON as an image set, or one video of it as a scene; BDD100K's masks as an image set."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np

from drivelabel._check import did_you_mean
from drivelabel.errors import FormatError, StoreError
from drivelabel.formats.bdd100k.labels import LabelReader, taxonomy_of
from drivelabel.formats.bdd100k.masks import MaskKind, read_masks
from drivelabel.formats.building import ImageSetBuilder, image_tags
from drivelabel.formats.imported import Imported
from drivelabel.formats.loading import Fields, read_json, safe_join
from drivelabel.formats.painting import InstancePainter
from drivelabel.formats.report import Tally
from drivelabel.labels import TABLES, Grouped, Taxonomy
from drivelabel.labels.attributes import AttributeValue
from drivelabel.media.images import read_image_header
from drivelabel.scene import NO_SAMPLE, Camera, Frames, ImageSet, Layer, Scene, Source

IMAGE_HW = (720, 1280)
"""Size of BDD100K's images, taken where nothing else tells it."""

FILE = "labels.json"
_PERIOD_NS = 33_333_333
_KNOWN = frozenset({
    "name", "url", "videoName", "intrinsics", "extrinsics", "attributes", "timestamp", "frameIndex", "size",
    "labels", "sensor",
})  # fmt: skip


def looks_like_bdd100k(path: Path) -> bool:
    """Whether a path is a JSON file of Scalabel's frames, or a folder of such files."""
    if path.is_dir():
        files = sorted(path.glob("*.json"))[:3]
        return bool(files) and all(_head_fits(file) for file in files)
    return path.is_file() and path.suffix.lower() == ".json" and _head_fits(path)


def _head_fits(file: Path) -> bool:
    with file.open("rb") as opened:
        head = opened.read(1 << 16)
    if b'"labels"' not in head or b'"name"' not in head or b'"openlabel"' in head:
        return False
    marks = (b'"box2d"', b'"poly2d"', b'"rle"', b'"videoName"', b'"frames"', b'"graph"')
    return any(mark in head for mark in marks)


def bdd100k_videos(path: Path) -> list[str]:
    """Names of the videos that have several frames; the reader's option ``scene`` picks one."""
    if path.is_dir() and not sorted(path.glob("*.json")):
        return []
    counts: dict[str, int] = {}
    for frame in _frames(path)[0]:
        name = frame.text("videoName", "") if "videoName" in frame else ""
        counts[name] = counts.get(name, 0) + 1
    return [name for name, count in counts.items() if name and count > 1]


def read_bdd100k(
    path: Path,
    *,
    layer: str = "truth",
    scene: str | None = None,
    root: Path | None = None,
    masks: MaskKind | Literal[""] = "",
    on_invalid: Literal["error", "skip"] = "error",
) -> Imported:
    """Labels of a Scalabel file or folder of files, or masks of BDD100K.

    Args:
        path: a JSON file, a folder of them, or (with `masks`) a folder of PNG.
        layer: name of the layer.
        scene: name of a video; without, all frames are read as single images, unless there is but one video.
        root: the folder that images' names count from; that of the labels when None.
        masks: what PNG hold: ``instances``, ``semantic``, ``drivable`` or ``lanes``.
        on_invalid: ``skip`` leaves out frames that break a rule and counts them.

    Raises:
        StoreError: a file is missing or cannot be read.
        FormatError: a label breaks a rule of the format; the message names it.
    """
    path = Path(path)
    tally = Tally()
    if masks:
        return read_masks(path, masks, layer, tally)
    frames, config = _frames(path)
    home = Path(root) if root is not None else path if path.is_dir() else path.parent
    videos = bdd100k_videos(path) if scene is not None or len(frames) > 1 else []
    if scene is not None and scene not in videos:
        raise FormatError(f"{path}: no video {scene!r}.{did_you_mean(scene, videos)}")
    if scene is None and len(videos) == 1 and all(_video(frame) == videos[0] for frame in frames):
        scene = videos[0]
    if scene is not None:
        frames = [frame for frame in frames if _video(frame) == scene]
    _count_unknown(frames, tally)
    taxonomy = _taxonomy(frames, config)
    painter = InstancePainter(tally)
    reader = LabelReader(taxonomy, painter, tally)
    skip = on_invalid == "skip"
    if scene is not None:
        built: Any = _scene(scene, frames, config, home, layer, reader, skip)
    else:
        built = _images(path.stem, frames, config, home, layer, reader, skip)
    return Imported(built, tally.report("bdd100k", str(path)))


def _frames(path: Path) -> tuple[list[Fields], Fields]:
    """All frames of a file or of a folder's files, and what the first file says of them all."""
    files = sorted(path.glob("*.json")) if path.is_dir() else [path]
    if not files:
        raise StoreError(f"{path}: expected JSON files, found none. PNG masks need the option masks.")
    frames: list[Fields] = []
    config = Fields({}, str(path))
    for file in files:
        value = read_json(file)
        if isinstance(value, dict):
            whole = Fields(value, str(file))
            frames += list(whole.objects("frames")) if "frames" in whole else [whole]
            if "config" in whole and not config.value:
                config = whole.object("config")
        elif isinstance(value, list):
            frames += [Fields(frame, f"{file}, frame {row}") for row, frame in enumerate(value)]
        else:
            raise FormatError(f"{file}: expected a list of frames, got {type(value).__name__}.")
    return frames, config


def _video(frame: Fields) -> str:
    return frame.text("videoName") if "videoName" in frame else ""


def _count_unknown(frames: list[Fields], tally: Tally) -> None:
    for frame in frames:
        for key in frame.value.keys() - _KNOWN:
            tally.drop("frames", str(key)[:40], int(frame.get(key) is not None), "not of the format")


def _labels(frame: Fields) -> list[Fields]:
    return list(frame.objects("labels")) if "labels" in frame else []


def _taxonomy(frames: list[Fields], config: Fields) -> Taxonomy:
    names = list(_configured(config.get("categories"))) if "categories" in config else []
    skeletons: dict[str, dict[str, None]] = {}
    for frame in frames:
        for label in _labels(frame):
            names.append(label.text("category") if "category" in label else "")
            if "graph" in label:
                points = skeletons.setdefault(label.text("category"), {})
                for node in label.object("graph").objects("nodes"):
                    points.setdefault(node.text("category", ""))
    if "" in names:
        raise FormatError(f"{config.where}: a label has no category. Files of scores alone hold no labels.")
    return taxonomy_of(names, {name: tuple(points) for name, points in skeletons.items()})


def _configured(categories: Any) -> list[str]:
    """The leaves of a tree of categories."""
    names: list[str] = []
    stack = list(reversed(categories)) if isinstance(categories, list) else []
    while stack:
        item = stack.pop()
        if not isinstance(item, dict):
            continue
        inner = item.get("subcategories")
        if isinstance(inner, list) and inner:
            stack += reversed(inner)
        elif isinstance(item.get("name"), str):
            names.append(item["name"])
    return names


def _size(frame: Fields, config: Fields, home: Path, name: str) -> tuple[int, int]:
    for holder, key in ((frame, "size"), (config, "imageSize")):
        if key in holder:
            size = holder.object(key)
            return size.integer("height"), size.integer("width")
    for label in _labels(frame):
        if "rle" in label and isinstance(label.object("rle").get("size"), list):
            height, width = label.object("rle").numbers("size", 2).astype(np.int64).tolist()
            return height, width
    local = None if "://" in name else safe_join(home, name)
    return read_image_header(local).image_hw if local is not None and local.is_file() else IMAGE_HW


def _facts(frame: Fields, tally: Tally, in_video: bool) -> dict[str, AttributeValue]:
    facts: dict[str, AttributeValue] = {}
    for key, value in (frame.object("attributes").value if "attributes" in frame else {}).items():
        if isinstance(value, (str, bool, int, float)):
            facts[str(key)] = value
        else:
            tally.drop("frames", f"attributes.{str(key)[:40]}", int(value is not None), "no single value")
    for key in ("url", "sensor") if in_video else ("url", "sensor", "videoName", "frameIndex", "timestamp"):
        value = frame.get(key)
        if isinstance(value, (str, int, float)) and value != "":
            facts[f"scalabel.{key}"] = value
    for key in ("intrinsics", "extrinsics"):
        tally.drop("frames", key, int(key in frame), "of a camera whose axes are not stated")
    return facts


def _images(
    name: str, frames: list[Fields], config: Fields, home: Path, layer: str, reader: LabelReader, skip: bool
) -> ImageSet:
    builder = ImageSetBuilder(name, str(home), reader.taxonomy, layer)
    for frame in frames:
        try:
            image = frame.text("name")
            image = image if image not in builder or not _video(frame) else f"{_video(frame)}/{image}"
            hw = _size(frame, config, home, image)
            tables = reader.tables(len(builder), _labels(frame), hw)
            builder.add(image, hw, *tables, image_tags(_facts(frame, reader.tally, False)))
        except (FormatError, StoreError) as error:
            if not skip:
                raise
            reader.tally.drop("frames", "", 1, f"invalid: {error}")
    return builder.build(only_found=True, **reader.painter.columns(len(builder)))


def _scene(
    name: str, frames: list[Fields], config: Fields, home: Path, layer: str, reader: LabelReader, skip: bool
) -> Scene:
    indexed = sorted(enumerate(frames), key=lambda pair: (pair[1].integer("frameIndex", pair[0]), pair[0]))
    groups: dict[str, dict[int, Any]] = {}
    names: list[str] = []
    hw: tuple[int, int] | None = None
    times: list[int] = []
    for row, frame in indexed:
        try:
            image = frame.text("name")
            size = _size(frame, config, home, image)
            if hw not in (None, size):
                raise FormatError(
                    f"{frame.where}: expected images of one size in a video, got {size} after {hw}."
                )
            tables = reader.tables(len(names), _labels(frame), size)
            facts = image_tags(_facts(frame, reader.tally, True))
        except (FormatError, StoreError) as error:
            if not skip:
                raise
            reader.tally.drop("frames", "", 1, f"invalid: {error}")
            continue
        hw = size
        for table in (*tables, facts):
            groups.setdefault(table.KIND, {})[len(names)] = table
        times.append(frame.integer("frameIndex", row))
        names.append(image)
    if hw is None:
        raise FormatError(f"{config.where}: none of {len(frames)} frames could be read.")
    n = len(names)
    rows = np.arange(n, dtype=np.int32)
    stamps = np.asarray(times, np.int64) * _PERIOD_NS
    if (np.diff(stamps) <= 0).any():
        raise FormatError(f"{config.where}: frameIndex: two frames of {name!r} have one number.")
    tables_of = {kind: Grouped.from_groups(TABLES[kind], n, found) for kind, found in groups.items()}
    tables_of = {kind: grouped for kind, grouped in tables_of.items() if len(grouped.rows)}
    filled = Layer(layer, reader.taxonomy, tables=tables_of, **reader.painter.columns(n))
    return Scene(
        name=name,
        sensors=(Camera("cam_front", hw),),
        taxonomy=reader.taxonomy,
        frames=Frames(stamps, 0 * rows, rows, 0 * rows, np.full(n, NO_SAMPLE, np.int32)),
        sources=tuple(Source(image, "image") for image in names),
        layers={layer: filled},
        root=str(home),
        info={"format": "bdd100k"},
    )
