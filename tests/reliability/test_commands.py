"""Commands that are killed or interrupted at random instants; given again, they end in the equal result."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from reliability.commands import Case, cases, stop_command

NAMES = ("ingest", "annotate", "export", "import", "models pull")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Case]]:
    folder = tmp_path_factory.mktemp("commands")
    return folder, cases(folder)


@pytest.mark.parametrize("name", NAMES)
def test_a_killed_command_given_again_ends_equal(made: tuple[Path, dict[str, Case]], name: str) -> None:
    folder, commands = made
    counts = stop_command(folder, commands[name], 10, signal.SIGKILL)
    assert counts["stopped"] == 10 and counts["was_done"] < 10


@pytest.mark.parametrize("name", NAMES)
def test_an_interrupted_command_says_130_and_leaves_nothing_beside(
    made: tuple[Path, dict[str, Case]], name: str
) -> None:
    folder, commands = made
    counts = stop_command(folder, commands[name], 6, signal.SIGINT, seed=1)
    assert counts["stopped"] == 6 and counts["was_done"] < 6 and counts["left_beside"] == 0
