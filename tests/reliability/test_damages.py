"""Promise 3: no silent damage. `check` finds, `check --fix` repairs."""

from __future__ import annotations

from pathlib import Path

import pytest
from reliability.damages import damage_scenes


@pytest.mark.parametrize("seed", range(4))
def test_two_hundred_damages_give_no_wrong_label(tmp_path: Path, seed: int) -> None:
    counts = damage_scenes(tmp_path, 50, seed)
    assert counts["damages"] == 50
    assert counts["longest_s"] < 20
