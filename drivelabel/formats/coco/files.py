"""Which COCO files a path means."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from drivelabel.errors import FormatError, StoreError
from drivelabel.formats.loading import safe_join
from drivelabel.formats.report import Tally

JSON_NAME = "annotations.json"
"""Name of the file inside a folder that we write."""

TASKS = ("instances", "person_keypoints", "stuff", "captions", "image_info", "labels")
"""What files of COCO's own folder begin with; the first that is there is read."""


@dataclass(frozen=True, slots=True)
class LabelFile:
    """One JSON file, and the split that its images are in, or ""."""

    path: Path
    split: str = ""


def label_files(path: Path, tally: Tally) -> list[LabelFile]:
    """The files of a data set: the path itself, or those in the folder.

    Raises:
        StoreError: there is no such file or folder.
        FormatError: the folder has no COCO file, or several that belong to no known layout.
    """
    if path.is_file():
        return [LabelFile(path)]
    if not path.is_dir():
        raise StoreError(f"{path}: no such file or folder.")
    if (path / JSON_NAME).is_file():
        return [LabelFile(path / JSON_NAME)]
    folder = path / "annotations" if (path / "annotations").is_dir() else path
    found = sorted(folder.glob("*.json"))
    for task in TASKS:
        own = [file for file in found if file.stem.startswith(f"{task}_")]
        if own:
            for other in found:
                tally.drop("files", other.name, int(other not in own), "not read; name the file to read it")
            return [LabelFile(file, _split_of(file.stem.removeprefix(f"{task}_"))) for file in own]
    if len(found) == 1:
        return [LabelFile(found[0])]
    raise FormatError(
        f"{path}: expected {JSON_NAME} or annotations/instances_*.json, "
        f"found {len(found)} JSON files. Name the one to read."
    )


def _split_of(stem: str) -> str:
    """``train2017`` is train."""
    return re.sub(r"[0-9]{4}$", "", stem) or stem


def looks_like_coco(path: Path) -> bool:
    """Whether a path is a COCO file or a folder with such files."""
    if path.is_dir():
        folder = path / "annotations"
        return (path / JSON_NAME).is_file() or any(
            file.stem.startswith(TASKS) for file in sorted(folder.glob("*.json"))[:50]
        )
    return path.suffix.lower() == ".json" and _has_keys(path)


def _has_keys(path: Path) -> bool:
    """Whether the file's first or last megabyte names the lists that only COCO's files have."""
    try:
        with path.open("rb") as file:
            head = file.read(1 << 20)
            file.seek(max(0, path.stat().st_size - (1 << 20)))
            text = head + file.read(1 << 20)
    except OSError:
        return False
    keys = (b'"images"', b'"annotations"', b'"categories"')
    starts = head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")
    return starts and all(key in text for key in keys) and b'"segments_info"' not in text


def image_folder(
    files: Sequence[LabelFile], first_name: Callable[[LabelFile], str | None]
) -> tuple[Path, dict[str, str]]:
    """The folder that images lie under, and for each split what stands before its files' names.

    Looks for the first image of each file in the places where COCO, exports and tools put it.
    """
    home = files[0].path.parent
    home = home.parent if home.name == "annotations" else home
    prefixes: dict[str, str] = {}
    for file in files:
        name = first_name(file)
        prefixes[file.split] = _prefix(home, file, name) if name is not None else ""
    return home, prefixes


def _prefix(home: Path, file: LabelFile, name: str) -> str:
    task, _, part = file.path.stem.rpartition("_")
    places = [
        "",
        "images/",
        f"images/{part}/" if task else "",
        f"{part}/",
        f"images/{file.split}/",
        f"{file.split}/",
    ]
    places.append(f"{file.path.parent.name}/")
    for place in dict.fromkeys(places):
        try:
            if safe_join(home, place + name).is_file():
                return place
        except FormatError:
            continue
    return ""
