"""Patterns of textures, and the quick functions that shade with them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivelabel.geometry._kernels.sim_noise import LEVELS, TILE, fade, jitter, tile
from drivelabel.simulate.render.noise import noise_tiles

kinds = st.integers(0, len(noise_tiles()) - 1)
places = st.floats(-50, 50)


@pytest.mark.parametrize("kind", range(len(noise_tiles())))
def test_every_level_of_a_pattern_has_mean_0(kind):
    start = 0
    for level in range(LEVELS):
        n = (TILE >> level) ** 2
        assert abs(float(noise_tiles()[kind, start : start + n].mean())) < 1e-4
        start += n
    assert start == noise_tiles().shape[1]


@given(kinds, places, places, st.floats(0.1, 100), st.integers(-3, 3))
def test_patterns_repeat_without_a_seam(kind, u, v, size, turns):
    here, there = (tile(noise_tiles(), kind, x, v, 1 / size, size) for x in (u, u + turns * size))
    assert there == pytest.approx(here, abs=2e-3)


@given(kinds, places, places)
def test_the_finest_level_is_the_pattern_and_coarse_ones_fade_out(kind, u, v):
    cell = (int(np.floor(v * TILE)) % TILE) * TILE + int(np.floor(u * TILE)) % TILE
    middle = ((np.floor(u * TILE) + 0.5) / TILE, (np.floor(v * TILE) + 0.5) / TILE)
    assert tile(noise_tiles(), kind, *middle, 1.0, 0.5) == pytest.approx(
        float(noise_tiles()[kind, cell]), abs=1e-5
    )
    assert tile(noise_tiles(), kind, u, v, 1.0, 2.0 * TILE) == 0.0


@given(st.floats(0, 200))
def test_fading_is_exponential(x):
    assert fade(x) == pytest.approx(np.exp(-x), abs=1 / 400)
    assert 0.0 <= fade(x) <= 1.0


def test_jitter_is_even_over_neighbours():
    values = np.array([[jitter(float(x), float(y)) for x in range(48)] for y in range(48)])
    assert values.min() >= 0 and values.max() < 1
    blocks = values.reshape(12, 4, 12, 4).mean(axis=(1, 3))
    assert np.abs(blocks - 0.5).max() < 0.1
