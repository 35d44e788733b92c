"""Runs of bytes in a stream of bits, as the thi.ng RLE pack has them. Callers have checked the sizes."""

from __future__ import annotations

from numba import njit

from drivelabel.typing import IntArray, UInt8Array


@njit(cache=True)
def _bits(data: UInt8Array, at: int, count: int) -> int:
    """A number of `count` bits, the highest first; 0 where the stream has ended."""
    value = 0
    for bit in range(at, at + count):
        value <<= 1
        if bit >> 3 < len(data):
            value |= (data[bit >> 3] >> (7 - (bit & 7))) & 1
    return value


@njit(cache=True)
def unpack_runs(data: UInt8Array, start: int, word_bits: int, size_bits: IntArray, out: UInt8Array) -> int:
    """Fill `out` from the runs that begin at bit `start`; how many of its values the stream gave.

    A block is one bit (1 for a run of one value), two bits that choose one of four sizes, the length less
    one in so many bits, and the value or the values.
    """
    at, n, n_bits = start, 0, len(data) * 8
    while n < len(out) and at < n_bits:
        is_run = _bits(data, at, 1)
        bits = size_bits[_bits(data, at + 1, 2)]
        length = _bits(data, at + 3, bits) + 1
        at += 3 + bits
        stop = min(n + length, len(out))
        if is_run:
            value = _bits(data, at, word_bits)
            at += word_bits
            out[n:stop] = value
            n = stop
        else:
            while n < stop and at < n_bits:
                out[n] = _bits(data, at, word_bits)
                at += word_bits
                n += 1
    return n


@njit(cache=True)
def _put(data: UInt8Array, at: int, count: int, value: int) -> int:
    for bit in range(count):
        if (value >> (count - 1 - bit)) & 1:
            data[(at + bit) >> 3] |= 1 << (7 - ((at + bit) & 7))
    return at + count


@njit(cache=True)
def pack_runs(
    lengths: IntArray, values: UInt8Array, start: int, word_bits: int, size_bits: IntArray, data: UInt8Array
) -> int:
    """Write runs into zeroed `data` from bit `start`; the bit after the last. Lengths fit the last size."""
    at = start
    for row in range(len(lengths)):
        choice = 0
        while lengths[row] > 1 << size_bits[choice]:
            choice += 1
        at = _put(data, at, 1, 1)
        at = _put(data, at, 2, choice)
        at = _put(data, at, size_bits[choice], lengths[row] - 1)
        at = _put(data, at, word_bits, values[row])
    return at
