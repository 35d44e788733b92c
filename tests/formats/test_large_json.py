"""Large JSON goes another way than small JSON, to the same end."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivelabel.errors import FormatError
from drivelabel.formats.loading import parse_json

_PADDING = b" " * (1 << 17)
"""Makes any text a large one."""

_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**62), 2**62)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
)


@given(_values, st.booleans())
def test_any_value_reads_the_same_large_and_small(value: object, plain_ascii: bool) -> None:
    text = json.dumps(value, ensure_ascii=plain_ascii).encode("utf-8", "surrogatepass")
    try:
        small = parse_json(text, "x.json")
    except FormatError:
        with pytest.raises(FormatError):
            parse_json(text + _PADDING, "x.json")
        return
    large = parse_json(text + _PADDING, "x.json")
    assert large == small
    assert repr(large) == repr(small), "also ints stay ints and -0.0 keeps its sign"


@pytest.mark.parametrize(
    "text",
    [
        b'{"a": {"b": 1, "b" : 2}}',
        b'[{"b": 1, "c": [{"b": 2}], "b": 3}]',
        b'{"a": 1, "\\u0061": 2}',
        b"[" * 65 + b"]" * 65,
        b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
        b"[NaN]",
        b"[1e999]",
        b"[12345678901234567890123]",
        b"[9223372036854775808]",
        b'{"a": 1',
        b'["a]',
        b"]]]",
        b'["\xff"]',
        b'["a\0"]',
        b'"a": 1',
        b"",
    ],
)
def test_what_is_refused_when_small_is_refused_when_large(text: bytes) -> None:
    with pytest.raises(FormatError) as small:
        parse_json(text, "x.json")
    with pytest.raises(FormatError) as large:
        parse_json(text + _PADDING, "x.json")
    assert str(small.value) == str(large.value)


def test_one_object_may_have_many_keys() -> None:
    value = {f"key {k}": k for k in range(1000)}
    assert parse_json(json.dumps(value).encode() + _PADDING, "x.json") == value
