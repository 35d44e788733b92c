import subprocess
import sys
from importlib.metadata import EntryPoint

import numpy as np
import pytest

from drivelabel.errors import FormatError, SceneLookupError
from drivelabel.tasks import ANNOTATORS, Annotator, FrameLabels, annotator_names, make_annotator, registry


class Nothing:
    name, version = "nothing", "1"
    provides: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()

    def annotate(self, images_rgb, labels):
        return [FrameLabels() for _ in images_rgb]


@pytest.fixture
def plug_in(monkeypatch: pytest.MonkeyPatch):
    """Installs an entry point for the length of a test."""

    def install(value: str) -> None:
        points = [EntryPoint("nothing", value, registry.ENTRY_POINTS)]
        monkeypatch.setattr(registry, "entry_points", lambda group: points)

    return install


def test_annotators_that_need_no_weights_are_made_by_name() -> None:
    image = np.full((90, 160, 3), 80, np.uint8)
    made = make_annotator("hough_lanes")
    assert isinstance(made, Annotator)
    assert made.annotate([image], [FrameLabels()])[0].kinds == ("lane_lines",)
    assert make_annotator("colour_lights", min_width_px=7.0).version.endswith("width>=7")


def test_an_unknown_name_lists_the_known_ones(plug_in) -> None:
    plug_in("toy:Nothing")
    with pytest.raises(
        SceneLookupError, match=r"no annotator 'onnx_yol'. Did you mean 'onnx_yolo'\?"
    ) as caught:
        make_annotator("onnx_yol")
    for name in (*ANNOTATORS, "nothing"):
        assert name in str(caught.value)


def test_a_package_brings_its_annotator(plug_in, monkeypatch: pytest.MonkeyPatch) -> None:
    plug_in(f"{__name__}:Nothing")
    monkeypatch.setitem(sys.modules, __name__, sys.modules[__name__])
    assert isinstance(make_annotator("nothing"), Nothing)
    assert "nothing" in annotator_names()


@pytest.mark.parametrize("value", ["absent_package:Nothing", "math:absent", "builtins:dict"])
def test_a_broken_package_is_named(plug_in, value: str) -> None:
    plug_in(value)
    with pytest.raises(FormatError, match=r"annotator 'nothing'"):
        make_annotator("nothing")


def test_the_names_of_the_tasks_load_no_model_library() -> None:
    code = (
        "import sys, drivelabel.tasks;"
        "print([m for m in ('torch', 'onnxruntime', 'ultralytics') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
