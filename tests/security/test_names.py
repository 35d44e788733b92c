"""No name in a scene makes a writer touch anything but its place: 40 names wherever there is one."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from security.seeds import HW, small_data, small_layer

from drivelabel.errors import DriveLabelError
from drivelabel.formats import find_format, format_names
from drivelabel.formats.options import option_types
from drivelabel.labels import Attributes, Category, Grouped, Taxonomy
from drivelabel.scene import ImageSet, Source

NAMES = (
    "../up.png", "../../up.png", "a/../../up.png", "a/../../../up.png", "/tmp/up.png", "/etc/up.png",
    "//x/up.png", "..", ".", "", "./up.png", "..\\up.png", "a\\..\\..\\up.png", "C:\\up.png",
    "c:up.png", "\\\\server\\up.png", "file:///tmp/up.png", "http://127.0.0.1:9/up.png", "con.png",
    "NUL", "aux.txt.png", "com1", "up.png\0.txt", "up\nup.png", "up\r.png", "\x1b[2J.png", "up.png ",
    "up.png.", " up", "-rf", "--help", "~/up.png", "$HOME/up", "`touch up`", "; touch up",
    "a" * 300 + ".png", "ü" * 200, "\u202egnp.exe", "\ud800.png", "*?<>|.png",
)  # fmt: skip


def writers() -> list[str]:
    return [name for name in format_names() if find_format(name).write is not None]


def _tree(folder: Path, apart: Path) -> str:
    """A digest of all files and links below a folder, but for one place."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path == apart or apart in path.parents:
            continue
        digest.update(str(path.relative_to(folder)).encode("utf-8", "surrogateescape"))
        if path.is_symlink():
            digest.update(str(path.readlink()).encode())
        elif path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _hostile(names: Sequence[str], root: Path) -> ImageSet:
    """An image set whose files, classes, attributes, splits, layer and set are called by these names."""
    n = len(names) + 1
    layer = small_layer(3, 0)
    plain = [replace(category, parent=None) for category in layer.taxonomy][len(names) :]
    taxonomy = Taxonomy(names[0], (*(Category(name, "#112233") for name in names), *plain))
    boxes = layer.boxes2d[0]
    noted = boxes.replace(
        category_id=np.arange(len(boxes)) % len(names),
        attributes=Attributes.of({name: [name] * len(boxes) for name in names}, len(boxes)),
    )
    tables: dict[str, Any] = {"boxes2d": Grouped.from_groups(type(boxes), n, dict.fromkeys(range(n), noted))}
    layer = replace(
        layer, taxonomy=taxonomy, author=names[0], tables=tables, label_maps=None, instance_maps=None
    )
    sources = (*(Source(name, "image") for name in names), Source("a.png", "image"))
    splits = {name or "x": np.array([row]) for row, name in enumerate(names)}
    return ImageSet(names[0], sources, np.full((n, 2), HW), taxonomy, {"truth": layer}, splits, str(root))


NEEDS = {"mcap": "mcap", "rerun": "rerun"}


@pytest.mark.parametrize(
    "writer",
    [
        pytest.param(name, marks=pytest.mark.needs(NEEDS[name])) if name in NEEDS else name
        for name in writers()
    ],
)
def test_a_writer_touches_nothing_but_its_place(writer: str, tmp_path: Path) -> None:
    assert len(set(NAMES)) == 40
    home = tmp_path / "a" / "b"
    root, out = home / "images", home / "out"
    root.mkdir(parents=True)
    cv2.imwrite(str(root / "a.png"), np.full((*HW, 3), 90, np.uint8))
    write = find_format(writer).write
    assert write is not None
    modes = ("reference", "copy") if "images" in option_types(write) and writer != "mcap" else (None,)
    before = _tree(tmp_path, out)
    n_written = 0
    for images in modes:
        options: dict[str, Any] = {} if images is None else {"images": images}
        n_written += _written(write, _hostile(NAMES, root), out, options)
        assert _tree(tmp_path, out) == before, f"{writer} touched other files"
        _check_inside(out)
        if n_written == 0 or images == "copy":  # refused as a whole, perhaps for one of them
            for name in NAMES:
                n_written += _written(write, _hostile([name], root), out, options)
                assert _tree(tmp_path, out) == before, f"{name!r} made {writer} touch other files"
                _check_inside(out)
    if n_written == 0:  # it takes only drives
        n_written = _write_drives(write, home, out, tmp_path, {"images": "copy"} if "copy" in modes else {})
    assert n_written > 0


def _write_drives(write: Any, home: Path, out: Path, around: Path, options: dict[str, Any]) -> int:
    """How many drives with hostile names of log, files, classes and attributes are written."""
    _, drive = small_data(home)
    before, n_written = _tree(around, out), 0
    for name in NAMES:
        layer = drive.layers["truth"]
        categories = [
            replace(c, name=name) if c.name == "car" else replace(c, parent=None) for c in layer.taxonomy
        ]
        taxonomy = Taxonomy(name, tuple(categories))
        cuboids = layer.boxes3d.rows.replace(attributes={name: [name]})
        grouped = replace(layer.boxes3d, rows=cuboids)
        layer = replace(layer, taxonomy=taxonomy, tables={**layer.tables, "boxes3d": grouped})
        sources = (Source(name, "image"), *drive.sources[1:])
        for given in (drive.sources, sources) if "/" in name or "\\" in name else (drive.sources,):
            hostile = replace(drive, name=name, taxonomy=taxonomy, layers={"truth": layer}, sources=given)
            n_written += _written(write, hostile, out, options)
            assert _tree(around, out) == before, f"{name!r} made it touch other files"
            _check_inside(out)
    return n_written


def _written(write: Any, images: ImageSet, out: Path, options: dict[str, Any]) -> int:
    try:
        write(images, out, "truth", overwrite=True, **options)
    except DriveLabelError:
        return 0
    return 1


def _check_inside(out: Path) -> None:
    for path in [out, *out.rglob("*")] if out.is_dir() else [out]:
        assert not path.is_symlink()
        assert path.resolve().is_relative_to(out.resolve())
