"""Fixtures of all tests."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest
from hypothesis import settings

# The first call of a kernel compiles it, so no example has a time limit.
# On CI the examples are the same in every run: a red change is the change's own fault.
settings.register_profile("drivelabel", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("drivelabel")

_SHARED = Path(os.environ.get("DRIVELABEL_TEST_DATA", Path(__file__).parents[2] / "shared"))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what is marked ``needs("onnxruntime")`` where that is absent: the core is tested alone too."""
    for mark in item.iter_markers("needs"):
        if importlib.util.find_spec(mark.args[0]) is None:
            pytest.skip(f"{mark.args[0]} is not installed")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real recordings; the test is skipped where it is absent."""
    folder = _SHARED / "data"
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}; set DRIVELABEL_TEST_DATA")
    return folder


@pytest.fixture(scope="session")
def shared_weights() -> Path:
    """The folder of real model weights; the test is skipped where it is absent."""
    folder = _SHARED / "weights"
    if not folder.is_dir():
        pytest.skip(f"no weights at {folder}; set DRIVELABEL_TEST_DATA")
    return folder
