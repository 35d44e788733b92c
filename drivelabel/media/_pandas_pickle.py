"""Tables that pandas pickled, read without pandas and without running anything a file asks for.

PandaSet stores its tables this way. A pickle is a program, so three gates stand before it: the file may
only grow so much when unpacked; a scan refuses every instruction and every name but those that a plain table
needs; and the names left lead to the small classes here, which keep what they are given and do nothing.
Numbers are rebuilt from the kept bytes afterwards, checked.
"""

from __future__ import annotations

import io
import itertools
import pickle
import pickletools
import zlib
from pathlib import Path
from typing import Any, Literal

import numpy as np

from drivelabel.errors import FormatError, StoreError
from drivelabel.typing import AnyArray

MAX_RATIO = 200
MAX_BYTES = 1 << 30
_ALWAYS_ALLOWED_BYTES = 16 << 20
_PIECE = 1 << 20

_INSTRUCTIONS = frozenset(
    {
        "PROTO",
        "FRAME",
        "STOP",
        "MARK",
        "MEMOIZE",
        "PUT",
        "BINPUT",
        "LONG_BINPUT",
        "GET",
        "BINGET",
        "LONG_BINGET",
    }
    | {"GLOBAL", "NEWOBJ", "REDUCE", "BUILD", "NONE", "NEWTRUE", "NEWFALSE", "BININT", "BININT1", "BININT2"}
    | {"LONG1", "BINFLOAT", "BINUNICODE", "SHORT_BINUNICODE", "BINBYTES", "SHORT_BINBYTES", "EMPTY_TUPLE"}
    | {
        "TUPLE",
        "TUPLE1",
        "TUPLE2",
        "TUPLE3",
        "EMPTY_LIST",
        "APPEND",
        "APPENDS",
        "EMPTY_DICT",
        "SETITEM",
        "SETITEMS",
    }
)
_BY_CODE: dict[str, Any] = {instruction.code: instruction for instruction in pickletools.opcodes}
_DTYPES = frozenset(
    f"{kind}{size}" for kind, sizes in (("i", "1248"), ("u", "1248"), ("f", "48")) for size in sizes
)


class _Kept:
    """Stands for a foreign class: keeps the arguments and the state that a pickle gives it."""

    __slots__ = ("arguments", "state")

    def __init__(self, *arguments: Any) -> None:
        self.arguments = arguments
        self.state: Any = None

    def __new__(cls, *arguments: Any) -> _Kept:
        kept = object.__new__(cls)
        kept.arguments, kept.state = arguments, None
        return kept

    def __setstate__(self, state: Any) -> None:
        self.state = state


class _Frame(_Kept):
    __slots__ = ()


class _Manager(_Kept):
    __slots__ = ()


class _Index(_Kept):
    __slots__ = ()


class _RangeIndex(_Kept):
    __slots__ = ()


class _NewIndex(_Kept):
    __slots__ = ()


class _Array(_Kept):
    __slots__ = ()


class _ArrayType(_Kept):
    __slots__ = ()


class _Dtype(_Kept):
    __slots__ = ()


_NAMES: dict[tuple[str, str], Any] = {
    ("pandas.core.frame", "DataFrame"): _Frame,
    ("pandas", "DataFrame"): _Frame,
    ("pandas.core.internals.managers", "BlockManager"): _Manager,
    ("pandas.core.internals", "BlockManager"): _Manager,
    ("pandas.core.indexes.base", "_new_Index"): _NewIndex,
    ("pandas.core.indexes.base", "Index"): _Index,
    ("pandas", "Index"): _Index,
    ("pandas.core.indexes.range", "RangeIndex"): _RangeIndex,
    ("pandas", "RangeIndex"): _RangeIndex,
    ("numpy.core.multiarray", "_reconstruct"): _Array,
    ("numpy._core.multiarray", "_reconstruct"): _Array,
    ("numpy", "ndarray"): _ArrayType,
    ("numpy", "dtype"): _Dtype,
    ("builtins", "slice"): slice,
    ("__builtin__", "slice"): slice,
}
"""The only names that a table may use, with the modules that they were moved between."""


class _TableUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        """The stand-in of a name; every other name is refused."""
        if (module, name) not in _NAMES:
            raise _refused(module, name)
        return _NAMES[module, name]


def read_table(path: Path, *, max_bytes: int = MAX_BYTES) -> dict[str, AnyArray]:
    """The columns of a ``.pkl.gz`` table, by name: numbers and flags as such, all else as objects.

    An element of an object column is a text, a number, a flag, NaN or None.

    Args:
        path: the file.
        max_bytes: of the unpacked pickle; it may also not grow more than 200-fold, 16 MB apart.

    Raises:
        StoreError: the file is missing or cut short.
        FormatError: it is no such table, asks for something else than a table, or grows too large.
    """
    return table_of_pickle(_unpacked(path, max_bytes), str(path))


def table_of_pickle(data: bytes, where: str = "table") -> dict[str, AnyArray]:
    """The columns of a pickled table; see :func:`read_table`. `where` begins error messages."""
    try:
        _scan(data)
        frame = _TableUnpickler(io.BytesIO(data)).load()
        return _columns(frame)
    except FormatError as error:
        raise FormatError(f"{where}: {error}") from None
    except (
        pickle.UnpicklingError,
        ValueError,
        TypeError,
        KeyError,
        IndexError,
        EOFError,
        AttributeError,
        OverflowError,
    ) as error:
        raise FormatError(
            f"{where}: expected a pickled pandas table, got damaged or other data ({error})."
        ) from None


def _unpacked(path: Path, max_bytes: int) -> bytes:
    try:
        packed = path.read_bytes()
    except OSError as error:
        raise StoreError(f"{path}: cannot be read ({error.strerror}).") from error
    limit = min(max_bytes, max(_ALWAYS_ALLOWED_BYTES, MAX_RATIO * len(packed)))
    unpacker = zlib.decompressobj(wbits=31)
    pieces, size = [], 0
    try:
        rest = packed
        while not unpacker.eof:
            piece = unpacker.decompress(rest, _PIECE)
            rest = unpacker.unconsumed_tail
            size += len(piece)
            if size > limit:
                raise FormatError(
                    f"{path}: expected at most {limit} bytes unpacked from {len(packed)}, got more."
                )
            if not piece and not rest and not unpacker.eof:
                raise StoreError(f"{path}: the file is cut short.")
            pieces.append(piece)
    except zlib.error as error:
        raise StoreError(f"{path}: the file is damaged or no gzip file ({error}).") from error
    return b"".join(pieces)


def _scan(data: bytes) -> None:
    """Refuse a pickle that is more than a table, before anything of it is executed."""
    stream = io.BytesIO(data)
    for count in itertools.count():
        instruction = _BY_CODE.get(stream.read(1).decode("latin-1"))
        if instruction is None:
            raise FormatError("expected a pickled pandas table, got damaged or other data.")
        if instruction.name in ("STACK_GLOBAL", "INST", "OBJ"):
            raise FormatError("a name is built while loading, which a table of PandaSet never does.")
        if instruction.name not in _INSTRUCTIONS:
            raise FormatError(f"a table needs no pickle instruction {instruction.name}.")
        if instruction.name == "STOP":
            return
        if instruction.name == "GLOBAL":
            module, name = (stream.readline()[:-1].decode("utf-8") for _ in range(2))
            if (module, name) not in _NAMES:
                raise _refused(module, name)
            continue
        argument: Any = instruction.arg.reader(stream) if instruction.arg else None
        if instruction.name in ("BINPUT", "LONG_BINPUT") and int(argument) > count:
            raise FormatError(f"the pickle numbers its object {argument} after {count} instructions.")


def _refused(module: str, name: str) -> FormatError:
    return FormatError(f"the pickle asks for {module}.{name}, which no table needs. It was not run.")


def _columns(frame: Any) -> dict[str, AnyArray]:
    state = _state_of(frame, _Frame, dict)
    manager = state.get("_data", state.get("_mgr"))
    layout = _state_of(manager, _Manager, tuple)[3]["0.14.1"]
    names = _index_values(layout["axes"][0])
    n_rows = _index_length(layout["axes"][1])
    found: list[AnyArray | None] = [None] * len(names)
    for block in layout["blocks"]:
        values = _array(block["values"])
        rows = (
            range(len(names))[block["mgr_locs"]]
            if isinstance(block["mgr_locs"], slice)
            else _array(block["mgr_locs"])
        )
        if values.shape != (len(rows), n_rows):
            raise FormatError(
                f"expected a block of {len(rows)} columns and {n_rows} rows, got {values.shape}."
            )
        for row, column in zip(rows, values, strict=True):
            found[int(row)] = np.ascontiguousarray(column)
    if not all(isinstance(name, str) for name in names) or len(set(names)) != len(names):
        raise FormatError("expected columns with different texts as names.")
    return {name: _plain(name, column) for name, column in zip(names, found, strict=True)}


def _plain(name: str, column: AnyArray | None) -> AnyArray:
    if column is None:
        raise FormatError(f"column {name!r} has no values.")
    if column.dtype == object:
        for row, value in enumerate(column):
            if not (value is None or isinstance(value, (str, bool, int, float))):
                raise FormatError(f"column {name!r}, row {row}: expected a text or number, got other data.")
    return column


def _state_of(kept: Any, kind: type[_Kept], state: type) -> Any:
    if type(kept) is not kind or not isinstance(kept.state, state):
        raise FormatError(f"expected a pandas table, got none ({kind.__name__[1:].lower()} missing).")
    return kept.state


def _new_index(kept: Any) -> tuple[Any, dict[str, Any]]:
    if type(kept) is not _NewIndex or len(kept.arguments) != 2 or not isinstance(kept.arguments[1], dict):
        raise FormatError("expected a pandas index.")
    return kept.arguments


def _index_values(kept: Any) -> list[Any]:
    kind, given = _new_index(kept)
    if kind is not _Index:
        raise FormatError("expected columns with names.")
    return list(_array(given["data"]))


def _index_length(kept: Any) -> int:
    kind, given = _new_index(kept)
    if kind is _RangeIndex:
        return len(range(given["start"], given["stop"], given["step"]))
    return len(_array(given["data"]))


def _array(kept: Any) -> AnyArray:
    """A NumPy array from what its pickle gave: (version, shape, dtype, column first, values)."""
    if type(kept) is not _Array or not isinstance(kept.state, tuple) or len(kept.state) != 5:
        raise FormatError("expected an array.")
    _, shape, dtype, column_first, values = kept.state
    if not isinstance(shape, tuple) or not all(type(size) is int and 0 <= size < 2**31 for size in shape):
        raise FormatError("expected an array's shape.")
    order: Literal["F", "C"] = "F" if column_first else "C"
    n_values = int(np.prod(shape, dtype=object)) if shape else 1
    if _dtype_text(dtype) == "O":
        if not isinstance(values, list) or len(values) != n_values:
            raise FormatError(f"expected {n_values} objects.")
        array = np.empty(n_values, object)
        array[:] = values
        return np.reshape(array, shape)  # NumPy lists objects row by row, also those stored column first.
    if not isinstance(values, bytes):
        raise FormatError("expected an array's bytes.")
    numbers = np.frombuffer(values, np.dtype(_dtype_text(dtype)))
    if len(numbers) != n_values:
        raise FormatError(f"expected {n_values} numbers, got {len(numbers)}.")
    native = numbers.dtype.newbyteorder("=")
    return np.reshape(numbers.astype(native, copy=False), shape, order=order)


def _dtype_text(kept: Any) -> str:
    if type(kept) is not _Dtype or not kept.arguments or not isinstance(kept.state, tuple):
        raise FormatError("expected a kind of number.")
    text, byte_order = kept.arguments[0], kept.state[1]
    if text in ("O8", "O4", "O"):
        return "O"
    if text == "b1":
        return "?"
    if text not in _DTYPES or byte_order not in ("<", ">", "|", "="):
        raise FormatError("a column holds another kind of value than texts, numbers and flags.")
    return f"{byte_order}{text}"
