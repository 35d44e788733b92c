import tracemalloc

import google_crc32c
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numcodecs import zstd

from drivelabel.errors import CorruptSceneError, InvalidLabelError
from drivelabel.storage.codecs import decode_mask, encode_mask
from drivelabel.storage.codecs.mask_bytes import (
    HEADER,
    RLE,
    STORED,
    ZSTD,
    Header,
    encode_unsealed,
    zstd_content_size,
)

DTYPES = (np.uint8, np.uint16)


def street(h, w, dtype, seed=0, n_things=25):
    """Bands of ground and sky with ragged ellipses on them."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:h, :w]
    horizon = h / 2 + 4 * np.sin(x / 17) + rng.integers(0, 2, w)
    mask = np.where(y < horizon, 23, 20)
    for thing in range(n_things):
        cy, cx, ry, rx = (
            rng.uniform(0, h),
            rng.uniform(0, w),
            rng.uniform(1, 1 + h / 5),
            rng.uniform(1, 1 + w / 5),
        )
        edge = 1 + rng.normal(0, 0.05, (h, 1))
        mask[((y - cy) / ry) ** 2 + ((x - cx) / rx) ** 2 < edge] = 1 + thing * (
            1 if dtype == np.uint8 else 999
        )
    return mask.astype(dtype)


@st.composite
def masks(draw):
    dtype = draw(st.sampled_from(DTYPES))
    h, w = draw(st.integers(0, 40)), draw(st.integers(0, 90))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    top = np.iinfo(dtype).max
    kind = draw(
        st.sampled_from(["constant", "noise", "sparse", "stripes", "rows", "blocks", "street", "steps"])
    )
    if kind == "constant":
        return np.full((h, w), draw(st.integers(0, top)), dtype)
    if kind == "noise":
        return rng.integers(0, top, (h, w), dtype, endpoint=True)
    if kind == "sparse":
        return np.where(rng.random((h, w)) < 0.05, rng.integers(0, top, (h, w)), 0).astype(dtype)
    if kind == "stripes":
        return (np.arange(w) // draw(st.integers(1, 9)) % top * np.ones((h, 1))).astype(dtype)
    if kind == "rows":
        return (np.arange(h)[:, None] // draw(st.integers(1, 9)) * np.ones(w)).astype(dtype)
    if kind == "blocks":
        small = rng.integers(0, top, (h // 4 + 1, w // 8 + 1), endpoint=True)
        return np.kron(small, np.ones((4, 8)))[:h, :w].astype(dtype)
    if kind == "steps":  # borders that jump further than a token can say
        return (np.arange(w) < rng.integers(0, w + 1, (h, 1))).astype(dtype)
    return street(h, w, dtype, seed=int(rng.integers(1 << 30)), n_things=5)


def seal(data):
    return data + google_crc32c.value(data).to_bytes(4, "little")


@given(masks())
@settings(deadline=None, max_examples=300)
def test_a_mask_comes_back_as_it_was(mask):
    back = decode_mask(encode_mask(mask), mask.shape, mask.dtype)
    np.testing.assert_array_equal(back, mask)
    assert back.dtype == mask.dtype


@given(masks())
@settings(deadline=None)
def test_every_pixel_of_a_reused_buffer_is_overwritten(mask):
    for before in (0, np.iinfo(mask.dtype).max):
        out = np.full_like(mask, before)
        assert decode_mask(encode_mask(mask), mask.shape, mask.dtype, out=out) is out
        np.testing.assert_array_equal(out, mask)


@given(masks())
@settings(deadline=None)
def test_a_mask_hardly_takes_more_than_its_pixels(mask):
    frame_of_zstd = 12
    assert len(encode_mask(mask)) <= mask.nbytes + HEADER.size + 4 + frame_of_zstd


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(1, 1), (0, 7), (7, 0), (0, 0), (1, 5000), (5000, 1), (3, 4, 5), (6,), ()])
def test_any_shape_is_kept(shape, dtype):
    mask = (np.arange(int(np.prod(shape))) // 50).astype(dtype).reshape(shape)
    np.testing.assert_array_equal(decode_mask(encode_mask(mask), shape, dtype), mask)


def test_views_and_foreign_byte_order_are_coded_by_their_pixels():
    mask = street(50, 70, np.uint16)
    assert encode_mask(mask.T) == encode_mask(np.ascontiguousarray(mask.T))
    assert encode_mask(mask.astype(">u2")) == encode_mask(mask)


def test_rows_of_very_many_runs_are_kept():
    mask = np.zeros((40, 4000), np.uint8)
    mask[7] = np.arange(4000) % 2
    mask[9] = np.arange(4000) // 3
    assert encode_mask(mask)[5] == RLE
    np.testing.assert_array_equal(decode_mask(encode_mask(mask), mask.shape, mask.dtype), mask)


def test_labels_are_coded_as_runs_and_noise_is_not():
    rng = np.random.default_rng(0)
    assert encode_mask(street(200, 300, np.uint8))[5] == RLE
    assert encode_mask(rng.integers(0, 4, (64, 64), np.uint8))[5] == ZSTD
    assert encode_mask(rng.integers(0, 256, (64, 64), np.uint8))[5] == STORED


def test_a_street_takes_at_most_0_65_of_plain_zstd():
    for dtype in DTYPES:
        mask = street(360, 640, dtype)
        assert len(encode_mask(mask)) <= 0.65 * len(zstd.compress(mask, 3))


def test_other_dtypes_are_refused():
    with pytest.raises(InvalidLabelError, match="expected uint8 or uint16, got int32"):
        encode_mask(np.zeros((2, 2), np.int32))
    with pytest.raises(InvalidLabelError, match="got float32"):
        decode_mask(encode_mask(np.zeros((2, 2), np.uint8)), (2, 2), np.float32)


def test_a_buffer_that_does_not_fit_is_refused():
    mask = street(20, 30, np.uint8)
    data = encode_mask(mask)
    wrong = (
        np.empty((30, 20), np.uint8),
        np.empty((20, 30), np.uint16),
        np.empty((20, 60), np.uint8)[:, ::2],
    )
    for out in wrong:
        with pytest.raises(InvalidLabelError, match="out: expected a C-contiguous uint8 array of shape"):
            decode_mask(data, mask.shape, mask.dtype, out=out)


@pytest.mark.parametrize(
    ("shape", "dtype"),
    [((30, 20), np.uint8), ((20, 31), np.uint8), ((20, 15), np.uint16), ((0, 0), np.uint8)],
)
def test_bytes_of_another_mask_are_refused(shape, dtype):
    with pytest.raises(CorruptSceneError, match="got 20 rows of 30 pixels of 1 bytes"):
        decode_mask(encode_mask(street(20, 30, np.uint8)), shape, dtype)


def test_a_newer_version_says_so():
    data = bytearray(encode_unsealed(street(20, 30, np.uint8)))
    data[4] = 2
    with pytest.raises(CorruptSceneError, match="version 2, this drivelabel reads 1"):
        decode_mask(seal(bytes(data)), (20, 30), np.uint8)


def test_every_cut_is_an_error():
    mask = street(30, 50, np.uint8)
    data = encode_mask(mask)
    for n in range(len(data)):
        with pytest.raises(CorruptSceneError):
            decode_mask(data[:n], mask.shape, mask.dtype)


def originals():
    rng = np.random.default_rng(5)
    return [
        street(40, 60, np.uint8),
        street(40, 60, np.uint16),
        np.zeros((9, 9), np.uint8),
        rng.integers(0, 3, (30, 30), np.uint8),
        rng.integers(0, 60000, (30, 30), np.uint16),
    ]


def mutate(rng, data):
    data = bytearray(data)
    kind = rng.integers(4)
    if kind == 0:
        return bytes(data[: rng.integers(len(data))])
    if kind == 1:
        at = rng.integers(len(data) + 1)
        return bytes(data[:at] + rng.bytes(rng.integers(1, 20)) + data[at:])
    for _ in range(rng.integers(1, 4)):
        at = rng.integers(len(data))
        data[at] = rng.integers(256) if kind == 2 else data[at] ^ (1 << int(rng.integers(8)))
    return bytes(data)


def test_altered_bytes_are_an_error_or_change_nothing():
    rng = np.random.default_rng(1)
    for mask in originals():
        data = encode_mask(mask)
        for _ in range(4000):
            altered = mutate(rng, data)
            if altered == data:
                continue
            with pytest.raises(CorruptSceneError):
                decode_mask(altered, mask.shape, mask.dtype)


def test_altered_bytes_under_a_right_checksum_never_leave_a_pixel_unset():
    rng = np.random.default_rng(2)
    errors = 0
    for mask in originals():
        data = encode_unsealed(mask)
        for _ in range(1000):
            altered = seal(mutate(rng, data))
            results = []
            for before in (0, np.iinfo(mask.dtype).max):
                out = np.full_like(mask, before)
                try:
                    results.append(decode_mask(altered, mask.shape, mask.dtype, out=out))
                except CorruptSceneError:
                    errors += 1
            if results:
                np.testing.assert_array_equal(*results)
    assert errors > 1000


def test_altered_streams_under_a_right_checksum_never_leave_a_pixel_unset():
    rng = np.random.default_rng(3)
    kept = 0
    for mask in originals()[:2]:
        data = encode_unsealed(mask)
        assert data[5] == RLE
        streams = zstd.decompress(data[HEADER.size :])
        for _ in range(2000):
            altered = mutate(rng, streams)[: len(streams)].ljust(len(streams), b"\0")
            guarded = np.full((3, *mask.shape), 7, mask.dtype)
            try:
                sealed = seal(data[: HEADER.size] + zstd.compress(altered, 1))
                decode_mask(sealed, mask.shape, mask.dtype, out=guarded[1])
                again = decode_mask(sealed, mask.shape, mask.dtype, out=np.zeros_like(mask))
                np.testing.assert_array_equal(guarded[1], again)
                kept += 1
            except CorruptSceneError:
                pass
            assert (guarded[[0, 2]] == 7).all()
    assert kept > 100


def test_memory_is_bounded_by_the_shape_whatever_the_bytes_say():
    bomb = zstd.compress(bytes(100_000_000), 3)
    lies = [
        Header(ZSTD, 1, 20, 30).pack() + bomb,
        Header(RLE, 1, 20, 30, 50_000_000, 40_000_000, 9_999_980).pack() + bomb,
        Header(RLE, 1, 20, 30, 100, 50, 30).pack() + bomb,
    ]
    for lie in lies:
        data = seal(lie)
        tracemalloc.start()
        with pytest.raises(CorruptSceneError):
            decode_mask(data, (20, 30), np.uint8)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 100_000


@given(st.binary(max_size=3000), st.integers(1, 19))
def test_the_size_a_zstd_frame_says_is_read_as_zstd_reads_it(content, level):
    frame = zstd.compress(content, level)
    assert zstd_content_size(np.frombuffer(frame, np.uint8)) == len(content)


@pytest.mark.parametrize("n", [0, 255, 256, 65535, 65791, 65792, 70000, 1 << 20])
def test_sizes_at_the_steps_of_zstd_headers_are_read(n):
    assert zstd_content_size(np.frombuffer(zstd.compress(bytes(n), 3), np.uint8)) == n
