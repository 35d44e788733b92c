import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import lanes as reference

from drivelabel.geometry._kernels import lanes as kernels

SEEDS = st.integers(0, 2**32 - 1)


@settings(max_examples=30)
@given(SEEDS, st.integers(1, 4), st.integers(1, 45), st.integers(1, 8))
def test_ridge_strength_equals_its_plain_twin(seed, n_rows, n_cols, window):
    random = np.random.default_rng(seed)
    image = random.integers(0, 256, (n_rows, n_cols), dtype=np.uint8)
    widths = random.choice([0, 1, 3, 7], (2, n_rows)).astype(np.int32)
    np.testing.assert_allclose(
        kernels.ridge_strength(image, widths, window, 2.5, 8.0),
        reference.ridge_strength(image, widths, window, 2.5, 8.0),
        rtol=2e-4,
        atol=2e-4,
    )


def test_an_edge_between_light_and_shadow_is_no_stripe():
    image = np.full((1, 60), 200, np.uint8)
    image[:, 30:] = 60
    strength = kernels.ridge_strength(image, np.full((1, 1), 3, np.int32), 5, 2.5, 8.0)
    assert strength.max() < 1e-3


@given(SEEDS, st.integers(0, 6), st.integers(1, 5))
def test_segment_agreement_equals_its_plain_twin(seed, n_segments, n_shapes):
    random = np.random.default_rng(seed)
    segments = random.uniform(0.0, 200.0, (n_segments, 4))
    weight, tolerance = random.uniform(0.0, 9.0, (2, n_segments)) + 0.1
    shapes = random.uniform((0.0, 0.0, -900.0), (190.0, 200.0, 900.0), (n_shapes, 3))
    arguments = (segments, weight, tolerance * 30.0, shapes, 5.0, 6.0)
    np.testing.assert_allclose(
        kernels.segment_agreement(*arguments), reference.segment_agreement(*arguments), atol=1e-9
    )


@given(SEEDS, st.integers(0, 30))
def test_slope_votes_equal_their_plain_twin(seed, n):
    random = np.random.default_rng(seed)
    slope = random.uniform(-3.0, 3.0, n)
    half_width = random.uniform(0.0, 0.5, n)
    row = np.sort(random.integers(0, 10, n)).astype(np.int32)
    np.testing.assert_array_equal(
        kernels.slope_votes(slope, half_width, row, 10, 2.0, 0.125),
        reference.slope_votes(slope, half_width, row, 2.0, 0.125),
    )


@given(SEEDS, st.integers(0, 5), st.integers(0, 40))
def test_refined_segments_equal_their_plain_twin(seed, n_segments, n_points):
    random = np.random.default_rng(seed)
    segments = random.uniform(0.0, 30.0, (n_segments, 4))
    uv = np.column_stack([random.uniform(0.0, 30.0, n_points), random.integers(0, 30, n_points) + 0.5])
    np.testing.assert_allclose(
        kernels.refine_segments(segments, uv, 6.0),
        reference.refine_segments(segments, uv, 6.0),
        rtol=1e-6,
        atol=1e-6,
    )


@given(SEEDS, st.integers(0, 12))
def test_segments_along_a_former_one_are_those_of_the_plain_twin(seed, n_segments):
    segments = np.random.default_rng(seed).uniform(0.0, 30.0, (n_segments, 4))
    np.testing.assert_array_equal(
        kernels.not_along_a_former(segments, 8.0), reference.not_along_a_former(segments, 8.0)
    )


@given(SEEDS, st.integers(0, 60), st.floats(0.1, 6.0))
def test_a_fitted_line_equals_its_plain_twin(seed, n, noise):
    random = np.random.default_rng(seed)
    y = random.uniform(10.0, 200.0, n)
    u = 300.0 - 1.2 * y + 200.0 / y + random.normal(0.0, noise, n)
    arguments = (
        u,
        y,
        random.random(n) < 0.9,
        1.5 + 0.03 * y,
        np.array([-1.22, 301.0, 0.0]),
        np.array([0.0, 301.0, 0.0]),
        np.array([0.0, 0.07, 1e-5]),
        4,
    )
    model, n_used = kernels.fit_line(*arguments)
    expected, n_expected = reference.fit_line(*arguments)
    assert n_used == n_expected
    np.testing.assert_allclose(model, expected, rtol=1e-6, atol=1e-6)
