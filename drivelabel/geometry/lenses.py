"""How lenses bend the plane z = 1: OpenCV's Brown and fisheye models, and their inverses."""

from __future__ import annotations

import numpy as np

from drivelabel._check import check_shape, did_you_mean
from drivelabel.errors import InvalidLabelError
from drivelabel.typing import AnyArray, FloatArray

LENS_MODELS = {"none": (0,), "brown": (4, 5, 8), "fisheye": (4,)}
"""Model name to how many coefficients it may have."""

_NEWTON_STEPS = 30
_TABLE_REACH = 20.0
"""Radius in the plane z = 1, an angle of 87 degrees."""
_TOLERANCE = 1e-9
"""Of the plane z = 1: about a millionth of a pixel."""


def distort(xy: AnyArray, model: str, coefficients: AnyArray) -> FloatArray:
    """Where points of the plane z = 1 appear through a lens.

    Args:
        xy: (n, 2), x / z and y / z in camera coords.
        model: one of LENS_MODELS.
        coefficients: (k,) in OpenCV's order.

    Returns:
        (n, 2) float64; NaN beyond the angle at which a lens folds back over itself.

    Raises:
        InvalidLabelError: an input has another shape, or the lens is unknown.

    Source: OpenCV 4, modules calib3d ("Detailed Description") and fisheye.
    """
    flat, lens = _checked(xy, model, coefficients)
    if model == "none":
        return flat.copy()
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        bent = _brown(flat, lens) if model == "brown" else _fisheye(flat, lens)
        bent[~(np.hypot(flat[:, 0], flat[:, 1]) < fold_radius(model, lens))] = np.nan
    return bent


def undistort(xy: AnyArray, model: str, coefficients: AnyArray) -> FloatArray:
    """Points of the plane z = 1 that appear at `xy` through a lens; undoes :func:`distort`.

    By Newton's method, not by OpenCV's fixed number of substitutions, which stops up to pixels away from
    the answer at the border of wide lenses.

    Returns:
        (n, 2) float64; NaN where the model never reaches.

    Raises:
        InvalidLabelError: an input has another shape, or the lens is unknown.
    """
    bent, lens = _checked(xy, model, coefficients)
    if model == "none":
        return bent.copy()
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        return _undo_brown(bent, lens) if model == "brown" else _undo_fisheye(bent, lens)


def fold_radius(model: str, coefficients: AnyArray) -> float:
    """Radius in the plane z = 1 up to which a lens is one-to-one along rays; infinite when everywhere."""
    if model == "none":
        return float("inf")
    k = np.asarray(coefficients, np.float64)
    if model == "fisheye":
        # d theta_d / d theta = 1 + 3 k1 t + 5 k2 t^2 + ... with t = theta^2
        slope = np.array([9 * k[3], 7 * k[2], 5 * k[1], 3 * k[0], 1.0])
        theta = np.sqrt(_first_positive_root(slope))
        return float(np.tan(theta)) if theta < np.pi / 2 else float("inf")
    k1, k2, _, _, k3, k4, k5, k6 = _eight(k)
    top, bottom = np.poly1d([k3, k2, k1, 1.0]), np.poly1d([k6, k5, k4, 1.0])
    # With s = r^2: d (r top/bottom) / dr = top/bottom + 2 s (top' bottom - top bottom') / bottom^2
    slope_of_s = top * bottom + np.poly1d([2.0, 0.0]) * (top.deriv() * bottom - top * bottom.deriv())
    turn = min(_first_positive_root(slope_of_s.coeffs), _first_positive_root(bottom.coeffs))
    return float(np.sqrt(turn))


def _first_positive_root(coefficients: FloatArray) -> float:
    # What weighs nothing inside the reach of any lens only makes the roots overflow.
    roots = np.roots(np.where(np.abs(coefficients) < 1e-14, 0.0, coefficients))
    real = roots.real[(np.abs(roots.imag) < 1e-9 * (1 + np.abs(roots.real))) & (roots.real > 0)]
    return float(real.min()) if len(real) else float("inf")


def _eight(coefficients: FloatArray) -> FloatArray:
    return np.concatenate([coefficients, np.zeros(8 - len(coefficients))])


def _brown(xy: FloatArray, coefficients: FloatArray) -> FloatArray:
    k1, k2, p1, p2, k3, k4, k5, k6 = _eight(coefficients)
    x, y = xy[:, 0], xy[:, 1]
    s = x * x + y * y
    radial = (1 + s * (k1 + s * (k2 + s * k3))) / (1 + s * (k4 + s * (k5 + s * k6)))
    bent_x = x * radial + 2 * p1 * x * y + p2 * (s + 2 * x * x)
    bent_y = y * radial + p1 * (s + 2 * y * y) + 2 * p2 * x * y
    return np.stack([bent_x, bent_y], axis=1)


def _brown_jacobian(xy: FloatArray, coefficients: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The symmetric 2x2 derivative: dx/dx, dx/dy = dy/dx, dy/dy."""
    k1, k2, p1, p2, k3, k4, k5, k6 = _eight(coefficients)
    x, y = xy[:, 0], xy[:, 1]
    s = x * x + y * y
    top, bottom = 1 + s * (k1 + s * (k2 + s * k3)), 1 + s * (k4 + s * (k5 + s * k6))
    d_top, d_bottom = k1 + s * (2 * k2 + 3 * s * k3), k4 + s * (2 * k5 + 3 * s * k6)
    radial = top / bottom
    twice = 2 * (d_top - radial * d_bottom) / bottom
    across = twice * x * y + 2 * p1 * x + 2 * p2 * y
    return (
        radial + twice * x * x + 2 * p1 * y + 6 * p2 * x,
        across,
        (radial + twice * y * y + 6 * p1 * y + 2 * p2 * x),
    )


def _undo_brown(bent: FloatArray, coefficients: FloatArray) -> FloatArray:
    limit = fold_radius("brown", coefficients)
    # Newton from afar can jump over the fold. Without p1 and p2 a table of radii gives the answer, and
    # that is near enough to start from.
    table = np.stack([np.linspace(0.0, min(limit * (1 - 1e-9), _TABLE_REACH), 2048), np.zeros(2048)], axis=1)
    radial = coefficients * np.where(np.isin(np.arange(len(coefficients)), (2, 3)), 0.0, 1.0)
    bent_radius = np.hypot(bent[:, 0], bent[:, 1])
    radius = np.interp(bent_radius, _brown(table, radial)[:, 0], table[:, 0])
    flat = bent * np.where(bent_radius > 1e-12, radius / np.maximum(bent_radius, 1e-300), 1.0)[:, None]
    for _ in range(_NEWTON_STEPS):
        off = _brown(flat, coefficients) - bent
        if not (np.abs(off) > _TOLERANCE * 1e-5).any():
            break
        xx, xy, yy = _brown_jacobian(flat, coefficients)
        determinant = xx * yy - xy * xy
        step = np.stack([yy * off[:, 0] - xy * off[:, 1], xx * off[:, 1] - xy * off[:, 0]], axis=1)
        flat = flat - step / determinant[:, None]
    lost = ~(np.abs(_brown(flat, coefficients) - bent).max(axis=1, initial=0) < _TOLERANCE)
    lost |= ~(np.hypot(flat[:, 0], flat[:, 1]) < limit)
    return np.where(lost[:, None], np.nan, flat)


def _fisheye(xy: FloatArray, coefficients: FloatArray) -> FloatArray:
    radius = np.hypot(xy[:, 0], xy[:, 1])
    bent = _bent_angle(np.arctan(radius), coefficients)
    scale = np.where(radius > 1e-12, bent / np.maximum(radius, 1e-300), 1.0)
    scaled: FloatArray = xy * scale[:, None]
    return scaled


def _bent_angle(theta: FloatArray, k: FloatArray) -> FloatArray:
    t = theta * theta
    bent: FloatArray = theta * (1 + t * (k[0] + t * (k[1] + t * (k[2] + t * k[3]))))
    return bent


def _undo_fisheye(bent: FloatArray, k: FloatArray) -> FloatArray:
    limit = min(float(np.arctan(fold_radius("fisheye", k))), np.pi / 2)
    radius = np.hypot(bent[:, 0], bent[:, 1])
    theta = np.minimum(radius, 0.9 * limit)
    for _ in range(_NEWTON_STEPS):
        t = theta * theta
        slope = 1 + t * (3 * k[0] + t * (5 * k[1] + t * (7 * k[2] + t * 9 * k[3])))
        theta = theta - (_bent_angle(theta, k) - radius) / slope
    lost = ~(np.abs(_bent_angle(theta, k) - radius) < _TOLERANCE) | ~(theta < limit) | (theta < 0)
    scale = np.where(radius > 1e-12, np.tan(theta) / np.maximum(radius, 1e-300), 1.0)
    flat: FloatArray = bent * scale[:, None]
    flat[lost] = np.nan
    return flat


def _checked(xy: AnyArray, model: str, coefficients: AnyArray) -> tuple[FloatArray, FloatArray]:
    points, lens = np.asarray(xy, np.float64), np.asarray(coefficients, np.float64)
    check_shape("xy", points, (None, 2))
    check_shape("coefficients", lens, (None,))
    if model not in LENS_MODELS:
        raise InvalidLabelError(f"distortion_model: no lens {model!r}.{did_you_mean(model, LENS_MODELS)}")
    if len(lens) not in LENS_MODELS[model]:
        raise InvalidLabelError(
            f"coefficients of {model}: expected {' or '.join(map(str, LENS_MODELS[model]))} numbers, "
            f"got {len(lens)}."
        )
    return points, lens
