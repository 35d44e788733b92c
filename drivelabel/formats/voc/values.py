"""Values in VOC's elements."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from drivelabel.errors import FormatError
from drivelabel.formats.loading.values import MAX_MAGNITUDE

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

FLAGS = ("truncated", "difficult", "occluded")
"""Elements that are 0 or 1."""

VALUES = "voc."
"""What names of tags begin with that are fields of VOC's files."""

_NOT_XML = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def number_of(element: Element, name: str, where: str, default: float | None = None) -> float:
    """The finite number in a child element."""
    text = element.findtext(name)
    if text is None or not text.strip():
        if default is None:
            raise FormatError(f"{where}: <{name}> is missing.")
        return default
    try:
        value = float(text)
    except ValueError:
        raise FormatError(f"{where}: {name}: expected a number, got {text[:40]!r}.") from None
    if not math.isfinite(value) or abs(value) > MAX_MAGNITUDE:
        raise FormatError(f"{where}: {name}: expected a finite number, got {text[:40]!r}.")
    return value


def value_of(text: str, kind: str) -> Any:
    """A text as the value that an attribute ``type`` says."""
    try:
        if kind == "bool":
            return text == "true"
        if kind == "int" and len(text) <= 20:
            return int(text)
        if kind == "float" and math.isfinite(value := float(text)):
            return value
    except ValueError:
        pass
    return text


def text_of(value: Any) -> tuple[str, str]:
    """A value as text, and its ``type``."""
    if isinstance(value, bool):
        return ("true" if value else "false"), "bool"
    if isinstance(value, (int, float)):
        return repr(value), type(value).__name__
    return str(value), ""


def xml_text(text: str) -> tuple[str, bool]:
    """A text without characters that XML cannot hold, and whether any was replaced."""
    plain = _NOT_XML.sub("_", text).replace("\r", "_")
    return plain, plain != text
