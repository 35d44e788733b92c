"""OpenLane's numbers for kinds and places of lines, and its axes."""

from __future__ import annotations

import numpy as np

from drivelabel.labels import LINE_STYLES
from drivelabel.typing import FloatArray

_NAMES = {
    0: "unknown",
    1: "white_dash",
    2: "white_solid",
    3: "double_white_dash",
    4: "double_white_solid",
    5: "white_ldash_rsolid",
    6: "white_lsolid_rdash",
    7: "yellow_dash",
    8: "yellow_solid",
    9: "double_yellow_dash",
    10: "double_yellow_solid",
    11: "yellow_ldash_rsolid",
    12: "yellow_lsolid_rdash",
    20: "left_curbside",
    21: "right_curbside",
}
"""Source: github.com/OpenDriveLab/OpenLane, data/README."""

KIND = "openlane.category"
"""Attribute of a line: its kind as OpenLane names it, where the style alone does not lead back to it."""

KIND_OF_CODE = dict(_NAMES)
CODE_OF_KIND = {name: code for code, name in _NAMES.items()}
_CODE_OF_STYLE = {"unknown": 0, "solid": 2, "dashed": 1, "double": 4, "road_edge": 21}

POSITION_OF_CODE = {0: 0, 1: -2, 2: -1, 3: 1, 4: 2}
CODE_OF_POSITION = {position: code for code, position in POSITION_OF_CODE.items()}

OPENLANE_FROM_CAMERA: FloatArray = np.array(
    [[0, 0, 1, 0], [-1, 0, 0, 0], [0, -1, 0, 0], [0, 0, 0, 1]], np.float64
)
"""From our camera axes (x right, y down, z forward) to OpenLane's (x forward, y left, z up)."""


def style_of(code: int) -> int:
    """The row of LINE_STYLES that a kind is."""
    name = KIND_OF_CODE[code]
    if "curbside" in name:
        return LINE_STYLES.index("road_edge")
    if name.startswith("double") or "_l" in name:
        return LINE_STYLES.index("double")
    return LINE_STYLES.index("solid" if "solid" in name else "dashed" if "dash" in name else "unknown")


def kind_beside_style(code: int) -> str | None:
    """What the attribute KIND says of a line: None for the kind that its style stands for."""
    return None if _CODE_OF_STYLE[LINE_STYLES[style_of(code)]] == code else KIND_OF_CODE[code]


def code_of(style: int, kind: object) -> int:
    """OpenLane's number for a line: of its kind where that fits the style, else the style's white kind."""
    if isinstance(kind, str) and kind in CODE_OF_KIND and style_of(CODE_OF_KIND[kind]) == style:
        return CODE_OF_KIND[kind]
    return _CODE_OF_STYLE[LINE_STYLES[style]]
