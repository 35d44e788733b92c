"""Tables of everything: exact there and back, safe in a spreadsheet, edits welcome."""

from __future__ import annotations

import csv
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings

from drivelabel.errors import DriveLabelError, FormatError
from drivelabel.formats import Data, find_format
from drivelabel.labels import Boxes2D, Grouped
from drivelabel.scene import ImageSet, Layer, Scene, Source
from tests.formats.laws import assert_equal_but_for_report
from tests.formats.random_tables import SMALL
from tests.formats.strategies import image_sets, scenes

FORMATS = ("parquet", "csv")


def _round_trip(name: str, data: Data, folder: Path) -> None:
    found = find_format(name)
    assert found.write is not None and found.read is not None and found.matches is not None
    out = folder / "tables"
    written = found.write(data, out, "truth")
    assert found.matches(out)
    read = found.read(out)
    assert written.is_lossless and read.report.is_lossless
    assert type(read.data) is type(data)
    assert_equal_but_for_report(data, read.data, written, read.report)
    before, after = data.layers["truth"], read.data.layers["truth"]
    for kind, grouped in before.tables.items():
        assert grouped.equals(after.tables[kind]), kind
    assert (data.name, data.sources, data.taxonomy) == (read.data.name, read.data.sources, read.data.taxonomy)


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=12)
@given(images=image_sets())
def test_an_image_set_comes_back_exactly(name: str, images: ImageSet) -> None:
    with TemporaryDirectory() as folder:
        _round_trip(name, images, Path(folder))


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=8)
@given(scene=scenes())
def test_a_drive_comes_back_exactly(name: str, scene: Scene) -> None:
    with TemporaryDirectory() as folder:
        _round_trip(name, scene, Path(folder))


PAYLOADS = (
    "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "'=1", "'", "''", "", " =1", '=HYPERLINK("http://x","y")',
    "=cmd|' /C calc'!A0", "a,b", 'a"b', "a\nb", "1e5", "true", "ü中", "-",
)  # fmt: skip


def _noted(notes: list[str]) -> ImageSet:
    n = len(notes)
    boxes = Boxes2D(
        xyxy=np.tile(np.float32([1, 2, 3.1, 4]), (n, 1)),
        category_id=[k % len(SMALL) for k in range(n)],
        score=np.float32(np.linspace(0, 1, n)),
        attributes={"note": notes, "=x": [-1.5] * n},
    )
    layer = Layer("truth", SMALL, tables={"boxes2d": Grouped.from_groups(Boxes2D, 1, {0: boxes})})
    return ImageSet("one", (Source("=a.png", "image"),), np.array([[20, 30]]), SMALL, {"truth": layer})


def test_no_cell_is_a_formula_and_every_text_comes_back(tmp_path: Path) -> None:
    _round_trip("csv", _noted(list(PAYLOADS)), tmp_path)
    n_texts = 0
    for path in (tmp_path / "tables").glob("*.csv"):
        with path.open(newline="", encoding="utf-8") as file:
            for row in csv.reader(file):
                for cell in row:
                    if cell.startswith(("=", "+", "-", "@", "\t", "\r")):
                        float(cell)  # numbers may begin with a minus
                    n_texts += cell.startswith("'")
    assert n_texts >= 12


def test_rows_may_be_sorted_otherwise_and_edited(tmp_path: Path) -> None:
    import polars as pl

    _round_trip("csv", _noted(["a", "b"]), tmp_path)
    path = tmp_path / "tables" / "boxes2d.csv"
    frame = pl.read_csv(path).reverse().with_columns(pl.lit("person").alias("category"))
    frame.write_csv(path)
    read = find_format("csv").read
    assert read is not None
    boxes = read(tmp_path / "tables").data.layers["truth"].boxes2d[0]
    assert boxes.category_id.tolist() == [2, 2]
    assert boxes.attributes["note"].to_list() == ["b", "a"]


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("3.1", "x", "boxes2d.csv: cannot be read as a table"),
        ("3.1", "", "boxes2d, row 0: 'right' is empty"),
        ("3.1", "0.5", "row 0: box has negative size"),
        ("3.1", "inf", "expected finite numbers"),
        ("person", "alien", "no category 'alien'"),
        ("human", "nobody", "origin: expected one of model, human"),
        ("left", "links", "the column 'left' is missing"),
        ("\n0,", "\n7,", "expected images from 0 to 0"),
    ],
)
def test_a_wrong_cell_is_named(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    _round_trip("csv", _noted(["a", "b", "c"]), tmp_path)
    path = tmp_path / "tables" / "boxes2d.csv"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    read = find_format("csv").read
    assert read is not None
    with pytest.raises(DriveLabelError, match=complaint):
        read(tmp_path / "tables")


def test_several_scenes_are_refused(tmp_path: Path) -> None:
    write = find_format("parquet").write
    assert write is not None
    with pytest.raises(FormatError, match="holds one scene, got 2"):
        write([_noted(["a"]), _noted(["a"])], tmp_path / "x", "truth")
