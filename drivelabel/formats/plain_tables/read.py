"""A folder of tables as a scene or an image set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from drivelabel.errors import FormatError
from drivelabel.formats.imported import Imported
from drivelabel.formats.loading import Fields, read_json
from drivelabel.formats.plain_tables.columns import (
    ATTRIBUTE,
    BULB_PARTS,
    CODES,
    MIXED,
    PARTS,
    table_of_frame,
)
from drivelabel.formats.plain_tables.files import TableFile
from drivelabel.formats.plain_tables.write import FACTS, VERSION
from drivelabel.formats.report import Tally
from drivelabel.formats.sidecar.masks import RunMasks
from drivelabel.formats.sidecar.recording import layer_of_facts, sensor_of_facts, taxonomy_of_facts
from drivelabel.labels import TABLES, Grouped, Taxonomy
from drivelabel.scene import Frames, ImageSet, Layer, Poses, Scene, Source, Sweeps
from drivelabel.typing import IntArray

if TYPE_CHECKING:
    import polars as pl

_RECORDED = ("timestamp_ns", "sensor", "source", "source_index", "sample")
_RUNS = ("image", "height", "width", "value", "pixels")


def looks_like_tables(path: Path, suffix: str) -> bool:
    """Whether a path is a folder of tables of this suffix."""
    return (path / FACTS).is_file() and (path / f"images{suffix}").is_file()


def read_tables(file: TableFile, name: str, path: Path, *, layer: str = "truth") -> Imported:
    """A folder of :func:`drivelabel.formats.plain_tables.write.write_tables`; rows may have been edited.

    Args:
        file: how a table is read.
        name: of the format.
        path: the folder.
        layer: name of the layer.

    Raises:
        StoreError: a file is missing or cannot be read.
        FormatError: a table or fact breaks a rule.
        InvalidLabelError: a label breaks a rule of its kind.
    """
    path = Path(path)
    facts = Fields(read_json(path / FACTS), str(path / FACTS))
    if facts.integer("version") != VERSION:
        raise FormatError(f"{facts.where}: expected version {VERSION}, got {facts.integer('version')}.")
    reader = _Reader(file, path, facts, Tally())
    data = reader.scene(layer) if facts.text("type") == "scene" else reader.image_set(layer)
    return Imported(data, reader.tally.report(name, str(path)))


class _Reader:
    """The tables of one folder."""

    def __init__(self, file: TableFile, folder: Path, facts: Fields, tally: Tally) -> None:
        self.file = file
        self.folder = folder
        self.facts = facts
        self.tally = tally

    def image_set(self, layer: str) -> ImageSet:
        images = self._frame("images", dict.fromkeys(("source", "height", "width"), "int"))
        splits = self.facts.object("splits")
        sources = self._sources()
        rows = self._whole(images, "source", "images")
        if len(rows) and not 0 <= int(rows.min()) <= int(rows.max()) < len(sources):
            raise FormatError(f"{self.folder}, images: a source is none of the table of sources.")
        hw = np.stack([self._whole(images, part, "images") for part in ("height", "width")], axis=1)
        own = self._layer(layer, len(images), 0)
        return ImageSet(
            name=self.facts.text("name"),
            sources=tuple(sources[row] for row in rows.tolist()),
            image_hw=hw.reshape(-1, 2),
            taxonomy=taxonomy_of_facts(self.facts.object("taxonomy")),
            layers={layer: own},
            splits={part: splits.numbers(part).astype(np.int64) for part in splits.value},
            root=self.facts.text("root"),
        )

    def scene(self, layer: str) -> Scene:
        samples_ns = self._whole(self._frame("samples", {"timestamp_ns": "int"}), "timestamp_ns", "samples")
        frames = Frames(*self._recorded("images"))
        return Scene(
            name=self.facts.text("name"),
            sensors=tuple(sensor_of_facts(sensor) for sensor in self.facts.objects("sensors")),
            taxonomy=taxonomy_of_facts(self.facts.object("taxonomy")),
            frames=frames,
            sweeps=Sweeps(*self._recorded("sweeps")),
            samples_ns=samples_ns,
            sources=tuple(self._sources()),
            poses=self._poses(),
            layers={layer: self._layer(layer, len(frames), len(samples_ns))},
            root=self.facts.text("root"),
            info=self.facts.object("info").value,
        )

    def _frame(self, title: str, types: Mapping[str, str]) -> pl.DataFrame:
        return self.file.read(self.folder / f"{title}{self.file.suffix}", _schema(types))

    def _whole(self, frame: pl.DataFrame, name: str, title: str) -> IntArray:
        if name not in frame.columns or frame[name].null_count():
            raise FormatError(f"{self.folder}, {title}: the column {name!r} is missing or has empty cells.")
        return np.ascontiguousarray(frame[name].to_numpy(), np.int64)

    def _recorded(self, title: str) -> list[Any]:
        frame = self._frame(title, dict.fromkeys(_RECORDED, "int") | {"channel": "text"})
        return [self._whole(frame, name, title) for name in _RECORDED]

    def _sources(self) -> list[Source]:
        texts = ("path", "kind", "sha256")
        frame = self._frame("sources", dict.fromkeys(texts, "text") | {"n_bytes": "int"})
        n_bytes = self._whole(frame, "n_bytes", "sources").tolist()
        missing = [name for name in texts if name not in frame.columns]
        if missing:
            raise FormatError(f"{self.folder}, sources: the column {missing[0]!r} is missing.")
        rows = zip(*(frame[name].fill_null("").to_list() for name in texts), n_bytes, strict=True)
        return [Source(*row) for row in rows]

    def _poses(self) -> Poses | None:
        if not (self.folder / f"poses{self.file.suffix}").is_file():
            return None
        names = (*"xyz", *(f"quat_{part}" for part in "wxyz"))
        frame = self._frame("poses", {"timestamp_ns": "int", **dict.fromkeys(names, "float")})
        missing = [name for name in names if name not in frame.columns or frame[name].null_count()]
        if missing:
            raise FormatError(
                f"{self.folder}, poses: the column {missing[0]!r} is missing or has empty cells."
            )
        numbers = np.stack([frame[name].to_numpy() for name in names], axis=1).astype(np.float64)
        times = self._whole(frame, "timestamp_ns", "poses")
        return Poses(times, np.ascontiguousarray(numbers[:, :3]), np.ascontiguousarray(numbers[:, 3:]))

    def _layer(self, name: str, n_images: int, n_samples: int) -> Layer:
        labelled = self._frame("labelled", {"kind": "text", "group": "int"})
        groups = self._whole(labelled, "group", "labelled")
        kinds = np.array(labelled["kind"].to_list() if "kind" in labelled.columns else [], dtype=object)
        taxonomy = taxonomy_of_facts(self.facts.object("layer").object("taxonomy"))
        tables = {}
        for kind in self.facts.object("attributes").value:
            if kind not in TABLES:
                raise FormatError(f"{self.facts.where}: there is no kind of label {kind!r}.")
            n_groups = n_samples if kind == "boxes3d" else n_images
            tables[kind] = self._table(kind, n_groups, groups[kinds == kind], taxonomy)
        masks = {
            store: self._masks(title, n_images) if self.facts.flag(store) else None
            for store, title in (("label_maps", "label_map"), ("instance_maps", "instance_map"))
        }
        tracks = self.facts.items("instance_track_id")
        if not all(isinstance(track, int) and -(2**63) <= track < 2**63 for track in tracks):
            raise FormatError(f"{self.facts.where}: instance_track_id: expected whole numbers.")
        found = layer_of_facts(
            self.facts.object("layer"),
            tables=tables,
            instance_track_id=np.asarray(tracks, np.int64),
            **masks,
        )
        return replace(found, name=name)

    def _table(self, kind: str, n_groups: int, labelled: IntArray, taxonomy: Taxonomy) -> Grouped[Any]:
        where = f"{self.folder}, {kind}"
        types = self.facts.object("attributes").object(kind)
        of_attribute = {name: types.text(name) for name in types.value}
        group_name = "sample" if kind == "boxes3d" else "image"
        frame = self._frame(kind, {group_name: "int", **_types_of(kind, of_attribute)})
        group = self._whole(frame, group_name, kind)
        for rows in (group, labelled):
            if len(rows) and not 0 <= int(rows.min()) <= int(rows.max()) < n_groups:
                raise FormatError(f"{where}: expected {group_name}s from 0 to {n_groups - 1}.")
        table = table_of_frame(kind, frame, taxonomy, of_attribute, where)
        order = np.argsort(group, kind="stable")
        offsets = np.concatenate([[0], np.cumsum(np.bincount(group, minlength=n_groups))]).astype(np.int64)
        flags = np.zeros(n_groups, np.bool_)
        flags[labelled] = True
        flags[group] = True
        self.tally.keep(kind, "", len(table))
        in_order = bool((np.diff(order) == 1).all())
        return Grouped(table if in_order else table[order], offsets, flags)

    def _masks(self, title: str, n_images: int) -> RunMasks:
        frame = self._frame(title, dict.fromkeys(_RUNS, "int"))
        image, height, width, value, pixels = (self._whole(frame, name, title) for name in _RUNS)
        starts = np.flatnonzero(np.diff(image, prepend=-1)) if len(image) else np.zeros(0, np.int64)
        highest = 255 if title == "label_map" else 65_535
        if len(value) and not 0 <= int(value.min()) <= int(value.max()) <= highest:
            raise FormatError(f"{self.folder}, {title}: expected values from 0 to {highest}.")
        self.tally.keep(title, "", len(starts))
        return RunMasks(
            frame=image[starts],
            image_hw=np.stack([height[starts], width[starts]], axis=1).reshape(-1, 2),
            offsets=np.append(starts, len(image)).astype(np.int64),
            values=value.astype(np.uint8 if title == "label_map" else np.uint16),
            lengths=pixels,
            n_frames=n_images,
        )


def _types_of(kind: str, attributes: Mapping[str, str]) -> dict[str, str]:
    """Names of a kind's columns and what is in them."""
    found: dict[str, str] = {}
    for spec in fields(TABLES[kind]):
        name, meta = spec.name, spec.metadata
        if meta.get("attributes"):
            found |= {ATTRIBUTE + n: "text" if t == MIXED else t for n, t in attributes.items()}
        elif name == "category_id":
            found["category"] = "text"
        elif name in CODES:
            found[name] = "text"
        else:
            number = {"f4": "float32", "f8": "float"}.get(meta["dtype"].str[1:], "int")
            names = BULB_PARTS if len(meta["tail"]) == 2 else PARTS.get(name, (name,))
            found |= dict.fromkeys(names, f"{number} list" if meta.get("ragged") else number)
    return found


def _schema(types: Mapping[str, str]) -> dict[str, Any]:
    import polars as pl

    plain: dict[str, Any] = {
        "text": pl.String, "int": pl.Int64, "float": pl.Float64, "float32": pl.Float32, "bool": pl.Boolean,
    }  # fmt: skip
    found: dict[str, Any] = {}
    for name, kind in types.items():
        base = plain.get(kind.removesuffix(" list"))
        if base is None:
            raise FormatError(f"tables: there is no type {kind!r} (column {name!r}).")
        found[name] = pl.List(base) if kind.endswith(" list") else base
    return found
