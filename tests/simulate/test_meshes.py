"""Bodies are closed, face outwards, and have the sizes of real ones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivelabel.simulate.world.cars import CAR_SHAPES, car
from drivelabel.simulate.world.lines import Line
from drivelabel.simulate.world.lorries import bus, truck, van
from drivelabel.simulate.world.mesh import SIDES, Look, ball, box, loft, tube
from drivelabel.simulate.world.people import Wardrobe, walker

RED = Look((1.0, 0.0, 0.0))


def volume(mesh) -> float:
    t = mesh.triangles.astype(np.float64)
    return float(np.einsum("ij,ij->i", t[:, 0], np.cross(t[:, 1], t[:, 2])).sum() / 6)


sizes = st.floats(0.1, 5.0)


@given(sizes, sizes, sizes)
def test_a_box_holds_its_volume_and_faces_outwards(a, b, c):
    mesh = box((0, 0, 0), (a, b, c), RED, ("top", "bottom", *SIDES))
    assert volume(mesh) == pytest.approx(a * b * c, rel=1e-4)
    assert volume(mesh.mirrored()) == pytest.approx(a * b * c, rel=1e-4)


@given(sizes, st.integers(5, 24))
def test_pipes_and_balls_face_outwards(radius, sides):
    pipe = tube(np.array([[0, 0, 0], [0, 1, 2.0]]), [radius, radius], RED, sides)
    assert volume(pipe) > 0
    assert 0 < volume(ball((1, 2, 3), (radius,) * 3, RED)) < 4.19 * radius**3
    ring = np.array([[1, 0, 0], [0, 1, 0], [-1, 0, 0], [0, -1, 0.0]])
    assert volume(loft(np.stack([ring, ring + np.array([0, 0, radius])]), RED, caps=True)) > 0


REAL = {
    "car": ((3.0, 6.2), (1.6, 2.5), (1.25, 2.7)),
    "truck": ((7.0, 12.5), (2.3, 3.1), (3.0, 4.0)),
    "bus": ((10.0, 12.6), (2.3, 3.1), (2.9, 3.5)),
}


@pytest.mark.parametrize("category", REAL)
def test_vehicles_have_the_sizes_of_real_ones(category):
    paint = (0.5, 0.5, 0.5)
    made = {
        "car": [car(kind, paint) for kind in CAR_SHAPES] + [van(paint, windows=True)],
        "truck": [truck(paint, paint, 8.0), truck(paint, paint, 11.4)],
        "bus": [bus(paint, 12.0)],
    }
    for mesh in made[category]:
        low, high = mesh.bounds()
        assert abs(low[2]) < 0.01  # it stands on the ground
        for size, (least, most) in zip(high - low, REAL[category], strict=True):
            assert least < size < most
        assert abs((low + high)[0]) < 0.3 and abs((low + high)[1]) < 0.01


@given(st.integers(0, 1000), st.floats(1.2, 1.95))
def test_a_person_is_as_tall_as_asked(seed, height):
    low, high = walker(Wardrobe.draw(np.random.default_rng(seed)), height).bounds()
    assert high[2] - low[2] == pytest.approx(height, rel=0.03)


@given(st.lists(st.floats(-0.008, 0.008), min_size=3, max_size=8), st.floats(5, 90), st.floats(-4, 4))
def test_locating_a_point_undoes_placing_it(bends, s, d):
    curvature = np.interp(np.arange(100), np.linspace(0, 99, len(bends)), bends)
    line = Line.from_curvature(curvature)
    found_s, found_d = line.locate(line.at(np.array([s]), d))
    assert found_s[0] == pytest.approx(s, abs=1e-3) and found_d[0] == pytest.approx(d, abs=1e-3)
