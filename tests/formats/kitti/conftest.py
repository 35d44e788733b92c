"""A simulated drive, made once."""

from __future__ import annotations

import pytest

from drivelabel.scene import Scene
from tests.formats.nuscenes.drives import simulated_drive


@pytest.fixture(scope="session")
def drive(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return simulated_drive(tmp_path_factory.getbasetemp() / "simulated")
