"""A simulated drive and its export, made once."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path
from typing import Any

import pytest

from drivelabel.formats.nuscenes import write_nuscenes
from drivelabel.scene import Scene
from tests.formats.nuscenes.drives import VERSION, simulated_drive


@pytest.fixture(scope="session")
def drive(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return simulated_drive(tmp_path_factory.getbasetemp() / "simulated")


@pytest.fixture(scope="session")
def exported(drive: Scene, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The drive in nuScenes' classes."""
    out = tmp_path_factory.mktemp("nuscenes") / "out"
    write_nuscenes(drive, out, "truth", version=VERSION)
    return out


@pytest.fixture
def foreign(exported: Path, tmp_path: Path) -> Path:
    """The same folder as if somebody else had made it: other tokens, none of our own keys."""
    out = tmp_path / "foreign"
    shutil.copytree(exported, out)
    rng = random.Random(5)
    renamed: dict[str, str] = {}
    keep = {"", "1", "2", "3", "4"}

    def changed(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {k: changed(v, k) for k, v in value.items() if k != "drivelabel"}
        if isinstance(value, list):
            return [changed(item, key) for item in value]
        if isinstance(value, str) and key.endswith(("token", "tokens", "prev", "next")) and value not in keep:
            return renamed.setdefault(value, f"{rng.getrandbits(128):032x}")
        return value

    for table in ("object_ann", "surface_ann"):  # nuImages', not nuScenes'
        (out / VERSION / f"{table}.json").unlink()
    for path in sorted((out / VERSION).glob("*.json")):
        path.write_text(json.dumps(changed(json.loads(path.read_text())), indent=0))
    return out
