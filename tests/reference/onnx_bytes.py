"""Writes tiny ONNX files field by field: a twin of the reader, and toy networks to run."""

from __future__ import annotations

import struct
from collections.abc import Sequence


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def message(field: int, data: bytes | str) -> bytes:
    data = data.encode() if isinstance(data, str) else data
    return varint(field << 3 | 2) + varint(len(data)) + data


def port(name: str, shape: Sequence[int | str], dtype: int = 1) -> bytes:
    dims = b"".join(message(1, message(2, d) if isinstance(d, str) else number(1, d)) for d in shape)
    return message(1, name) + message(2, message(1, number(1, dtype) + message(2, dims)))


def tensor(name: str, values: Sequence[float], shape: Sequence[int], external: str | None = None) -> bytes:
    head = b"".join(number(1, d) for d in shape) + number(2, 1) + message(8, name)
    if external is None:
        return head + message(9, struct.pack(f"<{len(values)}f", *values))
    return head + message(13, message(1, "location") + message(2, external)) + number(14, 1)


def node(op: str, inputs: Sequence[str], outputs: Sequence[str], attributes: bytes = b"") -> bytes:
    names = b"".join(message(1, n) for n in inputs) + b"".join(message(2, n) for n in outputs)
    return names + message(4, op) + attributes


def graph(
    nodes: Sequence[bytes], inputs: Sequence[bytes], outputs: Sequence[bytes], tensors: Sequence[bytes] = ()
) -> bytes:
    parts = [(1, nodes), (5, tensors), (11, inputs), (12, outputs)]
    return b"".join(message(f, x) for f, xs in parts for x in xs) + message(2, "g")


def model(graph_bytes: bytes) -> bytes:
    return number(1, 8) + message(7, graph_bytes) + message(8, message(1, "") + number(2, 13))
