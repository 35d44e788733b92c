"""YAML from outside: plain values only, few aliases, no bottomless nesting."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from drivelabel.errors import FormatError
from drivelabel.formats.loading.files import read_text

MAX_BYTES, MAX_ALIASES, MAX_DEPTH = 64 << 20, 1000, 50

_OPENS = (yaml.MappingStartEvent, yaml.SequenceStartEvent)
_CLOSES = (yaml.MappingEndEvent, yaml.SequenceEndEvent)


def read_yaml(path: Path) -> Any:
    """The value in a YAML file: dicts, lists, texts, numbers, bools, dates and None.

    Nothing that it names is fetched, imported or run.

    Raises:
        StoreError: the file is missing or cannot be read.
        FormatError: it is no YAML, larger than 64 MB, has a tag of another kind, more than 1,000 aliases, or
            nests more than 50 deep.
    """
    text = read_text(path, max_bytes=MAX_BYTES)
    try:
        _check_events(text, path)
        return yaml.load(text, Loader=yaml.CSafeLoader)  # a safe loader
    except (yaml.YAMLError, ValueError, RecursionError, TypeError) as error:
        if isinstance(error, FormatError):
            raise
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark is not None else ""
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise FormatError(f"{path}{where}: no plain YAML: {problem}.") from None


def _check_events(text: str, path: Path) -> None:
    depth = aliases = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, _OPENS):
            depth += 1
        elif isinstance(event, _CLOSES):
            depth -= 1
        elif isinstance(event, yaml.AliasEvent):
            aliases += 1
        if depth > MAX_DEPTH or aliases > MAX_ALIASES:
            raise FormatError(f"{path}: expected at most {MAX_DEPTH} levels and {MAX_ALIASES} aliases.")
