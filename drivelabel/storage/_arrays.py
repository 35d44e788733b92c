"""Zarr arrays of an Icechunk session, chunk by chunk.

zarr-python costs about 0.75 ms a chunk, which is more than reading and decoding it. Here an array's
``zarr.json`` is written and read as the Zarr v3 specification says, and chunks are fetched many at a time,
so any other Zarr reader opens the same arrays. Writes wait and go to the store together: each call to it
costs up to 0.4 ms, whatever it carries.
"""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Iterable, Mapping
from types import SimpleNamespace
from typing import Any

import icechunk
import numpy as np
from zarr.core.buffer import default_buffer_prototype

from drivelabel.errors import CorruptSceneError
from drivelabel.storage._runtime import plain_errors, retried, run
from drivelabel.storage._spec import ArraySpec, checksum_of, parse_node, with_checksum
from drivelabel.typing import AnyArray

CONCURRENT = 64
MAX_WAITING_BYTES = 64 << 20
COPY_KEYS = 256
_PROTOTYPE = default_buffer_prototype()
_PLAIN_BYTES: Any = SimpleNamespace(buffer=SimpleNamespace(from_bytes=lambda data: data))
"""In the place of zarr's kinds of buffers: bytes as they are, and None where there are none."""


class Arrays:
    """The arrays and groups of one session.

    Args:
        session: readable, or writable for :meth:`put` and the like.
        where: the scene, for error messages.
        like: arrays of this very snapshot; what they read and know need not be read again.
    """

    def __init__(self, session: icechunk.Session, where: str, like: Arrays | None = None) -> None:
        self._store = session.store
        self.nodes: dict[str, dict[str, Any] | None] = dict(like.nodes if like else {})
        # What was made of the arrays below a group, by its path; made anew when that is read anew.
        self.derived: dict[str, Any] = dict(like.derived if like else {})
        self._specs: dict[str, tuple[dict[str, Any], ArraySpec]] = {}
        self._seen: dict[str, bytes | None] = {}
        self._waiting: dict[str, bytes | None] = {}
        self._waiting_bytes = 0
        self._writable = not session.read_only
        self.where = where
        self.snapshot = session.snapshot_id

    # Bytes

    def get(self, keys: Iterable[str]) -> list[bytes | None]:
        """The bytes under each key; None where there are none."""
        wanted = list(keys)
        stored = [key for key in wanted if key not in self._waiting]
        found = dict(zip(stored, self._fetch(stored), strict=True))
        return [self._waiting[key] if key in self._waiting else found[key] for key in wanted]

    def _fetch(self, keys: list[str]) -> list[bytes | None]:
        if not keys:
            return []
        found = retried(self.where, lambda: run(self._get(keys)))
        if self._writable:
            self._seen |= dict(zip(keys, found, strict=True))
        return found

    async def _get(self, keys: list[str]) -> list[bytes | None]:
        if "://" in self.where or len(keys) == 1:
            return await self._get_each(keys)
        found: list[Any] = await self._store.get_partial_values(_PLAIN_BYTES, [(key, None) for key in keys])
        # This one call is five times as fast, but says None for a failure too; asked alone, such a key tells.
        unclear = [place for place, data in enumerate(found) if data is None]
        for place, data in zip(unclear, await self._get_each([keys[i] for i in unclear]), strict=True):
            found[place] = data
        return found

    async def _get_each(self, keys: list[str]) -> list[bytes | None]:
        found: list[bytes | None] = []
        for start in range(0, len(keys), CONCURRENT):
            some = keys[start : start + CONCURRENT]
            buffers = await asyncio.gather(*(self._store.get(key, _PROTOTYPE) for key in some))
            found.extend(None if buffer is None else buffer.to_bytes() for buffer in buffers)
        return found

    def put(self, items: Mapping[str, bytes | None]) -> None:
        """Set the bytes under each key; None deletes. What was read and is the same is not written again."""
        for key, data in items.items():
            if key not in self._waiting and key in self._seen and self._seen[key] == data:
                continue
            self._waiting[key] = data
            self._waiting_bytes += len(data or b"")
        if self._waiting_bytes > MAX_WAITING_BYTES:
            self.flush()

    def flush(self) -> None:
        """Hand all that waits to the store."""
        if not self._waiting:
            return
        retried(self.where, lambda: run(self._put(self._waiting)))
        self._waiting = {}
        self._waiting_bytes = 0
        self._seen.clear()

    async def _put(self, items: Mapping[str, bytes | None]) -> None:
        # Descriptions first: the store refuses a chunk of an array that it does not know.
        nodes = [item for item in items.items() if item[0].endswith("zarr.json")]
        chunks = [item for item in items.items() if not item[0].endswith("zarr.json")]
        for some in (nodes, chunks):
            for start in range(0, len(some), CONCURRENT):
                part = some[start : start + CONCURRENT]
                await asyncio.gather(*(self._set_or_delete(key, data) for key, data in part))

    async def _set_or_delete(self, key: str, data: bytes | None) -> None:
        if data is None:
            await self._store.delete(key)
        else:
            await self._store.set(key, _PROTOTYPE.buffer.from_bytes(data))

    # Groups and arrays

    def node(self, path: str) -> dict[str, Any] | None:
        """The ``zarr.json`` of a group or array, or None when there is none.

        Raises:
            CorruptSceneError: it is not as it was written.
        """
        self.load_nodes([path])
        return self.nodes[path]

    def load_nodes(self, paths: Iterable[str]) -> None:
        """Fetch the ``zarr.json`` of many groups and arrays at once; see :meth:`node`."""
        wanted = [path for path in paths if path not in self.nodes]
        if not wanted:
            return
        found = self.get(_node_key(path) for path in wanted)
        for path, data in zip(wanted, found, strict=True):
            self.nodes[path] = None if data is None else parse_node(f"{self.where}, /{path}", data)

    def spec(self, path: str) -> ArraySpec:
        """The kind of an array.

        Raises:
            CorruptSceneError: there is none; callers ask only for arrays that must be there.
        """
        node = self.node(path)
        if node is None:
            raise CorruptSceneError(f"{self.where}: {path} is missing. Run: drivelabel check --fix")
        known = self._specs.get(path)
        if known is None or known[0] is not node:
            known = self._specs[path] = (node, ArraySpec.from_json(node))
        return known[1]

    def create(self, arrays: Mapping[str, ArraySpec]) -> None:
        """Make new, empty arrays."""
        for path, spec in arrays.items():
            self._put_node(path, spec.to_json())

    def attrs(self, path: str) -> dict[str, Any]:
        """The attributes of a group; empty when there is no such group."""
        node = self.node(path)
        return {} if node is None else dict(node["attributes"])

    def set_attrs(self, path: str, attributes: Mapping[str, Any]) -> None:
        """Make a group, or exchange its attributes."""
        self._put_node(path, {"zarr_format": 3, "node_type": "group", "attributes": dict(attributes)})

    def _put_node(self, path: str, node: dict[str, Any]) -> None:
        self.nodes[path] = node
        self.put({_node_key(path): json.dumps(with_checksum(node)).encode()})

    def children(self, path: str) -> list[str]:
        """Names of what lies right below a group, sorted."""
        self.flush()
        with plain_errors(self.where):
            names = run(self._list(path))
        return sorted(name for name in names if name != "zarr.json")

    async def _list(self, path: str) -> list[str]:
        return [name async for name in self._store.list_dir(path)]

    def keys_below(self, path: str) -> list[str]:
        """The keys of everything in a group or array, itself included; none when there is no such thing."""
        if self.node(path) is None:
            return []
        self.flush()
        with plain_errors(self.where):
            return run(self._list_below(path + "/"))

    async def _list_below(self, prefix: str) -> list[str]:
        return [key async for key in self._store.list_prefix(prefix)]

    def copy_tree(self, other: Arrays, source: str, target: str) -> None:
        """Copy a group or array with all below it from `other`, which may be this very session."""
        keys = other.keys_below(source)
        # Descriptions of the whole tree before any chunk, however many parts it takes.
        keys.sort(key=lambda key: not key.endswith("zarr.json"))
        for start in range(0, len(keys), COPY_KEYS):
            some = keys[start : start + COPY_KEYS]
            self.put(
                {target + key[len(source) :]: data for key, data in zip(some, other.get(some), strict=True)}
            )
        self.forget_nodes(target)

    def delete_tree(self, path: str) -> None:
        """Delete a group or array with all below it."""
        self.flush()
        with plain_errors(self.where):
            run(self._store.delete_dir(path))
        self.forget_nodes(path)
        self._seen.clear()

    def forget_nodes(self, path: str) -> None:
        """Read a group or array, and all below it, anew from now on; "" for everything."""
        below = path + "/" if path else ""
        self.nodes = {p: n for p, n in self.nodes.items() if p != path and not p.startswith(below)}
        self.derived = {p: n for p, n in self.derived.items() if p != path and not p.startswith(below)}

    # Small arrays, written whole

    def read_array(self, path: str) -> AnyArray:
        """A small array that :meth:`write_array` wrote.

        Raises:
            CorruptSceneError: it is missing or damaged.
        """
        return self.read_arrays([path])[path]

    def read_arrays(self, paths: Iterable[str]) -> dict[str, AnyArray]:
        """Many small arrays at once; see :meth:`read_array`."""
        wanted = list(paths)
        self.load_nodes(wanted)
        keys = {path: self._chunk_keys(path) for path in wanted}
        data = iter(self.get(key for some in keys.values() for key in some))
        return {path: self._joined(path, {key: next(data) for key in some}) for path, some in keys.items()}

    def _chunk_keys(self, path: str) -> list[str]:
        spec = self.spec(path)
        n_chunks = math.ceil(spec.shape[0] / spec.chunk[0])
        if len(self._checksums(path)) != n_chunks:
            raise CorruptSceneError(f"{self.where}: {path} has no checksums. Run: drivelabel check")
        return [spec.key(path, index) for index in range(n_chunks)]

    def _checksums(self, path: str) -> list[int]:
        node = self.node(path)
        assert node is not None, "asked for the line before"
        return list(node["attributes"].get("checksums", []))

    def _joined(self, path: str, chunks: Mapping[str, bytes | None]) -> AnyArray:
        """An array's values from the stored bytes of its chunks, each compared with its checksum."""
        spec, checksums = self.spec(path), self._checksums(path)
        rows = spec.chunk[0]
        values = np.empty((len(chunks) * rows, *spec.shape[1:]), spec.dtype)
        for index, (key, data) in enumerate(chunks.items()):
            where = f"{self.where}, {key}"
            if data is None or checksum_of(data) != checksums[index]:
                state = "missing" if data is None else "damaged, or in another's place"
                raise CorruptSceneError(f"{where}: chunk is {state}. Run: drivelabel check --fix")
            spec.decode(where, data, values[index * rows : (index + 1) * rows])
        return values[: spec.shape[0]]

    def write_array(self, path: str, values: AnyArray, chunk_rows: int = 65536) -> None:
        """Make a small array with these values, replacing an older one."""
        if self.node(path) is not None:
            self.delete_tree(path)
        self.extend_array(path, values, 0, max(1, min(len(values), chunk_rows)))

    def extend_array(self, path: str, values: AnyArray, n_known: int, chunk_rows: int) -> None:
        """Write an array of whose values the first `n_known` are stored already, in chunks of this many rows.

        Only chunks that are new or were not full are written.
        """
        spec = ArraySpec(values.shape, (chunk_rows, *values.shape[1:]), values.dtype.name)
        n_full = n_known // chunk_rows
        checksums = self._checksums(path)[:n_full] if n_full else []
        items: dict[str, bytes | None] = {}
        for index in range(n_full, math.ceil(len(values) / chunk_rows)):
            data = spec.encode(values[index * chunk_rows : (index + 1) * chunk_rows])
            items[spec.key(path, index)] = data
            checksums.append(checksum_of(data))
        self._put_node(path, spec.to_json({"checksums": checksums}))
        self.put(items)


def _node_key(path: str) -> str:
    return f"{path}/zarr.json".lstrip("/")
