from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from drivelabel.errors import FormatError, InvalidLabelError, SceneLookupError, StoreError
from drivelabel.formats import image_files
from drivelabel.formats.coco import write as write_module
from drivelabel.formats.coco import write_coco
from drivelabel.formats.coco.annotations import PictureAnnotations
from drivelabel.formats.pictures import pictures_of
from drivelabel.formats.report import Entry, Tally
from drivelabel.labels import COCO, DRIVING, Boxes2D, Grouped
from drivelabel.scene import ImageSet, Layer, Scene, Source


def _replaced(scene: Scene, **changes: Any) -> Scene:
    fields = ("name", "sensors", "taxonomy", "frames", "sweeps", "samples_ns", "sources", "poses", "layers")
    return Scene(**({f: getattr(scene, f) for f in (*fields, "root", "info")} | changes))


def _written(scene: Scene, out: Path) -> dict[str, Any]:
    write_coco(scene, out, "auto")
    data: dict[str, Any] = json.loads((out / "annotations.json").read_text())
    return data


def _of_kind(data: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [a for a in data["annotations"] if a["kind"] == kind]


def test_pycocotools_loads_it_and_reads_the_same_boxes_back(full_scene: Scene, tmp_path: Path) -> None:
    coco_module = pytest.importorskip("pycocotools.coco")
    out = tmp_path / "labels.json"
    write_coco(full_scene, out, "auto")
    with contextlib.redirect_stdout(io.StringIO()):
        coco = coco_module.COCO(str(out))
    car = coco.loadAnns(coco.getAnnIds(imgIds=1, catIds=[1]))[0]
    x, y, width, height = car["bbox"]
    box = np.array([x, y, x + width, y + height], np.float32)
    np.testing.assert_array_equal(box, full_scene.layer("auto").boxes2d[0].xyxy[0])
    assert coco.loadCats(1)[0]["name"] == "car"
    assert [c["id"] for c in coco.loadCats(coco.getCatIds())] == list(range(1, len(DRIVING) + 1))


def test_areas_come_back_as_the_label_map(full_scene: Scene, tmp_path: Path) -> None:
    coco_module = pytest.importorskip("pycocotools.coco")
    write_coco(full_scene, tmp_path / "out", "auto")
    with contextlib.redirect_stdout(io.StringIO()):
        coco = coco_module.COCO(str(tmp_path / "out" / "annotations.json"))
    again = np.full((48, 64), 255, np.uint8)
    for annotation in coco.loadAnns(coco.getAnnIds(imgIds=[1])):
        if annotation["kind"] == "area":
            mask = coco.annToMask(annotation).astype(bool)
            assert annotation["area"] == mask.sum()
            again[mask] = annotation["category_id"] - 1
    np.testing.assert_array_equal(again, full_scene.layer("auto").label_map(0).label_map)


def test_a_box_with_pixels_has_them_as_its_segmentation(full_scene: Scene, tmp_path: Path) -> None:
    mask_module = pytest.importorskip("pycocotools.mask")
    car = _of_kind(_written(full_scene, tmp_path / "out"), "box")[0]
    mask = mask_module.decode(car["segmentation"])
    np.testing.assert_array_equal(mask == 1, full_scene.layer("auto").instance_map(0).mask(7))


def test_our_own_fields_say_who_and_what(full_scene: Scene, tmp_path: Path) -> None:
    data = _written(full_scene, tmp_path / "out")
    (car,) = _of_kind(data, "box")
    assert (car["track_id"], car["origin"], car["attributes"]) == (7, "model", {"occluded": True})
    (light,) = _of_kind(data, "traffic_light")
    assert (light["state"], light["arrow"], light["relevance"]) == ("red", "none", "relevant")
    assert light["keypoints"] == [7.0, 7.0, 2, 7.0, 10.0, 1, 0.0, 0.0, 0]
    assert light["num_keypoints"] == 2
    (line,) = _of_kind(data, "lane_line")
    assert line["polyline"] == [[10.5, 47.0], [20.25, 30.0], [25.0, 20.0]]
    assert (line["style"], line["position"], line["source"]) == ("dashed", -1, "human")
    assert data["images"][0]["tags"] == [
        {"score": 0.75, "origin": "human", "attributes": {"weather": "rain"}}
    ]
    names = {c["name"]: c for c in data["categories"]}
    assert names["traffic_light"]["keypoints"] == ["red", "yellow", "green"]


def test_one_light_with_a_box_is_one_annotation(full_scene: Scene, tmp_path: Path) -> None:
    data = _written(full_scene, tmp_path / "out")
    lights = [a for a in data["annotations"] if a["category_id"] == DRIVING.id_of("traffic_light") + 1]
    assert len(lights) == 1


def test_only_frames_that_somebody_looked_at_are_images(full_scene: Scene, tmp_path: Path) -> None:
    images = _written(full_scene, tmp_path / "out")["images"]
    assert [image["id"] for image in images] == [1, 2, 3]
    assert images[1]["labelled"] == ["boxes2d"], "looked at, and empty"
    assert images[2]["source"] == "back.mp4"


def test_the_report_counts_what_was_dropped(full_scene: Scene, tmp_path: Path) -> None:
    report = write_coco(full_scene, tmp_path / "out", "auto")
    dropped = {(e.object, e.field): e.count for e in report.dropped}
    assert dropped == {
        ("images", "pixels"): 1,
        ("instance_map", ""): 1,
        ("images", ""): 1,
        ("boxes3d", ""): 1,
        ("frames", "timestamp_ns"): 4,
    }
    assert "boxes3d: 1 (COCO has images only)" in str(report)
    assert json.loads(json.dumps(report.to_json()))["format"] == "coco"
    assert not report.is_lossless


class _Noise:
    """Stands for the decoder of a video."""

    def __init__(self, scene: Scene) -> None:
        self.image_rgb = np.random.default_rng(1).integers(0, 255, (48, 64, 3), np.uint8)

    def read(self, frame: int) -> np.ndarray:
        return self.image_rgb

    def close(self) -> None:
        pass


def test_copies_are_named_by_us_and_video_frames_become_jpeg(
    full_scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image_files, "FrameReader", _Noise)
    out = tmp_path / "out"
    report = write_coco(full_scene, out, "auto", images="copy")
    data = json.loads((out / "annotations.json").read_text())
    names = [image["file_name"] for image in data["images"]]
    assert names == ["cam_front/000000.png", "cam_front/000001.png", "cam_back/000002.jpg"]
    assert sorted(str(p.relative_to(out / "images")) for p in (out / "images").rglob("*.*")) == sorted(names)
    (jpeg,) = report.approximated
    assert (jpeg.object, jpeg.field, jpeg.count, jpeg.unit) == ("images", "pixels", 1, "grey levels")
    assert jpeg.largest_error > 0


def test_names_from_files_never_leave_the_output_folder(
    full_scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image_files, "FrameReader", _Noise)
    evil = tmp_path / "evil.png"
    evil.write_bytes((Path(full_scene.root) / "0.png").read_bytes())
    sources = (Source("../evil.png", "image"), Source(str(evil), "image"), full_scene.sources[2])
    scene = _replaced(full_scene, sources=sources)
    before = set(tmp_path.rglob("*"))
    out = tmp_path / "out"
    write_coco(scene, out, "auto", images="copy")
    assert all(out in (path, *path.parents) for path in set(tmp_path.rglob("*")) - before)


def test_a_missing_recorded_file_is_named(full_scene: Scene, tmp_path: Path) -> None:
    (Path(full_scene.root) / "1.png").unlink()
    with pytest.raises(StoreError, match=r"1\.png: cannot be put into the export"):
        write_coco(full_scene, tmp_path / "out", "auto", images="copy")
    assert [p.name for p in tmp_path.iterdir()] == ["recorded"], "nothing half-written is left"


def test_half_written_never_looks_complete(
    full_scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(write_module, "image_entry", fail)
    for out in (tmp_path / "out", tmp_path / "out.json"):
        with pytest.raises(OSError, match="disk full"):
            write_coco(full_scene, out, "auto")
        assert not out.exists()
    assert [p.name for p in tmp_path.iterdir()] == ["recorded"]


def test_what_is_there_is_replaced_only_when_asked(full_scene: Scene, tmp_path: Path) -> None:
    for out in (tmp_path / "out", tmp_path / "out.json"):
        write_coco(full_scene, out, "auto")
        with pytest.raises(StoreError, match="is there already"):
            write_coco(full_scene, out, "auto")
        write_coco(full_scene, out, "auto", overwrite=True)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out", "out.json", "recorded"]


def test_the_same_scene_gives_the_same_bytes(full_scene: Scene, tmp_path: Path) -> None:
    for name in ("a.json", "b.json"):
        write_coco(full_scene, tmp_path / name, "auto")
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()


def test_images_cannot_be_copied_into_a_file(full_scene: Scene, tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="expected a folder to copy images into, got a file"):
        write_coco(full_scene, tmp_path / "out.json", "auto", images="copy")


def test_an_unknown_layer_is_named(full_scene: Scene, tmp_path: Path) -> None:
    with pytest.raises(SceneLookupError, match=r"no layer 'autp'\. Did you mean 'auto'\?"):
        write_coco(full_scene, tmp_path / "out", "autp")


def test_a_category_that_is_not_in_the_taxonomy_is_refused(full_scene: Scene, tmp_path: Path) -> None:
    boxes = Boxes2D(xyxy=[[0, 0, 1, 1]], category_id=[len(COCO)])
    layer = Layer("auto", COCO, tables={"boxes2d": Grouped.from_groups(Boxes2D, 4, {0: boxes})})
    with pytest.raises(InvalidLabelError, match=r"boxes2d\.category_id, row 0: expected a category id"):
        write_coco(_replaced(full_scene, layers={"auto": layer}), tmp_path / "out", "auto")


def _boxes_through_json(xyxy: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    xyxy = np.concatenate(
        [np.minimum(xyxy[:, :2], xyxy[:, 2:]), np.maximum(xyxy[:, :2], xyxy[:, 2:])], axis=1
    )
    boxes = Boxes2D(xyxy=xyxy, category_id=np.zeros(len(xyxy)))
    layer = Layer("auto", DRIVING, tables={"boxes2d": Grouped.from_groups(Boxes2D, 1, {0: boxes})})
    images = ImageSet("one", (Source("a.png", "image"),), np.array([[8, 8]]), DRIVING, {"auto": layer})
    pictures = pictures_of(images, "auto")
    found = PictureAnnotations(pictures, pictures.items[0], range(1, 99), Tally()).all()
    xywh = np.array([json.loads(json.dumps(a["bbox"])) for a in found])
    return np.concatenate([xywh[:, :2], xywh[:, :2] + xywh[:, 2:]], axis=1), xyxy.astype(np.float64)


@given(arrays(np.int32, (2, 4), elements=st.integers(-(2**22), 2**22)))
def test_a_box_in_fractions_of_a_pixel_survives_json_to_the_last_bit(parts: np.ndarray) -> None:
    again, expected = _boxes_through_json((parts / 512).astype(np.float32))
    np.testing.assert_array_equal(again, expected)


@given(arrays(np.float32, (2, 4), elements=st.floats(-1e6, 1e6, width=32)))
def test_any_box_survives_json_to_the_precision_of_float64(xyxy: np.ndarray) -> None:
    again, expected = _boxes_through_json(xyxy)
    assert np.all(np.abs(again - expected) <= 2 * np.spacing(np.abs(expected).max()))


def test_a_report_entry_reads_as_a_line() -> None:
    assert str(Entry("boxes2d", "xyxy", 3, 0.5, "px")) == "boxes2d.xyxy: 3, largest error 0.5 px"
    assert (
        str(Tally().report("coco", "x")) == "coco: x\nkept: nothing\napproximated: nothing\ndropped: nothing"
    )
