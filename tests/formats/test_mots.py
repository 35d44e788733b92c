"""MOTS: text files and PNG, in and out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from drivelabel.errors import FormatError
from drivelabel.formats import find_format, find_reader, find_writer
from drivelabel.formats.mots.classes import MOTS
from drivelabel.geometry import mask_to_rle
from drivelabel.labels import DRIVING, IMPORTED, Boxes2D, Grouped
from drivelabel.scene import Camera, Frames, Layer, MemoryMasks, Scene, Source

HW = (20, 30)


def make_drive(taxonomy: object = MOTS, track_ids: tuple[int, int] = (1004, 2001), car: int = 0) -> Scene:
    """Two frames; a car in both, a person in the first, with pixel-exact boxes."""
    car_at, person_at = np.zeros(HW, np.uint16), np.zeros(HW, np.uint16)
    car_at[2:8, 3:15] = 1
    person_at[5:18, 20:24] = 2
    boxes = Boxes2D(
        xyxy=[[3, 2, 15, 8], [20, 5, 24, 18]], category_id=[car, _person(taxonomy)], track_id=list(track_ids),
        origin=[IMPORTED] * 2,
    )  # fmt: skip
    table = Grouped.from_groups(Boxes2D, 2, {0: boxes, 1: boxes[:1]})
    masks = MemoryMasks({0: car_at + person_at, 1: car_at}, 2)
    layer = Layer(
        "truth",
        taxonomy,
        tables={"boxes2d": table},
        instance_maps=masks,
        instance_track_id=np.array(track_ids),
    )  # type: ignore[arg-type]
    rows = np.arange(2, dtype=np.int32)
    frames = Frames(100_000_000 * np.arange(2), 0 * rows, rows, 0 * rows, 0 * rows - 1)
    sources = tuple(Source(f"{row}.png", "image") for row in range(2))
    return Scene(
        "0001", (Camera("cam_front", HW),), layer.taxonomy, frames, sources=sources, layers={"truth": layer}
    )


def _person(taxonomy: object) -> int:
    return 1 if taxonomy is MOTS else DRIVING.id_of("pedestrian")


@pytest.mark.parametrize("files", ["text", "png"])
def test_masks_and_ids_come_back(tmp_path: Path, files: str) -> None:
    drive = make_drive()
    written = find_writer("mots")(drive, tmp_path / "out", "truth", files=files)
    assert {entry.object for entry in written.dropped} <= {"frames"} and not written.approximated
    read = find_reader("mots")(tmp_path / "out").data
    before, after = drive.layer("truth"), read.layer("truth")
    assert after.boxes2d.equals(before.boxes2d)
    for frame in range(2):
        for track in (1004, 2001):
            np.testing.assert_array_equal(
                after.instance_map(frame).mask(track), before.instance_map(frame).mask(track)
            )


def test_lines_are_as_the_format_says(tmp_path: Path) -> None:
    find_writer("mots")(make_drive(), tmp_path / "out", "truth")
    first = (tmp_path / "out/0001.txt").read_text().splitlines()[0].split()
    mask = np.zeros(HW, np.bool_)
    mask[2:8, 3:15] = True
    assert first == ["0", "1004", "1", "20", "30", mask_to_rle(mask)["counts"]]


def test_other_taxonomies_are_mapped_and_tracks_numbered_anew(tmp_path: Path) -> None:
    drive = make_drive(DRIVING, (7, 8), DRIVING.id_of("car"))
    report = find_writer("mots")(drive, tmp_path / "out", "truth", first_frame=1)
    dropped = {(entry.object, entry.field): entry.count for entry in report.dropped}
    assert dropped["boxes2d", "track_id"] == 2
    lines = [line.split()[:3] for line in (tmp_path / "out/0001.txt").read_text().splitlines()]
    assert lines == [["1", "1001", "1"], ["1", "2001", "2"], ["2", "1001", "1"]]
    assert len(find_reader("mots")(tmp_path / "out").data.frames) == 2


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("0 1001 2 20 30 {}", "class 2 and id 1001 do not fit"), ("0 1001 1 20 30", "got 5 words"),
        ("0 1001 1 20 31 {}", "another size than before"), ("0 1001 1 20 30 02", "line 2"),
        ("x 1001 1 20 30 {}", "five whole numbers"), ("0 1001 1 99999 99999 {}", "another size"),
    ],
)  # fmt: skip
def test_the_line_that_is_wrong_is_named(tmp_path: Path, line: str, message: str) -> None:
    code = mask_to_rle(np.ones(HW, np.bool_))["counts"]
    file = tmp_path / "0001.txt"
    file.write_text(f"0 2001 2 20 30 {code}\n{line.format(code)}\n")
    with pytest.raises(FormatError, match=r"0001\.txt, line 2: ") as caught:
        find_reader("mots")(file)
    assert message in str(caught.value)
    assert len(find_reader("mots")(file, on_invalid="skip").data.layer("truth").boxes2d.rows) == 1


def test_a_folder_of_sequences_lists_them(tmp_path: Path) -> None:
    find_writer("mots")(make_drive(), tmp_path / "out", "truth")
    find_writer("mots")(make_drive(), tmp_path / "png", "truth", files="png")
    (tmp_path / "png/0001").rename(tmp_path / "out/0002")
    assert find_format("mots").scenes(tmp_path / "out") == ["0001.txt", "0002"]  # type: ignore[misc]
    with pytest.raises(FormatError, match="has 2 sequences"):
        find_reader("mots")(tmp_path / "out")
