"""Every reader survives damaged files; ``make soak`` gives each of them far more."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from security.fuzzing import fuzz_reader
from security.seeds import readers

INPUTS, SECONDS = 2000, 1.5
"""For each reader: at most so many inputs, and so much processor time."""

DATA = Path(os.environ.get("DRIVELABEL_TEST_DATA", Path(__file__).parents[3] / "shared")) / "data"


@pytest.mark.parametrize("name", readers())
def test_a_reader_gives_labels_or_one_of_our_errors(name: str) -> None:
    done = fuzz_reader(name, DATA if DATA.is_dir() else None, INPUTS, SECONDS)
    if not done.seeds:
        pytest.skip(f"{name} is not written, and there are no real files of it here")
    assert done.inputs >= 5
    assert done.findings == {}
