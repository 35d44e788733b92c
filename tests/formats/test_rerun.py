from __future__ import annotations

from pathlib import Path

import pytest

from drivelabel.formats import find_format
from drivelabel.scene import Scene, Source

pytestmark = pytest.mark.needs("rerun")


def test_a_scene_becomes_an_rrd_file_and_the_report_says_what_is_not_drawn(
    full_scene: Scene, tmp_path: Path
) -> None:
    from dataclasses import replace

    write = find_format("rerun").write
    assert write is not None
    scene = replace(full_scene, sources=(*full_scene.sources[:2], Source("1.png", "image")))
    out = tmp_path / "small.rrd"
    report = write(scene, out, "auto")
    assert out.read_bytes()[:4] in (b"RRF2", b"RRF1", b"RRIO")
    dropped = {(entry.object, entry.field): entry.count for entry in report.dropped}
    assert dropped["keypoints", ""] == 1
    assert dropped["boxes2d", "score"] == 2
    assert dropped["instance_map", ""] == 1
