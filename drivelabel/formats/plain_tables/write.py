"""One scene or image set as a folder of tables."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from drivelabel.errors import FormatError
from drivelabel.formats.aside import new_folder
from drivelabel.formats.pictures import Data
from drivelabel.formats.plain_tables.columns import frame_of_table
from drivelabel.formats.plain_tables.files import TableFile
from drivelabel.formats.report import ConversionReport, Tally
from drivelabel.formats.sidecar.masks import runs_of
from drivelabel.formats.sidecar.recording import layer_facts, sensor_facts, taxonomy_facts
from drivelabel.labels import Grouped
from drivelabel.scene import ImageSet, Layer, MaskStore, Scene
from drivelabel.typing import AnyArray

if TYPE_CHECKING:
    import polars as pl

FACTS = "tables.json"
VERSION = 1


def write_tables(
    file: TableFile, name: str, data: Data | Sequence[Data], out: Path, layer: str, *, overwrite: bool = False
) -> ConversionReport:
    """Write one layer as a folder of tables: ``images``, ``boxes2d``, ..., and ``tables.json``.

    Args:
        file: how a table becomes a file.
        name: of the format.
        data: one scene or image set.
        out: the folder.
        layer: whose labels.
        overwrite: replace what is at `out`.

    Raises:
        FormatError: several scenes were given.
        StoreError: `out` is there already or cannot be written.
        SceneLookupError: there is no such layer.
    """
    out, tally = Path(out), Tally()
    items = [data] if isinstance(data, (Scene, ImageSet)) else list(data)
    if len(items) != 1:
        raise FormatError(
            f"{name} holds one scene, got {len(items)}. Export them one by one and join the tables."
        )
    own = items[0].layer(layer)
    with new_folder(out, overwrite=overwrite) as place:
        frames = dict(_recording(items[0]))
        types: dict[str, dict[str, str]] = {}
        for kind, grouped in own.tables.items():
            frames[kind], types[kind] = _labels(kind, grouped, own)
            tally.keep(kind, "", len(grouped.rows))
        frames["labelled"] = _labelled(own)
        for kind, store in (("label_map", own.label_maps), ("instance_map", own.instance_maps)):
            if store is not None:
                frames[kind] = _runs(store)
                tally.keep(kind, "", int(store.labelled().sum()), "runs of equal pixels")
        for title, frame in frames.items():
            file.write(frame, place / f"{title}{file.suffix}")
        (place / FACTS).write_text(_facts(items[0], own, types), encoding="ascii")
    tally.keep("images", "", len(frames["images"]), "named, not copied")
    return tally.report(name, str(out))


def _facts(data: Data, layer: Layer, types: dict[str, dict[str, str]]) -> str:
    facts: dict[str, Any] = {
        "version": VERSION,
        "type": "scene" if isinstance(data, Scene) else "images",
        "name": data.name,
        "root": data.root if "://" in data.root else str(Path(data.root).absolute()),
        "taxonomy": taxonomy_facts(data.taxonomy),
        "layer": layer_facts(layer),
        "attributes": types,
        "instance_track_id": layer.instance_track_id.tolist(),
        "label_maps": layer.label_maps is not None,
        "instance_maps": layer.instance_maps is not None,
    }
    if isinstance(data, ImageSet):
        facts["splits"] = {name: np.asarray(rows).tolist() for name, rows in data.splits.items()}
    else:
        facts |= {"sensors": [sensor_facts(sensor) for sensor in data.sensors], "info": dict(data.info)}
    try:
        return json.dumps(facts, allow_nan=False, indent=1)
    except (TypeError, ValueError) as error:
        raise FormatError(f"{data.name}: its facts cannot be written as JSON: {error}.") from error


def _recording(data: Data) -> list[tuple[str, pl.DataFrame]]:
    import polars as pl

    texts = {"path": pl.String, "kind": pl.String, "sha256": pl.String}
    sources = {name: [getattr(s, name) for s in data.sources] for name in texts}
    sizes = pl.Series("n_bytes", [source.n_bytes for source in data.sources], dtype=pl.Int64)
    found = [("sources", pl.DataFrame({**sources, "n_bytes": sizes}, schema_overrides=texts))]
    if isinstance(data, ImageSet):
        height, width = data.image_hw.T
        rows = {"source": np.arange(len(data)), "height": height, "width": width}
        return [*found, ("images", pl.DataFrame({name: np.ascontiguousarray(v) for name, v in rows.items()}))]
    for title, recorded in (("images", data.frames), ("sweeps", data.sweeps)):
        names = ("timestamp_ns", "sensor", "source", "source_index", "sample")
        frame = pl.DataFrame({name: getattr(recorded, name) for name in names})
        channels = [sensor.channel for sensor in data.sensors]
        channel = pl.Series("channel", [channels[k] for k in recorded.sensor.tolist()], dtype=pl.String)
        found.append((title, frame.with_columns(channel)))
    found.append(("samples", pl.DataFrame({"timestamp_ns": data.samples_ns})))
    if data.poses is not None:
        poses = data.poses
        moved = {f"{axis}": poses.translation[:, k] for k, axis in enumerate("xyz")}
        turned = {f"quat_{part}": poses.quat_wxyz[:, k] for k, part in enumerate("wxyz")}
        columns = {"timestamp_ns": poses.timestamp_ns, **moved, **turned}
        found.append(("poses", pl.DataFrame({n: np.ascontiguousarray(v) for n, v in columns.items()})))
    return found


def _labels(kind: str, grouped: Grouped[Any], layer: Layer) -> tuple[pl.DataFrame, dict[str, str]]:
    import polars as pl

    frame, types = frame_of_table(grouped.rows, layer.taxonomy)
    group = pl.Series("sample" if kind == "boxes3d" else "image", grouped.group_of_row, dtype=pl.Int64)
    return frame.insert_column(0, group), types


def _labelled(layer: Layer) -> pl.DataFrame:
    """Which groups somebody looked at, kind by kind: one without rows is truly empty."""
    import polars as pl

    kinds: list[str] = []
    groups: list[AnyArray] = []
    for kind, grouped in layer.tables.items():
        groups.append(np.flatnonzero(grouped.labelled))
        kinds += [kind] * len(groups[-1])
    rows = np.concatenate(groups) if groups else np.zeros(0, np.int64)
    return pl.DataFrame({"kind": pl.Series(kinds, dtype=pl.String), "group": pl.Series(rows, dtype=pl.Int64)})


def _runs(store: MaskStore) -> pl.DataFrame:
    import polars as pl

    runs = runs_of(store)
    image = np.repeat(runs.frame, np.diff(runs.offsets))
    height, width = (np.repeat(runs.image_hw[:, k], np.diff(runs.offsets)) for k in (0, 1))
    return pl.DataFrame(
        {"image": image, "height": height, "width": width, "value": runs.values.astype(np.int64),
         "pixels": runs.lengths}
    )  # fmt: skip
