"""The law itself: it passes what the reports list, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from drivelabel.formats import ConversionReport, Tally
from drivelabel.labels import IMPORTED, Boxes2D, Grouped
from drivelabel.scene import ImageSet, Scene
from tests.formats.laws import assert_equal_but_for_report
from tests.formats.random_tables import SMALL
from tests.formats.strategies import image_sets, scenes

NOTHING = Tally().report("none", "nowhere")


@settings(max_examples=20)
@given(image_sets())
def test_a_set_equals_itself(images: ImageSet) -> None:
    assert_equal_but_for_report(images, images, NOTHING)


@settings(max_examples=15)
@given(scenes())
def test_a_drive_equals_itself(scene: Scene) -> None:
    assert_equal_but_for_report(scene, scene, NOTHING)


def _set(boxes: Boxes2D) -> ImageSet:
    from drivelabel.scene import Layer, Source

    layer = Layer("truth", SMALL, tables={"boxes2d": Grouped.from_groups(Boxes2D, 1, {0: boxes})})
    return ImageSet("one", (Source("a.png", "image"),), np.array([[20, 30]]), SMALL, {"truth": layer})


BOXES = Boxes2D(
    xyxy=[[1, 2, 3, 4], [5, 6, 7, 8]], category_id=[0, 1], score=[0.5, 1.0], track_id=[3, -1],
    attributes={"occluded": [True, None]},
)  # fmt: skip


def _report(kind: str, *args: Any) -> ConversionReport:
    tally = Tally()
    getattr(tally, kind)("boxes2d", *args)
    return tally.report("x", "y")


CHANGES = {
    "a lost row": (lambda b: b[1:], ("drop", "", 1)),
    "a lost score": (lambda b: b.replace(score=[1.0, 1.0]), ("drop", "score", 1)),
    "a lost track": (lambda b: b.replace(track_id=[-1, -1]), ("drop", "track_id", 1)),
    "lost attributes": (lambda b: b.replace(attributes={}), ("drop", "attributes.occluded", 1)),
    "a moved box": (lambda b: b.replace(xyxy=b.xyxy + 0.25), ("approximate", "xyxy", 2, 0.25, "px")),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_needs_its_entry_in_the_report(change: str) -> None:
    changed, entry = CHANGES[change]
    before, after = _set(BOXES), _set(changed(BOXES))
    assert_equal_but_for_report(before, after, _report(*entry))
    with pytest.raises(AssertionError):
        assert_equal_but_for_report(before, after, NOTHING)


def test_a_row_that_was_counted_as_lost_must_be_lost() -> None:
    with pytest.raises(AssertionError, match="0 rows are lost, the report counts 1"):
        assert_equal_but_for_report(_set(BOXES), _set(BOXES), _report("drop", "", 1))


def test_more_than_the_largest_error_fails() -> None:
    moved = BOXES.replace(xyxy=BOXES.xyxy + 0.5)
    with pytest.raises(AssertionError, match="is none of ours"):
        assert_equal_but_for_report(_set(BOXES), _set(moved), _report("approximate", "xyxy", 2, 0.25, "px"))


def test_a_persons_label_may_come_back_as_imported() -> None:
    imported = BOXES.replace(origin=[IMPORTED, IMPORTED])
    assert_equal_but_for_report(_set(BOXES), _set(imported), NOTHING)
    by_model = _set(BOXES.replace(origin=[0, 0]))
    with pytest.raises(AssertionError):
        assert_equal_but_for_report(by_model, _set(imported), NOTHING)


def test_a_picture_that_nobody_looked_at_may_not_come_back_empty() -> None:
    full = _set(Boxes2D.empty())
    layer = replace(full.layers["truth"], tables={})
    unseen = replace(full, layers={"truth": layer})
    with pytest.raises(AssertionError, match="nobody looked, it came back empty"):
        assert_equal_but_for_report(unseen, full, NOTHING)


def test_new_rows_fail() -> None:
    with pytest.raises(AssertionError, match="none of ours"):
        assert_equal_but_for_report(_set(BOXES[:1]), _set(BOXES), NOTHING)
