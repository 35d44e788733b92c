"""Many texts as two small arrays: all bytes one after the other, and where each text begins.

A long log has 100,000 paths and as many distinct attribute texts, too many for a JSON attribute: that is read
and written as a whole with each commit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

from drivelabel.storage._arrays import Arrays
from drivelabel.typing import AnyArray

PARTS = ("utf8", "offsets")
"""The two arrays of a group of texts."""


def write_texts(arrays: Arrays, path: str, texts: Sequence[str]) -> None:
    """Make the group at `path` and write texts into it. Any bytes of a file's name are a text here."""
    encoded = [text.encode("utf-8", "surrogateescape") for text in texts]
    offsets = np.zeros(len(texts) + 1, np.int64)
    np.cumsum([len(text) for text in encoded], out=offsets[1:])
    arrays.set_attrs(path, {})
    arrays.write_array(f"{path}/utf8", np.frombuffer(b"".join(encoded), np.uint8))
    arrays.write_array(f"{path}/offsets", offsets)


def texts_of(found: Mapping[str, AnyArray], path: str) -> list[str]:
    """The texts of a group whose two arrays were read; see :meth:`Arrays.read_arrays`."""
    joined = found[f"{path}/utf8"].tobytes()
    offsets = found[f"{path}/offsets"].tolist()
    return [joined[start:stop].decode("utf-8", "surrogateescape") for start, stop in pairwise(offsets)]
