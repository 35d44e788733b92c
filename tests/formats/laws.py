"""The law of every format: what comes back equals what went out, but for what the reports list.

``assert_equal_but_for_report(before, after, written, read.report)`` compares pictures by name (or in order,
when names were lost), rows in order, every column bit for bit. A column may differ where a report says
``approximated`` (by at most its largest error) or ``dropped`` (then it has its default); rows, pictures and
masks may be missing where a report says ``dropped``, and only in the number that it counts. ``row_id`` is
free, and a person's label may come back as ``imported``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from drivelabel.formats import ConversionReport, Data
from drivelabel.formats.pictures import Picture, Pictures, pictures_of
from drivelabel.labels import NO_TRACK, TABLES, VOID, Table
from drivelabel.scene import ImageSet, Layer, Scene
from tests.formats.allowances import Allowances, Names, row_difference

IMAGE_TABLES = tuple(kind for kind in TABLES if kind != "boxes3d")


def assert_equal_but_for_report(
    before: Data,
    after: Data,
    *reports: ConversionReport,
    layer: str = "truth",
    layer_after: str | None = None,
    extra_attributes: tuple[str, ...] = (),
    extra_kinds: tuple[str, ...] = (),
    drive: bool = True,
) -> None:
    """Fail unless `after` is `before` minus what the reports list.

    Args:
        before, after: what was written, and what was read back.
        reports: of writing and of reading.
        layer, layer_after: whose labels; the same name when the latter is None.
        extra_attributes: names that the format's reader may add to rows and tags.
        extra_kinds: tables that may come back though nobody wrote them.
        drive: whether to compare times, sensors and poses too.
    """
    allowed = Allowances.of(reports)
    ours, theirs = pictures_of(before, layer), pictures_of(after, layer_after or layer)
    names = Names(ours.taxonomy, theirs.taxonomy, frozenset(extra_attributes))
    pairs = _pairs(ours, theirs, allowed)
    for kind in IMAGE_TABLES:
        _check_kind(kind, ours, theirs, pairs, allowed, names, kind in extra_kinds)
    for kind in ("label_map", "instance_map"):
        for one, other in pairs:
            _check_mask(kind, ours, one, theirs, other, allowed, names)
    _check_pictures(pairs, allowed)
    _check_cuboids(before, after, ours.layers[0], theirs.layers[0], allowed, names)
    if drive and isinstance(before, Scene):
        _check_drive(before, after, pairs, allowed)


_Pair = tuple[Picture, Picture | None]


def _pairs(ours: Pictures, theirs: Pictures, allowed: Allowances) -> list[_Pair]:
    """Each of our pictures with what became of it."""
    found: list[_Pair] = []
    left = list(theirs.items)
    for picture in ours.items:
        match = next((p for p in left if p.name == picture.name), None)
        match = match or next((p for p in left if p.name.endswith(f"/{picture.name}")), None)
        match = match or next((p for p in left if p.source.path == picture.source.path), None)
        if match is not None:
            left.remove(match)
        found.append((picture, match))
    if left and len(ours) == len(theirs):
        found = list(zip(ours.items, theirs.items, strict=True))
    elif left:
        raise AssertionError(f"pictures came back that nobody wrote: {[p.name for p in left]}")
    lost = sum(other is None for _, other in found)
    counted = allowed.dropped["images", ""] + allowed.dropped["frames", ""]
    assert lost <= counted, f"{lost} pictures are lost, the report counts {counted}"
    return found


def _check_kind(
    kind: str, ours: Pictures, theirs: Pictures, pairs: list[_Pair], allowed: Allowances, names: Names,
    extra: bool,
) -> None:  # fmt: skip
    n_ours = sum(len(layer.tables[kind].rows) for layer in ours.layers if kind in layer.tables)
    all_dropped = extra and n_ours == allowed.dropped[kind, ""] > 0  # what comes back is the reader's own
    for one, other in pairs:
        before = ours.table(kind, one)
        after = None if other is None or all_dropped else theirs.table(kind, other)
        n_after = 0 if after is None else len(after)
        if before is None:
            assert extra or n_after == 0, f"{kind}, {one.name}: {n_after} rows came back, none were written"
            wrong = after is not None and not extra
            assert not wrong or _flag(kind, allowed), f"{kind}, {one.name}: nobody looked, it came back empty"
            continue
        lost_kind = after is None and (allowed.may_drop(kind, "") or not len(before))
        assert after is not None or lost_kind, f"{kind}, {one.name}: {len(before)} rows are gone"
        _check_rows(kind, one.name, before, after, allowed, names)
    columns = [name for name in TABLES[kind].__dataclass_fields__ if name != "KIND"]
    allowed.check(kind, columns)


def _flag(kind: str, allowed: Allowances) -> bool:
    """Whether it was said that one cannot tell a picture nobody looked at from an empty one."""
    return allowed.may_drop(kind, "labelled") or allowed.may_drop("images", "labelled")


def _check_rows(
    kind: str, place: str, before: Table, after: Table | None, allowed: Allowances, names: Names
) -> None:
    """Each row that came back is the next of ours that it can be; those passed over are lost."""
    row = 0
    for other in range(0 if after is None else len(after)):
        assert after is not None
        lost = None
        while row < len(before) and lost is None:
            lost = row_difference(allowed, kind, before, row, after, other, names)
            allowed.used[kind, ""] += lost is None
            row += 1
        assert lost is not None, (
            f"{kind}, {place}: row {other} that came back is none of ours:\n{_shown(after[[other]])}\n"
            f"ours:\n{_shown(before)}\nallowed: {allowed.dropped}, {allowed.approximated}"
        )
        allowed.used.update(lost)
    allowed.used[kind, ""] += len(before) - row


def _shown(table: Table) -> str:
    rows = {name: getattr(value, "values", value) for name, value in table.columns().items()}
    rows["attributes"] = [table.columns()["attributes"].row(k) for k in range(len(table))]
    return "\n".join(f"  {name}: {np.asarray(v).tolist()}" for name, v in rows.items())


def _mask(kind: str, layer: Layer, picture: Picture | None) -> Any:
    store = layer.label_maps if kind == "label_map" else layer.instance_maps
    return (
        None if store is None or picture is None or picture.group not in store else store.read(picture.group)
    )


def _check_mask(
    kind: str, ours: Pictures, one: Picture, theirs: Pictures, other: Picture | None, allowed: Allowances,
    names: Names,
) -> None:  # fmt: skip
    before = _mask(kind, ours.layer_of(one), one)
    after = None if other is None else _mask(kind, theirs.layer_of(other), other)
    may_drop = allowed.may_drop(kind, "")
    if before is None:
        assert after is None or _flag(kind, allowed), (
            f"{kind}, {one.name}: nobody drew the mask that came back"
        )
        return
    if after is None:
        assert may_drop, f"{kind}, {one.name}: the mask is gone"
        return
    if kind == "label_map":
        a, b = _by_name(before, names.before.names), _by_name(after, names.after.names)
    else:
        a = _by_track(before, ours.layer_of(one))
        b = _by_track(after, theirs.layers[0 if other is None else other.data])
    assert a.shape == b.shape, f"{kind}, {one.name}: {a.shape} came back as {b.shape}"
    wrong = a != b
    if may_drop:
        wrong &= b != ""
    errors = [error for (what, _), (_, error) in allowed.approximated.items() if what == kind]
    limit = max(errors, default=0.0)
    assert wrong.sum() <= limit, (
        f"{kind}, {one.name}: {int(wrong.sum())} pixels differ, {limit:g} are allowed"
    )


def _by_name(mask: Any, names: tuple[str, ...]) -> Any:
    lookup = np.array([*names, *[""] * (VOID + 1 - len(names))], dtype=object)
    return lookup[mask]


def _by_track(mask: Any, layer: Layer) -> Any:
    tracks = [str(t) if t != NO_TRACK else f"untracked {k}" for k, t in enumerate(layer.instance_track_id)]
    return np.array(["", *tracks], dtype=object)[mask]


def _check_pictures(pairs: list[_Pair], allowed: Allowances) -> None:
    for one, other in pairs:
        if other is None:
            continue
        assert one.image_hw == other.image_hw, f"{one.name}: {one.image_hw} came back as {other.image_hw}"
        said = any(
            allowed.dropped[key] for key in (("images", "split"), ("images", "splits"), ("splits", ""))
        )
        assert one.split == other.split or said, f"{one.name}: split {one.split!r} became {other.split!r}"


def _check_cuboids(
    before: Data, after: Data, ours: Layer, theirs: Layer, allowed: Allowances, names: Names
) -> None:
    grouped = ours.tables.get("boxes3d")
    if grouped is None or not isinstance(before, Scene):
        return
    if not isinstance(after, Scene) or "boxes3d" not in theirs.tables:
        allowed.used["boxes3d", ""] += len(grouped.rows)
    else:
        assert len(grouped) == len(theirs.boxes3d), "samples are gone or new"
        for sample in range(len(grouped)):
            _check_rows(
                "boxes3d", f"sample {sample}", grouped[sample], theirs.boxes3d[sample], allowed, names
            )
    allowed.check("boxes3d", [name for name in TABLES["boxes3d"].__dataclass_fields__ if name != "KIND"])


def _check_drive(before: Scene, after: Data, pairs: list[_Pair], allowed: Allowances) -> None:
    """Times, calibration and poses came back, or the report says that they did not."""

    def said(what: str) -> bool:
        entries = [*allowed.dropped, *allowed.approximated, *allowed.kept]
        return any(name == what for name, _ in entries)

    if isinstance(after, ImageSet):
        assert said("frames") or not len(before.frames), "times of frames are gone"
        assert said("poses") or before.poses is None, "poses are gone"
        assert said("sensors") or all(c.camera_matrix is None for c in before.cameras), "cameras are gone"
        assert said("sweeps") or not len(before.sweeps), "sweeps are gone"
        return
    time_error = allowed.error_of("frames", "timestamp_ns") or 0
    for one, other in pairs:
        if other is None or allowed.may_drop("frames", "timestamp_ns"):
            continue
        assert one.timestamp_ns is not None and other.timestamp_ns is not None
        assert abs(one.timestamp_ns - other.timestamp_ns) <= time_error, f"{one.name}: another time"
        ours, theirs = before.camera(one.camera), after.camera(other.camera)
        for column in ("camera_matrix", "ego_from_sensor"):
            if not said("sensors"):
                a, b = getattr(ours, column), getattr(theirs, column)
                assert (a is None) == (b is None) and (a is None or np.array_equal(a, b)), (
                    f"{one.name}: {column}"
                )
    if before.poses is not None and not said("poses"):
        assert after.poses is not None, "poses are gone"
        np.testing.assert_array_equal(after.poses.translation, before.poses.translation)
