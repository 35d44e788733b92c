from __future__ import annotations

import tempfile
from itertools import pairwise
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from drivelabel.formats.number_lines import number_lines
from drivelabel.formats.yolo import read_yolo, write_yolo
from drivelabel.labels import Keypoints
from drivelabel.scene import ImageSet, Scene
from tests.formats.laws import assert_equal_but_for_report
from tests.formats.strategies import image_sets, scenes, with_files


@settings(max_examples=15)
@given(image_sets(), st.sampled_from(("detect", "segment")), st.sampled_from((3, 6, 8, 12)))
def test_images_come_back_but_for_what_the_report_lists(images: ImageSet, task: str, decimals: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        images = with_files(images, folder / "in")
        written = write_yolo(images, folder / "out", "truth", task=task, decimals=decimals)
        read = read_yolo(folder / "out")
    assert_equal_but_for_report(images, read.data, written, read.report)


@settings(max_examples=10)
@given(image_sets(("boxes2d", "keypoints"), all_labelled=True))
def test_skeletons_come_back_with_boxes(images: ImageSet) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        images = with_files(images, folder / "in")
        written = write_yolo(images, folder / "out", "truth", task="pose")
        read = read_yolo(folder / "out")
    before, after = images.layer("truth").keypoints, read.data.layer("truth").tables.get("keypoints")
    dropped = {(e.object, e.field): e.count for e in written.dropped}
    shown = (before.rows.keypoints.values[:, 2] > 0).sum()
    assert shown == (0 if after is None else (after.rows.keypoints.values[:, 2] > 0).sum())
    with_points = sum(
        bool((points[:, 2] > 0).any())
        for points in map(before.rows.keypoints.__getitem__, range(len(before.rows)))
    )
    assert with_points == (0 if after is None else len(after.rows))
    assert dropped.get(("keypoints", ""), 0) <= len(before.rows) - with_points
    if after is not None:
        a, b = _seen(before.rows), _seen(after.rows)
        far = np.abs(a[:, None] - b[None]).max(axis=2)
        assert (far.min(axis=1, initial=1.0) < 1e-4).all()


def _seen(skeletons: Keypoints) -> np.ndarray:
    points = skeletons.keypoints.values
    return points[points[:, 2] > 0]


@settings(max_examples=10)
@given(scenes(("boxes2d",), all_labelled=True))
def test_drives_come_back_as_images(scene: Scene) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        scene = with_files(scene, folder / "in")
        written = write_yolo([scene], folder / "out", "truth", images="copy")
        read = read_yolo(folder / "out")
    assert_equal_but_for_report(scene, read.data, written, read.report)


@given(
    st.lists(st.lists(st.floats(-2, 2), max_size=4), max_size=4), st.integers(0, 15), st.integers(0, 10**6)
)
def test_lines_say_the_numbers_in_so_many_digits(rows: list[list[float]], decimals: int, first: int) -> None:
    counts = [len(row) for row in rows]
    values = np.array([value for row in rows for value in row])
    start = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    heads = np.arange(len(rows)) * first
    text, lines, written = number_lines(heads, values, start, decimals)
    again = [[float(word) for word in line.split()] for line in text.decode().splitlines()]
    assert [row[0] for row in again] == heads.tolist()
    assert [len(row) - 1 for row in again] == counts
    flat = np.array([value for row in again for value in row[1:]])
    np.testing.assert_allclose(flat, written, rtol=1e-15, atol=0)
    np.testing.assert_allclose(flat, values, atol=0.5001 * 10.0**-decimals + 1e-15)
    assert [text[a:b].count(b"\n") for a, b in pairwise(lines.tolist())] == [1] * len(rows)
