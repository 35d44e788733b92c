"""A drive is in one part, an image of a set in the part that its name says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivelabel.errors import FormatError
from drivelabel.formats.pictures import pictures_of
from drivelabel.labels import DRIVING
from drivelabel.pipeline.splits import parse_split, with_splits
from drivelabel.scene import Camera, Frames, ImageSet, Layer, Scene, Source


def _drive(name: str, n_frames: int = 3) -> Scene:
    return Scene(
        name, (Camera("cam_front", (20, 30)),), DRIVING,
        Frames(range(n_frames), [0] * n_frames, range(n_frames), [0] * n_frames, [-1] * n_frames),
        sources=tuple(Source(f"{k}.png", "image") for k in range(n_frames)),
        layers={"truth": Layer("truth", DRIVING)},
    )  # fmt: skip


def _set(names: list[str]) -> ImageSet:
    hw = np.full((len(names), 2), 20)
    return ImageSet("set", tuple(Source(name, "image") for name in names), hw, DRIVING)


@given(st.integers(2, 12), st.floats(0, 1))
def test_a_drive_is_never_on_both_sides_and_no_side_is_empty(n: int, share: float) -> None:
    drives = with_splits([_drive(f"drive-{k}") for k in range(n)], {"val": share})
    parts = {drive.name: {p.split for p in pictures_of(drive, "truth").items} for drive in drives}
    assert all(len(found) == 1 for found in parts.values())
    n_val = sum(found == {"val"} for found in parts.values())
    assert n_val == (0 if share == 0 else min(max(1, round(share * n)), n - 1))


def test_the_parts_do_not_depend_on_the_order_of_drives() -> None:
    drives = [_drive(f"drive-{k}") for k in range(8)]
    one = {d.name: d.info["split"] for d in with_splits(drives, {"val": 0.3}) if isinstance(d, Scene)}
    two = {d.name: d.info["split"] for d in with_splits(drives[::-1], {"val": 0.3}) if isinstance(d, Scene)}
    assert one == two
    assert set(one.values()) == {"train", "val"}


def test_an_image_stays_in_its_part_when_others_are_added() -> None:
    names = [f"{k}.png" for k in range(2000)]

    def part_of(given: list[str]) -> dict[str, str]:
        (images,) = with_splits([_set(given)], {"val": 0.2, "test": 0.1})
        assert isinstance(images, ImageSet)
        return {given[row]: part for part, rows in images.splits.items() for row in rows.tolist()}

    few, many = part_of(names[:500]), part_of(names)
    assert few == {name: many[name] for name in names[:500]}
    counts = [list(many.values()).count(part) for part in ("train", "val", "test")]
    assert sum(counts) == 2000
    np.testing.assert_allclose(np.array(counts) / 2000, [0.7, 0.2, 0.1], atol=0.03)


def test_one_drive_cannot_be_in_two_parts() -> None:
    with pytest.raises(FormatError, match="1 drives cannot be in 2 parts; a drive is never cut"):
        with_splits([_drive("a")], {"val": 0.5})
    (only,) = with_splits([_drive("a")], {"val": 0.0})
    assert isinstance(only, Scene) and only.info["split"] == "train"


@pytest.mark.parametrize(
    "word",
    ["val", "val=x", "val=-1", "val=1.5", "=0.2", "train=0.5", "a b=0.1", "val=0.6,test=0.6", "val=nan"],
)
def test_wrong_shares_are_refused(word: str) -> None:
    with pytest.raises(FormatError, match=r"^split: expected"):
        parse_split(word)


def test_shares_are_read() -> None:
    assert parse_split("val=0.2,test=0.1") == {"val": 0.2, "test": 0.1}
