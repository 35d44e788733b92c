"""Pixels of labels are as they were written, or an error."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from drivelabel.errors import DriveLabelError, FormatError
from drivelabel.formats.label_images import read_label_image, write_label_image


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("tail", [(), (3,)])
def test_pixels_come_back(tmp_path: Path, dtype: type, tail: tuple[int, ...]) -> None:
    pixels = np.random.default_rng(0).integers(0, np.iinfo(dtype).max + 1, (7, 9, *tail)).astype(dtype)
    write_label_image(tmp_path / "a.png", pixels)
    np.testing.assert_array_equal(read_label_image(tmp_path / "a.png", (7, 9)), pixels)


def test_a_flipped_bit_or_a_cut_is_an_error_never_a_wrong_label(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    pixels = np.random.default_rng(0).integers(0, 20, (40, 60)).astype(np.uint8)
    write_label_image(path, pixels)
    whole = path.read_bytes()
    rng = np.random.default_rng(1)
    n_refused = 0
    for k in range(300):
        damaged = bytearray(whole)
        at = int(rng.integers(len(whole)))
        if k % 3:
            damaged[at] ^= 1 << int(rng.integers(8))
        else:
            del damaged[at:]
        path.write_bytes(damaged)
        try:
            np.testing.assert_array_equal(read_label_image(path), pixels)
        except DriveLabelError:
            n_refused += 1
    assert n_refused == 300


def test_another_size_is_refused(tmp_path: Path) -> None:
    write_label_image(tmp_path / "a.png", np.zeros((4, 5), np.uint8))
    with pytest.raises(FormatError, match="expected 9x8 pixels, got 5x4"):
        read_label_image(tmp_path / "a.png", (8, 9))
