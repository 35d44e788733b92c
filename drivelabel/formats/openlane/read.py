"""One segment of OpenLane as a scene: its camera, frames and lane lines in the image."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from drivelabel.errors import FormatError, InvalidLabelError, StoreError
from drivelabel.formats.imported import Imported
from drivelabel.formats.lane_lines import image_size, lines_table
from drivelabel.formats.loading import Fields, read_json, safe_join
from drivelabel.formats.openlane.codes import (
    KIND,
    KIND_OF_CODE,
    OPENLANE_FROM_CAMERA,
    POSITION_OF_CODE,
    kind_beside_style,
    style_of,
)
from drivelabel.formats.picking import picked_scene
from drivelabel.formats.pixels import CORNER
from drivelabel.formats.report import Tally
from drivelabel.labels import DRIVING, NO_TRACK, Attributes, Grouped, LaneLines
from drivelabel.scene import NO_SAMPLE, Camera, Frames, Layer, Scene, Source
from drivelabel.typing import FloatArray

IMAGE_HW = (1280, 1920)
"""Size of all of OpenLane's images, taken where the image itself is not there."""

_PERIOD_NS = 100_000_000
_KNOWN = {"file_path", "extrinsic", "intrinsic", "lane_lines", "pose"}
_KNOWN_OF_LINE = {"category", "visibility", "uv", "xyz", "attribute", "track_id"}


def looks_like_openlane(path: Path) -> bool:
    """Whether a folder holds, up to two levels down, JSON files with lane lines and calibration."""
    if not path.is_dir():
        return False
    for level in ("*.json", "*/*.json", "*/*/*.json"):
        file = next(path.glob(level), None)
        if file is not None:
            with file.open("rb") as opened:
                head = opened.read(1 << 16)
            return b'"lane_lines"' in head or (b'"extrinsic"' in head and b'"intrinsic"' in head)
    return False


def openlane_segments(path: Path) -> list[str]:
    """The segments below a folder, as paths relative to it; ``.`` when it is one itself."""
    folders = {file.parent for file in path.rglob("*.json")}
    return sorted(folder.relative_to(path).as_posix() for folder in folders)


def read_openlane(
    path: Path,
    *,
    layer: str = "truth",
    scene: str | None = None,
    root: Path | None = None,
    on_invalid: Literal["error", "skip"] = "error",
) -> Imported:
    """One segment of OpenLane.

    Args:
        path: a segment's folder, or one with several.
        layer: name of the layer.
        scene: which segment, when there are several.
        root: the folder that ``file_path`` counts from (``images``); that of `path` when None.
        on_invalid: ``skip`` leaves out images that break a rule and counts them.

    Raises:
        StoreError: the folder is missing, or a file cannot be read.
        FormatError: there are several segments and none is named, or a file breaks a rule.
    """
    path = Path(path)
    folder = _segment(path, scene)
    tally = Tally()
    images: list[_Image] = []
    files = sorted(folder.glob("*.json"))
    times = _times([file.stem for file in files])
    for file, time_ns in zip(files, times, strict=True):
        try:
            images.append(_read_image(file, time_ns, Path(root) if root else path, tally))
        except (FormatError, StoreError, InvalidLabelError) as error:
            if on_invalid == "error":
                raise
            tally.drop("images", "", 1, f"invalid: {error}")
    if not images:
        raise FormatError(f"{folder}: none of {len(files)} files could be read.")
    built = _scene(folder.name, str(root or path), images, layer, tally)
    return Imported(built, tally.report("openlane", str(folder)))


@dataclass(frozen=True, slots=True)
class _Image:
    path: str
    time_ns: int
    camera: Camera
    lines: LaneLines


def _segment(path: Path, scene: str | None) -> Path:
    names = openlane_segments(path) if path.is_dir() else []
    return picked_scene(path, names, scene, "segment", "JSON files, one for each image")


def _times(stems: list[str]) -> list[int]:
    """Nanoseconds since 1970 from names that are numbers (in whatever unit gives our century), else 10 Hz."""
    if all(stem.isdecimal() and 10 <= len(stem) <= 19 for stem in stems):
        times = [int(stem.ljust(19, "0")) for stem in stems]
        if len(set(times)) == len(times):
            return times
    return [row * _PERIOD_NS for row in range(len(stems))]


def _read_image(file: Path, time_ns: int, root: Path, tally: Tally) -> _Image:
    image = Fields(read_json(file), str(file))
    name = image.text("file_path")
    rows: list[FloatArray] = []
    columns: dict[str, list[int]] = {"style": [], "position": [], "track_id": []}
    kinds: list[dict[str, str]] = []
    for line in image.objects("lane_lines", []):
        points = _uv(line)
        if len(points) < 2:
            tally.drop("lane_lines", "", 1, "fewer than two points in the image")
            continue
        code = line.integer("category", 0)
        place = line.integer("attribute", 0)
        if code not in KIND_OF_CODE or place not in POSITION_OF_CODE:
            raise FormatError(f"{line.where}: unknown category {code} or attribute {place}.")
        rows.append(points)
        kind = kind_beside_style(code)
        kinds.append({} if kind is None else {KIND: kind})
        columns["style"].append(style_of(code))
        columns["position"].append(POSITION_OF_CODE[place])
        columns["track_id"].append(line.integer("track_id", NO_TRACK))
        tally.drop("lane_lines", "xyz", int("xyz" in line), "lane lines have points in the image only")
        tally.drop("lane_lines", "visibility", int("visibility" in line), "belongs to xyz")
        for key in line.value.keys() - _KNOWN_OF_LINE:
            tally.drop("lane_lines", key, 1, "not of the format")
    given = {key: np.asarray(values, np.int64) for key, values in columns.items()}
    lines = lines_table(rows, **given, attributes=Attributes.from_rows(kinds)) if rows else lines_table([])
    tally.keep("lane_lines", "", len(lines))
    for key in image.value.keys() - _KNOWN:
        tally.drop("images", key, 1, "not of the format")
    tally.drop("images", "pose", int("pose" in image), "of no stated direction")
    return _Image(name, time_ns, _camera(image, image_size(safe_join(root, name), IMAGE_HW)), lines)


def _uv(line: Fields) -> FloatArray:
    """(k, 2) pixels, from near to far."""
    uv = line.items("uv")
    if len(uv) != 2:
        raise FormatError(f"{line.where}: uv: expected two lists, got {len(uv)}.")
    us = Fields({"u": uv[0], "v": uv[1]}, f"{line.where}, uv")
    u, v = us.numbers("u"), us.numbers("v")
    if len(u) != len(v):
        raise FormatError(f"{line.where}: uv: expected lists of one length, got {len(u)} and {len(v)}.")
    points = CORNER.to_points(np.stack([u, v], axis=1))
    return points[::-1] if len(points) > 1 and points[0, 1] < points[-1, 1] else points


def _camera(image: Fields, image_hw: tuple[int, int]) -> Camera:
    """The camera; mounting and matrix are absent where the file does not give them."""
    matrix = _matrix(image, "intrinsic", 3)
    extrinsic = _matrix(image, "extrinsic", 4)
    mounting = None if extrinsic is None else _rigid(extrinsic @ OPENLANE_FROM_CAMERA)
    return Camera("cam_front", image_hw, camera_matrix=matrix, ego_from_sensor=mounting)


def _matrix(image: Fields, name: str, size: int) -> FloatArray | None:
    if name not in image:
        return None
    rows = image.items(name)
    where = f"{image.where}: {name}"
    if len(rows) != size:
        raise FormatError(f"{where}: expected {size} rows, got {len(rows)}.")
    named = Fields({str(row): values for row, values in enumerate(rows)}, where)
    return np.stack([named.numbers(str(row), size) for row in range(size)])


def _rigid(matrix: FloatArray) -> FloatArray:
    """The nearest rigid motion, where rounding in the file left it off by a little."""
    u, _, vt = np.linalg.svd(matrix[:3, :3])
    result = matrix.copy()
    if np.abs(u @ vt - matrix[:3, :3]).max() < 1e-3:
        result[:3, :3] = u @ vt
    result[3] = (0, 0, 0, 1)
    return result


def _scene(name: str, root: str, images: list[_Image], layer: str, tally: Tally) -> Scene:
    n = len(images)
    cameras = {_key(image.camera) for image in images}
    tally.approximate("sensors", "calibration", int(len(cameras) > 1), 0.0, "", "of the first image, for all")
    frames = Frames(
        np.array([image.time_ns for image in images], np.int64),
        np.zeros(n, np.int32),
        np.arange(n, dtype=np.int32),
        np.zeros(n, np.int32),
        np.full(n, NO_SAMPLE, np.int32),
    )
    table = Grouped.from_groups(LaneLines, n, [image.lines for image in images])
    return Scene(
        name=name,
        sensors=(images[0].camera,),
        taxonomy=DRIVING,
        frames=frames,
        sources=tuple(Source(image.path, "image") for image in images),
        layers={layer: Layer(layer, DRIVING, tables={"lane_lines": table})},
        root=root,
        info={"format": "openlane"},
    )


def _key(camera: Camera) -> bytes:
    parts = (camera.camera_matrix, camera.ego_from_sensor)
    return b"".join(b"" if part is None else part.tobytes() for part in parts)
