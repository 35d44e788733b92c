from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings

from drivelabel.formats.coco import read_coco, write_coco
from drivelabel.scene import ImageSet, Scene
from tests.formats.laws import assert_equal_but_for_report
from tests.formats.strategies import image_sets, scenes


@settings(max_examples=15)
@given(image_sets())
def test_images_come_back_but_for_what_the_report_lists(images: ImageSet) -> None:
    with tempfile.TemporaryDirectory() as folder:
        written = write_coco(images, Path(folder) / "out", "truth")
        read = read_coco(Path(folder) / "out")
    assert_equal_but_for_report(images, read.data, written, read.report)


@settings(max_examples=8)
@given(scenes(all_labelled=True))
def test_drives_come_back_as_images_but_for_what_the_report_lists(scene: Scene) -> None:
    with tempfile.TemporaryDirectory() as folder:
        written = write_coco(scene, Path(folder) / "out.json", "truth")
        read = read_coco(Path(folder) / "out.json")
    assert_equal_but_for_report(scene, read.data, written, read.report)
