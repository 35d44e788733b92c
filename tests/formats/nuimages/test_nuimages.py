"""Images to nuImages' tables and back."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings

from drivelabel.errors import FormatError, StoreError
from drivelabel.formats import find_format
from drivelabel.formats.nuimages import read_nuimages, write_nuimages
from drivelabel.labels import IMPORTED, NUSCENES, Boxes2D, Grouped
from drivelabel.scene import ImageSet, Layer, MemoryMasks, Scene, Source
from tests.formats.laws import assert_equal_but_for_report
from tests.formats.strategies import image_sets, scenes

VERSION = "v1.0-train"


@settings(max_examples=15, deadline=None)
@given(images=image_sets())
def test_any_image_set_comes_back_but_for_what_the_reports_list(
    images: ImageSet, tmp_path_factory: pytest.TempPathFactory
) -> None:
    out = tmp_path_factory.mktemp("law") / "out"
    written = write_nuimages(images, out, "truth", images="none")
    found = read_nuimages(out)
    assert_equal_but_for_report(images, found.data, written, found.report)


@settings(max_examples=10, deadline=None)
@given(scene=scenes())
def test_any_drive_comes_back_but_for_what_the_reports_list(
    scene: Scene, tmp_path_factory: pytest.TempPathFactory
) -> None:
    out = tmp_path_factory.mktemp("law") / "out"
    written = write_nuimages(scene, out, "truth", images="none")
    found = read_nuimages(out)
    assert_equal_but_for_report(scene, found.data, written, found.report)


@pytest.fixture
def street(tmp_path: Path) -> ImageSet:
    """One image with two cars and a road."""
    home = tmp_path / "street"
    home.mkdir()
    cv2.imwrite(str(home / "a.png"), np.full((40, 60, 3), 90, np.uint8))
    boxes = Boxes2D(
        xyxy=[[2, 3, 20, 30], [25.5, 5, 50, 38]],
        category_id=NUSCENES.ids_of(["vehicle.car", "vehicle.truck"]),
        track_id=[4, 9],
        origin=[IMPORTED, IMPORTED],
        attributes={"vehicle.moving": [True, None], "colour": [None, "red"]},
    )
    things, areas = np.zeros((40, 60), np.uint16), np.full((40, 60), 255, np.uint8)
    things[4:20, 3:19], things[10:30, 30:45] = 1, 2
    areas[30:] = NUSCENES.id_of("flat.driveable_surface")
    layer = Layer(
        "truth",
        NUSCENES,
        tables={"boxes2d": Grouped.from_groups(Boxes2D, 1, [boxes])},
        label_maps=MemoryMasks({0: areas}, 1),
        instance_maps=MemoryMasks({0: things}, 1),
        instance_track_id=np.array([4, 9]),
    )
    hw = np.array([[40, 60]])
    return ImageSet("street", (Source("a.png", "image"),), hw, NUSCENES, {"truth": layer}, root=str(home))


@pytest.fixture
def foreign(street: ImageSet, tmp_path: Path) -> Path:
    """The street as if somebody else had written it."""
    write_nuimages(street, tmp_path / "out", "truth")
    for path in (tmp_path / "out" / VERSION).glob("*.json"):
        records = [
            {k: v for k, v in record.items() if k != "drivelabel"} for record in json.loads(path.read_text())
        ]
        path.write_text(json.dumps(records))
    return tmp_path / "out"


def test_other_peoples_tables_keep_their_facts(foreign: Path) -> None:
    found = read_nuimages(foreign)
    assert isinstance(found.data, ImageSet)
    layer = found.data.layer("truth")
    boxes = layer.boxes2d[0]
    np.testing.assert_array_equal(boxes.xyxy, [[2, 3, 20, 30], [26, 5, 50, 38]])
    assert boxes.attributes["vehicle.moving"].to_list() == [True, None]
    np.testing.assert_array_equal(
        np.flatnonzero(layer.instance_map(0).mask(int(boxes.track_id[1])))[0], 10 * 60 + 30
    )
    assert (layer.label_map(0).label_map == NUSCENES.id_of("flat.driveable_surface")).sum() == 600
    facts = layer.tags[0].attributes.row(0)
    assert facts["camera"] == "camera" and facts["logfile"] == "street" and "sample_token" in facts
    assert not found.report.dropped


@pytest.mark.needs("nuimages")
def test_the_devkit_means_the_same(street: ImageSet, tmp_path: Path) -> None:
    write_nuimages(street, tmp_path / "out", "truth")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import matplotlib

        matplotlib.use("Agg")
        from nuimages import NuImages
        from nuimages.utils.utils import mask_decode

        nuim = NuImages(VERSION, str(tmp_path / "out"), lazy=False)
        layer = street.layer("truth")
        things = layer.instance_map(0)
        for record, track in zip(nuim.object_ann, (4, 9), strict=True):
            np.testing.assert_array_equal(mask_decode(record["mask"]).astype(bool), things.mask(track))
        surface = mask_decode(nuim.surface_ann[0]["mask"]).astype(bool)
        np.testing.assert_array_equal(surface, layer.label_map(0).label_map != 255)
        assert [record["bbox"] for record in nuim.object_ann] == [[2, 3, 20, 30], [26, 5, 50, 38]]
        token = nuim.sample[0]["key_camera_token"]
        semantic, _ = nuim.get_segmentation(token)
        assert set(np.unique(semantic)) > {0}
        nuim.render_image(token, out_path=str(tmp_path / "seen.png"))
        import matplotlib.pyplot as plt

        plt.close("all")
    assert (tmp_path / "seen.png").stat().st_size > 500


def _set(row: int, **values: Any) -> Callable[[list[dict[str, Any]]], None]:
    return lambda records: records[row].update(values)


_MASK = {"size": [40, 60], "counts": "AAAA"}


@pytest.mark.parametrize(
    ("table", "change", "message"),
    [
        ("object_ann", _set(1, bbox=[5, 5, 1, 9]), "row 1: bbox"),
        ("object_ann", _set(1, bbox=[5, 5, 1]), "expected 4 numbers"),
        ("object_ann", _set(1, mask=_MASK), "row 1: mask"),
        ("object_ann", _set(1, mask=_MASK | {"counts": "@"}), "base64"),
        ("object_ann", _set(1, mask=_MASK | {"size": [2**31, 2**31]}), "expected size"),
        ("object_ann", _set(1, category_token="x"), "row 1: category_token"),
        ("object_ann", _set(1, sample_data_token="x"), "row 1: sample_data_token"),
        ("object_ann", _set(1, attribute_tokens=["x"]), "no token 'x'"),
        ("object_ann", lambda records: records.append(records[0]), "occurs twice"),
        ("surface_ann", _set(0, mask=_MASK), "row 0: mask"),
        ("sample_data", _set(0, filename="../x"), "leads out"),
        ("sample_data", _set(0, width=10**9, height=10**9), "pixels"),
        ("category", _set(0, name=5), "name"),
    ],
)
def test_a_damaged_record_is_named(
    foreign: Path, table: str, change: Callable[[list[dict[str, Any]]], None], message: str
) -> None:
    path = foreign / VERSION / f"{table}.json"
    records = json.loads(path.read_text())
    change(records)
    path.write_text(json.dumps(records))
    with pytest.raises(FormatError, match=message):
        read_nuimages(foreign)
    if table.endswith("_ann") and message != "occurs twice":
        dropped = read_nuimages(foreign, on_invalid="skip").report.dropped
        assert [(entry.object, entry.count) for entry in dropped] == [(table, 1)]


def test_folders_are_told_apart(foreign: Path, tmp_path: Path) -> None:
    images, drives = find_format("nuimages"), find_format("nuscenes")
    assert images.matches is not None and drives.matches is not None
    assert images.matches(foreign) and not drives.matches(foreign)
    with pytest.raises(StoreError, match=r"object_ann\.json"):
        read_nuimages(tmp_path / "street")
