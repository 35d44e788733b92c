"""A second copy of the recording, in one array: no earlier commit has the recording, which is written once.

The array holds a line of JSON, keys to lengths of what lies under them, and then the bytes themselves.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

import numpy as np

from drivelabel.errors import CorruptSceneError
from drivelabel.storage._arrays import Arrays

PATH = "recording_copy"
CHUNK_BYTES = 1 << 22


def write_copy(arrays: Arrays) -> None:
    """Copy the recording as it lies in the session."""
    keys = sorted(arrays.keys_below("recording"))
    arrays.write_array(PATH, np.frombuffer(_packed(keys, arrays.get(keys)), np.uint8), CHUNK_BYTES)


def restore_copy(arrays: Arrays) -> None:
    """Write the recording anew from its copy.

    Raises:
        CorruptSceneError: the copy is missing or damaged.
    """
    found = _unpacked(read_copy(arrays))
    arrays.delete_tree("recording")
    arrays.put(found)


def read_copy(arrays: Arrays) -> bytes:
    """The copy's bytes; none in a scene of format 1, which has no copy.

    Raises:
        CorruptSceneError: it is damaged.
    """
    return b"" if arrays.node(PATH) is None else arrays.read_array(PATH).tobytes()


def _packed(keys: Iterable[str], contents: Iterable[bytes | None]) -> bytes:
    found = {key: data for key, data in zip(keys, contents, strict=True) if data is not None}
    head = json.dumps({key: len(data) for key, data in found.items()}).encode()
    return head + b"\n" + b"".join(found.values())


def _unpacked(packed: bytes) -> dict[str, bytes | None]:
    if not packed:
        raise CorruptSceneError("this scene was made without a copy of its recording. Ingest it again.")
    head, _, rest = packed.partition(b"\n")
    found: dict[str, bytes | None] = {}
    start = 0
    for key, size in json.loads(head).items():
        found[key] = rest[start : start + size]
        start += size
    return found
