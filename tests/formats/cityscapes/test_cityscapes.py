from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings

from drivelabel.errors import DriveLabelError, FormatError
from drivelabel.formats.cityscapes import read_cityscapes, write_cityscapes
from drivelabel.formats.cityscapes.read import looks_like_cityscapes
from drivelabel.labels import VOID, Taxonomy
from drivelabel.labels.taxonomies import CITYSCAPES
from drivelabel.scene import ImageSet
from tests.formats.laws import assert_equal_but_for_report
from tests.formats.strategies import PLAIN_NAMES, image_sets


@settings(max_examples=20)
@given(
    image_sets(
        ("polygons", "label_map", "instance_map"), names=PLAIN_NAMES, splits=False, taxonomy=CITYSCAPES,
        all_labelled=True,
    )
)  # fmt: skip
def test_images_come_back_but_for_what_the_report_lists(images: ImageSet) -> None:
    with tempfile.TemporaryDirectory() as folder:
        written = write_cityscapes(images, Path(folder) / "out", "truth")
        read = read_cityscapes(Path(folder) / "out")
    assert_equal_but_for_report(images, read.data, written, read.report, extra_kinds=("boxes2d",))


def test_real_files_say_what_their_pixels_say(shared_data: Path, tmp_path: Path) -> None:
    folder = shared_data / "datumaro_formats/cityscapes_dataset/dataset"
    assert looks_like_cityscapes(folder)
    read = read_cityscapes(folder)
    data = read.data
    assert len(data) == 4
    assert {split: len(rows) for split, rows in data.splits.items()} == {"test": 2, "train": 1, "val": 1}
    assert all((Path(data.root) / source.path).is_file() for source in data.sources)
    layer = data.layer("truth")
    for row, source in enumerate(data.sources):
        name = source.path.replace("leftImg8bit", "gtFine", 1).replace("_leftImg8bit", "_gtFine_instanceIds")
        ids = cv2.imread(str(folder / name), cv2.IMREAD_UNCHANGED).astype(int)
        np.testing.assert_array_equal(layer.label_map(row).label_map, np.where(ids >= 1000, ids // 1000, ids))
        inside = layer.instance_map(row).instance_map
        np.testing.assert_array_equal(inside > 0, ids >= 1000)
        assert (
            len(np.unique(inside[inside > 0])) == len(np.unique(ids[ids >= 1000])) == len(layer.boxes2d[row])
        )
    written = write_cityscapes(data, tmp_path / "out", "truth")
    again = read_cityscapes(tmp_path / "out")
    for row in range(4):
        np.testing.assert_array_equal(
            again.data.layer("truth").label_map(row).label_map, layer.label_map(row).label_map
        )
    assert [s.path for s in again.data.sources] == [s.path for s in data.sources]
    assert not [e for e in written.dropped if e.object in ("label_map", "instance_map")]


def test_train_ids_stand_in_where_there_are_no_others(shared_data: Path) -> None:
    folder = shared_data / "datumaro_formats/cityscapes_dataset/train_dataset"
    maps = read_cityscapes(folder).data.layer("truth").label_maps
    assert maps is not None and maps.labelled().all()
    values = set(np.unique(maps.read(0)).tolist())
    assert values <= {*range(34), VOID}


def _folder(root: Path, objects: Any, **changes: Any) -> Path:
    folder = root / "gtFine/val/bonn"
    folder.mkdir(parents=True)
    value = {"imgHeight": 20, "imgWidth": 30, "objects": objects} | changes
    (folder / "bonn_000001_000019_gtFine_polygons.json").write_text(json.dumps(value))
    return root


_RING = [[1, 1], [9, 1], [9, 9]]


def test_groups_and_deleted_objects(tmp_path: Path) -> None:
    objects = [
        {"label": "road", "polygon": _RING},
        {"label": "cargroup", "polygon": _RING, "user": "me"},
        {"label": "polegroup", "polygon": _RING},
        {"label": "car", "polygon": _RING, "deleted": 1},
    ]
    read = read_cityscapes(_folder(tmp_path, objects))
    polygons = read.data.layer("truth").polygons[0]
    assert [CITYSCAPES.names[k] for k in polygons.category_id] == ["road", "car", "polegroup"]
    assert [polygons.attributes.row(k) for k in range(3)] == [{}, {"is_group": True, "user": "me"}, {}]
    assert [(e.object, e.note) for e in read.report.dropped] == [("polygons", "deleted")]
    write_cityscapes(read.data, tmp_path / "out", "truth")
    file = tmp_path / "out/gtFine/val/bonn/bonn_000001_000019_gtFine_polygons.json"
    assert [o["label"] for o in json.loads(file.read_text())["objects"]] == ["road", "cargroup", "polegroup"]


@pytest.mark.parametrize(
    ("objects", "changes", "message"),
    [
        ([5], {}, "objects 0: expected an object"),
        ([{"label": "kar", "polygon": _RING}], {}, "no category 'kar'"),
        ([{"label": "car", "polygon": _RING[:2]}], {}, "objects 0: polygon: expected at least 3 points"),
        ([{"label": "car", "polygon": [[1, 1], [2, 2], [1e300, 3]]}], {}, "polygon: expected finite numbers"),
        ([{"label": "car", "polygon": [[1, 1], [2, 2], [3]]}], {}, "polygon: expected 2 numbers"),
        ([], {"imgHeight": 0}, "expected an image of 1 to"),
        ([], {"imgHeight": 10**6, "imgWidth": 10**6}, "expected an image of 1 to"),
    ],
)
def test_what_breaks_a_rule_is_named(objects: Any, changes: Any, message: str, tmp_path: Path) -> None:
    root = _folder(tmp_path, objects, **changes)
    with pytest.raises(DriveLabelError, match=message):
        read_cityscapes(root)
    skipped = read_cityscapes(root, on_invalid="skip")
    assert len(skipped.data.sources) == 0
    assert skipped.report.dropped[0].note.startswith("invalid")


def test_masks_of_other_sizes_and_ids_are_refused(tmp_path: Path) -> None:
    root = _folder(tmp_path, [])
    file = root / "gtFine/val/bonn/bonn_000001_000019_gtFine_labelIds.png"
    cv2.imwrite(str(file), np.zeros((20, 31), np.uint8))
    with pytest.raises(FormatError, match="expected 30x20 pixels, got 31x20"):
        read_cityscapes(root)
    cv2.imwrite(str(file), np.full((20, 30), 77, np.uint8))
    with pytest.raises(FormatError, match="expected ids 0 to 33, got 77"):
        read_cityscapes(root)


def test_other_taxonomies_are_mapped(tmp_path: Path) -> None:
    from drivelabel.labels import DRIVING, Grouped, Polygons
    from drivelabel.scene import Layer, Source

    own: Taxonomy = DRIVING
    rows = Polygons(
        **Polygons.ring_columns([[np.array(_RING)]] * 2), category_id=own.ids_of(["pedestrian", "lane"])
    )
    layer = Layer("t", own, tables={"polygons": Grouped.from_groups(Polygons, 1, {0: rows})})
    images = ImageSet("x", (Source("a.png", "image"),), np.array([[20, 30]]), own, {"t": layer})
    write_cityscapes(images, tmp_path / "out", "t")
    polygons = read_cityscapes(tmp_path / "out").data.layer("truth").polygons[0]
    assert CITYSCAPES.names[polygons.category_id[0]] == "person"


def test_cityscapes_own_scripts_read_the_same(tmp_path: Path) -> None:
    """Set DRIVELABEL_PEERS_PYTHON to a Python that has cityscapesscripts."""
    python = os.environ.get("DRIVELABEL_PEERS_PYTHON")
    if not python:
        pytest.skip("DRIVELABEL_PEERS_PYTHON names no Python with cityscapesscripts")
    objects = [
        {"label": "road", "polygon": [[0, 10], [30, 10], [30, 20], [0, 20]]},
        {"label": "car", "polygon": _RING},
    ]
    read = read_cityscapes(_folder(tmp_path, objects))
    write_cityscapes(read.data, tmp_path / "out", "truth")
    file = tmp_path / "out/gtFine/val/bonn/bonn_000001_000019_gtFine_polygons.json"
    code = (
        "import sys; from cityscapesscripts.helpers.annotation import Annotation; a = Annotation();"
        "a.fromJsonFile(sys.argv[1]);"
        "print(a.imgWidth, a.imgHeight, [(o.label, [tuple(p) for p in o.polygon]) for o in a.objects])"
    )
    found = subprocess.run([python, "-c", code, str(file)], capture_output=True, text=True, check=True).stdout
    expected = [(o["label"], [tuple(map(float, p)) for p in o["polygon"]]) for o in objects]
    assert found.strip() == f"30 20 {expected}"
