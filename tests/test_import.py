"""drivelabel starts light."""

from __future__ import annotations

import subprocess
import sys

HEAVY = (
    "torch", "torchvision", "ultralytics", "open3d", "nuscenes", "onnxruntime", "pandas", "matplotlib",
    "segment_anything", "rerun", "boto3", "pycocotools",
)  # fmt: skip


def _run(code: str) -> str:
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout.strip()


def test_import_takes_less_than_a_second() -> None:
    code = "import time; t = time.perf_counter(); import drivelabel; print(time.perf_counter() - t)"
    times = [float(_run(code)) for _ in range(4)]
    assert min(times[1:]) < 1.0, "the first run may still write byte code"


def test_import_loads_no_heavy_library() -> None:
    code = f"import sys, drivelabel; print([name for name in {HEAVY!r} if name in sys.modules])"
    assert _run(code) == "[]"


def test_looking_at_labels_scenes_and_formats_loads_no_heavy_library() -> None:
    modules = "drivelabel.labels, drivelabel.scene, drivelabel.geometry, drivelabel.formats, drivelabel.tasks"
    code = f"import sys, {modules}; print([name for name in {HEAVY!r} if name in sys.modules])"
    assert _run(code) == "[]"


def test_every_public_package_says_what_it_is() -> None:
    code = "import drivelabel; print(bool(drivelabel.__doc__), drivelabel.__version__)"
    assert _run(code).startswith("True 0.")
