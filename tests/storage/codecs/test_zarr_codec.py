import asyncio
import json

import numpy as np
import pytest
import zarr
from zarr.core.buffer import default_buffer_prototype
from zarr.storage import MemoryStore

from drivelabel.errors import CorruptSceneError, InvalidLabelError
from drivelabel.storage.codecs import STANDARD, RleCodec, codec_chain, decode_mask, encode_mask


def mask_of(h, w, dtype, seed=0):
    rng = np.random.default_rng(seed)
    return np.kron(rng.integers(1, 200, (h // 5 + 1, w // 7 + 1)), np.ones((5, 7)))[:h, :w].astype(dtype)


def array_in(store, dtype, *, n=3, interchange=False):
    return zarr.create_array(
        store,
        shape=(n, 40, 60),
        chunks=(1, 40, 60),
        dtype=dtype,
        fill_value=0,
        **codec_chain(interchange=interchange),
    )


def raw_chunk(store, key):
    return asyncio.run(store.get(key, default_buffer_prototype())).to_bytes()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_zarr_and_the_direct_functions_write_the_same_bytes(dtype):
    store = MemoryStore()
    array = array_in(store, dtype)
    mask = mask_of(40, 60, dtype)
    array[1] = mask
    data = raw_chunk(store, "c/1/0/0")
    assert data == encode_mask(mask[None])
    np.testing.assert_array_equal(decode_mask(data, (40, 60), dtype), mask)
    np.testing.assert_array_equal(zarr.open_array(store)[1], mask)


def test_bytes_written_directly_are_read_by_zarr():
    store = MemoryStore()
    array = array_in(store, np.uint16)
    mask = mask_of(40, 60, np.uint16)
    asyncio.run(store.set("c/2/0/0", default_buffer_prototype().buffer.from_bytes(encode_mask(mask))))
    np.testing.assert_array_equal(array[2], mask)
    assert (array[0] == 0).all()


def test_the_codec_is_found_by_its_name_in_the_metadata():
    store = MemoryStore()
    array_in(store, np.uint8)
    metadata = json.loads(raw_chunk(store, "zarr.json"))
    assert metadata["codecs"] == [
        {"name": "drivelabel.rle", "configuration": {"zstd_level": 3}},
        {"name": "crc32c"},
    ]
    assert isinstance(zarr.open_array(store).metadata.codecs[0], RleCodec)


def test_the_interchange_chain_has_standard_codecs_only():
    store = MemoryStore()
    array = array_in(store, np.uint16, interchange=True)
    array[0] = mask_of(40, 60, np.uint16)
    metadata = json.loads(raw_chunk(store, "zarr.json"))
    assert tuple(codec["name"] for codec in metadata["codecs"]) == STANDARD
    np.testing.assert_array_equal(zarr.open_array(store)[0], mask_of(40, 60, np.uint16))


@pytest.mark.parametrize("interchange", [False, True])
def test_one_flipped_bit_is_caught_by_zarr(interchange):
    store = MemoryStore()
    array = array_in(store, np.uint8, interchange=interchange)
    array[0] = mask_of(40, 60, np.uint8)
    data = bytearray(raw_chunk(store, "c/0/0/0"))
    for at in range(len(data)):
        altered = bytearray(data)
        altered[at] ^= 4
        asyncio.run(store.set("c/0/0/0", default_buffer_prototype().buffer.from_bytes(bytes(altered))))
        with pytest.raises(ValueError, match="checksum"):
            array[0]


def test_damage_under_a_right_checksum_is_our_error_through_zarr():
    store = MemoryStore()
    array = array_in(store, np.uint8)
    other = encode_mask(mask_of(20, 60, np.uint8))
    asyncio.run(store.set("c/0/0/0", default_buffer_prototype().buffer.from_bytes(other)))
    with pytest.raises(CorruptSceneError, match="got 20 rows of 60 pixels"):
        array[0]


def test_arrays_of_other_dtypes_are_refused():
    with pytest.raises(InvalidLabelError, match="expected uint8 or uint16, got float32"):
        array_in(MemoryStore(), np.float32)


@pytest.mark.parametrize("level", [0, 23, "3", None])
def test_a_strange_level_is_refused(level):
    with pytest.raises(InvalidLabelError, match="expected zstd_level 1 to 22"):
        RleCodec(zstd_level=level)
