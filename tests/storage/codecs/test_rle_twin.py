import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from reference import rle as reference

from drivelabel.geometry._kernels import rle


def code(mask):
    h, w = mask.shape
    heads = np.empty(h, np.uint8)
    limit = 4 * mask.size + 8
    tokens, low, high, numbers = (np.empty(limit + w + 5, np.uint8) for _ in range(4))
    n_tokens, n_values, n_numbers = rle.encode_rows(mask, limit, heads, tokens, low, high, numbers)
    return heads, tokens[:n_tokens], low[:n_values], high[:n_values], numbers[:n_numbers]


def frames(dtype):
    few = hnp.arrays(dtype, st.tuples(st.integers(1, 8), st.integers(1, 50)), elements=st.integers(0, 2))
    many = hnp.arrays(
        dtype, st.tuples(st.integers(1, 8), st.integers(1, 50)), elements=st.integers(0, np.iinfo(dtype).max)
    )
    wide = hnp.arrays(dtype, st.tuples(st.integers(1, 5), st.integers(280, 400)), elements=st.integers(0, 1))
    runs = st.builds(lambda a, k: np.repeat(a, k, axis=1), few, st.integers(1, 40))
    return st.one_of(few, many, wide, runs)


any_frame = st.sampled_from([np.uint8, np.uint16]).flatmap(frames)


@given(any_frame)
@settings(deadline=None)
def test_streams_equal_those_of_the_plain_twin(mask):
    heads, tokens, low, high, numbers = code(mask)
    values = low.astype(int) + (high.astype(int) << 8 if mask.itemsize == 2 else 0)
    got = (heads.tolist(), tokens.tolist(), values.tolist(), numbers.tolist())
    assert got == reference.encode(mask.tolist())


@given(any_frame)
@settings(deadline=None)
def test_the_twin_and_the_kernel_read_each_others_streams(mask):
    heads, tokens, low, high, numbers = code(mask)
    out = np.empty_like(mask)
    streams = np.concatenate([heads, tokens, *(low, high)[: mask.itemsize], numbers])
    assert rle.decode_rows(out, streams, len(tokens), len(low)) == rle.OK
    np.testing.assert_array_equal(out, mask)
    assert reference.decode(mask.shape[1], *reference.encode(mask.tolist())) == mask.tolist()


@given(st.integers(0, 2**28 - 1))
@settings(deadline=None)
def test_a_number_is_read_as_written(number):
    numbers = np.zeros(8, np.uint8)
    end = rle.write_number(numbers, 2, number)
    assert numbers[2:end].tolist() == reference.leb128(number)
    assert rle.read_number(numbers, 2) == (number, end)
    assert rle.read_number(numbers[: end - 1], 2)[0] == -1
