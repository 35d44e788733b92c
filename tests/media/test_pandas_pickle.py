"""Pickled tables are read without pandas, equal to what pandas reads, and run nothing."""

from __future__ import annotations

import builtins
import gzip
import io
import os
import pickle
import pickletools
import random
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference.old_pandas import object_array, old_pickle

from drivelabel.errors import FormatError, StoreError
from drivelabel.media._pandas_pickle import read_table, table_of_pickle


def gzip_table(path, data):
    path.write_bytes(gzip.compress(data))
    return path


def assert_equals_pandas(got, frame):
    pandas = pytest.importorskip("pandas")
    assert list(got) == list(frame.columns)
    for name, column in got.items():
        expected = frame[name].to_numpy()
        assert column.dtype == expected.dtype
        assert pandas.Series(column).equals(pandas.Series(expected))


texts = st.one_of(st.text(max_size=8), st.none(), st.just(float("nan")), st.booleans())


@st.composite
def tables(draw):
    n = draw(st.integers(0, 5))
    columns = {}
    for name in draw(st.lists(st.text(min_size=1, max_size=6), min_size=1, max_size=7, unique=True)):
        kind = draw(st.sampled_from(["f8", "i8", "u1", "f4", "?", "O"]))
        if kind == "O":
            columns[name] = object_array(draw(st.lists(texts, min_size=n, max_size=n)))
        else:
            numbers = draw(st.lists(st.integers(0, 200), min_size=n, max_size=n))
            columns[name] = np.array(numbers, np.float64).astype(kind)
    return columns


@given(tables())
def test_tables_of_old_pandas_read_as_they_were(columns):
    got = table_of_pickle(old_pickle(columns))
    assert list(got) == list(columns)
    for name, column in columns.items():
        assert got[name].dtype == column.dtype
        if column.dtype == object:
            assert [repr(value) for value in got[name]] == [repr(value) for value in column]
        else:
            np.testing.assert_array_equal(got[name], column)


@given(tables())
def test_tables_of_old_pandas_read_as_pandas_reads_them(columns):
    pandas = pytest.importorskip("pandas")
    data = old_pickle(columns)
    assert_equals_pandas(table_of_pickle(data), pandas.read_pickle(io.BytesIO(data)))


def test_all_given_files_read_as_pandas_reads_them(shared_data):
    pandas = pytest.importorskip("pandas")
    files = sorted((shared_data / "pandaset_002").rglob("*.pkl.gz"))
    assert files
    for path in files:
        assert_equals_pandas(read_table(path), pandas.read_pickle(path))


def test_pandas_is_not_needed(tmp_path, monkeypatch):
    path = gzip_table(tmp_path / "a.pkl.gz", old_pickle({"x": np.arange(3.0)}))
    real_import = builtins.__import__

    def no_pandas(name, *args, **kwargs):
        assert not name.startswith("pandas")
        return real_import(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", no_pandas)
    np.testing.assert_array_equal(read_table(path)["x"], [0, 1, 2])


class Runs:
    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


CANARY = "import pathlib; pathlib.Path({path!r}).touch()"


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("way", ["system", "eval", "exec", "getattr", "numpy.load", "import"])
def test_a_pickle_that_asks_for_anything_else_is_refused_and_never_run(tmp_path, way, protocol):
    canary = str(tmp_path / "canary")
    call = {
        "system": Runs(os.system, f"touch {canary}"),
        "eval": Runs(eval, f"__import__('pathlib').Path({canary!r}).touch()"),
        "exec": Runs(exec, CANARY.format(path=canary)),
        "getattr": Runs(getattr, Runs(__import__, "os"), "system"),
        "numpy.load": Runs(np.load, canary, None, True),
        "import": Runs(__import__, "antigravity"),
    }[way]
    path = gzip_table(tmp_path / "a.pkl.gz", pickle.dumps(call, protocol))
    with pytest.raises(FormatError, match=r"a\.pkl\.gz: (the pickle asks for|a name is built)"):
        read_table(path)
    assert not (tmp_path / "canary").exists()


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("os", "system"),
        ("builtins", "eval"),
        ("numpy", "load"),
        ("pandas", "read_pickle"),
        ("pandas.core.frame", "DataFrame.__init__"),
        ("numpy.core.multiarray", "fromstring"),
        ("builtins", "getattr"),
        ("copyreg", "_reconstructor"),
        ("pandas.io.pickle", "load"),
    ],
)
def test_the_refused_name_is_told(module, name):
    data = b"\x80\x03c" + f"{module}\n{name}\n".encode() + b"."
    with pytest.raises(
        FormatError, match=f"table: the pickle asks for {module}.{name}, which no table needs"
    ):
        table_of_pickle(data)


def test_stand_ins_cannot_be_called_into_doing_something():
    """DataFrame(...), then attributes of it set by BUILD: kept, and refused as no table."""
    data = b"\x80\x03cpandas\nDataFrame\n(X\x01\x00\x00\x00atR}X\x04\x00\x00\x00loadX\x01\x00\x00\x00bsb."
    with pytest.raises(FormatError):
        table_of_pickle(data)


def test_instructions_that_no_table_needs_are_refused():
    for data in (
        b"\x80\x02\x82\x01.",
        b"P1\n.",
        b"(i__main__\nA\n.",
        b"\x80\x04\x8c\x02os\x8c\x06system\x93.",
    ):
        with pytest.raises(FormatError):
            table_of_pickle(data)


def test_a_huge_memo_number_is_refused_before_it_costs_memory():
    with pytest.raises(FormatError, match="numbers its object"):
        table_of_pickle(b"\x80\x03]r" + struct.pack("<I", 2**31) + b".")


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path):
    path = tmp_path / "a.pkl.gz"
    path.write_bytes(gzip.compress(bytes(64 << 20)))
    with pytest.raises(FormatError, match=r"a\.pkl\.gz: expected at most \d+ bytes unpacked"):
        read_table(path)
    path = gzip_table(tmp_path / "b.pkl.gz", old_pickle({"x": np.arange(1000.0)}))
    with pytest.raises(FormatError, match="expected at most 100 bytes"):
        read_table(path, max_bytes=100)


def test_cut_missing_and_foreign_files_are_refused(tmp_path):
    data = gzip.compress(old_pickle({"x": np.arange(100.0)}))
    path = tmp_path / "a.pkl.gz"
    for length in (0, 5, 20, len(data) // 2, len(data) - 1):
        path.write_bytes(data[:length])
        with pytest.raises((StoreError, FormatError), match=r"a\.pkl\.gz"):
            read_table(path)
    path.write_bytes(b"hello")
    with pytest.raises(StoreError, match="no gzip file"):
        read_table(path)
    with pytest.raises(StoreError, match="cannot be read"):
        read_table(tmp_path / "b.pkl.gz")


def test_any_damage_gives_our_error_or_a_table():
    data = old_pickle({"x": np.arange(4.0), "name": object_array(["a", None, "c", 1.5]), "n": np.arange(4)})
    generator = random.Random(0)
    for _ in range(3000):
        broken = bytearray(data)
        for _ in range(generator.randint(1, 3)):
            broken[generator.randrange(len(broken))] = generator.randrange(256)
        try:
            table_of_pickle(bytes(broken))
        except FormatError:
            continue
    for length in range(len(data)):
        with pytest.raises(FormatError):
            table_of_pickle(data[:length])


def test_objects_other_than_texts_and_numbers_are_refused():
    with pytest.raises(FormatError, match=r"column 'a', row 1: expected a text or number"):
        table_of_pickle(old_pickle({"a": object_array(["x", ("y",)])}))


def test_the_pickles_of_these_tests_use_only_the_nine_names():
    names = {
        arg for op, arg, _ in pickletools.genops(old_pickle({"a": np.arange(2.0)})) if op.name == "GLOBAL"
    }
    assert len(names) == 9
