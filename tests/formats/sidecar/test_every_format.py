"""With a sidecar, every format that is written and read gives back everything."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from security.seeds import small_data

from drivelabel.errors import DriveLabelError
from drivelabel.formats import Data, find_format, format_names
from drivelabel.labels import VOID
from drivelabel.pipeline.export_run import ExportSettings, write_labels
from drivelabel.pipeline.import_run import drives_of, read_labels
from drivelabel.scene import Layer, Scene

SETTINGS = ExportSettings(layer="truth", sidecar=True)


def both_ways() -> list[str]:
    found = {name: find_format(name) for name in format_names()}
    return [name for name, one in found.items() if one.write is not None and one.read is not None]


def _same_labels(before: Layer, after: Layer) -> None:
    assert set(before.tables) == set(after.tables)
    for kind, grouped in before.tables.items():
        assert grouped.equals(after.tables[kind]), kind
    for ours, theirs in ((before.label_maps, after.label_maps), (before.instance_maps, after.instance_maps)):
        assert ours is not None and theirs is not None
        for group in np.flatnonzero(ours.labelled()).tolist():
            np.testing.assert_array_equal(ours.read(group), theirs.read(group))
    assert (before.taxonomy, before.author) == (after.taxonomy, after.author)


@pytest.mark.parametrize("name", both_ways())
def test_everything_comes_back(name: str, tmp_path: Path) -> None:
    n_through = 0
    for row, data in enumerate(small_data(tmp_path)):
        out = tmp_path / f"out-{row}"
        try:
            write_labels(name, [data], out, SETTINGS)
        except DriveLabelError as error:
            assert not out.exists(), f"refused, but something stands there: {error}"
            continue
        names = drives_of(name, out)
        read = read_labels(name, out, layer="truth", scene=names[0] if names else None)
        _check(data, read.data)
        assert read.report.is_lossless
        n_through += 1
    assert n_through > 0


def _check(before: Data, after: Data) -> None:
    assert type(before) is type(after)
    assert (before.name, before.sources, before.root) == (after.name, after.sources, after.root)
    _same_labels(before.layers["truth"], after.layers["truth"])
    if isinstance(before, Scene) and isinstance(after, Scene):
        np.testing.assert_array_equal(before.frames.timestamp_ns, after.frames.timestamp_ns)
        for ours, theirs in zip(before.cameras, after.cameras, strict=True):
            np.testing.assert_array_equal(ours.camera_matrix, theirs.camera_matrix)
    masks = after.layers["truth"].label_maps
    assert masks is not None and (masks.read(0) != VOID).any()
