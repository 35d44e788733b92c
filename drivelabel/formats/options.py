"""Options of readers and writers as words of a command line: which there are, and their values."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from drivelabel._check import did_you_mean
from drivelabel.errors import FormatError

_OWN_WORDS = frozenset({"layer", "overwrite"})
"""Keyword arguments that every reader or writer has; commands have words of their own for them."""

_FLAGS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def option_types(function: Callable[..., Any]) -> dict[str, Any]:
    """The keyword arguments of a reader or writer, and the type of each."""
    hints = typing.get_type_hints(function)
    return {
        name: hints.get(name, str)
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.kind is parameter.KEYWORD_ONLY and name not in _OWN_WORDS
    }


def takes_any(function: Callable[..., Any]) -> bool:
    """Whether a reader or writer takes options of any name; those of plug-ins may."""
    return any(p.kind is p.VAR_KEYWORD for p in inspect.signature(function).parameters.values())


def parse_options(
    format_name: str, function: Callable[..., Any], words: Mapping[str, str] | Sequence[str]
) -> dict[str, Any]:
    """Options of a reader or writer from texts.

    Args:
        format_name: for errors.
        function: the reader or writer.
        words: name to text, or ``NAME=TEXT`` each.

    Raises:
        FormatError: it has no such option, or the text is none of its values.
    """
    texts = words if isinstance(words, Mapping) else dict(_pair(word) for word in words)
    known = option_types(function)
    found: dict[str, Any] = {}
    for name, text in texts.items():
        if name in known:
            found[name] = _value(f"{format_name}, option {name}", text, known[name])
        elif takes_any(function):
            found[name] = text
        else:
            raise FormatError(f"{format_name} has no option {name!r}.{did_you_mean(name, known)}")
    return found


def _pair(word: str) -> tuple[str, str]:
    name, equals, text = word.partition("=")
    if not equals or not name:
        raise FormatError(f"expected an option as NAME=VALUE, got {word!r}.")
    return name.strip().replace("-", "_"), text


def _value(where: str, text: str, kind: Any) -> Any:
    """A text as a value of an annotated type."""
    origin, parts = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return _of_union(where, text, parts)
    if origin is typing.Literal:
        if text not in parts:
            raise FormatError(f"{where}: expected {' or '.join(map(str, parts))}, got {text!r}.")
        return text
    if kind is bool:
        if text.lower() not in _FLAGS:
            raise FormatError(f"{where}: expected true or false, got {text!r}.")
        return _FLAGS[text.lower()]
    if kind in (int, float):
        return _number(where, text, kind)
    if kind is str:
        return text
    if kind is Path:
        return Path(text)
    if origin is not None and isinstance(origin, type) and issubclass(origin, Sequence) and parts:
        return tuple(_value(where, part.strip(), parts[0]) for part in text.split(",") if part.strip())
    raise FormatError(f"{where}: can be given from Python only.")


def _of_union(where: str, text: str, parts: tuple[Any, ...]) -> Any:
    kinds = [part for part in parts if part is not type(None)]
    if len(kinds) < len(parts) and text.lower() in ("none", "null"):
        return None
    for row, kind in enumerate(kinds):
        try:
            return _value(where, text, kind)
        except FormatError:
            if row == len(kinds) - 1:
                raise
    raise FormatError(f"{where}: can be given from Python only.")


def _number(where: str, text: str, kind: type[int] | type[float]) -> int | float:
    try:
        return kind(text)
    except ValueError:
        what = "a whole number" if kind is int else "a number"
        raise FormatError(f"{where}: expected {what}, got {text!r}.") from None
