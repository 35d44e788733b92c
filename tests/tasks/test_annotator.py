import numpy as np

from drivelabel.labels import Boxes2D, LabelMap
from drivelabel.tasks.annotator import LABEL_KINDS, FrameLabels


def test_merged_labels_take_the_kinds_that_the_other_has_and_keep_the_rest():
    boxes = Boxes2D.empty()
    areas = LabelMap(np.zeros((2, 3), np.uint8))
    newer = LabelMap(np.ones((2, 3), np.uint8))
    merged = FrameLabels(boxes2d=boxes, label_map=areas).merge(FrameLabels(label_map=newer))
    assert merged.boxes2d is boxes
    assert merged.label_map is newer
    assert merged.kinds == ("boxes2d", "label_map")


def test_a_frame_without_labels_has_no_kinds_but_an_empty_table_is_a_kind():
    assert FrameLabels().kinds == ()
    assert FrameLabels(boxes2d=Boxes2D.empty()).kinds == ("boxes2d",)
    assert LABEL_KINDS == ("boxes2d", "lane_lines", "traffic_lights", "label_map")
