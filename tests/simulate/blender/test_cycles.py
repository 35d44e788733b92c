"""Blender itself, where DRIVELABEL_BLENDER_PYTHON names a Python that has bpy."""

from __future__ import annotations

import os

import numpy as np
import pytest

from drivelabel.simulate import SimulateSettings, Simulation, WorldSettings, default_rig
from drivelabel.simulate.blender import PYTHON_VARIABLE, BlenderRenderer, BlenderSettings
from drivelabel.simulate.simulate import MadeFrame

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(PYTHON_VARIABLE not in os.environ, reason=f"{PYTHON_VARIABLE} is not set"),
    pytest.mark.timeout(1200),
]


@pytest.mark.parametrize(("style", "night"), [("suburb", False), ("city", True)])
def test_cycles_sees_what_the_truth_says(style, night):
    rig = default_rig(2).at_size((180, 320)).without_lidars()
    settings = SimulateSettings(WorldSettings(seed=3, seconds=0.4, style=style, night=night), rig)
    renderer = BlenderRenderer(BlenderSettings(samples=2))
    frames = [made for made in renderer.run(Simulation(settings)) if isinstance(made, MadeFrame)]
    assert len(frames) == 2
    assert sum((frame.truth.instance_map > 0).sum() for frame in frames) > 400
    both = zip(renderer.agreements, renderer.label_agreements, strict=True)
    for frame, (things, labels) in zip(frames, both, strict=True):
        assert things.inner_share > 0.9999 and things.share > 0.998
        assert labels.inner_share > 0.999 and labels.share > 0.99
        assert frame.image_rgb.shape == (180, 320, 3)
        # Something can be seen: neither black nor white nor one grey.
        assert frame.image_rgb.std() > 15
        assert 10 < np.median(frame.image_rgb) < 230
