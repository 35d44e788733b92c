from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

from drivelabel.errors import FormatError
from drivelabel.formats import Format, find_format, find_writer, format_names, known
from drivelabel.formats.coco import write_coco

PLUGIN = Format()


def test_coco_is_found_by_name() -> None:
    assert find_writer("coco") is write_coco


def test_an_unknown_format_suggests_the_nearest() -> None:
    with pytest.raises(FormatError, match=r"no format 'coca'\. Did you mean 'coco'\? Known: argoverse2"):
        find_format("coca")


def test_a_plug_in_is_found_through_its_entry_point(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint("mine", f"{__name__}:PLUGIN", known.ENTRY_POINTS)
    monkeypatch.setattr(known, "_plugins", lambda: {"mine": point})
    assert find_format("mine") is PLUGIN
    with pytest.raises(FormatError, match="format 'mine' can be read but not written"):
        find_writer("mine")


def test_a_plug_in_that_gives_something_else_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint("mine", "os:sep", known.ENTRY_POINTS)
    monkeypatch.setattr(known, "_plugins", lambda: {"mine": point})
    with pytest.raises(
        FormatError, match=r"format 'mine': expected a drivelabel\.formats\.Format from os:sep"
    ):
        find_format("mine")


def test_every_built_in_format_can_do_something() -> None:
    assert all(found.write or found.read for found in map(find_format, format_names()))
