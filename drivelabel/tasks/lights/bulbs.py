"""Which bulb of a traffic-light housing is lit, by colour and place, and where its bulbs are.

All works on a small copy of the housing whose short side has `SHORT_SIDE` pixels, so a light costs the same
near and far, and one lens is about ten pixels wide. Pixels vote for a colour with their hue, weighted by
saturation and brightness: the coloured rim of an overexposed lamp votes, its white middle does not, and
neither do sky and dark glass. A lamp is a spot: what all of the box has in common (a yellow housing, a brick
wall behind it) is taken off first.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from drivelabel.labels import BULBS, LIGHT_STATES
from drivelabel.typing import Float32Array, FloatArray, UInt8Array

SHORT_SIDE = 16
_LONGEST = 64
_SPOT = 7  # pixels of the small copy: the inner part of one lens
LIT = 0.09
"""Evidence of a lamp that shines."""
_DARK = 0.06
_SURE = 0.25
_MIN_DARK_PX = 10.0
_THREE_BULBS = 1.6
"""Long side over short side of a housing from which three bulbs in a row are expected."""
_SIGMA = 0.2
_DIMMEST = 0.6
_COMMON = {True: 0.7, False: 0.4}
"""Share of the box that is not the lamp, where there are three bulbs, and where there may be one."""
_RED, _YELLOW, _GREEN = range(len(BULBS))

# Degrees of hue where votes begin, are full, stay full, end. Lamps are wider in a camera than in the norm:
# red goes orange when overexposed, LED green is cyan (hue 170 to 200 in PandaSet, its sky 220).
_HUES = ((-45.0, -25.0, 14.0, 28.0), (18.0, 34.0, 56.0, 70.0), (85.0, 120.0, 192.0, 210.0))


@dataclass(frozen=True, slots=True)
class Reading:
    """What a housing shows.

    Attributes:
        state: index into LIGHT_STATES.
        confidence: in [0, 1], of the state.
        bulbs: (3, 3) float64 of BULBS: x and y as fractions of the box, and visibility (2 seen, 1 guessed
            from the shape of the housing).
    """

    state: int
    confidence: float
    bulbs: FloatArray


def read_bulbs(housing_rgb: UInt8Array, size_wh: tuple[float, float]) -> Reading:
    """The state of one housing and where its bulbs are.

    Args:
        housing_rgb: (h, w, 3) uint8, the pixels of the box.
        size_wh: the box's own size in pixels, which need not be whole.
    """
    small = _small_copy(housing_rgb)
    upright = size_wh[1] >= size_wh[0]
    many = max(size_wh) >= _THREE_BULBS * min(size_wh)
    if not upright:
        small = np.ascontiguousarray(small.transpose(1, 0, 2))
    votes = [_spots(vote, _COMMON[many]) for vote in _votes(small)]
    spots, fits, flipped = _weigh(votes, many, upright)
    state, confidence = _decide(spots, fits, min(size_wh))
    lit = int(np.argmax([spot.strength * fit for spot, fit in zip(spots, fits, strict=True)]))
    known = LIGHT_STATES[state] not in ("unknown", "off")
    bulbs = _place(spots[lit] if known else None, lit, many, flipped)
    if LIGHT_STATES[state] == "red_yellow":
        other = spots[_RED if lit == _YELLOW else _YELLOW]
        bulbs[_RED if lit == _YELLOW else _YELLOW] = (other.across, other.along, 2)
    if not upright:
        bulbs[:, :2] = bulbs[:, 1::-1]
    return Reading(state, confidence, bulbs)


@dataclass(frozen=True, slots=True)
class _Spot:
    """The strongest place of one colour: its evidence, and where it is, as fractions of the housing."""

    strength: float
    across: float
    along: float


def _small_copy(rgb: UInt8Array) -> Float32Array:
    """(H, W, 3) float32 in [0, 1] with a short side of SHORT_SIDE pixels."""
    height, width = rgb.shape[:2]
    scale = SHORT_SIDE / min(height, width)
    size = tuple(min(max(round(side * scale), SHORT_SIDE), _LONGEST) for side in (width, height))
    shrinks = scale < 1
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    return np.multiply(small, np.float32(1 / 255), dtype=np.float32)


def _votes(small: Float32Array) -> list[Float32Array]:
    """Per bulb (H, W): how much each pixel looks like that lamp shining."""
    hsv: Float32Array = np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2HSV), np.float32)
    hue, saturation, value = (hsv[:, :, i] for i in range(3))
    # A dim picture has dim lamps; but glass in a very dim one does not shine.
    brightest = max(_DIMMEST, float(np.partition(value, -_SPOT, axis=None)[-_SPOT]))
    glow = saturation * value * value / brightest
    degree = hue.astype(np.intp)  # OpenCV's hues run from 0 to 360, both included
    return [glow * fit[degree] for fit in _FITS]


def _hue_fit(begin: float, full: float, still: float, end: float) -> Float32Array:
    """(361,) in [0, 1] per degree: a trapezoid over the circle of hues."""
    turned = np.mod(np.arange(361) + 0.5 - begin, 360)
    rise = turned / (full - begin)
    fall = (end - begin - turned) / (end - still)
    return np.clip(np.minimum(rise, fall), 0, 1).astype(np.float32)


_FITS = [_hue_fit(*limits) for limits in _HUES]


def _spots(votes: Float32Array, common: float) -> Float32Array:
    """(H, W) evidence that a lamp of this colour has its middle here: a spot above what all the box has."""
    spots = cv2.blur(votes, (_SPOT, _SPOT), borderType=cv2.BORDER_REPLICATE)
    rank = int(common * (votes.size - 1))
    return np.asarray(np.maximum(spots - np.partition(votes, rank, axis=None)[rank], 0), np.float32)


def _weigh(votes: list[Float32Array], many: bool, upright: bool) -> tuple[list[_Spot], list[float], bool]:
    """Per colour its best spot and how well its place suits, and whether red comes last.

    Upright housings have red on top everywhere; lying ones have it left or right, so both are tried.
    """
    tries = []
    for flipped in (False,) if upright else (False, True):
        pairs = [_best_spot(vote, _bulb_along(bulb, flipped), many) for bulb, vote in enumerate(votes)]
        total = max(spot.strength * fit for spot, fit in pairs)
        tries.append((total, [spot for spot, _ in pairs], [fit for _, fit in pairs], flipped))
    return max(tries, key=lambda tried: tried[0])[1:]


def _bulb_along(bulb: int, flipped: bool) -> float:
    """Where a bulb's middle is along the housing, in [0, 1]."""
    place = len(BULBS) - 1 - bulb if flipped else bulb
    return (place + 0.5) / len(BULBS)


def _best_spot(vote: Float32Array, expected: float, many: bool) -> tuple[_Spot, float]:
    """The spot with the most evidence where it is expected, its centroid, and how well the place suits."""
    along = (np.arange(vote.shape[0], dtype=np.float32) + 0.5) / vote.shape[0]
    least = 0.2 if many else 0.75  # a short housing may be one lens, or cut off
    fit = least + (1 - least) * np.exp(-0.5 * ((along - expected) / _SIGMA) ** 2)
    row, col = divmod(int(np.argmax(vote * fit[:, None])), vote.shape[1])
    strength = float(vote[row, col])
    if strength == 0:
        return _Spot(0.0, 0.5, expected), 1.0
    reach = _SPOT // 2 + 1
    top, left = max(row - reach, 0), max(col - reach, 0)
    near = vote[top : row + reach + 1, left : col + reach + 1]
    weight = near * (near > 0.5 * strength)
    total = weight.sum()
    y = float((weight.sum(axis=1) * (np.arange(len(weight)) + top + 0.5)).sum() / total)
    x = float((weight.sum(axis=0) * (np.arange(weight.shape[1]) + left + 0.5)).sum() / total)
    return _Spot(strength, x / vote.shape[1], y / vote.shape[0]), float(fit[row])


def _decide(spots: list[_Spot], fits: list[float], short_px: float) -> tuple[int, float]:
    """The state and how sure it is."""
    weighed = [spot.strength * fit for spot, fit in zip(spots, fits, strict=True)]
    first, second = np.argsort(weighed)[::-1][:2]
    if weighed[first] < LIT:
        dark = max(spot.strength for spot in spots) < _DARK and short_px >= _MIN_DARK_PX
        return LIGHT_STATES.index("off" if dark else "unknown"), 0.5
    apart = abs(spots[_RED].along - spots[_YELLOW].along)
    both = {int(first), int(second)} == {_RED, _YELLOW} and 0.2 < apart < 0.5
    if both and min(fits[_RED], fits[_YELLOW]) > 0.7 and weighed[second] > 0.4 * weighed[first]:
        return LIGHT_STATES.index("red_yellow"), min(1.0, weighed[second] / _SURE)
    lead = weighed[first] / (weighed[first] + weighed[second])
    if lead < 0.55:
        return LIGHT_STATES.index("unknown"), 0.5
    return LIGHT_STATES.index(BULBS[first]), float(lead * min(1.0, 0.5 + 0.5 * weighed[first] / _SURE))


def _place(lit: _Spot | None, bulb: int, many: bool, flipped: bool) -> FloatArray:
    """(3, 3) bulbs of an upright housing: evenly along its middle, moved so that the lit one is met."""
    bulbs = np.array([(0.5, _bulb_along(i, flipped), 1.0) for i in range(len(BULBS))])
    if lit is None:
        return bulbs
    if many:
        bulbs[:, 1] += lit.along - bulbs[bulb, 1]
        bulbs[:, 0] = lit.across
        bulbs[(bulbs[:, 1] > 0) & (bulbs[:, 1] < 1), 2] = 2
    bulbs[:, :2] = np.clip(bulbs[:, :2], 0, 1)
    bulbs[bulb] = (lit.across, lit.along, 2)
    return bulbs


NO_READING = Reading(LIGHT_STATES.index("unknown"), 0.5, _place(None, 0, False, False))
"""Of a housing that is too small to be read."""
