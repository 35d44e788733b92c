"""drivelabel formats: which other formats there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from drivelabel.cli.commands._options import JsonOption
from drivelabel.cli.output import say, say_json, table

if TYPE_CHECKING:
    from drivelabel.formats import Format


def formats(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="With its options.")] = None,
    as_json: JsonOption = False,
) -> None:
    """List the formats that can be read and written.

    With a name: that format and the options of its reader and writer.
    """
    from drivelabel.formats import find_format, format_names

    names = format_names() if name is None else [name]
    found = {each: _facts(find_format(each)) for each in names}
    if as_json:
        say_json(found)
        return
    rows = [
        (each, "yes" if facts["reads"] else "", "yes" if facts["writes"] else "", facts["about"])
        for each, facts in found.items()
    ]
    say(table(("format", "read", "write", "about"), rows))
    if name is not None:
        for what in ("read_options", "write_options"):
            for option, kind in found[name][what].items():
                say(f"  {what.replace('_', ' ')[:-1]} {option}: {kind}")


def _facts(found: Format) -> dict[str, Any]:
    return {
        "about": found.about,
        "reads": found.read is not None,
        "writes": found.write is not None,
        "read_options": _options(found.read),
        "write_options": _options(found.write),
    }


def _options(function: Any) -> dict[str, str]:
    from drivelabel.formats.options import option_types

    if function is None:
        return {}
    own = {"scene", "on_invalid", "images"}
    return {name: _shown(kind) for name, kind in option_types(function).items() if name not in own}


def _shown(kind: Any) -> str:
    """A type as people read it: ``reference or copy``, ``whole number``, ..."""
    import types
    from pathlib import Path
    from typing import Literal, Union, get_args, get_origin

    words = {bool: "true or false", int: "whole number", float: "number", str: "text", Path: "path"}
    if isinstance(kind, type) and kind in words:
        return words[kind]
    if get_origin(kind) is Literal:
        return " or ".join(map(str, get_args(kind)))
    if get_origin(kind) in (Union, types.UnionType):
        return " or ".join(_shown(part) for part in get_args(kind) if part is not type(None))
    if get_args(kind) and isinstance(get_args(kind)[0], type):
        return f"{_shown(get_args(kind)[0])}, ..."
    return "from Python only"
