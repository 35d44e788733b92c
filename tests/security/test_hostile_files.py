"""Every file of the hostile corpus ends as its list says, at once, with nothing done outside its folder."""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from security.guard import call_guarded

from drivelabel.errors import DriveLabelError, FormatError
from drivelabel.formats import detect_format, find_format

HOME = Path(__file__).parents[1] / "corpus" / "hostile"
EXPECTED: dict[str, list[str]] = json.loads((HOME / "expected.json").read_text())
READ = "is read"


def _read(format_name: str, path: Path) -> Any:
    read = find_format(format_name).read
    assert read is not None
    return read(path)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_hostile_file_ends_as_it_should(name: str) -> None:
    format_name, complaint = EXPECTED[name]
    path = HOME / name
    messages: list[str] = []

    def call() -> None:
        try:
            data = _read(format_name, path).data
        except DriveLabelError as error:
            messages.append(str(error))
            return
        for source in data.sources:
            assert not PurePosixPath(source.path).is_absolute()
            assert ".." not in PurePosixPath(source.path).parts
        messages.append(READ)

    call()  # imports and compiles
    assert call_guarded(call, HOME, (DriveLabelError,)) == ""
    assert complaint in messages[-1]
    assert messages[-1] == READ or path.name in messages[-1] or "leads out" in messages[-1]


def test_every_file_of_the_corpus_is_listed() -> None:
    files = {str(p.relative_to(HOME)) for p in HOME.rglob("*") if p.is_file() and p.name != "expected.json"}
    assert files == set(EXPECTED)
    assert len(files) >= 50


@pytest.mark.parametrize("name", EXPECTED)
def test_looking_for_the_format_of_a_hostile_file_finds_one_or_none(name: str) -> None:
    try:
        assert detect_format(HOME / name)
    except FormatError as error:
        assert "looks like no known format" in str(error) or "may be" in str(error)


SMALL = {
    "coco/bom.json": "coco",
    "cvat/no_size.xml": "cvat",
    "tusimple/rows_fall.json": "tusimple",
    "mot/words.txt": "mot",
}


@pytest.mark.parametrize("name", SMALL)
def test_a_file_cut_at_any_byte_is_read_or_refused(name: str, tmp_path: Path) -> None:
    whole = (HOME / name).read_bytes()
    path = tmp_path / Path(name).name
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        assert call_guarded(lambda: _read(SMALL[name], path), tmp_path, (DriveLabelError,)) == ""


def test_ten_thousand_digits_and_deep_nesting_in_a_label_file_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    for text in ('{"images": [' + "9" * 10_000 + "]}", '{"images": ' + "[" * 100_000):
        path.write_text(text)
        with pytest.raises(FormatError, match=str(path)):
            _read("coco", path)


def test_the_guard_sees_what_a_reader_must_not_do(tmp_path: Path) -> None:
    def writes() -> None:
        (tmp_path / "new").write_text("x")

    def reads_outside() -> None:
        Path("/etc/hostname").read_text()

    def fails() -> None:
        raise KeyError("x")

    def runs() -> None:
        import subprocess

        subprocess.run(["true"], check=False)

    assert "touches what it must not: open" in call_guarded(writes, tmp_path, (DriveLabelError,))
    assert "touches what it must not: open" in call_guarded(reads_outside, tmp_path, (DriveLabelError,))
    assert call_guarded(fails, tmp_path, (DriveLabelError,)).startswith("KeyError: 'x'")
    assert "subprocess.Popen" in call_guarded(runs, tmp_path, (DriveLabelError,))
    assert call_guarded(lambda: None, tmp_path, (DriveLabelError,)) == ""
