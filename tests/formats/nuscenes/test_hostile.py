"""Damaged and hostile tables end in an error that names file and place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from drivelabel.errors import FormatError, StoreError
from drivelabel.formats.nuscenes import read_nuscenes
from drivelabel.scene import Scene
from tests.formats.nuscenes.drives import VERSION, change_table

Records = list[dict[str, Any]]


def _set(row: int, **values: Any) -> Callable[[Records], None]:
    def change(records: Records) -> None:
        records[row].update(values)

    return change


def _twice(records: Records) -> None:
    records.append(dict(records[0]))


@pytest.mark.parametrize(
    ("table", "change", "message"),
    [
        ("sample_annotation", _twice, "token .* occurs twice"),
        ("sample_data", _twice, "token .* occurs twice"),
        ("sample", _twice, "token .* occurs twice"),
        ("ego_pose", _twice, "token .* occurs twice"),
        ("instance", _twice, "token .* occurs twice"),
        ("category", _twice, "token .* occurs twice"),
        ("sample_annotation", _set(1, size=[1, 0, 2]), "row 1: size: expected positive"),
        ("sample_annotation", _set(1, size=[1, 2]), "wrong number of values"),
        ("sample_annotation", _set(1, rotation=[0, 0, 0, 0]), "row 1: rotation"),
        ("sample_annotation", _set(1, translation=[1e300, 0, 0]), "numbers up to"),
        ("sample_annotation", _set(1, instance_token="x"), "row 1: instance_token"),
        ("sample_annotation", _set(1, sample_token="x"), "row 1: sample_token"),
        ("sample_annotation", _set(1, visibility_token="9"), "visibility_token"),
        ("sample_annotation", _set(1, token=5), "expected a text"),
        ("sample_annotation", _set(1, num_lidar_pts=None), "malformed"),
        ("instance", _set(0, category_token="x"), "category_token"),
        ("sample_data", _set(2, filename="../../etc/passwd"), "leads out"),
        ("sample_data", _set(2, filename="/etc/passwd"), "leads out"),
        ("sample_data", _set(2, sample_token="x"), "row 2: sample_token"),
        ("sample_data", _set(2, ego_pose_token="x"), "row 2: ego_pose_token"),
        ("sample_data", _set(2, calibrated_sensor_token="x"), "no token 'x'"),
        ("sample_data", _set(0, width=5), "in one size"),
        ("sample_data", _set(0, timestamp=0.5), "whole number"),
        ("sample", _set(0, prev="x"), "row 0: prev"),
        ("sample", _set(1, timestamp=1), "prev|next"),
        ("ego_pose", _set(0, rotation=[9, 0, 0, 0]), "unit length"),
        ("calibrated_sensor", _set(0, rotation=[9, 0, 0, 0]), "unit length"),
        ("calibrated_sensor", _set(0, camera_intrinsic=[[1, 2], [3]]), "expected 3 numbers"),
        ("calibrated_sensor", _set(0, camera_intrinsic=[[-1, 0, 0], [0, 1, 0], [0, 0, 1]]), "focal"),
        ("sensor", _set(0, channel="../x"), "channel"),
        ("category", _set(0, name=None), "name: expected a text"),
        ("scene", _set(0, nbr_samples=99), "expected 99 samples"),
        ("scene", _set(0, log_token="x"), "no token 'x'"),
    ],
)
def test_a_damaged_record_is_named(
    foreign: Path, table: str, change: Callable[[Records], None], message: str
) -> None:
    change_table(foreign, table, change)
    with pytest.raises(FormatError, match=message) as caught:
        read_nuscenes(foreign)
    assert table in str(caught.value) or "etc/passwd" in str(caught.value)


def test_damaged_annotations_can_be_left_out(foreign: Path) -> None:
    whole = read_nuscenes(foreign).data
    change_table(foreign, "sample_annotation", _set(1, size=[1, -1, 2]))
    found = read_nuscenes(foreign, on_invalid="skip")
    assert isinstance(found.data, Scene) and isinstance(whole, Scene)
    assert len(found.data.layer("truth").boxes3d.rows) == len(whole.layer("truth").boxes3d.rows) - 1
    entry = next(entry for entry in found.report.dropped if "size" in entry.note)
    assert entry.count == 1


@pytest.mark.parametrize("table", ["sample", "sample_data", "sample_annotation", "scene", "category"])
def test_text_cut_anywhere_is_an_error(foreign: Path, table: str) -> None:
    path = foreign / VERSION / f"{table}.json"
    text = path.read_bytes().rstrip()
    for cut in np.linspace(0, len(text) - 1, 12).astype(int):
        path.write_bytes(text[:cut])
        with pytest.raises(FormatError, match=table):
            read_nuscenes(foreign)


@pytest.mark.parametrize(
    "text", ["[NaN]", "{}", "[[]]", "[1]", '[{"token": "a", "token": "b"}]', "[" * 10**5, "x"]
)
@pytest.mark.parametrize("table", ["sample_annotation", "calibrated_sensor"])
def test_other_json_is_an_error(foreign: Path, table: str, text: str) -> None:
    (foreign / VERSION / f"{table}.json").write_text(text)
    with pytest.raises(FormatError, match=table):
        read_nuscenes(foreign)


def test_keys_that_nobody_knows_are_counted(foreign: Path) -> None:
    change_table(foreign, "sample_annotation", _set(1, mood="good"))
    change_table(foreign, "log", _set(0, driver="Ada"))
    dropped = {(entry.object, entry.field): entry.count for entry in read_nuscenes(foreign).report.dropped}
    assert dropped == {("annotation", "mood"): 1, ("log", "driver"): 1}


def test_links_against_the_order_of_time_are_counted_and_not_followed(foreign: Path) -> None:
    def loop(records: Records) -> None:
        records[0]["next"] = records[0]["token"]
        records[0]["prev"] = records[0]["token"]

    change_table(foreign, "sample_annotation", loop)
    dropped = [entry for entry in read_nuscenes(foreign).report.dropped if entry.field == "prev, next"]
    assert [entry.count for entry in dropped] == [1]


def test_a_missing_table_is_named(foreign: Path) -> None:
    (foreign / VERSION / "ego_pose.json").unlink()
    with pytest.raises(StoreError, match=r"ego_pose\.json"):
        read_nuscenes(foreign)
