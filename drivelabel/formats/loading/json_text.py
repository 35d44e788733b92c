"""JSON from outside: finite numbers, integers of 64 bits, no key twice, no bottomless nesting."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, NoReturn

import msgspec
import numpy as np

from drivelabel.errors import FormatError
from drivelabel.formats.loading.collecting import no_collecting
from drivelabel.formats.loading.files import MAX_BYTES, decode_text, read_bytes
from drivelabel.geometry._kernels.json_structure import PLAIN, look_over

MAX_DEPTH = 64
_LARGE = 1 << 16  # bytes; below, looking the text over first is not worth it
_MAX_DIGITS = 20  # of an integer; int64 needs 19 and a sign
_INT64 = range(-(2**63), 2**63)
_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)


def read_json(path: Path, *, max_bytes: int = MAX_BYTES) -> Any:
    """The value in a JSON file.

    Raises:
        StoreError: the file is missing or cannot be read.
        FormatError: it is too large or no JSON, holds NaN, infinity or an integer beyond 64 bits, an object
            with one key twice, or nests more than 64 deep. The message names the file and the place.
    """
    return parse_json(read_bytes(path, max_bytes=max_bytes), path)


def parse_json(data: bytes | str, path: Path | str) -> Any:
    """The value of a JSON text; `path` (with a line, say) is named in errors. See :func:`read_json`."""
    if isinstance(data, bytes) and len(data) > _LARGE:
        done, value = _parse_plain(data)
        if done:
            return value
    text = data if isinstance(data, str) else decode_text(Path(path), data)
    check_depth(text, path)
    try:
        return _decoder(path).decode(text.strip(" \t\r\n"))
    except json.JSONDecodeError as error:
        raise FormatError(
            f"{path}, line {error.lineno}, column {error.colno}: no JSON: {error.msg}."
        ) from None


def _parse_plain(data: bytes) -> tuple[bool, Any]:
    """Whether a large text could be parsed the fast way, and its value.

    The fast parser knows nothing of keys that occur twice or integers beyond 64 bits, so the text is looked
    over first. What it refuses is left to the slower one, whose errors name line and column.
    """
    if look_over(np.frombuffer(data, np.uint8), MAX_DEPTH) != PLAIN or b"\0" in data:
        return False, None
    try:
        with no_collecting():
            return True, msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False, None


def check_depth(text: str, path: Path | str) -> None:
    """Raise FormatError where brackets nest more than 64 deep; the parser would run out of stack."""
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return
    depth = 0
    for match in _STRING_OR_BRACKET.finditer(text):
        sign = match[0][0]
        if sign in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                line = text.count("\n", 0, match.start()) + 1
                raise FormatError(f"{path}, line {line}: nests more than {MAX_DEPTH} deep.")
        elif sign in "]}":
            depth -= 1


def _decoder(path: Path | str) -> json.JSONDecoder:
    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(items)
        if len(found) != len(items):
            names = [name for name, _ in items]
            twice = next(name for name in names if names.count(name) > 1)
            raise FormatError(f"{path}: an object has the key {twice[:80]!r} twice.")
        return found

    def integer(digits: str) -> int:
        if len(digits) > _MAX_DIGITS or (value := int(digits)) not in _INT64:
            raise FormatError(f"{path}: expected integers of 64 bits, got {digits[:24]}...")
        return value

    def number(digits: str) -> float:
        value = float(digits)
        if value - value != 0:
            raise FormatError(f"{path}: expected finite numbers, got {digits[:24]}.")
        return value

    def constant(name: str) -> NoReturn:
        raise FormatError(f"{path}: expected finite numbers, got {name}.")

    return json.JSONDecoder(
        object_pairs_hook=pairs, parse_int=integer, parse_float=number, parse_constant=constant
    )
