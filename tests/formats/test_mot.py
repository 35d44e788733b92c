"""MOT Challenge: truth and results in and out, also real ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from drivelabel.errors import FormatError
from drivelabel.formats import find_format, find_reader, find_writer
from drivelabel.formats.mot.classes import MOT
from drivelabel.labels import IMPORTED, NO_TRACK, Boxes2D, Grouped
from drivelabel.scene import Camera, Frames, Layer, Scene, Source


@pytest.fixture
def drive() -> Scene:
    """Three frames at 10 Hz: two tracked cars, one of them ignored, and a box without a track."""
    boxes = Boxes2D(
        xyxy=[[0.1, 2.3, 30.7, 41.9], [5, 5, 9, 15], [1e-3, 0, 8, 8]], category_id=[2, 2, 0],
        track_id=[7, 3, NO_TRACK], origin=[IMPORTED] * 3,
        attributes={"mot.ignored": [None, True, None], "visibility": [0.25, None, None]},
    )  # fmt: skip
    table = Grouped.from_groups(Boxes2D, 3, {0: boxes, 1: Boxes2D.empty(), 2: boxes[:1]})
    rows = np.arange(3, dtype=np.int32)
    frames = Frames(100_000_000 * np.arange(3), 0 * rows, rows, 0 * rows, 0 * rows - 1)
    sources = tuple(Source(f"{row}.png", "image") for row in range(3))
    layers = {"truth": Layer("truth", MOT, tables={"boxes2d": table})}
    return Scene("drive", (Camera("cam_front", (48, 64)),), MOT, frames, sources=sources, layers=layers)


def test_truth_comes_back_bit_for_bit(tmp_path: Path, drive: Scene) -> None:
    written = find_writer("mot")(drive, tmp_path / "out", "truth")
    assert written.is_lossless
    read = find_reader("mot")(tmp_path / "out")
    assert read.report.is_lossless
    assert read.data.layer("truth").boxes2d.equals(drive.layer("truth").boxes2d)
    assert read.data.frames.timestamp_ns.tolist() == drive.frames.timestamp_ns.tolist()
    assert read.data.cameras[0].image_hw == (48, 64) and read.data.name == "drive"


def test_boxes_are_one_based(tmp_path: Path, drive: Scene) -> None:
    find_writer("mot")(drive, tmp_path / "out", "truth")
    lines = (tmp_path / "out/drive/gt/gt.txt").read_text().splitlines()
    assert lines[1] == "1,3,6,6,4,10,0,3,-1"
    assert [line.split(",")[1] for line in lines] == ["7", "3", "-1", "7"]


def test_results_have_scores_and_no_class(tmp_path: Path, drive: Scene) -> None:
    boxes = drive.layer("truth").boxes2d
    scored = Grouped(boxes.rows.replace(score=[0.5, 0.25, 1, 0.125]), boxes.offsets, boxes.labelled)
    layers = {"auto": Layer("auto", MOT, tables={"boxes2d": scored})}
    auto = Scene("drive", drive.sensors, MOT, drive.frames, sources=drive.sources, layers=layers)
    report = find_writer("mot")(auto, tmp_path / "out", "auto", results=True)
    dropped = {(entry.object, entry.field): entry.count for entry in report.dropped}
    assert dropped["boxes2d", "category_id"] == 3 and dropped["boxes2d", "attributes.visibility"] == 2
    read = find_reader("mot")(tmp_path / "out/drive.txt").data.layer("truth").boxes2d
    np.testing.assert_array_equal(read.rows.xyxy, scored.rows.xyxy)
    assert read.rows.score.tolist() == [0.5, 0.25, 1, 0.125]


@pytest.mark.parametrize(
    ("name", "n_boxes"),
    [
        ("mot_tud/demo_MOT15_data/train/TUD-Campus", 359), ("mot_tud/TUD-Campus/gt.txt", 359),
        ("mot_tud/TUD-Campus/test.txt", 222), ("datumaro_formats/mot_dataset/mot_seq", 1),
        ("datumaro_formats/mot_dataset/mot_seq_with_seqinfo", 1),
    ],
)  # fmt: skip
def test_real_files_come_back_equal(shared_data: Path, tmp_path: Path, name: str, n_boxes: int) -> None:
    read = find_reader("mot")(shared_data / name)
    assert read.report.is_lossless and len(read.data.layer("truth").boxes2d.rows) == n_boxes
    assert find_writer("mot")(read.data, tmp_path / "out", "truth").is_lossless
    again = find_reader("mot")(tmp_path / "out").data
    assert again.layer("truth").boxes2d.equals(read.data.layer("truth").boxes2d)


@pytest.mark.needs("motmetrics")
def test_motmetrics_reads_what_we_write(tmp_path: Path, drive: Scene) -> None:
    import motmetrics

    find_writer("mot")(drive, tmp_path / "out", "truth")
    table = motmetrics.io.loadtxt(str(tmp_path / "out/drive/gt/gt.txt"), fmt="mot16")
    first = table.loc[(1, 7)]
    # It makes boxes 0-based, as we do.
    np.testing.assert_allclose(
        [first.X, first.Y, first.Width, first.Height], [0.1, 2.3, 30.6, 39.6], rtol=1e-6
    )
    assert table.loc[(1, 3)].Confidence == 0


def test_several_sequences_are_named(tmp_path: Path, drive: Scene) -> None:
    find_writer("mot")(drive, tmp_path / "out", "truth")
    (tmp_path / "out/drive").rename(tmp_path / "out/one")
    find_writer("mot")(drive, tmp_path / "other", "truth")
    (tmp_path / "other/drive").rename(tmp_path / "out/two")
    assert find_format("mot").scenes(tmp_path / "out") == ["one", "two"]  # type: ignore[misc]
    with pytest.raises(FormatError, match=r"has 2 sequences\. Name one"):
        find_reader("mot")(tmp_path / "out")
    assert len(find_reader("mot")(tmp_path / "out", scene="two").data.frames) == 3


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("1,1,5,5,-3,4,1,1,1", "negative size -3 x 4"), ("0,1,5,5,3,4,1,1,1", "expected a frame from 1"),
        ("1,1,5,5,3", "expected 6 to 10 values, got 5"), ("1,1,5,nan,3,4,1,1,1", "expected finite numbers"),
        ("1,x,5,5,3,4,1,1,1", "expected numbers"), ("9999999999,1,5,5,3,4,1,1,1", "expected a frame from 1"),
        ("1,1.5,5,5,3,4,1,1,1", "a whole id"),
    ],
)  # fmt: skip
def test_the_line_that_is_wrong_is_named(tmp_path: Path, line: str, message: str) -> None:
    file = tmp_path / "gt.txt"
    file.write_text(f"1,9,1,1,2,2,1,1,1\n{line}\n")
    with pytest.raises(FormatError, match=r"gt\.txt, line 2: ") as caught:
        find_reader("mot")(file)
    assert message in str(caught.value)
    read = find_reader("mot")(file, on_invalid="skip")
    assert len(read.data.layer("truth").boxes2d.rows) == 1 and len(read.report.dropped) == 1


def test_one_id_twice_in_a_frame_and_unknown_classes_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "gt.txt"
    file.write_text("1,9,1,1,2,2,1,1,1\n1,9,5,5,2,2,1,1,1\n")
    with pytest.raises(FormatError, match="frame 1 has the id 9 twice"):
        find_reader("mot")(file)
    file.write_text("3,9,1,1,2,2,1,77,1\n")
    with pytest.raises(FormatError, match="frame 3: expected a class from 1 to 13, got 77"):
        find_reader("mot")(file)
