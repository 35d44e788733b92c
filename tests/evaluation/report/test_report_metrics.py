"""The report's numbers are those of the metrics themselves, and counts of logs add up to the total."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from evaluation.report.kinds import LIGHT, all_kinds, cuboid, drive, light, road_map, with_maps
from evaluation.report.scenes import CAR, TRUCK, boxes, layer, lines, random_layer, scene

from drivelabel.errors import InvalidLabelError, MissingExtraError
from drivelabel.evaluation.areas import boundary_iou
from drivelabel.evaluation.areas.mean_iou import confusion_of, mean_iou
from drivelabel.evaluation.effort import boxes_effort, cuboids_effort, lanes_effort
from drivelabel.evaluation.lanes import LinePoints, RowLanes, culane, tusimple, tusimple_repaired
from drivelabel.evaluation.lights import evaluate_lights
from drivelabel.evaluation.nuscenes import detection, detections_of
from drivelabel.evaluation.report import Settings, evaluate_scene, metrics_json
from drivelabel.evaluation.tracks import Tracks, clear, hota, identity
from drivelabel.labels import DRIVING, VOID, Boxes3D, Category, Grouped, Taxonomy, TrafficLights
from drivelabel.scene import Layer

FEW = Settings(resamples=20)


def judged(stage, rules=FEW):
    return metrics_json([evaluate_scene(stage, "truth", "auto", rules)], rules)["logs"][0]["tasks"]


def test_tracks_are_scored_as_hota_clear_and_identity_do():
    generator = np.random.default_rng(5)
    stage = scene({name: random_layer(name, generator, 9) for name in ("truth", "auto")}, 9)
    ours = judged(stage)["boxes2d"]["tracks"]["by_class"]["car"]
    sides = []
    for name in ("truth", "auto"):
        table = stage.layer(name).boxes2d
        car = table.rows.category_id == CAR
        sides.append(
            Tracks.from_rows(table.group_of_row[car], table.rows.track_id[car], table.rows.xyxy[car], 9)
        )
    assert ours["hota"] == pytest.approx(hota(*sides).mean()["hota"], abs=1e-12)
    assert ours["mota"] == pytest.approx(clear(*sides).mota, abs=1e-12)
    assert ours["idf1"] == pytest.approx(identity(*sides).idf1, abs=1e-12)
    assert ours["idsw"] == clear(*sides).idsw


def test_cuboids_are_scored_as_nuscenes_does():
    stage = drive("log", 3)
    task = judged(stage)["boxes3d"]
    both = detections_of(stage, "truth", "auto")
    result = detection(both.truth, both.pred)
    assert task["ap"]["mean_ap_of_ten"] == pytest.approx(result.mean_ap, abs=1e-12)
    assert task["ap"]["nds_of_ten"] == pytest.approx(result.nd_score, abs=1e-12)
    assert task["ap"]["over"] == ["car"]
    assert task["ap"]["mean_ap"] == pytest.approx(result.mean_dist_aps["car"], abs=1e-12)
    assert task["ap"]["errors"]["trans_err"] == pytest.approx(result.label_tp_errors["car"]["trans_err"])


def test_errors_of_cuboids_without_scores_are_those_of_all_of_them():
    truth = [cuboid(12 + 3 * k, 4 * k, k + 1) for k in range(4)]
    pred = [cuboid(12 + 3 * k + off, 4 * k, k + 1) for k, off in enumerate((1.6, 0.0, 0.0, 0.0))]
    layers = {n: layer(n, boxes3d=[Boxes3D.concat(c)]) for n, c in (("truth", truth), ("auto", pred))}
    ap = judged(scene(layers, 1))["boxes3d"]["ap"]
    assert ap["logs_without_scores"] == 1 and ap["ap_at"]["2.0"] == pytest.approx(1.0)
    assert ap["errors"]["trans_err"] < 0.4, "one of four is off by 1.6 m, and the last row is ranked first"


def test_lines_are_scored_as_culane_and_tusimple_do():
    stage = drive("log", 4)
    task = judged(stage)["lane_lines"]
    sides = []
    for name in ("truth", "auto"):
        points = LinePoints.of_lane_lines(stage.layer(name).lane_lines)
        scale = 1640 / 600
        points.points.values[:] = (points.points.values + 0.5) * scale - 0.5
        sides.append(points)
    for ours, theirs in zip(
        task["culane"], culane(*sides, image_hw=(round(400 * scale), 1640)), strict=False
    ):
        assert (ours["found"], ours["false"], ours["missed"]) == (theirs.tp, theirs.fp, theirs.fn)
        assert ours["width_px"] == theirs.width_px == 30
    scale, height = 1280 / 600, 400 * 1280 / 600
    rows = np.arange(round(height * 160 / 720), height, 10)
    tables = []
    for name in ("truth", "auto"):
        table = stage.layer(name).lane_lines
        table.rows.points.values[:] *= scale
        tables.append(RowLanes.of_lane_lines(table, rows))
    assert task["tusimple"]["accuracy"] == pytest.approx(tusimple(*tables, rows).accuracy)
    assert task["tusimple_repaired"]["f1"] == pytest.approx(tusimple_repaired(*tables, rows).f1)


def test_tusimple_is_not_given_where_its_scheme_ends():
    many = lines(*[[(50.0 + 80 * k, 390.0), (50.0 + 80 * k, 210.0)] for k in range(6)])
    task = judged(scene({n: layer(n, lane_lines=[many]) for n in ("truth", "auto")}, 1))["lane_lines"]
    assert task["tusimple"]["accuracy"] is None and task["tusimple"]["frames_with_too_many_lines"] == 1
    assert task["tusimple_repaired"]["accuracy"] == 1.0


def test_lights_are_scored_as_their_metric_does():
    stage = drive("log", 5, 6)
    task = judged(stage)["light_states"]
    scores = evaluate_lights(
        stage.layer("truth").traffic_lights, stage.layer("auto").traffic_lights, stage.frames.timestamp_ns
    )
    assert task["states"]["red"]["f1"] == pytest.approx(scores.state_f1("red"))
    assert task["bulbs"]["pck"]["0.1"] == pytest.approx(scores.pck(0.1))
    assert 0 < task["bulbs"]["oks"] <= 1 and task["bulbs"]["oks_housings"] == 6
    assert task["counts"]["wrong_class"] == 1, "the last one is green and labelled red"
    assert sum(task["timeline"]["wrong_class"]) == 1


def test_areas_name_the_classes_of_each_mean():
    truth, pred = road_map(200), road_map(180, sky=False)
    base = layer("truth", boxes2d=[boxes([])])
    stage = scene(
        {
            "truth": with_maps(base, {0: truth}, 1),
            "auto": with_maps(layer("auto", boxes2d=[boxes([])]), {0: pred}, 1),
        },
        1,
    )
    task = judged(stage)["label_map"]
    result = mean_iou(confusion_of([(truth, pred)], len(DRIVING)), DRIVING.names)
    road, paint = (float(result.iou[DRIVING.id_of(name)]) for name in ("road", "lane_marking"))
    assert task["mean_over"] == ["road", "lane_marking"]
    assert task["mean_iou"] == pytest.approx((road + paint) / 2)
    assert task["mean_iou_all_classes"] == pytest.approx((road + paint + 0) / 3)
    assert task["never_predicted"] == {"sky": int((truth == DRIVING.id_of("sky")).sum())}
    background = task["background"]["iou"]
    assert background == pytest.approx(180 / 200), "20 of 200 rows of sky are labelled as road"
    assert task["mean_iou_with_background"] == pytest.approx((road + paint + background) / 3)
    assert task["merged"]["any road"]["iou"] == pytest.approx(200 / 220)
    assert task["panoptic"]["classes"]["road"]["tp"] == 1
    outlines = boundary_iou(truth == DRIVING.id_of("lane_marking"), pred == DRIVING.id_of("lane_marking"))
    assert task["classes"]["lane_marking"]["boundary_iou"] == pytest.approx(outlines)


def test_repair_is_that_of_the_fewest_edits():
    stage = drive("log", 6)
    tasks, layers = judged(stage), [stage.layer(name) for name in ("truth", "auto")]
    for kind, effort in (
        ("boxes2d", boxes_effort(*(one.boxes2d for one in layers))),
        ("boxes3d", cuboids_effort(*(one.boxes3d for one in layers))),
        ("lane_lines", lanes_effort(*(one.lane_lines for one in layers))),
    ):
        ours = tasks[kind]["effort"]
        assert (ours["seconds"], ours["n_edits"]) == (effort.seconds, effort.edits)


def test_lights_are_counted_once_where_both_sides_have_them():
    box = (400, 50, 412, 86)
    rows = [boxes([(*box, LIGHT, 1, 1), (100, 200, 180, 280, CAR, 1, 2)])]
    lights = {"traffic_lights": Grouped.from_groups(TrafficLights, 1, [light(box, "red")])}

    def made(name: str, **more: Any) -> Layer:
        return Layer(name, DRIVING, tables={**layer(name, boxes2d=rows).tables, **more})

    both = judged(scene({"truth": made("truth", **lights), "auto": made("auto", **lights)}, 1))
    assert both["boxes2d"]["counts"]["truth"] == 1 and both["traffic_lights"]["counts"]["truth"] == 1
    assert (
        both["boxes2d"]["judged"] | {"as_lights_truth": 1, "as_lights_pred": 1} == both["boxes2d"]["judged"]
    )
    one = judged(scene({"truth": made("truth", **lights), "auto": made("auto")}, 1))
    assert one["boxes2d"]["counts"]["truth"] == 2 and "traffic_lights" not in one


def test_a_comparison_leaves_out_the_same_boxes_of_lights_on_both_sides():
    box = (400, 50, 412, 86)
    rows = [boxes([(*box, LIGHT, 1, 1), (100, 200, 180, 280, CAR, 1, 2)])]
    lights = {"traffic_lights": Grouped.from_groups(TrafficLights, 1, [light(box, "red")])}
    plain = layer("plain", boxes2d=rows)
    full = Layer("full", DRIVING, tables={**plain.tables, **lights})
    truth = Layer("truth", DRIVING, tables={**plain.tables, **lights})
    stage = scene({"truth": truth, "full": full, "plain": plain}, 1)
    for first, second, n in (("full", "plain", 1), ("plain", "full", 2)):
        log = evaluate_scene(stage, "truth", first, FEW)
        other = evaluate_scene(stage, "truth", second, FEW, like=log)
        told = metrics_json([log], FEW, [other])["comparison"]["tasks"]["boxes2d"]
        assert [told["counts"][side]["truth"] for side in ("pred", "other")] == [n, n]
        assert told["both_found"] == n


def test_cuboids_that_no_sensor_saw_do_not_count():
    cuboids = [cuboid(12, 0, 1), cuboid(20, 8, 2, 0), cuboid(20, -8, 3, -1), cuboid(30, 12, 4)]
    visible = [True, True, True, False]
    rows = Boxes3D.concat(
        [c.replace(attributes={"visible": [v]}) for c, v in zip(cuboids, visible, strict=True)]
    )
    truth = layer("truth", boxes3d=[rows])
    task = judged(scene({"truth": truth, "auto": layer("auto", boxes2d=[boxes([])])}, 1))["boxes2d"]
    assert task["counts"]["truth"] == 2, "one whose points nobody counted still counts"
    assert task["judged"]["ignored: too few lidar points"] == 1
    assert task["judged"]["ignored: not visible"] == 1
    in_3d = judged(scene({"truth": truth, "auto": layer("auto", boxes3d=[rows])}, 1))["boxes3d"]
    assert (in_3d["counts"]["truth"], in_3d["counts"]["ignored_truth"]) == (3, 1)
    assert in_3d["counts"]["ignored_pred"] == 1, "a label on it is neither right nor false"


def test_a_moving_car_taken_to_stand_is_in_a_table_of_its_own():
    fast = cuboid(12, 0, 1, velocity=[[3.0, 0, 0]])
    unsure = cuboid(25, 6, 2, velocity=[[np.nan, 0, 0]])
    truth = layer("truth", boxes3d=[Boxes3D.concat([fast, unsure])])
    pred = layer("auto", boxes3d=[Boxes3D.concat([cuboid(12, 0, 1), cuboid(25, 6, 2)])])
    task = judged(scene({"truth": truth, "auto": pred}, 1))["boxes3d"]
    assert task["motion"]["names"] == ["moving", "standing", "unknown"]
    assert task["motion"]["table"] == [[0, 1, 0], [0, 0, 0], [0, 1, 0]]
    assert task["slices"]["motion"]["moving"]["found"] == 1


def test_the_nearest_counted_sample_speaks_for_those_that_nobody_counted():
    samples = [cuboid(12, 0, 1, n) for n in (0, -1, -1, -1)]
    truth = layer("truth", boxes3d=samples)
    task = judged(scene({"truth": truth, "auto": layer("auto", boxes3d=samples)}, 4))["boxes3d"]
    assert task["judged"]["ignored: too few lidar points"] == 3, "samples come every half second"
    assert task["counts"]["truth"] == 1


def counts_in(value: Any, path: str = "") -> dict[str, int]:
    """Every whole number of a tree of numbers, by its place."""
    if isinstance(value, dict):
        found = {}
        for key, part in value.items():
            found |= counts_in(part, f"{path}/{key}")
        return found
    return {path: value} if isinstance(value, int) and not isinstance(value, bool) else {}


NOT_SUMS = ("/intervals/", "/curves/", "/ap/", "/track_lengths/", "width", "longest", "/merged/")


def test_every_count_of_every_kind_adds_up_over_logs():
    rules = Settings(resamples=0)
    logs = [evaluate_scene(drive(f"d{seed}", seed), "truth", "auto", rules) for seed in (1, 2, 3)]
    metrics = metrics_json(logs, rules)
    json.dumps(metrics, allow_nan=False)
    whole = counts_in(metrics["total"]["tasks"])
    parts = [counts_in(log["tasks"]) for log in metrics["logs"]]
    checked = 0
    for path, value in whole.items():
        if any(part in path for part in NOT_SUMS) or path.endswith(("/iou", "/at")):
            continue
        assert value == sum(part.get(path, 0) for part in parts), path
        checked += 1
    kinds = {"boxes2d", "boxes3d", "traffic_lights", "light_states", "lane_lines", "label_map"}
    assert set(metrics["total"]["tasks"]) == kinds and checked > 300


def test_with_few_tracks_there_is_no_interval_and_with_many_logs_logs_are_drawn():
    stage = drive("log", 2)
    one = judged(stage)["boxes2d"]["intervals"]["recall"]
    assert one["low"] is None and one["why"].startswith("too few for an interval: 1 log, 2 tracks; 10")
    enough = judged(stage, Settings(resamples=20, min_units=2))["boxes2d"]["intervals"]["recall"]
    assert enough["unit"] == "tracks" and enough["low"] <= enough["value"] <= enough["high"]
    logs = [evaluate_scene(drive(f"d{seed}", seed), "truth", "auto", FEW) for seed in range(1, 11)]
    total = metrics_json(logs, FEW, logs)
    many = total["total"]["tasks"]["lane_lines"]["intervals"]["f1"]
    assert (many["unit"], many["units"], many["why"]) == ("logs", 10, "")
    areas = total["total"]["tasks"]["label_map"]
    drawn = areas["intervals"]["mean_iou"]
    assert drawn["low"] <= drawn["value"] == pytest.approx(areas["mean_iou"]) and drawn["units"] == 10
    few = metrics_json(logs[:3], FEW)["total"]["tasks"]["label_map"]["intervals"]["mean_iou"]
    assert few["low"] is None and few["why"] == "too few logs for an interval: 3; 10 are needed"
    same = total["comparison"]["scores"]["boxes2d: HOTA"]
    assert same["difference"] == 0 and same["p"] == 1


def test_findings_of_every_kind_can_be_drawn():
    log = evaluate_scene(drive("log", 7, 8), "truth", "auto", Settings(resamples=0, iou=0.95, metres=0.2))
    kinds = {finding.kind for finding in log.findings}
    assert {"boxes2d", "boxes3d", "light_states"} <= kinds
    assert all(finding.shapes for finding in log.findings)
    bad = evaluate_scene(
        scene(
            {
                "truth": with_maps(all_kinds("truth", 0, 2), {0: road_map(120), 1: road_map(120)}, 2),
                "auto": with_maps(
                    layer("auto", lane_lines=[lines([(10, 20), (90, 380)])] * 2), {0: road_map(330)}, 2
                ),
            },
            2,
        ),
        "truth",
        "auto",
        FEW,
    )
    found = {finding.kind: finding for finding in bad.findings}
    assert found["label_map"].error == "missed" and "is not labelled" in found["label_map"].what
    assert found["lane_lines"].shapes[0].form == "line"


def test_maps_of_another_recording_or_size_are_refused():
    def stage(pred_map, n_frames):
        truth = with_maps(layer("truth", boxes2d=[boxes([])]), {0: road_map(200)}, 1)
        return scene({"truth": truth, "auto": with_maps(layer("auto"), {0: pred_map}, n_frames)}, 1)

    with pytest.raises(InvalidLabelError, match="label_map: expected maps of the scene's 1 frames, got 2"):
        judged(stage(road_map(200), 2))
    with pytest.raises(
        InvalidLabelError, match=r"frame 0: expected label maps of one size, got \(400, 600\)"
    ):
        judged(stage(road_map(200)[:300], 1))
    with pytest.raises(
        InvalidLabelError, match=r"frame 0: expected a category of taxonomy driving .*got 200"
    ):
        judged(stage(np.full((400, 600), 200, np.uint8), 1))


def test_without_a_library_for_average_precision_the_rest_is_still_told(monkeypatch, tmp_path):
    from drivelabel.evaluation.report import image_precision, write_report

    def absent(*arguments):
        raise MissingExtraError("hotcoco is not installed. Run: pip install 'drivelabel[evaluate]'")

    monkeypatch.setattr(image_precision, "coco_average_precision", absent)
    log = evaluate_scene(drive("log", 2), "truth", "auto", FEW)
    task = write_report(tmp_path, [log], settings=FEW)["total"]["tasks"]["boxes2d"]
    assert task["ap"] is None and "drivelabel[evaluate]" in task["ap_missing"]
    assert task["counts"]["truth"] == 8 and task["tracks"]["hota"] > 0
    assert "no average precision. hotcoco is not installed" in (tmp_path / "report.html").read_text("utf-8")


def test_a_class_that_is_none_of_ours_is_named_in_areas():
    mine = Taxonomy("mine", (Category("road", "#ff0000"), Category("gizmo", "#00ff00")))
    truth = np.zeros((400, 600), np.uint8)
    truth[:100] = 1
    truth[100:110] = VOID
    layers = {
        "truth": with_maps(layer("truth", mine, boxes2d=[boxes([])]), {0: truth}, 1),
        "auto": with_maps(layer("auto", boxes2d=[boxes([(1, 1, 9, 9, TRUCK, 1, 1)])]), {0: road_map(0)}, 1),
    }
    task = judged(scene(layers, 1))["label_map"]
    assert task["unmapped_pixels"] == {"truth": {"gizmo": 60_000}, "pred": {}}
    assert task["pixels"] == 290 * 600, "neither void nor unknown classes are judged"
