"""What an ONNX file says of itself, read without running it.

The protobuf wire format is walked by hand: it is a page of code, and needs neither the onnx package nor
trust in a runtime that opens other files on a model's behalf.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from drivelabel.errors import FormatError

FLOAT = 1
"""``TensorProto.DataType`` of float32."""

_MAX_DEPTH = 24
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5

# Message -> field number -> message inside, where tensors can hide. Source: onnx.proto of ONNX 1.16.
_INSIDE: dict[str, dict[int, str]] = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "function": {7: "node", 11: "attribute"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {},
}
_TENSOR_NAME, _TENSOR_EXTERNAL, _TENSOR_LOCATION = 8, 13, 14


@dataclass(frozen=True, slots=True)
class Port:
    """An input or output of a network.

    Attributes:
        name: as the file spells it.
        shape: a size per axis; None where it is free.
        dtype: ``TensorProto.DataType``; FLOAT is float32.
    """

    name: str
    shape: tuple[int | None, ...]
    dtype: int


@dataclass(frozen=True, slots=True)
class OnnxInfo:
    """The outside of a network: what goes in and what comes out."""

    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]


def read_onnx_info(data: bytes, where: str) -> OnnxInfo:
    """Inputs and outputs of an ONNX model, which must be whole in itself.

    Args:
        data: the file's bytes.
        where: the file's name, for messages.

    Raises:
        FormatError: the bytes are no ONNX model, or it keeps tensors in other files.
    """
    try:
        _refuse_external(memoryview(data), "model", where, 0)
        graphs = [value for number, value in _fields(memoryview(data)) if number == 7]
        if len(graphs) != 1 or isinstance(graphs[0], int):
            raise ValueError("it has no graph")
        return _graph_info(graphs[0])
    except (ValueError, IndexError) as error:
        if isinstance(error, FormatError):
            raise
        raise FormatError(f"{where}: not an ONNX model ({error}).") from error


def _graph_info(graph: memoryview) -> OnnxInfo:
    fields = list(_fields(graph))
    initial = {_text(tensor, _TENSOR_NAME) for number, tensor in fields if number == 5}
    inputs = [_port(value) for number, value in fields if number == 11]
    outputs = [_port(value) for number, value in fields if number == 12]
    # Old exporters list the weights among the inputs too.
    return OnnxInfo(tuple(p for p in inputs if p.name not in initial), tuple(outputs))


def _port(value: memoryview | int) -> Port:
    tensor_type = _first(_first(value, 2), 1)
    dims = [dim for number, dim in _fields(_first(tensor_type, 2)) if number == 1]
    return Port(_text(value, 1), tuple(_size(dim) for dim in dims), _number(tensor_type, 1))


def _size(dim: memoryview | int) -> int | None:
    sizes = [size for number, size in _fields(_message(dim)) if number == 1 and isinstance(size, int)]
    return sizes[0] if sizes and 0 < sizes[0] < 1 << 31 else None


def _refuse_external(data: memoryview, message: str, where: str, depth: int) -> None:
    if depth > _MAX_DEPTH:
        raise ValueError("its graphs are nested too deeply")
    inside = _INSIDE[message]
    for number, value in _fields(data):
        if message == "tensor" and (
            number == _TENSOR_EXTERNAL or (number == _TENSOR_LOCATION and value == 1)
        ):
            raise FormatError(
                f"{where}: expected a single-file ONNX model, got tensor {_text(data, _TENSOR_NAME)!r} with "
                f"its data in another file. Save the model again without external data."
            )
        if number in inside:
            _refuse_external(_message(value), inside[number], where, depth + 1)


def _fields(data: memoryview) -> Iterator[tuple[int, memoryview | int]]:
    """Field numbers and values of one message; groups, which ONNX has none of, are an error."""
    position = 0
    while position < len(data):
        key, position = _varint(data, position)
        kind = key & 7
        if kind == _VARINT:
            value, position = _varint(data, position)
            yield key >> 3, value
            continue
        if kind == _BYTES:
            size, position = _varint(data, position)
        elif kind in (_FIXED32, _FIXED64):
            size = 4 if kind == _FIXED32 else 8
        else:
            raise ValueError(f"byte {position} starts no known field")
        if position + size > len(data):
            raise ValueError("it is cut off")
        yield key >> 3, data[position : position + size]
        position += size


def _varint(data: memoryview, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if position >= len(data) or shift > 63:
            raise ValueError("it is cut off")
        byte = data[position]
        value |= (byte & 127) << shift
        position += 1
        if byte < 128:
            return value, position
        shift += 7


def _message(value: memoryview | int) -> memoryview:
    if isinstance(value, int):
        raise ValueError("a number stands where a message belongs")
    return value


def _first(message: memoryview | int, wanted: int) -> memoryview:
    """The first message field of that number, or an empty message."""
    for number, value in _fields(_message(message)):
        if number == wanted:
            return _message(value)
    return memoryview(b"")


def _number(message: memoryview, wanted: int) -> int:
    return next((v for number, v in _fields(message) if number == wanted and isinstance(v, int)), 0)


def _text(message: memoryview | int, wanted: int) -> str:
    return bytes(_first(message, wanted)).decode("utf-8", "replace")
