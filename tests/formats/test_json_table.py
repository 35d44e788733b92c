"""Columns of JSON lists equal what Python's own parser reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivelabel.errors import FormatError, StoreError
from drivelabel.formats.loading.json_table import (
    FLAG,
    TEXT,
    UNUSED,
    VALUE,
    index_texts,
    read_json_table,
)

KEYS = {"token": TEXT, "size": 3, "n": 1, "flag": FLAG, "any": VALUE, "rest": UNUSED}
NUMBERS = st.one_of(st.integers(-(10**15), 10**15), st.floats(-1e15, 1e15, width=64))
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "token": st.text(max_size=8),
            "size": st.lists(NUMBERS, min_size=3, max_size=3),
            "n": NUMBERS,
            "flag": st.booleans(),
            "any": st.recursive(st.none() | st.text(max_size=3) | st.integers(0, 9), st.lists, max_leaves=4),
            "rest": st.just({"a": ["}", "]", '"']}),
        },
        optional={"odd": st.integers()},
    ),
    max_size=6,
)


@settings(max_examples=40, deadline=None)
@given(rows=ROWS, indent=st.sampled_from([None, 0, 2]), ascii_only=st.booleans(), order=st.randoms())
def test_columns_equal_what_python_reads(
    rows: list[dict[str, Any]], indent: int | None, ascii_only: bool, order: Any,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:  # fmt: skip
    shuffled = []
    for row in rows:
        names = list(row)
        order.shuffle(names)
        shuffled.append({name: row[name] for name in names})
    path = tmp_path_factory.mktemp("json") / "t.json"
    path.write_text(json.dumps(shuffled, indent=indent, ensure_ascii=ascii_only), encoding="utf-8")
    table = read_json_table(path, KEYS)
    assert len(table) == len(rows)
    assert table.texts["token"].texts() == [row["token"] for row in rows]
    assert table.texts["any"].values() == [row["any"] for row in rows]
    np.testing.assert_array_equal(table.numbers["size"], np.array([r["size"] for r in rows]).reshape(-1, 3))
    np.testing.assert_array_equal(table.numbers["n"], np.array([row["n"] for row in rows], np.float64))
    np.testing.assert_array_equal(table.numbers["flag"], [float(row["flag"]) for row in rows])
    odd = sum("odd" in row for row in rows)
    assert table.unknown == ({"odd": odd} if odd else {})


def test_many_rows_and_their_index(tmp_path: Path) -> None:
    rows = [{"token": f"{k * 7919:08x}", "n": k, "late": k if k % 3 else None} for k in range(20_000)]
    for row in rows[1::2]:
        del row["late"]
    (tmp_path / "t.json").write_text(json.dumps(rows))
    table = read_json_table(tmp_path / "t.json", {"token": TEXT, "n": 1, "late": VALUE}, optional=["late"])
    np.testing.assert_array_equal(table.integers("n"), np.arange(20_000))
    assert table.texts["late"][:4].values() == [None, None, 2, None]
    index = index_texts(table.texts["token"], "token")
    rows_of = np.random.default_rng(0).permutation(20_000)
    np.testing.assert_array_equal(index.find(table.texts["token"][rows_of]), rows_of)
    (tmp_path / "u.json").write_text('[{"token": "none"}]')
    other = read_json_table(tmp_path / "u.json", {"token": TEXT})
    np.testing.assert_array_equal(index.find(other.texts["token"]), [-1])
    twice = table.texts["token"][np.array([4, 5, 4])]
    with pytest.raises(FormatError, match="row 2: the token '00007bbc' occurs twice"):
        index_texts(twice, "token")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty file"),
        ("{}", "expected a list"),
        ("[1]", "row 0: malformed"),
        ('[{"a": 1}', "cut off"),
        ('[{"a": 1}] x', "nothing behind the list"),
        ('[{"a": 1, "a": 2}]', "row 0 has a key twice"),
        ('[{"a": 1},\n{"b": 2}]', "line 2.*row 1 lacks one of the keys a"),
        ('[{"a": NaN}]', "malformed"),
        ('[{"a": Infinity}]', "malformed"),
        ('[{"a": 1e999}]', "numbers up to"),
        ('[{"a": 123456789012345678901234567890}]', "numbers up to"),
        ('[{"a": "1"}]', "malformed"),
        ('[{"a": [1]}]', "malformed"),
        ('[{"a" 1}]', "malformed"),
        ('[{"a": 1 "b": 2}]', "malformed"),
        ('[{"a": 1, "b": }]', "malformed"),
        ("[{" + ", ".join(f'"k{k}": 1' for k in range(99)) + "}]", "more than 64 keys"),
    ],
)
def test_other_text_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "t.json").write_text(text)
    with pytest.raises(FormatError, match=message):
        read_json_table(tmp_path / "t.json", {"a": 1})


def test_marks_at_the_beginning_are_passed_over(tmp_path: Path) -> None:
    for encoding in ("utf-8-sig", "utf-16"):
        (tmp_path / "t.json").write_text('[{"a": 1.5}]', encoding=encoding)
        assert read_json_table(tmp_path / "t.json", {"a": 1}).numbers["a"].tolist() == [1.5]


def test_what_is_no_file_or_too_large_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be read"):
        read_json_table(tmp_path / "none.json", {"a": 1})
    (tmp_path / "t.json").write_text("[]")
    with pytest.raises(FormatError, match="at most 1 bytes"):
        read_json_table(tmp_path / "t.json", {"a": 1}, max_bytes=1)
