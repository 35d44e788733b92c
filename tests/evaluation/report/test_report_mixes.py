"""Any mix of kinds, gaps and empty frames on either side is judged or refused in words."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
from evaluation.report.kinds import all_kinds, drive
from evaluation.report.scenes import scene
from hypothesis import given, settings
from hypothesis import strategies as st

from drivelabel.errors import InvalidLabelError
from drivelabel.evaluation.report import Settings, evaluate_scene, metrics_json
from drivelabel.evaluation.report.html.page import render
from drivelabel.evaluation.report.metrics import of_one_log
from drivelabel.labels import NO_TRACK, Grouped
from drivelabel.scene import Layer, MemoryMasks

RULES = Settings(resamples=10, min_units=2)
N = 4
KINDS = ("boxes2d", "boxes3d", "lane_lines", "traffic_lights", "label_map")


def mangled(layer: Layer, kept: set[str], gaps: set[int], empty: set[int], tracked: bool) -> Layer:
    """Some kinds of a layer, with frames that nobody labelled, and frames without rows."""
    tables = {}
    for kind in kept & set(layer.tables):
        table = layer.tables[kind]
        groups = {}
        for i in set(range(N)) - gaps:
            rows = table[i][:0] if i in empty else table[i]
            groups[i] = rows if tracked else rows.replace(track_id=np.full(len(rows), NO_TRACK))
        tables[kind] = Grouped.from_groups(type(table.rows), N, groups)
    maps = {i: layer.label_maps.read(i) for i in set(range(N)) - gaps}
    label_maps = MemoryMasks(maps, N) if "label_map" in kept else None
    return replace(layer, tables=tables, label_maps=label_maps)


kinds = st.sets(st.sampled_from(KINDS))
frames = st.sets(st.integers(0, N - 1))
sides = st.tuples(kinds, frames, frames, st.booleans())


@settings(max_examples=25)
@given(sides, sides, st.integers(1, 50), st.booleans())
def test_every_mix_has_a_page_or_a_reason(truth, pred, seed, posed):
    layers = {
        "truth": mangled(all_kinds("truth", 0, N), *truth),
        "auto": mangled(all_kinds("auto", seed, N), *pred),
    }
    stage = scene(layers, N)
    stage = stage if posed else replace(stage, poses=None)
    try:
        log = evaluate_scene(stage, "truth", "auto", RULES)
    except InvalidLabelError as error:
        assert "can judge nothing" in str(error)
        return
    metrics = metrics_json([log], RULES, [log])
    json.dumps(metrics, allow_nan=False)
    html = render(metrics, [log], draw=lambda frame: np.zeros((400, 600, 3), np.uint8)).html
    assert html.startswith("<!doctype html>") and "What was run" in html
    for kind, task in metrics["logs"][0]["tasks"].items():
        assert kind in (*KINDS, "light_states")
        if kind != "label_map":
            c = task["counts"]
            assert c["truth"] == c["found"] + c["wrong_class"] + c["loose"] + c["missed"]
            assert (c["recall"] is None) == (c["truth"] == 0)


def test_a_page_of_one_of_several_logs_is_that_of_the_log_alone():
    logs = [evaluate_scene(drive(f"d{seed}", seed), "truth", "auto", RULES) for seed in (1, 2)]
    several = metrics_json(logs, RULES, logs)
    alone, cut = metrics_json([logs[1]], RULES, [logs[1]]), of_one_log(several, 1, logs, RULES, logs)
    assert cut["comparison"] == alone["comparison"] and cut["logs"] == alone["logs"]
    for kind, task in alone["total"]["tasks"].items():
        assert {key: cut["total"]["tasks"][kind][key] for key in task} == task
    assert set(cut) == set(alone)


def test_every_setting_and_task_is_explained_in_the_docs():
    text = (Path(__file__).parents[3] / "docs" / "metrics.md").read_text("utf-8")
    missing = [spec.name for spec in fields(Settings) if f"`{spec.name}`" not in text]
    assert not missing
    log = evaluate_scene(drive("log", 1), "truth", "auto", RULES)
    metrics = metrics_json([log], RULES)
    told = {key for task in metrics["logs"][0]["tasks"].values() for key in task} - {"logs"}
    unknown = sorted(key for key in told if key not in text)
    assert not unknown
