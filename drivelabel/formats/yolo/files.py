"""The files of a YOLO data set: its YAML, its images, and the label file of each."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from drivelabel.errors import FormatError, StoreError
from drivelabel.formats.classes import taxonomy_of_names
from drivelabel.formats.loading import Fields, kept_name, read_text, read_yaml, safe_join
from drivelabel.formats.report import Tally
from drivelabel.labels import Taxonomy
from drivelabel.media.images import IMAGE_SUFFIXES

SPLITS = ("train", "val", "test")
YAML_NAME = "data.yaml"
"""Name of the YAML file that we write."""

MAX_IMAGES = 10_000_000


@dataclass(frozen=True, slots=True)
class DataSet:
    """What a YAML file, or a folder without one, says.

    Attributes:
        root: the folder that everything lies under.
        taxonomy: the classes.
        splits: name to the folders and list files of its images, as the file names them.
        task: detect, segment, pose, obb, or "" when it is not said.
        kpt_shape: number of keypoints and of numbers each, or None.
        kpt_names: class to the names of its keypoints.
    """

    root: Path
    taxonomy: Taxonomy
    splits: dict[str, list[str]]
    task: str = ""
    kpt_shape: tuple[int, int] | None = None
    kpt_names: dict[int, tuple[str, ...]] = field(default_factory=dict)


_KNOWN = {"path", "names", "nc", "task", "kpt_shape", "kpt_names", "flip_idx", "splits", *SPLITS}


def find_data_set(path: Path, root: Path | None, tally: Tally) -> DataSet:
    """The data set of a YAML file, or of a folder with one, or with ``classes.txt``, images and labels.

    Raises:
        StoreError: there is no such file or folder.
        FormatError: the folder is no YOLO data set, or the file breaks a rule.
    """
    if path.is_file():
        return _of_yaml(path, path.parent if root is None else root, tally)
    if not path.is_dir():
        raise StoreError(f"{path}: no such file or folder.")
    file = _yaml_in(path)
    if file is not None:
        return _of_yaml(file, path if root is None else root, tally)
    if (path / "classes.txt").is_file() and (path / "labels").is_dir():
        names = [line.strip() for line in read_text(path / "classes.txt").splitlines() if line.strip()]
        return DataSet(path, taxonomy_of_names(path.name, names), {"": ["images"]})
    raise FormatError(
        f"{path}: expected a YOLO data set: {YAML_NAME}, or classes.txt beside images and labels."
    )


def looks_like_yolo(path: Path) -> bool:
    """Whether a path is a YOLO data set or its YAML file, and none with Roboflow's folders."""
    folders = [path / split / "labels" for split in ("train", "valid", "test")]
    return has_data_yaml(path) and not any(folder.is_dir() for folder in folders)


def has_data_yaml(path: Path) -> bool:
    """Whether a path is a data set's YAML file, or a folder with one, or with ``classes.txt`` and labels."""
    if path.is_dir():
        return _yaml_in(path) is not None or ((path / "classes.txt").is_file() and (path / "labels").is_dir())
    return path.suffix.lower() in (".yaml", ".yml") and _is_data_yaml(path)


def _yaml_in(folder: Path) -> Path | None:
    for name in (YAML_NAME, "dataset.yaml", "data.yml"):
        if (folder / name).is_file():
            return folder / name
    others = sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")])[:20]
    return next((file for file in others if _is_data_yaml(file)), None)


def _is_data_yaml(path: Path) -> bool:
    try:
        value = read_yaml(path)
    except (FormatError, StoreError):
        return False
    return isinstance(value, dict) and "names" in value and bool(value.keys() & {*SPLITS, "nc"})


def _of_yaml(path: Path, root: Path, tally: Tally) -> DataSet:
    content = Fields(read_yaml(path), str(path))
    names = _names(content)
    kpt_names = _kpt_names(content, len(names))
    skeletons = {names[row]: points for row, points in kpt_names.items()}
    if content.get("download"):
        tally.drop("files", "download", 1, "a command to fetch the images; reported, never run")
    for key in content.value.keys() - _KNOWN - {"download"}:
        tally.drop("files", str(key), 1, "not of the format")
    if content.get("flip_idx"):
        tally.drop("files", "flip_idx", 1, "which points change places in a mirror follows from their names")
    return DataSet(
        root=_below(root, content.text("path", "."), tally),
        taxonomy=taxonomy_of_names("yolo", names, skeletons=skeletons),
        splits=_splits(content),
        task=content.text("task", ""),
        kpt_shape=_kpt_shape(content),
        kpt_names=kpt_names,
    )


def _below(root: Path, path: str, tally: Tally) -> Path:
    """The data set's folder: what the YAML says where that lies below, else the YAML's own."""
    if path in ("", "."):
        return root
    with suppress(FormatError):
        folder = safe_join(root, path)
        if folder.is_dir():
            return folder
    tally.drop("files", "path", 1, f"{path[:80]!r} is not below {root}; images are looked for there")
    return root


def _names(content: Fields) -> list[str]:
    found = content.get("names")
    if isinstance(found, dict):
        if sorted(found, key=str) != sorted(range(len(found)), key=str):
            raise content.wrong(f"names: expected the numbers 0 to {len(found) - 1} as keys.")
        found = [found[k] for k in range(len(found))]
    if not isinstance(found, list):
        raise content.wrong("names: expected a list of class names, or an object from number to name.")
    n_classes = content.integer("nc", len(found))
    if n_classes != len(found):
        raise content.wrong(f"nc: expected {len(found)} like names, got {n_classes}.")
    return [str(name) for name in found]


def _splits(content: Fields) -> dict[str, list[str]]:
    """Where images are, of the splits that are there.

    Of several that name one place, only the first counts, unless the file (one of ours) says which.
    """
    own = content.get("splits")
    found: dict[str, list[str]] = {}
    for split in SPLITS:
        if isinstance(own, list) and split not in own:
            continue
        value = content.get(split)
        places = value if isinstance(value, list) else [] if value in (None, "") else [value]
        for place in places:
            if not isinstance(place, str):
                raise content.wrong(f"{split}: expected a folder or list file, got {type(place).__name__}.")
        if places and places not in found.values():
            found[split] = places
    return found


def _kpt_shape(content: Fields) -> tuple[int, int] | None:
    if "kpt_shape" not in content:
        return None
    n, size = (int(number) for number in content.numbers("kpt_shape", 2))
    if not 0 < n <= 1000 or size not in (2, 3):
        raise content.wrong(f"kpt_shape: expected [points, 2 or 3], got [{n}, {size}].")
    return n, size


def _kpt_names(content: Fields, n_classes: int) -> dict[int, tuple[str, ...]]:
    found = content.get("kpt_names")
    if not isinstance(found, dict):
        return {}
    good = all(type(row) is int and 0 <= row < n_classes and isinstance(n, list) for row, n in found.items())
    if not good:
        raise content.wrong("kpt_names: expected class number to a list of names.")
    return {row: tuple(str(name) for name in names) for row, names in found.items() if names}


def images_of(data: DataSet, split: str) -> Iterator[str]:
    """The paths below the root of a split's images, in order.

    Raises:
        FormatError: a folder or list leads out of the root, or has more than 10 million images.
        StoreError: it is not there.
    """
    n = 0
    for place in data.splits[split]:
        plain = re.sub(r"^(\.\./)+", "", place.replace("\\", "/"))  # exports say ../train for train
        target = safe_join(data.root, plain) if plain not in ("", ".") else data.root
        if target.suffix == ".txt":
            found = _listed(target, plain, data.root)
        else:
            found = _in_folder(target, data.root)
        for name in found:
            n += 1
            if n > MAX_IMAGES:
                raise FormatError(f"{target}: expected at most {MAX_IMAGES} images.")
            yield name


def _listed(file: Path, place: str, root: Path) -> Iterator[str]:
    """``./`` in a list counts from the list's folder, anything else from the root."""
    folder = PurePosixPath(place).parent
    for line in read_text(file).splitlines():
        name = line.strip()
        if name:
            below = str(folder / name.removeprefix("./")) if name.startswith("./") else name
            yield kept_name(below.removeprefix(f"{root}/"))[0]


def _in_folder(folder: Path, root: Path) -> Iterator[str]:
    """Images of a folder; where it has none, those that its label files tell of."""
    if folder.is_dir():
        yield from sorted(_walk(folder, root, IMAGE_SUFFIXES))
        return
    labels = safe_join(root, label_path(f"{folder.relative_to(root)}/x.jpg")).parent
    if not labels.is_dir():
        raise StoreError(f"{folder}: no such folder of images.")
    inside = str(folder.relative_to(root))
    for name in sorted(_walk(labels, labels, (".txt",))):
        yield f"{inside}/{name[: -len('.txt')]}.jpg"


def _walk(folder: Path, root: Path, suffixes: tuple[str, ...]) -> Iterator[str]:
    for here, _, names in os.walk(folder):
        for name in names:
            if name.lower().endswith(suffixes):
                yield str(Path(here, name).relative_to(root)).replace(os.sep, "/")


def label_path(image: str) -> str:
    """The label file of an image: ``images`` becomes ``labels``, at its last place in the path."""
    folders = image.split("/")
    for k in range(len(folders) - 2, -1, -1):
        if folders[k] == "images":
            folders[k] = "labels"
            break
    return str(PurePosixPath("/".join(folders)).with_suffix(".txt"))
