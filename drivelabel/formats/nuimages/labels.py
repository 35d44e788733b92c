"""The 2D labels of a picture as records of ``object_ann`` and ``surface_ann``."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import numpy as np

from drivelabel.errors import FormatError
from drivelabel.formats.nuscenes.numbers import shortest
from drivelabel.formats.nuscenes.records import Records
from drivelabel.formats.nuscenes.schema import EXTRA
from drivelabel.formats.pictures import Picture, Pictures
from drivelabel.formats.report import Tally
from drivelabel.geometry import Rle, label_map_to_rle, mask_to_rle
from drivelabel.labels import IMPORTED, NO_TRACK, ORIGINS, Boxes2D, InstanceMap
from drivelabel.typing import AnyArray

KINDS = frozenset({"boxes2d", "tags"})
COLUMNS = frozenset({"xyxy", "category_id", "score", "track_id", "origin", "attributes"})


class LabelWriter:
    """Adds the labels of pictures to tables.

    Attributes:
        records: the tables.
        pictures: whose labels.
    """

    def __init__(self, records: Records, pictures: Pictures, tally: Tally) -> None:
        self.records, self.pictures = records, pictures
        self._tally = tally
        self._categories = {row["name"]: row["token"] for row in records.rows["category"]}
        self._attributes = {row["name"]: row["token"] for row in records.rows["attribute"]}

    def add(self, picture: Picture, sample_data_token: str) -> None:
        """Add a picture's boxes, masks of things and areas."""
        layer = self.pictures.layer_of(picture)
        boxes = self.pictures.table("boxes2d", picture)
        instances = None
        if layer.instance_maps is not None and picture.group in layer.instance_maps:
            instances = layer.instance_map(picture.group)
        self._objects(boxes if boxes is not None else Boxes2D.empty(), instances, sample_data_token)
        if layer.label_maps is not None and picture.group in layer.label_maps:
            self._surfaces(layer.label_map(picture.group).label_map, sample_data_token)

    def _category(self, category_id: int) -> str:
        token: str = self._categories[self.pictures.taxonomy.names[category_id]]
        return token

    def _objects(self, boxes: Boxes2D, instances: InstanceMap | None, data_token: str) -> None:
        masks = {} if instances is None else _masks(instances)
        given = boxes.attributes["token"].to_list() if "token" in boxes.attributes else [None] * len(boxes)
        exact = shortest(boxes.xyxy)
        # Not beyond what int64 holds: a box may lie anywhere.
        whole = np.clip(np.rint(exact), -(2.0**53), 2.0**53).astype(np.int64)
        off = np.abs(whole - exact).max(axis=1, initial=0)
        used: set[int] = set()
        for row in range(len(boxes)):
            track = int(boxes.track_id[row])
            mask = masks.get(track) if track != NO_TRACK and track not in used else None
            used.add(track)
            attributes, extra = self._facts(boxes, row)
            if off[row] > 0:
                extra["xyxy"] = exact[row].tolist()
            self.records.add(
                "object_ann",
                given[row],
                data_token,
                row,
                sample_data_token=data_token,
                category_token=self._category(int(boxes.category_id[row])),
                attribute_tokens=attributes,
                bbox=whole[row].tolist(),
                mask=None if mask is None else coded(mask_to_rle(mask)),
                **({EXTRA: extra} if extra else {}),
            )
            self._tally.keep("instance_map", "", int(mask is not None), "mask of the box with its track id")
        self._tally.keep("boxes2d", "", len(boxes))
        note = f"extra field; bbox has whole pixels, up to {float(off.max(initial=0)):.2g} px off"
        self._tally.keep("boxes2d", "xyxy", int((off > 0).sum()), note)
        lost = set(masks) - used
        self._tally.drop("instance_map", "", len(lost), "no box with their track id says their category")

    def _facts(self, boxes: Boxes2D, row: int) -> tuple[list[str], dict[str, Any]]:
        """Attribute tokens, and what nuImages has no key for."""
        extra: dict[str, Any] = {}
        if boxes.score[row] != 1:
            extra["score"] = float(shortest(boxes.score[row : row + 1])[0])
        if boxes.track_id[row] != NO_TRACK:
            extra["track_id"] = int(boxes.track_id[row])
        if boxes.origin[row] != IMPORTED:
            extra["origin"] = ORIGINS[boxes.origin[row]]
        tokens, rest = [], {}
        for name, value in boxes.attributes.row(row).items():
            if name in self._attributes and value is True:
                tokens.append(self._attributes[name])
            elif name != "token":
                rest[name] = value
        if rest:
            extra["attributes"] = rest
        return tokens, extra

    def _surfaces(self, label_map: AnyArray, data_token: str) -> None:
        for category_id, rle in label_map_to_rle(label_map).items():
            self.records.add(
                "surface_ann",
                None,
                data_token,
                category_id,
                sample_data_token=data_token,
                category_token=self._category(category_id),
                mask=coded(rle),
            )
        self._tally.keep("label_map", "", 1, "a mask for each class")


def _masks(instances: InstanceMap) -> dict[int, AnyArray]:
    """Track id to mask, of the things that have pixels."""
    values = np.unique(instances.instance_map[instances.instance_map > 0])
    return {int(instances.track_id[v - 1]): instances.instance_map == v for v in values}


def coded(rle: Rle) -> dict[str, Any]:
    """A run-length code as nuImages has it: the text of its counts in base64."""
    counts = base64.b64encode(str(rle["counts"]).encode("ascii")).decode("ascii")
    return {"size": rle["size"], "counts": counts}


def decoded(mask: Mapping[str, Any], where: str) -> Rle:
    """The run-length code of a mask in a file. Raises FormatError when it is no base64."""
    counts = mask.get("counts")
    try:
        text = base64.b64decode(counts, validate=True).decode("ascii")  # type: ignore[arg-type]
    except (ValueError, TypeError):
        raise FormatError(f"{where}: mask: expected counts in base64.") from None
    return {"size": mask.get("size"), "counts": text}


def tags_of(pictures: Pictures, picture: Picture, tally: Tally) -> list[dict[str, Any]]:
    """A picture's tags as plain values; none where nobody looked."""
    tags = pictures.table("tags", picture)
    if tags is None:
        return []
    tally.keep("tags", "", len(tags), "extra field")
    rows = range(len(tags))
    return [
        {
            "score": float(tags.score[row]),
            "origin": ORIGINS[tags.origin[row]],
            "attributes": tags.attributes.row(row),
        }
        for row in rows
    ]
