from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from drivelabel.cli import progress as module
from drivelabel.cli.output import complain, count, say_json, table
from drivelabel.cli.progress import Progress, clock


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(module.time, "monotonic", clock.monotonic)
    return clock


Capture = pytest.CaptureFixture[str]


def test_short_work_shows_nothing(time: Clock, capsys: Capture) -> None:
    with Progress("annotate", "frames") as progress:
        for done in range(10):
            progress(done, 10)
            time.now += 0.04
    assert capsys.readouterr().err == ""


def test_without_a_terminal_there_is_a_plain_line_every_ten_seconds(time: Clock, capsys: Capture) -> None:
    with Progress("annotate", "frames") as progress:
        for done in range(26):
            progress(done, 25)
            time.now += 1.0
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "annotate: 1 of 25 frames, 1.0/s, 24.0 s left"
    assert lines[1] == "annotate: 11 of 25 frames, 1.0/s, 14.0 s left"
    assert lines[2] == "annotate: 21 of 25 frames, 1.0/s, 4.0 s left"
    assert lines[3] == "annotate: 25 frames in 26.0 s, 1.0/s"
    assert len(lines) == 4


def test_what_an_earlier_run_did_does_not_count_into_the_rate(time: Clock, capsys: Capture) -> None:
    with Progress("annotate", "frames") as progress:
        progress(900, 1000)
        time.now += 10.0
        progress(920, 1000)
    assert capsys.readouterr().err.splitlines()[0] == "annotate: 920 of 1,000 frames, 2.0/s, 40.0 s left"


def test_an_error_ends_progress_without_a_result(time: Clock, capsys: Capture) -> None:
    with pytest.raises(ValueError, match="broken"), Progress("annotate", "frames") as progress:
        progress(1, 10)
        time.now += 0.2
        raise ValueError("broken")
    assert capsys.readouterr().err == ""


def test_quiet_progress_writes_nothing(time: Clock, capsys: Capture) -> None:
    with Progress("annotate", "frames", quiet=True) as progress:
        time.now += 20
        progress(5, 10)
    assert capsys.readouterr().err == ""


def test_a_terminal_gets_a_bar(time: Clock, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    with Progress("annotate", "frames") as progress:
        time.now += 1
        progress(5, 10)
        assert progress._bar is not None
        assert progress._bar.console.no_color
    assert "annotate: 5 frames in 1.0 s" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0 s"), (59.94, "59.9 s"), (65, "1 min 05 s"), (3599, "59 min 59 s"), (7385, "2 h 03 min")],
)
def test_times_are_told_as_people_do(seconds: float, text: str) -> None:
    assert clock(seconds) == text


def test_counts_have_their_plural() -> None:
    assert [count(n, "frame") for n in (0, 1, 2000)] == ["0 frames", "1 frame", "2,000 frames"]
    assert count(2, "box", "boxes") == "2 boxes"


def test_a_table_aligns_its_columns() -> None:
    text = table(("name", "n"), [("a", "1"), ("long name", "1,000")], right=(1,))
    assert text.splitlines() == ["name           n", "a              1", "long name  1,000"]


def test_json_knows_paths_and_arrays(capsys: pytest.CaptureFixture[str]) -> None:
    say_json({"path": Path("a/b"), "array": np.arange(2), "number": np.float32(0.5), "name": "車"})
    text = capsys.readouterr().out
    assert json.loads(text) == {"path": "a/b", "array": [0, 1], "number": 0.5, "name": "車"}
    assert "車" in text


def test_complaints_are_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    complain("two\n  lines")
    assert capsys.readouterr() == ("", "drivelabel: two lines\n")
