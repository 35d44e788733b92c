"""Zarr arrays of an Icechunk session, chunk by chunk.

zarr-python costs about 0.75 ms a chunk, which is more than reading and decoding it. Here an array's
``zarr.json`` is written and read as the Zarr v3 specification says, and chunks are fetched many at a time,
so any other Zarr reader opens the same arrays.
"""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import google_crc32c
import icechunk
import numpy as np
from numcodecs import zstd
from zarr.core.buffer import default_buffer_prototype

from drivelabel.errors import CorruptSceneError
from drivelabel.storage._runtime import plain_errors, run
from drivelabel.typing import AnyArray

TABLE_CODECS: tuple[dict[str, Any], ...] = (
    {"name": "bytes", "configuration": {"endian": "little"}},
    {"name": "zstd", "configuration": {"level": 1, "checksum": False}},
    {"name": "crc32c"},
)
CONCURRENT = 64
_PROTOTYPE = default_buffer_prototype()


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
    codecs: tuple[dict[str, Any], ...] = TABLE_CODECS

    def to_json(self) -> dict[str, Any]:
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
            "attributes": {},
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

    def encode(self, chunk: AnyArray) -> bytes:
        """The stored bytes of one whole chunk."""
        packed = zstd.compress(np.ascontiguousarray(chunk), 1)
        checksum: int = google_crc32c.value(packed)
        return bytes(packed) + checksum.to_bytes(4, "little")

    def decode(self, where: str, data: bytes | None) -> AnyArray:
        """One chunk from its stored bytes; filled when it was never written.

        Raises:
            CorruptSceneError: the checksum or the length is wrong.
        """
        if data is None:
            return np.full(self.chunk, self.fill, self.dtype)
        body = strip_checksum(where, data)
        n_bytes = math.prod(self.chunk) * np.dtype(self.dtype).itemsize
        out = np.empty(n_bytes, np.uint8)
        try:
            zstd.decompress(body, out)
        except (RuntimeError, ValueError) as error:
            raise CorruptSceneError(f"{where}: damaged chunk ({error}).") from None
        return out.view(self.dtype).reshape(self.chunk)


def strip_checksum(where: str, data: bytes) -> memoryview:
    """A chunk's bytes without their crc32c.

    Raises:
        CorruptSceneError: the checksum does not match.
    """
    body, stored = memoryview(data)[:-4], data[-4:]
    if len(data) < 4 or google_crc32c.value(bytes(body)) != int.from_bytes(stored, "little"):
        raise CorruptSceneError(f"{where}: damaged chunk (checksum does not match). Run: drivelabel check")
    return body


class Arrays:
    """The arrays and groups of one session.

    Args:
        session: readable, or writable for :meth:`put` and the like.
        where: the scene, for error messages.
    """

    def __init__(self, session: icechunk.Session, where: str) -> None:
        self._store = session.store
        self._nodes: dict[str, dict[str, Any] | None] = {}
        self._seen: dict[str, bytes | None] = {}
        self._waiting: set[str] = set()
        self._writable = not session.read_only
        self.where = where
        self.snapshot = session.snapshot_id

    def get(self, keys: Iterable[str]) -> list[bytes | None]:
        """The bytes under each key; None where there are none."""
        wanted = list(keys)
        if not wanted:
            return []
        with plain_errors(self.where):
            found = run(self._get(wanted))
        if self._writable:
            self._seen |= dict(zip(wanted, found, strict=True))
        return found

    async def _get(self, keys: list[str]) -> list[bytes | None]:
        found: list[bytes | None] = []
        for start in range(0, len(keys), CONCURRENT):
            some = keys[start : start + CONCURRENT]
            buffers = await asyncio.gather(*(self._store.get(key, _PROTOTYPE) for key in some))
            found.extend(None if buffer is None else buffer.to_bytes() for buffer in buffers)
        return found

    def put(self, items: Mapping[str, bytes | None]) -> None:
        """Set the bytes under each key; None deletes. What was read and is the same is not written again."""
        changed = [(k, data) for k, data in items.items() if k not in self._seen or self._seen[k] != data]
        if not changed:
            return
        with plain_errors(self.where):
            run(self._put(changed))
        self._seen |= dict(changed)

    async def _put(self, items: list[tuple[str, bytes | None]]) -> None:
        for start in range(0, len(items), CONCURRENT):
            some = items[start : start + CONCURRENT]
            await asyncio.gather(*(self._set_or_delete(key, data) for key, data in some))

    async def _set_or_delete(self, key: str, data: bytes | None) -> None:
        if data is None:
            await self._store.delete(key)
        else:
            await self._store.set(key, _PROTOTYPE.buffer.from_bytes(data))

    def node(self, path: str) -> dict[str, Any] | None:
        """The ``zarr.json`` of a group or array, or None when there is none."""
        self.load_nodes([path])
        return self._nodes[path]

    def load_nodes(self, paths: Iterable[str]) -> None:
        """Fetch the ``zarr.json`` of many groups and arrays at once."""
        wanted = [path for path in paths if path not in self._nodes]
        found = self.get(f"{path}/zarr.json".lstrip("/") for path in wanted)
        self._nodes |= {p: None if d is None else json.loads(d) for p, d in zip(wanted, found, strict=True)}

    def spec(self, path: str) -> ArraySpec | None:
        """The kind of an array, or None when there is none."""
        node = self.node(path)
        return None if node is None else ArraySpec.from_json(node)

    def create(self, arrays: Mapping[str, ArraySpec]) -> None:
        """Make new, empty arrays."""
        self._put_nodes({path: spec.to_json() for path, spec in arrays.items()})

    def attrs(self, path: str) -> dict[str, Any]:
        """The attributes of a group; empty when there is no such group."""
        node = self.node(path)
        return {} if node is None else dict(node.get("attributes", {}))

    def set_attrs(self, path: str, attributes: Mapping[str, Any], *, later: bool = False) -> None:
        """Make a group, or exchange its attributes; `later` waits for :meth:`flush`."""
        node = {"zarr_format": 3, "node_type": "group", "attributes": dict(attributes)}
        if later:
            self._nodes[path] = node
            self._waiting.add(path)
        else:
            self._put_nodes({path: node})

    def flush(self) -> None:
        """Write the attributes that waited."""
        self._put_nodes({path: self._nodes[path] for path in sorted(self._waiting)})
        self._waiting.clear()

    def copy_tree(self, source: str, target: str) -> None:
        """Copy a group with all below it."""
        with plain_errors(self.where):
            keys = run(self._list_below(source + "/"))
        data = dict(zip(keys, self.get(keys), strict=True))
        self.put({target + key[len(source) :]: value for key, value in data.items()})

    async def _list_below(self, prefix: str) -> list[str]:
        return [key async for key in self._store.list_prefix(prefix)]

    def _put_nodes(self, nodes: Mapping[str, dict[str, Any] | None]) -> None:
        self.put({f"{path}/zarr.json".lstrip("/"): json.dumps(node).encode() for path, node in nodes.items()})
        self._nodes.update(nodes)

    def delete_tree(self, path: str) -> None:
        """Delete a group or array with all below it."""
        with plain_errors(self.where):
            run(self._store.delete_dir(path))
        self._seen = {key: data for key, data in self._seen.items() if not key.startswith(path + "/")}
        self._nodes = {p: n for p, n in self._nodes.items() if p != path and not p.startswith(path + "/")}

    def forget(self) -> None:
        """Read nodes and chunks anew from now on."""
        self._nodes.clear()
        self._seen.clear()

    def children(self, path: str) -> list[str]:
        """Names of the groups and arrays right below a group, sorted."""
        with plain_errors(self.where):
            names = run(self._list(path))
        return sorted(name for name in names if name not in ("zarr.json", "c"))

    async def _list(self, path: str) -> list[str]:
        return [name async for name in self._store.list_dir(path)]

    def read_array(self, path: str) -> AnyArray | None:
        """A small array, whole; None when there is none."""
        spec = self.spec(path)
        if spec is None:
            return None
        n_chunks = math.ceil(spec.shape[0] / spec.chunk[0])
        keys = [spec.key(path, index) for index in range(n_chunks)]
        chunks = [
            spec.decode(f"{self.where}, {key}", data) for key, data in zip(keys, self.get(keys), strict=True)
        ]
        if not chunks:
            return np.zeros(spec.shape, spec.dtype)
        return np.concatenate(chunks)[: spec.shape[0]]

    def write_array(self, path: str, values: AnyArray, chunk_rows: int = 65536) -> None:
        """Make a small array with these values, replacing an older one."""
        rows = max(1, min(len(values), chunk_rows))
        spec = ArraySpec(values.shape, (rows, *values.shape[1:]), values.dtype.name)
        if self.node(path) is not None:
            self.delete_tree(path)
        self.create({path: spec})
        items: dict[str, bytes | None] = {}
        for index in range(math.ceil(len(values) / rows)):
            part = values[index * rows : (index + 1) * rows]
            full = np.zeros(spec.chunk, values.dtype)
            full[: len(part)] = part
            items[spec.key(path, index)] = spec.encode(full)
        self.put(items)
