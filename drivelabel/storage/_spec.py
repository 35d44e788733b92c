"""What one stored array is, and its chunks as bytes, exactly as the Zarr v3 specification has them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import google_crc32c
import numpy as np
from numcodecs import zstd

from drivelabel.errors import CorruptSceneError
from drivelabel.storage.codecs import decode_mask, encode_mask
from drivelabel.storage.codecs.mask_bytes import zstd_content_size
from drivelabel.typing import AnyArray

BYTES = {"name": "bytes", "configuration": {"endian": "little"}}
CRC32C = {"name": "crc32c"}
Codecs = tuple[Mapping[str, Any], ...]


def _zstd(level: int) -> dict[str, Any]:
    return {"name": "zstd", "configuration": {"level": level, "checksum": False}}


TABLE_CODECS: Codecs = (BYTES, _zstd(1), CRC32C)
MASK_CODECS: dict[str, Codecs] = {
    "rle": ({"name": "drivelabel.rle", "configuration": {"zstd_level": 3}}, CRC32C),
    "zstd": (BYTES, _zstd(3), CRC32C),
}
"""Codecs of masks: our own, and one that every Zarr reader has. crc32c is always the last."""

SELF_CHECK = "crc32c"
"""Attribute of every group and array: the checksum of the rest of its ``zarr.json``."""


@dataclass(frozen=True, slots=True)
class ArraySpec:
    """Shape and kind of one stored array.

    Attributes:
        shape, chunk: of the array and of one chunk.
        dtype: NumPy's name of it.
        fill: value of what was never written.
        codecs: Zarr's codec list; crc32c is always the last.
    """

    shape: tuple[int, ...]
    chunk: tuple[int, ...]
    dtype: str
    fill: int | float = 0
    codecs: Codecs = TABLE_CODECS

    def to_json(self, attributes: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The array's ``zarr.json``."""
        return {
            "zarr_format": 3,
            "node_type": "array",
            "shape": list(self.shape),
            "data_type": self.dtype,
            "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": list(self.chunk)}},
            "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
            "fill_value": self.fill,
            "codecs": list(self.codecs),
            "attributes": dict(attributes or {}),
            "storage_transformers": [],
        }

    @classmethod
    def from_json(cls, node: Mapping[str, Any]) -> ArraySpec:
        """The array that a ``zarr.json`` describes."""
        return cls(
            tuple(node["shape"]),
            tuple(node["chunk_grid"]["configuration"]["chunk_shape"]),
            node["data_type"],
            node["fill_value"],
            tuple(node["codecs"]),
        )

    def key(self, path: str, *index: int) -> str:
        """The store key of one chunk."""
        rest = (0,) * (len(self.shape) - len(index))
        return "/".join([path, "c", *(str(i) for i in (*index, *rest))])

    def encode(self, values: AnyArray) -> bytes:
        """The stored bytes of one chunk; rows that `values` has too few are filled."""
        if values.shape != self.chunk:
            full = np.full(self.chunk, self.fill, self.dtype)
            full[: len(values)] = values
            values = full
        if self.codecs[0]["name"] == "drivelabel.rle":
            return encode_mask(values)
        level = self.codecs[1]["configuration"]["level"]
        packed = bytes(zstd.compress(np.ascontiguousarray(values), level))
        return packed + int(google_crc32c.value(packed)).to_bytes(4, "little")

    def decode(self, where: str, data: bytes, out: AnyArray | None = None) -> AnyArray:
        """One chunk from its stored bytes, into `out` when that is given.

        Raises:
            CorruptSceneError: the checksum or the length is wrong.
        """
        if out is None:
            out = np.empty(self.chunk, self.dtype)
        if self.codecs[0]["name"] == "drivelabel.rle":
            try:
                return decode_mask(data, out.shape, self.dtype, out=out)
            except CorruptSceneError as error:
                raise CorruptSceneError(f"{where}: damaged chunk ({error}) Run: drivelabel check") from None
        _decompress(where, data, out)
        return out


def _decompress(where: str, data: bytes, out: AnyArray) -> None:
    whole = np.frombuffer(data, np.uint8)
    body, stored = whole[:-4], whole[-4:].tobytes()
    if len(data) < 4 or google_crc32c.value(body) != int.from_bytes(stored, "little"):
        raise CorruptSceneError(f"{where}: damaged chunk (checksum does not match). Run: drivelabel check")
    # numcodecs leaves the end of `out` as it was when a frame holds less, so the frame is asked first.
    if zstd_content_size(body) != out.nbytes:
        raise CorruptSceneError(f"{where}: damaged chunk (wrong length). Run: drivelabel check")
    try:
        zstd.decompress(body, out)
    except (RuntimeError, ValueError) as error:
        raise CorruptSceneError(f"{where}: damaged chunk ({error}). Run: drivelabel check") from None


def checksum_of(data: bytes) -> int:
    """The crc32c that ends a stored chunk."""
    return int.from_bytes(data[-4:], "little")


def seal_of(chunks: Mapping[str, bytes | None]) -> int:
    """One number for a set of chunks that belong together, by name.

    A chunk's own checksum says that its bytes are as they were written; this says that they are in their
    place, and none is missing or older than the others.
    """
    parts = [name.encode() + b"\0" + data[-4:] for name, data in sorted(chunks.items()) if data is not None]
    return int(google_crc32c.value(b"".join(parts)))


def json_checksum(value: Any) -> int:
    """The crc32c of a JSON value's canonical text: keys sorted, no spaces."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return int(google_crc32c.value(text.encode("utf-8", "surrogatepass")))


def with_checksum(node: Mapping[str, Any]) -> dict[str, Any]:
    """A ``zarr.json`` whose attributes hold the checksum of the rest."""
    attributes = {name: value for name, value in node["attributes"].items() if name != SELF_CHECK}
    plain = {**node, "attributes": attributes}
    return {**node, "attributes": attributes | {SELF_CHECK: json_checksum(plain)}}


def parse_node(where: str, data: bytes) -> dict[str, Any]:
    """A ``zarr.json``, checked.

    Raises:
        CorruptSceneError: it is not what drivelabel wrote.
    """
    try:
        node: dict[str, Any] = json.loads(data)
        stored = node["attributes"].pop(SELF_CHECK)
        good = json_checksum(node) == stored
    except (ValueError, KeyError, TypeError, AttributeError):
        good = False
    if not good:
        raise CorruptSceneError(f"{where}: damaged description. Run: drivelabel check --fix")
    return node
