"""Image files: RGB pixels, upright, and what their headers say."""

from __future__ import annotations

import struct
import time
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from drivelabel.errors import StoreError
from drivelabel.media.images import natural_key, read_image, read_image_header


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif"])
def test_images_are_turned_upright_as_pillow_does(tmp_path, draw_scenery, suffix, orientation):
    exif = Image.Exif()
    exif[274] = orientation
    path = tmp_path / f"a{suffix}"
    Image.fromarray(draw_scenery(3)).save(
        path, exif=exif, **({"lossless": True} if suffix == ".webp" else {})
    )
    with Image.open(path) as image:
        expected = np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    got = read_image(path)
    assert got.dtype == np.uint8 and got.flags.c_contiguous
    assert read_image_header(path).image_hw == got.shape[:2] == expected.shape[:2]
    assert np.abs(got.astype(int) - expected).max() <= 2


def test_grey_alpha_palette_and_bilevel_images_become_rgb(tmp_path, draw_scenery):
    image = Image.fromarray(draw_scenery(5))
    for mode in ("L", "LA", "RGBA", "P", "1"):
        path = tmp_path / f"{mode}.png"
        image.convert(mode).save(path)
        with Image.open(path) as saved:
            expected = np.asarray(saved.convert("RGB"))
        np.testing.assert_array_equal(read_image(path), expected, mode)


def test_the_upper_byte_of_16_bits_is_kept(tmp_path):
    grey = np.arange(64 * 80, dtype=np.uint16).reshape(64, 80) * 12
    cv2.imwrite(str(tmp_path / "grey.png"), grey)
    color = np.stack([grey, grey // 2, grey // 3], axis=-1)
    cv2.imwrite(str(tmp_path / "color.png"), color)  # OpenCV writes BGR
    np.testing.assert_array_equal(read_image(tmp_path / "grey.png"), np.repeat(grey[..., None] >> 8, 3, 2))
    np.testing.assert_array_equal(read_image(tmp_path / "color.png"), color[..., ::-1] >> 8)


def test_cmyk_is_converted(tmp_path, draw_scenery):
    picture = draw_scenery(7)
    Image.fromarray(picture).convert("CMYK").save(tmp_path / "a.jpg", quality=98)
    assert np.abs(read_image(tmp_path / "a.jpg").astype(int) - picture).mean() < 12


def test_time_of_an_image_comes_from_exif(tmp_path, draw_scenery):
    exif = Image.Exif()
    exif.get_ifd(0x8769).update({36867: "2016:08:28 21:16:08", 37521: "25", 36881: "+02:00"})
    Image.fromarray(draw_scenery(1)).save(tmp_path / "a.jpg", exif=exif)
    assert read_image_header(tmp_path / "a.jpg").taken_ns == 1472411768_250_000_000
    Image.fromarray(draw_scenery(1)).save(tmp_path / "b.jpg")
    assert read_image_header(tmp_path / "b.jpg").taken_ns is None


def png_claiming(width, height):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(b"\0" * 1000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


@pytest.mark.parametrize("size", [(30_000, 30_000), (70_000, 10), (10, 70_000), (2**31 - 1, 2**31 - 1)])
def test_a_header_that_claims_too_much_is_refused_before_decoding(tmp_path, size):
    path = tmp_path / "bomb.png"
    path.write_bytes(png_claiming(*size))
    start = time.perf_counter()
    with pytest.raises(StoreError, match=r"bomb\.png: expected at most 200 Mpx and 65535 pixels a side"):
        read_image(path)
    assert time.perf_counter() - start < 0.5


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".bmp", ".tif", ".ppm"])
def test_a_file_cut_anywhere_is_refused(tmp_path, draw_scenery, suffix):
    Image.fromarray(draw_scenery(2)).save(tmp_path / f"a{suffix}")
    data = (tmp_path / f"a{suffix}").read_bytes()
    path = tmp_path / f"cut{suffix}"
    for length in (0, 1, 5, 20, len(data) // 2, len(data) - 20, len(data) - 1):
        path.write_bytes(data[:length])
        with pytest.raises(StoreError, match=rf"cut\{suffix}: "):
            read_image(path)


def test_missing_and_foreign_files_are_refused(tmp_path):
    with pytest.raises(StoreError, match="no such image file"):
        read_image(tmp_path / "a.jpg")
    (tmp_path / "a.jpg").write_text("hello")
    with pytest.raises(StoreError, match="expected a JPEG"):
        read_image(tmp_path / "a.jpg")


@given(st.lists(st.integers(0, 10**6), unique=True))
def test_numbers_in_names_sort_by_value(numbers):
    names = [f"frame_{n}.png" for n in numbers]
    assert sorted(names, key=natural_key) == [f"frame_{n}.png" for n in sorted(numbers)]


@given(st.lists(st.text(max_size=20)))
def test_any_names_can_be_sorted(names):
    assert len(sorted(names, key=natural_key)) == len(names)
