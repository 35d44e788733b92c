"""Options of readers and writers from the words of a command line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import pytest

from drivelabel.errors import FormatError
from drivelabel.formats import find_format, format_names
from drivelabel.formats.options import option_types, parse_options, takes_any


def write(
    data: object,
    out: Path,
    layer: str,
    *,
    task: Literal["detect", "pose"] = "detect",
    digits: int | None = None,
    share: float = 0.5,
    crowd: bool = False,
    root: Path | None = None,
    kinds: Sequence[str] = (),
    name: str = "",
    hook: Any = print,
    overwrite: bool = False,
) -> None: ...


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("task=pose", {"task": "pose"}), ("digits=3", {"digits": 3}), ("digits=none", {"digits": None}),
        ("share=1e-1", {"share": 0.1}), ("crowd=Yes", {"crowd": True}), ("crowd=0", {"crowd": False}),
        ("root=a/b", {"root": Path("a/b")}), ("kinds=a, b", {"kinds": ("a", "b")}),
        ("name=a=b", {"name": "a=b"}),
        ("name=", {"name": ""}),
    ],
)  # fmt: skip
def test_a_word_becomes_a_value_of_the_annotated_type(word: str, value: dict[str, Any]) -> None:
    assert parse_options("x", write, [word]) == value


@pytest.mark.parametrize(
    ("word", "complaint"),
    [
        ("tsk=pose", "x has no option 'tsk'. Did you mean 'task'?"),
        ("task=run", "x, option task: expected detect or pose, got 'run'"),
        ("digits=1.5", "x, option digits: expected a whole number, got '1.5'"),
        ("share=lots", "x, option share: expected a number"),
        ("crowd=maybe", "x, option crowd: expected true or false"),
        ("overwrite=true", "x has no option 'overwrite'"),
        ("layer=a", "x has no option 'layer'"),
        ("hook=print", "x, option hook: can be given from Python only"),
        ("task", "expected an option as NAME=VALUE, got 'task'"),
        ("=pose", "expected an option as NAME=VALUE, got '=pose'"),
    ],
)
def test_a_wrong_word_is_refused(word: str, complaint: str) -> None:
    with pytest.raises(FormatError) as caught:
        parse_options("x", write, [word])
    assert complaint in str(caught.value)


def test_a_plug_in_may_take_options_of_any_name() -> None:
    def read(path: Path, *, layer: str = "truth", **options: object) -> None: ...

    assert takes_any(read) and not takes_any(write)
    assert parse_options("x", read, {"anything": "1"}) == {"anything": "1"}


@pytest.mark.parametrize("name", format_names())
def test_the_options_of_every_format_can_be_listed(name: str) -> None:
    found = find_format(name)
    for function in (found.read, found.write):
        if function is not None:
            assert all(isinstance(option, str) for option in option_types(function))
            assert "layer" not in option_types(function)
