"""Text from outside: what is refused, with which words, and how fast."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivelabel.errors import DriveLabelError, FormatError, StoreError
from drivelabel.formats.loading import (
    Fields,
    parse_json,
    read_bytes,
    read_json,
    read_text,
    read_xml,
    read_yaml,
    safe_join,
    safe_name,
)
from drivelabel.formats.loading.names import MAX_NAME


def _file(folder: Path, data: bytes | str, name: str = "x.json") -> Path:
    path = folder / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


BAD_JSON = {
    "cut": ('{"a": [1, 2', "line 1, column 12: no JSON"),
    "empty": ("", "no JSON"),
    "more after the end": ("{} {}", "no JSON: Extra data"),
    "NaN": ('{"a": NaN}', "expected finite numbers, got NaN"),
    "infinity": ("[-Infinity]", "expected finite numbers, got -Infinity"),
    "1e999": ("[1e999]", "expected finite numbers, got 1e999"),
    "an integer of 10^4 digits": (f"[{'9' * 10_000}]", "expected integers of 64 bits, got 999999"),
    "2^63": (f"[{2**63}]", "expected integers of 64 bits"),
    "a key twice": ('{"a": 1, "b": {"c": 1, "c": 2}}', "an object has the key 'c' twice"),
    "nesting 65 deep": ("[" * 65 + "]" * 65, "line 1: nests more than 64 deep"),
    "nesting 10^5 deep": ("[" * 100_000, "nests more than 64 deep"),
    "nesting 10^5 deep in objects": ('{"a":' * 100_000, "nests more than 64 deep"),
    "NUL": ("{\0}", "expected text, got a NUL character"),
    "bytes that are no text": (b'{"a": "\xff"}', "byte 7: expected UTF-8 text"),
}


@pytest.mark.parametrize("case", BAD_JSON)
def test_bad_json_is_refused_with_file_and_place(tmp_path: Path, case: str) -> None:
    text, complaint = BAD_JSON[case]
    path = _file(tmp_path, text)
    with pytest.raises(FormatError) as caught:
        read_json(path)
    assert complaint in str(caught.value)
    assert str(caught.value).startswith(str(path))


@pytest.mark.parametrize("case", ["NaN", "a key twice", "2^63", "nesting 65 deep", "1e999"])
def test_large_files_are_refused_for_the_same_reasons(tmp_path: Path, case: str) -> None:
    text, complaint = BAD_JSON[case]
    assert isinstance(text, str)
    path = _file(tmp_path, f'{{"padding": {json.dumps(["x" * 50] * 3000)}, "value": {text}}}')
    with pytest.raises(FormatError, match=complaint.split(": ")[-1][:20]):
        read_json(path)


def test_brackets_in_texts_do_not_count(tmp_path: Path) -> None:
    text = "[" * 500 + '\\"' + "{" * 500
    assert read_json(_file(tmp_path, json.dumps([text, {"a": text}]))) == [text, {"a": text}]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
def test_texts_may_have_a_byte_order_mark(tmp_path: Path, encoding: str) -> None:
    data = '{"ü": "中"}'.encode(encoding)
    data = b"\xff\xfe" + data if encoding == "utf-16-le" else data
    assert read_json(_file(tmp_path, data)) == {"ü": "中"}


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**63), 2**63 - 1)
        | st.text(max_size=5)
        | st.floats(allow_nan=False, allow_infinity=False),
        lambda c: st.lists(c, max_size=4) | st.dictionaries(st.text(max_size=4), c, max_size=4),
    )
)
def test_what_json_can_say_is_read_as_it_is(value: object) -> None:
    assert parse_json(json.dumps(value), "x") == value


def test_a_file_cut_at_any_byte_is_refused_or_right() -> None:
    whole = b'{"images": [{"id": 1, "size": [2.5e1, -3]}], "name": "\xc3\xbc\\u00fc"}'
    for size in range(len(whole)):
        with pytest.raises(FormatError):
            parse_json(whole[:size], "x")
    assert parse_json(whole, "x")["name"] == "üü"


def test_two_million_small_objects_are_read_or_refused_in_time(tmp_path: Path) -> None:
    path = _file(tmp_path, b"[" + b"{}," * 2_000_000 + b"{}]")
    start = time.process_time()
    assert len(read_json(path)) == 2_000_001
    assert time.process_time() - start < 8


# Files


def test_what_is_no_regular_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be read"):
        read_bytes(tmp_path / "gone")
    with pytest.raises(StoreError):
        read_bytes(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(StoreError, match="expected a file, got something else"):
        read_bytes(tmp_path / "pipe")
    with pytest.raises(StoreError):
        read_bytes(Path("a\0b"))
    with pytest.raises(StoreError, match="got something else"):
        read_text(Path("/dev/zero"))


def test_a_large_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(FormatError, match="expected at most 4294967296 bytes, got 1099511627776"):
        read_bytes(path)


# XML

BOMB = "<!DOCTYPE a [" + "".join(
    f'<!ENTITY l{k} "{f"&l{k - 1};" * 10 if k else "lol"}">' for k in range(10)
) + "]><a>&l9;</a>"  # fmt: skip
BAD_XML = {
    "an entity bomb": (BOMB, "has a DTD or entities"),
    "an external entity": ('<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', "has a DTD"),
    "an external DTD": ('<!DOCTYPE a SYSTEM "http://127.0.0.1:9/x.dtd"><a/>', "has a DTD"),
    "an unknown entity": ("<a>&x;</a>", "line 1, column 3: no XML: undefined entity"),
    "cut": ("<a><b>", "no XML"),
    "empty": ("", "no XML"),
    "two roots": ("<a/><b/>", "no XML: junk after document element"),
    "nesting 65 deep": ("<a>" * 65 + "</a>" * 65, "nests more than 64 deep"),
    "nesting 10^5 deep": ("<a>" * 100_000, "nests more than 64 deep"),
    "an unknown encoding": ('<?xml version="1.0" encoding="klingon"?><a/>', "no XML"),
    "an attribute twice": ('<a b="1" b="2"/>', "no XML: duplicate attribute"),
}


@pytest.mark.parametrize("case", BAD_XML)
def test_bad_xml_is_refused(tmp_path: Path, case: str) -> None:
    text, complaint = BAD_XML[case]
    with pytest.raises(FormatError, match=complaint):
        read_xml(_file(tmp_path, text, "x.xml"))


def test_good_xml_is_read(tmp_path: Path) -> None:
    root = read_xml(_file(tmp_path, "<a b='1'><c>&lt;ü&#65;</c></a>", "x.xml"))
    assert (root.tag, root.get("b"), root[0].text) == ("a", "1", "<üA")


# YAML

BAD_YAML = {
    "an object": ("!!python/object/apply:os.system ['touch canary']", "no plain YAML"),
    "a tag of its own": ("a: !run x", "no plain YAML"),
    "aliases": ("a: &a [x]\nb: [" + "*a," * 1001 + "]", "at most 50 levels and 1000 aliases"),
    "nesting 60 deep": ("[" * 60 + "]" * 60, "at most 50 levels"),
    "nesting 10^5 deep": ("[" * 100_000, "at most 50 levels|exceeded maximum nesting depth"),
    "cut": ("a: [1, 2", "no plain YAML"),
    "tabs": ("a:\n\t- b", "line 2: no plain YAML"),
    "a key that is a list": ("[1]: x", "no plain YAML"),
    "a date that is none": ("2020-13-45", "no plain YAML"),
    "NUL": ("a: \0", "got a NUL character"),
}


@pytest.mark.parametrize("case", BAD_YAML)
def test_bad_yaml_is_refused_and_runs_nothing(
    tmp_path: Path, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text, complaint = BAD_YAML[case]
    with pytest.raises(FormatError, match=complaint):
        read_yaml(_file(tmp_path, text, "x.yaml"))
    assert not (tmp_path / "canary").exists()


def test_an_alias_bomb_stays_small(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x]", *(f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 9)}]" for k in range(1, 60))]
    start = time.process_time()
    read_yaml(_file(tmp_path, "\n".join(lines), "x.yaml"))  # 9^60 values, but 540 aliases: shared, not copied
    assert time.process_time() - start < 1


def test_good_yaml_is_read(tmp_path: Path) -> None:
    text = "names: {0: car, 1: ü}\nnc: 2\npath: ../x\n"
    expected = {"names": {0: "car", 1: "ü"}, "nc": 2, "path": "../x"}
    assert read_yaml(_file(tmp_path, text, "x.yaml")) == expected


# Names

OUTSIDE = (
    "../x", "a/../../x",
    "/etc/passwd", "//server/x", "\\\\server\\x", "..\\x", "a\\..\\..\\x", "C:\\x", "c:x",
    "file:///etc/passwd", "http://x/y", "..", "", ".", "a\0b", "a\nb", "\x7f", "a" * 256, "ü" * 200,
    "/".join(["a"] * 3000),
)  # fmt: skip


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_name_that_leads_out_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(FormatError, match="expected a path"):
        safe_join(tmp_path, name)


@pytest.mark.parametrize(
    "name", ["a.png", "a/b.png", "a\\b.png", "./a", "...", "a..b", "ü/中 x.png", "con", "-rf"]
)
def test_other_names_stay_inside(tmp_path: Path, name: str) -> None:
    assert safe_join(tmp_path, name).resolve().is_relative_to(tmp_path.resolve())


def test_links_must_stay_inside_too(tmp_path: Path) -> None:
    home, away = tmp_path / "home", tmp_path / "away"
    home.mkdir()
    away.mkdir()
    (home / "out").symlink_to(away)
    (home / "in").symlink_to(home)
    (home / "loop").symlink_to(home / "loop")
    with pytest.raises(FormatError, match="got a link that leads out"):
        safe_join(home, "out/x")
    assert safe_join(home, "in/x") == home / "in" / "x"
    with pytest.raises(FormatError):
        (safe_join(home, "loop/x"), safe_join(home, "out/../x"))


@given(st.text())
def test_any_text_makes_one_safe_part(name: str) -> None:
    part = safe_name(name)
    assert part and "/" not in part and "\\" not in part and part not in (".", "..")
    assert len(part.encode()) <= MAX_NAME + 1
    assert safe_join(Path("/tmp"), part) == Path("/tmp") / part
    assert safe_name(part) == part


@given(st.text())
def test_any_text_stays_inside_or_is_refused(name: str) -> None:
    try:
        joined = safe_join(Path("/tmp"), name)
    except FormatError:
        return
    assert joined.resolve().is_relative_to(Path("/tmp").resolve())


# Values

WRONG = {
    "number": [
        ("x", "text"),
        (True, "flag"),
        (None, "null"),
        (float("nan"), "nan"),
        (1e16, "far"),
        ([], "list"),
    ],
    "integer": [("1", "text"), (1.5, "fraction"), (True, "flag"), (2**63, "large"), (1e300, "large")],
    "text": [(1, "number"), (None, "null"), ([], "list")],
    "flag": [(2, "number"), ("true", "text"), (None, "null")],
    "items": [({}, "object"), ("[]", "text"), (None, "null")],
    "object": [([], "list"), (1, "number"), (None, "null")],
    "numbers": [([1, "x"], "text"), ([1, None], "null"), (3, "number"), ([1e16], "far"), ([True], "flag")],
}


@pytest.mark.parametrize(("method", "value"), [(m, v) for m, rows in WRONG.items() for v, _ in rows])
def test_a_value_of_another_kind_is_refused_with_its_place(method: str, value: object) -> None:
    fields = Fields({"a": value}, "x.json, image 3")
    with pytest.raises(DriveLabelError, match=r"^x\.json, image 3"):
        getattr(fields, method)("a")
    with pytest.raises(FormatError, match=r"x\.json, image 3: 'gone' is missing"):
        getattr(fields, method)("gone")


def test_values_of_the_right_kind_are_given() -> None:
    fields = Fields({"n": 1, "f": 2.0, "t": "x", "b": 0, "l": [1, 2.5], "o": {"p": [{"q": 1}]}}, "x")
    assert (fields.number("n"), fields.integer("f"), fields.text("t"), fields.flag("b")) == (
        1.0,
        2,
        "x",
        False,
    )
    np.testing.assert_array_equal(fields.numbers("l", 2), [1, 2.5])
    (inner,) = fields.object("o").objects("p")
    assert (inner.where, inner.integer("q"), inner.integer("r", 7)) == ("x, o, p 0", 1, 7)
    with pytest.raises(FormatError, match="x: l: expected 3 numbers, got 2"):
        fields.numbers("l", 3)
    with pytest.raises(FormatError, match="y: expected an object, got list"):
        Fields([], "y")  # type: ignore[arg-type]


def test_integers_of_any_size_are_refused_in_words() -> None:
    huge = int("f" * 9000, 16)  # Python does not print it
    for value in (huge, -huge, 2**70):
        fields = Fields({"a": value, "l": [1, value]}, "x")
        with pytest.raises(FormatError, match="x: a: expected a finite number, got a huge number"):
            fields.number("a")
        with pytest.raises(FormatError, match="x: a: expected a whole number, got int a huge number"):
            fields.integer("a")
        with pytest.raises(FormatError, match="x: l: expected finite numbers, got"):
            fields.numbers("l")
