"""The YAML files of Bosch's traffic lights as an image set."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np

from drivelabel.errors import FormatError, StoreError
from drivelabel.formats.building import ImageSetBuilder
from drivelabel.formats.imported import Imported
from drivelabel.formats.lane_lines import image_size
from drivelabel.formats.loading import Fields, read_yaml, safe_join
from drivelabel.formats.pixels import CORNER
from drivelabel.formats.report import Tally
from drivelabel.formats.traffic_lights import Light, lights_table, state_and_arrow
from drivelabel.labels import DRIVING

IMAGE_HW = (720, 1280)
"""Size of the 8-bit images, taken where the image itself is not there."""

RIIB_HEIGHT, RIIB_SHIFT = 736, 8
"""The raw (RIIB) images have 16 rows more, and boxes 8 rows lower.

Source: github.com/bosch-ros-pkg/bstld, read_label_file.py.
"""

_KNOWN = {"x_min", "y_min", "x_max", "y_max", "label", "occluded"}


def looks_like_bosch(path: Path) -> bool:
    """Whether a YAML file begins with boxes and a path."""
    if not path.is_file() or path.suffix.lower() not in (".yaml", ".yml"):
        return False
    with path.open("rb") as file:
        head = file.read(4096)
    return head.lstrip().startswith(b"- boxes:") and (b"path:" in head or b"x_min" in head)


def read_bosch(
    path: Path,
    *,
    layer: str = "truth",
    root: Path | None = None,
    on_invalid: Literal["error", "skip"] = "error",
) -> Imported:
    """Traffic lights of a Bosch YAML file.

    Boxes whose corners are swapped are put right, boxes out of the image are kept; both are reported.

    Args:
        path: such as ``train.yaml``.
        layer: name of the layer.
        root: the folder that image paths count from; that of the file when None.
        on_invalid: ``skip`` leaves out images that break a rule and counts them.

    Raises:
        StoreError: the file is missing or cannot be read.
        FormatError: an image breaks a rule of the format; the message names it.
    """
    path = Path(path)
    images = read_yaml(path)
    if not isinstance(images, list):
        raise FormatError(f"{path}: expected a list of images, got {type(images).__name__}.")
    home = Path(root) if root is not None else path.parent
    tally = Tally()
    builder = ImageSetBuilder(path.stem, str(home), DRIVING, layer)
    for row, image in enumerate(images):
        where = f"{path}, image {row}"
        try:
            _add(builder, Fields(image, where), home, tally)
        except (FormatError, StoreError) as error:
            if on_invalid == "error":
                raise
            tally.drop("images", "", 1, f"invalid: {error}")
    return Imported(builder.build(), tally.report("bosch", str(path)))


def _add(builder: ImageSetBuilder, image: Fields, home: Path, tally: Tally) -> None:
    name = image.text("path")
    hw = image_size(safe_join(home, name), IMAGE_HW)
    shift = RIIB_SHIFT if hw[0] == RIIB_HEIGHT else 0
    lights = [_light(box, shift, tally) for box in image.objects("boxes", [])]
    outside = [light for light in lights if _is_outside(light, hw)]
    builder.add(name, hw, lights_table(lights))
    tally.keep("traffic_lights", "", len(lights))
    tally.keep("traffic_lights", "xyxy", len(outside), "reach out of the image, as in the file")
    tally.keep("traffic_lights", "xyxy", len(lights) if shift else 0, "8 px lower in RIIB images")
    for key in image.value.keys() - {"path", "boxes"}:
        tally.drop("images", str(key), 1, "not of the format")


def _light(box: Fields, shift: int, tally: Tally) -> Light:
    given = np.array([[box.number(name) for name in ("x_min", "y_min", "x_max", "y_max")]])
    corners = CORNER.to_xyxy(given)[0]
    low, high = np.minimum(corners[:2], corners[2:]), np.maximum(corners[:2], corners[2:])
    tally.keep("traffic_lights", "xyxy", int((low != corners[:2]).any()), "corners were swapped")
    state, arrow = state_and_arrow(box.text("label"), box.where)
    facts: dict[str, Any] = {"occluded": box.flag("occluded")} if "occluded" in box else {}
    for key in box.value.keys() - _KNOWN:
        tally.drop("traffic_lights", str(key), 1, "not of the format")
    return Light((low[0], low[1] + shift, high[0], high[1] + shift), state, arrow, attributes=facts)


def _is_outside(light: Light, hw: tuple[int, int]) -> bool:
    left, top, right, bottom = light.xyxy
    return left < 0 or top < 0 or right > hw[1] or bottom > hw[0]
