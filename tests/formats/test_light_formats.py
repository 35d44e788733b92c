"""Bosch, LISA and DTLD traffic lights, in files as those data sets have them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from drivelabel.errors import FormatError
from drivelabel.formats import detect_format, find_reader
from drivelabel.formats.traffic_lights import state_and_arrow
from drivelabel.labels import ARROWS, LIGHT_STATES, RELEVANCES, TrafficLights

BOSCH = """- boxes:
  - {label: Red, occluded: false, x_max: 612.5, x_min: 608.0, y_max: 356.0, y_min: 344.25}
  - {label: GreenStraightLeft, occluded: true, x_max: 700.0, x_min: 720.0, y_max: 300.0, y_min: 340.0}
  path: ./rgb/train/a/1.png
- boxes: []
  path: ./rgb/train/a/2.png
"""


def _lights(data: Any, row: int) -> TrafficLights:
    lights: TrafficLights = data.layer("truth").traffic_lights[row]
    return lights


def _states(lights: TrafficLights) -> list[tuple[str, str]]:
    return [(LIGHT_STATES[s], ARROWS[a]) for s, a in zip(lights.state, lights.arrow, strict=True)]


def test_bosch_boxes_states_and_empty_images(tmp_path: Path) -> None:
    (tmp_path / "train.yaml").write_text(BOSCH)
    read = find_reader("bosch")(tmp_path / "train.yaml")
    lights = _lights(read.data, 0)
    assert lights.xyxy.tolist() == [[608, 344.25, 612.5, 356], [700, 300, 720, 340]]
    assert _states(lights) == [("red", "unknown"), ("green", "straight_left")]
    assert lights.attributes["occluded"].to_list() == [False, True]
    assert len(_lights(read.data, 1)) == 0 and read.data.layer("truth").traffic_lights.labelled.all()
    assert read.report.is_lossless
    assert "corners were swapped" in str(read.report)


def test_bosch_raw_images_have_their_boxes_lower(tmp_path: Path) -> None:
    (tmp_path / "riib.yaml").write_text(BOSCH.replace("./rgb/train/a/1.png", "1.png"))
    cv2.imwrite(str(tmp_path / "1.png"), np.zeros((736, 1280), np.uint8))
    lights = _lights(find_reader("bosch")(tmp_path / "riib.yaml").data, 0)
    assert lights.xyxy[0].tolist() == [608, 352.25, 612.5, 364]


def test_bosch_names_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "train.yaml"
    for bad, message in (
        (
            BOSCH.replace("Red", "Purple"),
            "image 0, boxes 0: expected a tag such as RedLeft or stop, got 'Purple'",
        ),
        (BOSCH.replace("612.5", ".nan"), "image 0, boxes 0: x_max: expected a finite number, got nan"),
        (BOSCH.replace("./rgb/train/a/2.png", "/etc/passwd"), "leads out of it"),
        (BOSCH.replace("./rgb/train/a/2.png", "./rgb/train/a/1.png"), "occurs twice"),
        ("boxes: 1", "expected a list of images"),
        ("- !!python/object/apply:os.system [true]", "no plain YAML"),
        ("- &a [*a]", "image 0: expected an object"),
    ):
        path.write_text(bad)
        with pytest.raises(FormatError) as caught:
            find_reader("bosch")(path)
        assert message in str(caught.value)


LISA_HEADER = (
    "Filename;Annotation tag;Upper left corner X;Upper left corner Y;Lower right corner X;"
    "Lower right corner Y;Origin file;Origin frame number;Origin track;Origin track frame number\n"
)


def _lisa(folder: Path, boxes: str, bulbs: str) -> None:
    folder.mkdir(parents=True)
    (folder / "frameAnnotationsBOX.csv").write_text(LISA_HEADER + boxes)
    (folder / "frameAnnotationsBULB.csv").write_text(LISA_HEADER + bulbs)


def test_lisa_bulbs_find_their_housings_and_paths_their_images(tmp_path: Path) -> None:
    tail = "dayTraining/clip.mp4;7;track.mp4;7\n"
    name = "dayTraining/dayClip1--00007.jpg"
    boxes = f"{name};stop;10;20;30;60;{tail}{name};goLeft;100;20;120;60;{tail}"
    bulbs = f"{name};stop;14;22;26;34;{tail}{name};goLeft;300;20;310;30;{tail}"
    _lisa(tmp_path / "Annotations/dayTrain/dayClip1", boxes, bulbs)
    frames = tmp_path / "dayTrain/dayClip1/frames"
    frames.mkdir(parents=True)
    cv2.imwrite(str(frames / "dayClip1--00007.jpg"), np.zeros((480, 640, 3), np.uint8))
    read = find_reader("lisa")(tmp_path)
    assert read.data.sources[0].path == "dayTrain/dayClip1/frames/dayClip1--00007.jpg"
    assert read.data.image_hw.tolist() == [[480, 640]]
    lights = _lights(read.data, 0)
    assert lights.xyxy.tolist() == [[10, 20, 30, 60], [100, 20, 120, 60]]
    assert _states(lights) == [("red", "unknown"), ("green", "left")]
    assert lights.keypoints[0].tolist() == [[20, 28, 2], [0, 0, 0], [0, 0, 0]]
    assert not lights.keypoints[1].any()
    assert lights.attributes["lisa.origin frame number"].to_list() == ["7", "7"]
    assert {(e.object, e.field, e.count) for e in read.report.dropped} == {
        ("bulbs", "size", 1),
        ("bulbs", "", 1),
    }


def test_lisa_names_the_line_that_is_wrong(tmp_path: Path) -> None:
    _lisa(tmp_path / "a", "x--1.jpg;stop;10;20;5;60;f;1;t;1\n", "")
    with pytest.raises(FormatError, match=r"BOX\.csv, line 2: box has negative size"):
        find_reader("lisa")(tmp_path)
    read = find_reader("lisa")(tmp_path, on_invalid="skip")
    assert len(read.data) == 0 and read.report.dropped[0].count == 1


def test_dtld_columns_attributes_and_tags(tmp_path: Path) -> None:
    label = {
        "x": 10, "y": 20, "w": 8, "h": 24, "track_id": "4711", "unique_id": "u1",
        "attributes": {"state": "red_yellow", "pictogram": "arrow_left", "relevance": "not_relevant",
                       "direction": "front", "occlusion": "not_occluded", "aspects": "three_aspects"},
    }  # fmt: skip
    image = {"image_path": "Berlin/1.tiff", "time_stamp": 1.5, "velocity": None, "labels": [label]}
    path = tmp_path / "DTLD_test.json"
    path.write_text(json.dumps({"images": [image]}))
    read = find_reader("dtld")(path)
    lights = _lights(read.data, 0)
    assert lights.xyxy.tolist() == [[10, 20, 18, 44]]
    assert _states(lights) == [("red_yellow", "left")]
    assert RELEVANCES[lights.relevance[0]] == "irrelevant" and lights.track_id.tolist() == [4711]
    assert lights.attributes.row(0) == {
        "direction": "front", "occlusion": "not_occluded", "aspects": "three_aspects", "unique_id": "u1",
    }  # fmt: skip
    assert read.data.layer("truth").tags[0].attributes.row(0) == {"dtld.time_stamp": 1.5}
    assert read.data.image_hw.tolist() == [[1024, 2048]] and read.report.is_lossless


def test_dtld_refuses_unknown_states_and_negative_sizes(tmp_path: Path) -> None:
    path = tmp_path / "d.json"
    for label, message in (
        ({"x": 1, "y": 1, "w": -1, "h": 1}, "images 0, labels 0: box has negative size -1 x 1"),
        ({"x": 1, "y": 1, "w": 1, "h": 1, "attributes": {"state": "blue"}}, "unknown state 'blue'"),
    ):
        path.write_text(json.dumps({"images": [{"image_path": "a.tiff", "labels": [label]}]}))
        with pytest.raises(FormatError, match=message):
            find_reader("dtld")(path)


@pytest.mark.parametrize(
    ("tag", "said"),
    [
        ("go", ("green", "unknown")), ("goForward", ("green", "straight")),
        ("warningLeft", ("yellow", "left")),
        ("off", ("off", "unknown")), ("GREEN", ("green", "unknown")),
        ("RedStraightRight", ("red", "straight_right")),
    ],
)  # fmt: skip
def test_tags_say_state_and_arrow(tag: str, said: tuple[str, str]) -> None:
    assert state_and_arrow(tag, "here") == said


S2TLD = """<annotation><filename>{0}.jpg</filename>
<size><width>1920</width><height>1080</height><depth>3</depth></size>
<object><name>{1}</name><bndbox><xmin>11</xmin><ymin>21</ymin><xmax>20</xmax><ymax>50</ymax></bndbox></object>
</annotation>"""


def test_s2tld_classes_are_states(tmp_path: Path) -> None:
    for name, kind in (("a", "green"), ("b", "wait_on")):
        (tmp_path / f"{name}.xml").write_text(S2TLD.format(name, kind))
    assert detect_format(tmp_path) == "s2tld"
    read = find_reader("s2tld")(tmp_path)
    lights = [_lights(read.data, row) for row in range(2)]
    assert [_states(one) for one in lights] == [[("green", "unknown")], [("unknown", "unknown")]]
    assert lights[0].xyxy.tolist() == [[10, 20, 20, 50]]
    assert lights[1].attributes.row(0)["s2tld.class"] == "wait_on"
    (tmp_path / "c.xml").write_text(S2TLD.format("c", "bus"))
    with pytest.raises(FormatError, match="expected the classes red, yellow, green, off, wait_on, got 'bus'"):
        find_reader("s2tld")(tmp_path)
