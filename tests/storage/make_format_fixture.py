"""Make ``tests/golden/scene-format-N.zip``, a small scene as this release writes it. Run once a format.

python tests/storage/make_format_fixture.py
"""

from __future__ import annotations

import sys
import tempfile
import zipfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from storage.scenes import boxes, instance_map, label_map, new_store

from drivelabel.labels import LaneLines, Tags
from drivelabel.storage._recording import FORMAT_VERSION


def main() -> None:
    """Write the scene that test_old_formats.py reads."""
    with tempfile.TemporaryDirectory() as folder:
        store = new_store(Path(folder))
        with store.edit("first", author="Zoë") as edit:
            attributes = {"occluded": [True, None, "partly"], "lane": [1, 2.5, 3]}
            edit.set("review", 0, boxes(3, 1, attributes=attributes))
            edit.set("review", 1, LaneLines(points=[[[0, 1], [2, 3]]], category_id=[22]))
            edit.set("review", 2, Tags(score=[0.5], attributes={"weather": ["rain"]}))
            edit.set_label_map("review", 3, label_map(4))
            edit.set_instance_map("review", 6, instance_map([7, 9], 5, (4, 5)))
        with store.edit("second", by="model") as edit:
            edit.set("review", 5, boxes(2, 6))
        path = Path(__file__).parents[1] / "golden" / f"scene-format-{FORMAT_VERSION}.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in sorted(Path(store.root).rglob("*")):
                if file.is_file():
                    archive.write(file, file.relative_to(store.root))


if __name__ == "__main__":
    main()
