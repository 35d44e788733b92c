"""Pickled tables as pandas of PandaSet's time wrote them, made without pandas."""

from __future__ import annotations

import io
import pickle
from typing import ClassVar

import numpy as np


class Named:
    """A global of a pickle, by name alone: what pandas of PandaSet's time was called."""

    def __init__(self, module, name):
        self.module, self.name = module, name


class OldPandasPickler(pickle._Pickler):
    """Writes tables as pandas 0.23 did, with Python's own plain pickler."""

    dispatch: ClassVar = dict(pickle._Pickler.dispatch)

    def save_named(self, named):
        self.write(pickle.GLOBAL + f"{named.module}\n{named.name}\n".encode())
        self.memoize(named)

    def save_array(self, array):
        kind = {"O": "O8", "b": "b1"}.get(array.dtype.kind, array.dtype.str[1:])
        order = "|" if array.dtype.kind in "Ob" or array.itemsize == 1 else "<"
        dtype_state = (3, order, None, None, None, -1, -1, 63 if kind == "O8" else 0)
        fortran = array.ndim == 2 and array.flags.f_contiguous and not array.flags.c_contiguous
        flat = array.ravel(order="F" if fortran and kind != "O8" else "C")
        values = list(flat) if kind == "O8" else flat.tobytes()
        self.save(Named("numpy.core.multiarray", "_reconstruct"))
        self.save((Named("numpy", "ndarray"), (0,), b"b"))
        self.write(pickle.REDUCE)
        self.write(pickle.MARK)
        self.save(1)
        self.save(array.shape)
        self.save(Named("numpy", "dtype"))
        self.save((kind, 0, 1))
        self.write(pickle.REDUCE)
        self.save(dtype_state)
        self.write(pickle.BUILD)
        self.save(fortran)
        self.save(values)
        self.write(pickle.TUPLE + pickle.BUILD)

    def save_index(self, kind, given):
        self.save(Named("pandas.core.indexes.base", "_new_Index"))
        self.save((Named(*kind), given))
        self.write(pickle.REDUCE)

    def save_frame(self, columns):
        self.save(Named("pandas.core.frame", "DataFrame"))
        self.write(pickle.EMPTY_TUPLE + pickle.NEWOBJ)
        self.write(pickle.EMPTY_DICT + pickle.MARK)
        self.save("_data")
        self.save(Named("pandas.core.internals.managers", "BlockManager"))
        self.write(pickle.EMPTY_TUPLE + pickle.NEWOBJ + pickle.MARK)
        self.save([])
        self.save([])
        self.save([])
        self.write(pickle.EMPTY_DICT + pickle.MARK)
        self.save("0.14.1")
        self.write(pickle.EMPTY_DICT + pickle.MARK)
        self.save("axes")
        self.write(pickle.EMPTY_LIST + pickle.MARK)
        self.save_index(
            ("pandas.core.indexes.base", "Index"), {"data": object_array(list(columns)), "name": None}
        )
        n_rows = len(next(iter(columns.values())))
        self.save_index(
            ("pandas.core.indexes.range", "RangeIndex"), {"name": None, "start": 0, "stop": n_rows, "step": 1}
        )
        self.write(pickle.APPENDS)
        self.save("blocks")
        self.write(pickle.EMPTY_LIST + pickle.MARK)
        for dtype in dict.fromkeys(column.dtype for column in columns.values()):
            rows = [i for i, column in enumerate(columns.values()) if column.dtype == dtype]
            self.save_block(np.stack([list(columns.values())[i] for i in rows]), rows)
        self.write(pickle.APPENDS + pickle.SETITEMS + pickle.SETITEMS + pickle.TUPLE + pickle.BUILD)
        self.save("_typ")
        self.save("dataframe")
        self.write(pickle.SETITEMS + pickle.BUILD)

    def save_block(self, values, rows):
        self.write(pickle.EMPTY_DICT + pickle.MARK)
        self.save("values")
        self.save(np.asfortranarray(values) if len(rows) % 2 else values)
        self.save("mgr_locs")
        if len(rows) == 1:
            self.save(Named("builtins", "slice"))
            self.save((rows[0], rows[0] + 1, 1))
            self.write(pickle.REDUCE)
        else:
            self.save(np.array(rows, np.int64))
        self.write(pickle.SETITEMS)

    dispatch[Named] = save_named
    dispatch[np.ndarray] = save_array


def object_array(values):
    array = np.empty(len(values), object)
    array[:] = values
    return array


def old_pickle(columns):
    """What pandas 0.23 would have written for a table."""
    buffer = io.BytesIO()
    pickler = OldPandasPickler(buffer, protocol=3)
    pickler.write(pickle.PROTO + b"\x03")
    pickler.save_frame(columns)
    pickler.write(pickle.STOP)
    return buffer.getvalue()
