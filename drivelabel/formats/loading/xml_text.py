"""XML from outside: no DTD, no entities, nothing fetched."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from drivelabel.errors import FormatError
from drivelabel.formats.loading.files import read_bytes

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MAX_BYTES, MAX_DEPTH = 1 << 30, 64


def read_xml(path: Path, *, bare_doctype: str = "") -> Element:
    """The root element of an XML file.

    Args:
        path: the file.
        bare_doctype: a name whose ``<!DOCTYPE name>``, without anything in it, is passed over; for formats
            that always write one.

    Raises:
        StoreError: the file is missing or cannot be read.
        FormatError: it is no XML, has a DTD or entities, nests more than 64 deep, or is larger than 1 GiB.
    """
    from io import BytesIO
    from xml.etree.ElementTree import ParseError

    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import iterparse

    data = read_bytes(path, max_bytes=MAX_BYTES)
    if bare_doctype:
        bare = f"<!DOCTYPE {bare_doctype}>".encode()
        data = data.replace(bare, b" " * len(bare), 1)
    depth = 0
    root: Element | None = None
    try:
        for event, element in iterparse(BytesIO(data), events=("start", "end"), forbid_dtd=True):
            depth += 1 if event == "start" else -1
            root = element if root is None else root
            if depth > MAX_DEPTH:
                raise FormatError(f"{path}: nests more than {MAX_DEPTH} deep.")
    except ParseError as error:
        line, column = error.position
        raise FormatError(f"{path}, line {line}, column {column}: no XML: {error}.") from None
    except DefusedXmlException:
        raise FormatError(f"{path}: has a DTD or entities, which are never read. Remove them.") from None
    except (ValueError, LookupError) as error:
        raise FormatError(f"{path}: no XML: {error}.") from None
    if root is None:
        raise FormatError(f"{path}: no XML: it is empty.")
    return root
