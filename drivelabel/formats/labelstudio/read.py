"""Label Studio's JSON export as an image set, or one video task as a scene."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qs, unquote, urlsplit

from drivelabel.errors import FormatError, StoreError
from drivelabel.formats.building import ImageSetBuilder, image_tags
from drivelabel.formats.classes import taxonomy_of_names
from drivelabel.formats.imported import Imported
from drivelabel.formats.labelstudio.regions import Region, Results, read_results
from drivelabel.formats.labelstudio.rows import RegionTables
from drivelabel.formats.labelstudio.video import read_video
from drivelabel.formats.loading import Fields, read_json
from drivelabel.formats.loading.names import safe_join
from drivelabel.formats.painting import InstancePainter
from drivelabel.formats.pictures import Data
from drivelabel.formats.report import Tally
from drivelabel.labels import Taxonomy
from drivelabel.media.images import IMAGE_SUFFIXES, read_image_header

FILE = "tasks.json"
_VIDEO_SUFFIXES = (".mp4", ".webm", ".mov", ".avi", ".mkv")
_TASK_KEYS = frozenset({
    "id", "data", "annotations", "predictions", "completions", "file_upload", "drafts", "agreement", "meta",
    "created_at", "updated_at", "inner_id", "total_annotations", "cancelled_annotations", "total_predictions",
    "comment_count", "unresolved_comment_count", "last_comment_updated_at", "project", "updated_by",
    "comment_authors", "is_labeled", "overlap", "allow_skip", "precomputed_agreement",
})  # fmt: skip


def looks_like_labelstudio(path: Path) -> bool:
    """Whether a path is a JSON list of tasks, or a folder with tasks.json."""
    file = path / FILE if path.is_dir() else path
    if not file.is_file() or file.suffix.lower() != ".json":
        return False
    with file.open("rb") as opened:
        head = opened.read(1 << 16).lstrip()
    return (
        head.startswith(b"[") and (b'"annotations"' in head or b'"predictions"' in head) and b'"data"' in head
    )


def video_tasks(path: Path) -> list[str]:
    """Ids of the tasks that are videos; the reader's option ``scene`` picks one."""
    tasks = _tasks(path)
    return [str(_ident(task, row)) for row, task in enumerate(tasks) if _media(task)[0] == "video"]


def read_labelstudio(
    path: Path,
    *,
    layer: str = "truth",
    scene: str | None = None,
    annotator: int = 0,
    predictions: bool = False,
    hz: float = 0.0,
    on_invalid: Literal["error", "skip"] = "error",
) -> Imported:
    """The labels of a Label Studio export: all image tasks, or one video task.

    Rectangles become boxes, turned ones and polygons polygons, open polygons lane lines, keypoints keypoints,
    brushes instance maps; choices, texts and numbers attributes of their region or tags of the image.

    Args:
        path: the JSON file, or a folder with tasks.json.
        layer: name of the layer.
        scene: id of a video task.
        annotator: whose annotation of each task, 0 for the first that was not cancelled.
        predictions: read predictions instead of annotations.
        hz: frames a second of a video; when 0, from its length and number of frames, else 30.
        on_invalid: ``skip`` leaves out tasks that break a rule and counts them.

    Raises:
        StoreError: the file is missing or cannot be read.
        FormatError: it is no list of tasks, or one breaks a rule; the message names the task and result.
    """
    path = Path(path)
    tally = Tally()
    tasks = _tasks(path)
    videos = [row for row, task in enumerate(tasks) if _media(task)[0] == "video"]
    if scene is not None or (videos and len(videos) == len(tasks) == 1):
        row = _row_of(tasks, videos, scene, path)
        results = read_results(_result_items(tasks[row], annotator, predictions, tally), tally)
        taxonomy = _taxonomy([results])
        name = local_name(_media(tasks[row])[1])
        data: Data = read_video(tasks[row].where, name, results.regions, taxonomy, layer, hz, tally)
        data = replace(data, root=str(path if path.is_dir() else path.parent))
        tally.drop("tasks", "", len(tasks) - 1, "other tasks of the file")
    elif videos:
        raise FormatError(f"{path}: has {len(videos)} video tasks. Name the id of one as scene.")
    else:
        data = _image_set(path, tasks, layer, annotator, predictions, on_invalid == "skip", tally)
    return Imported(data, tally.report("labelstudio", str(path)))


def _tasks(path: Path) -> list[Fields]:
    file = path / FILE if path.is_dir() else path
    value = read_json(file)
    if not isinstance(value, list):
        raise FormatError(f"{file}: expected a list of tasks, got {type(value).__name__}.")
    return [Fields(task, f"{file}, task {row}") for row, task in enumerate(value)]


def _ident(task: Fields, row: int) -> int:
    return task.integer("id", row)


def _row_of(tasks: list[Fields], videos: list[int], scene: str | None, path: Path) -> int:
    if scene is None:
        return videos[0]
    for row in videos:
        if str(_ident(tasks[row], row)) == scene:
            return row
    raise FormatError(f"{path}: no video task with the id {scene!r}.")


def _media(task: Fields) -> tuple[str, str]:
    """``image`` or ``video`` and where it is; the kind is "" when the task has neither."""
    data = task.object("data").value if isinstance(task.get("data"), Mapping) else {}
    texts = {str(key): value for key, value in data.items() if isinstance(value, str)}
    for key, value in texts.items():
        suffix = Path(urlsplit(value).path).suffix.lower()
        if key == "video" or suffix in _VIDEO_SUFFIXES:
            return "video", value
    for key, value in texts.items():
        if key in ("image", "img", "url", "image_url") or Path(value).suffix.lower() in IMAGE_SUFFIXES:
            return "image", value
    return "", ""


def local_name(url: str) -> str:
    """Where Label Studio's media lie below its folders: the path behind its prefixes, with signs decoded."""
    parts = urlsplit(url)
    if parts.path.startswith("/data/local-files"):
        found = parse_qs(parts.query).get("d", [""])[0]
        return found.lstrip("/") or "image"
    if parts.scheme in ("http", "https", "s3", "gs", "azure-blob"):
        return url
    plain = unquote(parts.path)
    return plain.removeprefix("/data/upload/").lstrip("/") or "image"


def _result_items(task: Fields, annotator: int, predictions: bool, tally: Tally) -> list[Fields]:
    key = "predictions" if predictions else "completions" if "completions" in task else "annotations"
    given = [item for item in task.objects(key, []) if not item.flag("was_cancelled", False)]
    tally.drop("annotations", "", len(task.items(key, [])) - len(given), "cancelled")
    tally.drop("annotations", "", max(len(given) - 1, 0), "of other annotators; the option annotator picks")
    if annotator >= len(given):
        return []
    return list(given[annotator].objects("result", []))


def _taxonomy(results: Iterable[Results]) -> Taxonomy:
    """The classes in the order in which they occur; skeletons from the points that name them."""
    names: dict[str, None] = {}
    skeletons: dict[str, dict[str, None]] = {}
    for found in results:
        for region in found.regions:
            if region.skeleton:
                names.setdefault(region.skeleton)
                skeletons.setdefault(region.skeleton, {}).setdefault(region.label)
            else:
                names.setdefault(region.label)
    return taxonomy_of_names(
        "labelstudio", names, skeletons={name: tuple(points) for name, points in skeletons.items()}
    )


def _image_set(
    path: Path, tasks: list[Fields], layer: str, annotator: int, predictions: bool, skip: bool, tally: Tally
) -> Data:
    read: list[tuple[Fields, Results]] = []
    for task in tasks:
        try:
            if _media(task)[0] != "image":
                raise FormatError(f"{task.where}: has no image.")
            _link_skeletons(found := read_results(_result_items(task, annotator, predictions, tally), tally))
            read.append((task, found))
        except FormatError as error:
            if not skip:
                raise
            tally.drop("tasks", "", 1, f"invalid: {error}")
    taxonomy = _taxonomy([found for _, found in read])
    home = path if path.is_dir() else path.parent
    builder = ImageSetBuilder(path.stem, str(home), taxonomy, layer)
    painter = InstancePainter(tally)
    maker = RegionTables(taxonomy, painter, tally)
    for task, found in read:
        try:
            _add(builder, task, found, home, maker, tally)
        except (FormatError, StoreError) as error:
            if not skip:
                raise
            tally.drop("tasks", "", 1, f"invalid: {error}")
    return builder.build(only_found=True, **painter.columns(len(builder)))


def _link_skeletons(found: Results) -> None:
    """Points with a parent region are points of a skeleton of that region's class."""
    labels = {region.ident: region.label for region in found.regions if region.kind != "keypoint"}
    for region in found.regions:
        if region.kind == "keypoint" and not region.skeleton and region.parent in labels:
            region.skeleton = labels[region.parent]


def _add(
    builder: ImageSetBuilder, task: Fields, found: Results, home: Path, maker: RegionTables, tally: Tally
) -> None:
    name = local_name(_media(task)[1])
    name = name if name not in builder else f"task-{_ident(task, len(builder))}/{name}"
    hw = _size(task, found.regions, home, name)
    facts = dict(found.facts)
    for key, value in task.object("data").value.items():
        if value == _media(task)[1] or (key in ("height", "width") and value in hw):
            continue
        if isinstance(value, (str, bool, int, float)):
            facts[str(key)] = value
        else:
            tally.drop("tasks", f"data.{str(key)[:40]}", 1, "no single value")
    tables = maker.tables(len(builder), found.regions, hw)
    builder.add(name, hw, *tables, image_tags(facts))
    tally.keep("tags", "", int(bool(facts)))
    for key in task.value.keys() - _TASK_KEYS:
        tally.drop("tasks", str(key)[:40], 1, "not of the format")


def _size(task: Fields, regions: list[Region], home: Path, name: str) -> tuple[int, int]:
    """The image's size: its regions' own, else its file's."""
    sizes = {region.size_hw for region in regions if min(region.size_hw) > 0}
    if len(sizes) > 1:
        raise FormatError(f"{task.where}: its results have images of {len(sizes)} sizes.")
    if sizes:
        return sizes.pop()
    data = task.object("data").value
    told = (data.get("height"), data.get("width"))
    if all(isinstance(side, int) and side > 0 for side in told):
        return (int(told[0]), int(told[1]))  # type: ignore[arg-type]
    local: Any = None if "://" in name else safe_join(home, name)
    if local is not None and local.is_file():
        return read_image_header(local).image_hw
    raise FormatError(
        f"{task.where}: nothing tells the size of the image {name[:80]!r}. Put it beside the file."
    )
