"""A sidecar's file: a zip of plain arrays and one JSON text, all stored as they are.

Nothing is compressed, so that reading never takes more memory than the file has bytes.
"""

from __future__ import annotations

import io
import json
import math
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from drivelabel.errors import FormatError, StoreError
from drivelabel.formats.loading import parse_json
from drivelabel.typing import AnyArray

META = "meta.json"
MAX_MEMBERS = 10_000
_MOMENT = (1980, 1, 1, 0, 0, 0)
"""Time of every member, so that equal contents make equal files."""
_KINDS = "biuf"
_FORMAT: Any = np.lib.format


def write_archive(path: Path, meta: Mapping[str, Any], arrays: Mapping[str, AnyArray]) -> None:
    """Write arrays and facts.

    Raises:
        FormatError: a fact cannot be written as JSON.
    """
    try:
        text = json.dumps(meta, allow_nan=False, ensure_ascii=True)
    except (TypeError, ValueError) as error:
        raise FormatError(f"{path}: the sidecar cannot hold this scene's facts: {error}.") from error
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(zipfile.ZipInfo(META, _MOMENT), text)
        for name, array in arrays.items():
            with archive.open(zipfile.ZipInfo(f"{name}.npy", _MOMENT), "w", force_zip64=True) as file:
                _FORMAT.write_array(file, np.ascontiguousarray(array), allow_pickle=False)


def read_archive(path: Path) -> tuple[dict[str, Any], dict[str, AnyArray]]:
    """The facts and arrays of a sidecar.

    Raises:
        StoreError: the file is missing or cannot be read.
        FormatError: it is no sidecar, or damaged.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            _check_members(path, members)
            texts = {member.filename: archive.read(member) for member in members}
    except OSError as error:
        raise StoreError(f"{path}: cannot be read ({error}).") from error
    except (zipfile.BadZipFile, EOFError, NotImplementedError, ValueError, RuntimeError) as error:
        raise FormatError(
            f"{path}: expected a sidecar of drivelabel, got a damaged file ({error})."
        ) from None
    if META not in texts:
        raise FormatError(f"{path}: expected a sidecar of drivelabel, got a zip without {META}.")
    meta = parse_json(texts.pop(META), f"{path}, {META}")
    if not isinstance(meta, dict):
        raise FormatError(f"{path}, {META}: expected an object.")
    return meta, {name.removesuffix(".npy"): _array(path, name, data) for name, data in texts.items()}


def _check_members(path: Path, members: list[zipfile.ZipInfo]) -> None:
    names = {member.filename for member in members}
    stored = all(member.compress_type == zipfile.ZIP_STORED for member in members)
    size = sum(member.file_size for member in members)
    if len(members) > MAX_MEMBERS or len(names) != len(members) or not stored:
        raise FormatError(f"{path}: expected a sidecar of drivelabel, got another zip.")
    if size > path.stat().st_size:
        raise FormatError(f"{path}: its members claim {size} bytes, more than the file has.")


def _array(path: Path, name: str, data: bytes) -> AnyArray:
    """An array of numbers; its header is checked against the bytes that are there."""
    file = io.BytesIO(data)
    try:
        version = _FORMAT.read_magic(file)
        read = _FORMAT.read_array_header_1_0 if version == (1, 0) else _FORMAT.read_array_header_2_0
        shape, fortran, dtype = read(file)
    except (
        ValueError,
        TypeError,
        EOFError,
        OverflowError,
        SyntaxError,
        MemoryError,
        RecursionError,
    ) as error:
        raise FormatError(f"{path}, {name}: no plain array ({error}).") from None
    rest = len(data) - file.tell()
    sizes_good = all(isinstance(n, int) and 0 <= n < 2**48 for n in shape)
    if dtype.kind not in _KINDS or dtype.shape or fortran or not sizes_good:
        raise FormatError(f"{path}, {name}: expected an array of numbers, got {dtype}.")
    if math.prod(shape) * dtype.itemsize != rest:
        raise FormatError(
            f"{path}, {name}: expected {rest} bytes of data, its header claims {shape} of {dtype}."
        )
    return np.frombuffer(data, dtype, offset=file.tell()).reshape(shape).copy()
