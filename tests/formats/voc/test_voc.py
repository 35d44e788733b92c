from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from defusedxml.ElementTree import parse
from hypothesis import given, settings

from drivelabel.errors import DriveLabelError, FormatError
from drivelabel.formats.coco import read_coco
from drivelabel.formats.voc import read_voc, write_voc
from drivelabel.formats.voc.read import looks_like_voc
from drivelabel.labels import COCO, Boxes2D, Grouped
from drivelabel.scene import ImageSet, Layer, Scene, Source
from tests.formats.laws import assert_equal_but_for_report
from tests.formats.strategies import image_sets, scenes


@settings(max_examples=20)
@given(image_sets())
def test_images_come_back_but_for_what_the_report_lists(images: ImageSet) -> None:
    with tempfile.TemporaryDirectory() as folder:
        written = write_voc(images, Path(folder) / "out", "truth")
        read = _read(Path(folder) / "out")
    if read is not None:
        assert_equal_but_for_report(images, read.data, written, read.report)


@settings(max_examples=10)
@given(scenes(("boxes2d",), all_labelled=True))
def test_drives_come_back_as_images(scene: Scene) -> None:
    with tempfile.TemporaryDirectory() as folder:
        written = write_voc(scene, Path(folder) / "out", "truth", pixels="corner")
        read = read_voc(Path(folder) / "out", pixels="corner")
    assert_equal_but_for_report(scene, read.data, written, read.report)


def _read(path: Path):
    """None where nobody labelled a picture, so that there is no file."""
    if not list((path / "Annotations").rglob("*.xml")):
        with pytest.raises(FormatError, match="found no XML file"):
            read_voc(path)
        return None
    return read_voc(path)


def test_pixels_count_from_one_and_the_last_is_named(tmp_path: Path) -> None:
    boxes = Boxes2D(
        xyxy=[[0, 0, 10, 20]], category_id=[2], attributes={"difficult": [True], "pose": ["Left"]}
    )
    tables = {"boxes2d": Grouped.from_groups(Boxes2D, 1, {0: boxes})}
    images = ImageSet(
        "one", (Source("a.png", "image"),), np.array([[30, 40]]), COCO, {"t": Layer("t", COCO, tables=tables)}
    )
    write_voc(images, tmp_path / "out", "t")
    root = parse(tmp_path / "out/Annotations/a.xml").getroot()
    sides = {side.tag: side.text for side in root.iterfind("object/bndbox/*")}
    assert sides == {"xmin": "1", "ymin": "1", "xmax": "10", "ymax": "20"}
    assert (root.findtext("object/name"), root.findtext("object/pose")) == ("car", "Left")
    assert (root.findtext("object/difficult"), root.findtext("size/width")) == ("1", "40")


def test_real_files_come_back_but_for_the_report(shared_data: Path, tmp_path: Path) -> None:
    folder = shared_data / "datumaro_formats/voc_dataset/voc_dataset1"
    assert looks_like_voc(folder)
    read = read_voc(folder)
    layer = read.data.layer("truth")
    root = parse(folder / "Annotations/2007_000001.xml").getroot()
    theirs = [
        [float(o.findtext(f"bndbox/{s}") or 0) for s in ("xmin", "ymin", "xmax", "ymax")]
        for o in root.iterfind("object")
    ]
    np.testing.assert_array_equal(layer.boxes2d[0].xyxy, np.array(theirs) - [1, 1, 0, 0])
    assert {name: rows.tolist() for name, rows in read.data.splits.items()} == {"train": [0]}
    assert (Path(read.data.root) / read.data.sources[0].path).is_file()
    written = write_voc(read.data, tmp_path / "out", "truth")
    again = read_voc(tmp_path / "out")
    assert_equal_but_for_report(read.data, again.data, written, again.report)


def test_real_boxes_equal_those_of_the_same_set_in_coco(shared_data: Path) -> None:
    folder = shared_data / "labelformat_fixtures/object_detection"
    voc = read_voc(folder / "PascalVOC", pixels="corner").data
    coco = read_coco(folder / "COCO/train.json").data
    for row in range(2):
        a, b = voc.layer("truth").boxes2d[row], coco.layer("truth").boxes2d[row]
        np.testing.assert_array_equal(a.xyxy, b.xyxy)
        assert [voc.taxonomy.names[k] for k in a.category_id] == [
            coco.taxonomy.names[k] for k in b.category_id
        ]


_BOX = "<xmin>1</xmin><ymin>1</ymin><xmax>4</xmax><ymax>5</ymax>"


@pytest.mark.parametrize(
    ("inside", "message"),
    [
        (f"<object><bndbox>{_BOX}</bndbox></object>", "object 0: expected <name> and <bndbox>"),
        ("<object><name>a</name><bndbox/></object>", "object 0: <xmin> is missing"),
        (f"<object><name>a</name><bndbox>{_BOX.replace('4', 'nan')}</bndbox></object>", "xmax: expected a"),
        (f"<object><name>a</name><bndbox>{_BOX.replace('4', '1e99')}</bndbox></object>", "xmax: expected a"),
        (f"<object><name>a</name><bndbox>{_BOX.replace('4', 'x')}</bndbox></object>", "xmax: expected a"),
        (f"<object><name>a</name><score>7</score><bndbox>{_BOX}</bndbox></object>", "score: expected"),
        (
            f"<object><name>a</name><track_id>.5</track_id><bndbox>{_BOX}</bndbox></object>",
            "track_id: expected",
        ),
    ],
)
def test_what_breaks_a_rule_is_named(inside: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    size = "<size><width>40</width><height>30</height></size>"
    path.write_text(f"<annotation><filename>a.jpg</filename>{size}{inside}</annotation>")
    with pytest.raises(FormatError, match=message):
        read_voc(path)
    skipped = read_voc(path, on_invalid="skip")
    assert len(skipped.data.sources) == 1
    assert sum(e.count for e in skipped.report.dropped) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<annotation></annotation>", "expected <size>"),
        ("<annotation><size><width>-4</width><height>3</height></size></annotation>", "expected <size>"),
        ("<annotation><size><width>99999</width><height>99999</height></size></annotation>", "pixels"),
        ("<other/>", "expected <annotation>, got <other>"),
        ("<annotation>", "no XML"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><annotation>&b;</annotation>', "DTD or entities"),
        (
            "<annotation><size><width>4</width><height>3</height></size><object><name>a</name><bndbox>"
            "<xmin>9</xmin><ymin>1</ymin><xmax>2</xmax><ymax>5</ymax></bndbox></object></annotation>",
            "object 0: box has negative size",
        ),
    ],
)
def test_damaged_files_are_refused(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text(text)
    with pytest.raises(DriveLabelError, match=message):
        read_voc(tmp_path / "a.xml")


def test_names_that_lead_out_stay_below_the_folder(tmp_path: Path) -> None:
    size = "<size><width>4</width><height>3</height></size>"
    text = f"<annotation><filename>../../etc/x.jpg</filename>{size}</annotation>"
    (tmp_path / "a.xml").write_text(text)
    assert read_voc(tmp_path / "a.xml").data.sources[0].path == "x.jpg"
