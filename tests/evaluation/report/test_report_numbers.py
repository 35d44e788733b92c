"""What the report counts, and how it refuses what it cannot judge."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from evaluation.report.scenes import CAR, PERSON, SECOND, TRUCK, boxes, layer, lines, random_layer, scene
from hypothesis import given, settings
from hypothesis import strategies as st

from drivelabel.errors import InvalidLabelError, SceneLookupError
from drivelabel.evaluation.report import Settings, evaluate_scene, metrics_json, projected_truth
from drivelabel.evaluation.report.html.headline import beside
from drivelabel.labels import COCO, INTERPOLATED, Boxes3D, Category, Grouped, Tags, Taxonomy

FEW = Settings(resamples=20)
A_BOX, ANOTHER = (100, 100, 200, 200), (300, 100, 400, 200)


def counts_of(truth, pred, **more):
    log = evaluate_scene(
        scene({"truth": truth, "auto": pred}, len(truth.tables["boxes2d"])), "truth", "auto", FEW
    )
    return metrics_json([log], FEW)["total"]["tasks"]["boxes2d"]


def test_every_kind_of_error_is_named():
    truth = layer(
        "truth",
        boxes2d=[
            boxes([(*A_BOX, CAR, 1, 1), (*ANOTHER, CAR, 1, 2)]),
            boxes([(*A_BOX, CAR, 1, 1), (*ANOTHER, PERSON, 1, 3)]),
        ],
    )
    pred = layer(
        "auto",
        boxes2d=[
            boxes([(*A_BOX, CAR, 0.9, 1), (102, 100, 202, 200, CAR, 0.5, 4), (*ANOTHER, TRUCK, 0.8, 2)]),
            boxes([(150, 100, 250, 200, CAR, 0.9, 1), (10, 300, 60, 350, CAR, 0.3, 5)]),
        ],
    )
    counts = counts_of(truth, pred)["counts"]
    shown = {k: counts[k] for k in ("truth", "found", "wrong_class", "loose", "missed")}
    assert shown == {"truth": 4, "found": 1, "wrong_class": 1, "loose": 1, "missed": 1}
    assert (counts["pred"], counts["right"], counts["duplicate"], counts["false"]) == (5, 1, 1, 1)


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1))
def test_counts_are_complete_and_those_of_logs_add_up_to_the_total(seed):
    generator = np.random.default_rng(seed)
    logs = []
    for name in ("a", "b", "c"):
        pair = {n: random_layer(n, generator, 3) for n in ("truth", "auto")}
        logs.append(evaluate_scene(scene(pair, 3, name), "truth", "auto", FEW))
    metrics = metrics_json(logs, Settings(resamples=0))
    json.dumps(metrics, allow_nan=False)
    total = metrics["total"]["tasks"]["boxes2d"]
    parts = [log["tasks"]["boxes2d"] for log in metrics["logs"]]
    for key, value in total["counts"].items():
        if isinstance(value, int):
            assert value == sum(part["counts"][key] for part in parts)
    c = total["counts"]
    assert c["truth"] == c["found"] + c["wrong_class"] + c["loose"] + c["missed"]
    assert c["pred"] == c["right"] + c["pred_wrong_class"] + c["pred_loose"] + c["duplicate"] + c["false"]
    assert (c["found"], c["wrong_class"], c["loose"]) == (c["right"], c["pred_wrong_class"], c["pred_loose"])
    for slices in total["slices"].values():
        assert sum(one["truth"] for one in slices.values()) == c["truth"]
        assert sum(one["pred"] for one in slices.values()) == c["pred"]
    assert np.sum(total["confusion"]["table"]) == c["truth"] + c["pred"] - c["found"] - c["wrong_class"]
    line = parts[0]["timeline"]
    assert sum(line["missed"]) == parts[0]["counts"]["missed"]
    assert sum(line["pred"]) == parts[0]["counts"]["pred"]


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1))
def test_average_precision_equals_pycocotools(seed):
    pytest.importorskip("pycocotools")
    generator = np.random.default_rng(seed)
    truth, pred = (random_layer(name, generator, 4) for name in ("truth", "auto"))
    if not len(truth.boxes2d.rows) or not len(pred.boxes2d.rows):
        return
    ours = counts_of(truth, pred)["curves"]
    for name, (ap, ap50) in _coco(truth, pred).items():
        assert ours[name]["AP"] == pytest.approx(ap, abs=1e-9)
        assert ours[name]["AP50"] == pytest.approx(ap50, abs=1e-9)


def _coco(truth, pred):
    import contextlib
    import io

    from pycocotools.coco import COCO as Coco
    from pycocotools.cocoeval import COCOeval

    def rows(side):
        table, group = side.boxes2d.rows, side.boxes2d.group_of_row
        for i in range(len(table)):
            x0, y0, x1, y1 = table.xyxy[i].astype(float).tolist()
            yield {
                "id": i + 1,
                "image_id": int(group[i]),
                "category_id": int(table.category_id[i]),
                "bbox": [x0, y0, x1 - x0, y1 - y0],
                "area": (x1 - x0) * (y1 - y0),
                "iscrowd": 0,
                "score": float(table.score[i]),
            }

    names = {CAR: "car", TRUCK: "truck", PERSON: "pedestrian"}
    with contextlib.redirect_stdout(io.StringIO()):
        coco = Coco()
        coco.dataset = {
            "images": [{"id": i} for i in range(4)],
            "categories": [{"id": k} for k in names],
            "annotations": list(rows(truth)),
        }
        coco.createIndex()
        judge = COCOeval(coco, coco.loadRes(list(rows(pred))), "bbox")
        judge.evaluate()
        judge.accumulate()
    precision = judge.eval["precision"][:, :, :, 0, 2]
    cats = judge.params.catIds
    found = {}
    for k, cat in enumerate(cats):
        if (precision[:, :, k] > -1).all():
            found[names[cat]] = (precision[:, :, k].mean(), precision[0, :, k].mean())
    return found


def test_a_frame_without_prediction_counts_as_empty_and_is_counted():
    truth = layer("truth", boxes2d=[boxes([(*A_BOX, CAR, 1, 1)]), boxes([(*A_BOX, CAR, 1, 1)]), None])
    pred = layer("auto", boxes2d=[boxes([(*A_BOX, CAR, 0.9, 1)]), None, boxes([(*A_BOX, CAR, 0.9, 1)])])
    task = counts_of(truth, pred)
    assert task["judged"] | {"groups": 2, "pred_unlabelled": 1} == task["judged"]
    assert (task["counts"]["truth"], task["counts"]["found"], task["counts"]["pred"]) == (2, 1, 1)


def test_layers_of_different_taxonomies_meet_and_what_has_no_class_is_named():
    mine = Taxonomy("mine", (Category("car", "#ff0000"), Category("gizmo <b>", "#00ff00")))
    truth = layer("truth", mine, boxes2d=[boxes([(*A_BOX, 0, 1, 1), (*ANOTHER, 1, 1, 2)])])
    car, bench = COCO.id_of("car"), COCO.id_of("person")
    pred = layer("auto", COCO, boxes2d=[boxes([(*A_BOX, car, 0.9, 1), (*ANOTHER, bench, 0.9, 2)])])
    log = evaluate_scene(scene({"truth": truth, "auto": pred}, 1), "truth", "auto", FEW)
    task = metrics_json([log], FEW)["logs"][0]["tasks"]["boxes2d"]
    assert task["counts"]["found"] == 1
    assert task["classes"]["truth"]["unmapped"] == {"gizmo <b>": 1}
    assert task["counts"]["not_judged"] == 1, "the truth's author labels no people"
    assert task["counts"]["false"] == 0


def test_filled_rows_are_scored_with_and_without():
    truth = layer("truth", boxes2d=[boxes([(*A_BOX, CAR, 1, 1)]), boxes([(*A_BOX, CAR, 1, 1, INTERPOLATED)])])
    pred = layer("auto", boxes2d=[boxes([(*A_BOX, CAR, 1, 1, INTERPOLATED)]), boxes([(*A_BOX, CAR, 1, 1)])])
    filled = counts_of(truth, pred)["filled"]
    assert (filled["truth_rows"], filled["pred_rows"]) == (1, 1)
    assert (filled["without_filled_pred"]["truth"], filled["without_filled_pred"]["found"]) == (2, 1)
    assert (filled["without_filled_truth"]["truth"], filled["without_filled_truth"]["found"]) == (1, 1)


def test_tracks_tell_switches_and_gaps():
    frames = [boxes([(*A_BOX, CAR, 1, 7)])] * 5
    pred = [boxes([(*A_BOX, CAR, 1, track)]) for track in (1, 1, 2)]
    pred += [boxes([(*ANOTHER, CAR, 1, 9)]), boxes([(*A_BOX, CAR, 1, 2)])]
    tracks = counts_of(layer("truth", boxes2d=frames), layer("auto", boxes2d=pred))["tracks"]
    assert (tracks["tracks"], tracks["idsw"], tracks["frag"]) == (1, 1, 1)
    assert tracks["idtp"] == 2 and tracks["idf1"] == pytest.approx(2 * 2 / (5 + 5))


def test_tags_are_slices():
    truth = layer("truth", boxes2d=[boxes([(*A_BOX, CAR, 1, 1)])] * 2)
    tags = [Tags(score=[1.0], attributes={"time_of_day": [v]}) for v in ("day", "night")]
    truth = dataclasses.replace(truth, tables={**truth.tables, "tags": Grouped.from_groups(Tags, 2, tags)})
    pred = layer("auto", boxes2d=[boxes([(*A_BOX, CAR, 0.9, 1)]), boxes([])])
    slices = counts_of(truth, pred)["slices"]["tag: time_of_day"]
    assert {name: one["recall"] for name, one in slices.items()} == {"day": 1.0, "night": 0.0}


def test_lane_lines_name_their_width_and_a_shift_shows_at_the_thin_one():
    line, moved = [(200.0, 390.0), (260.0, 210.0)], [(204.0, 390.0), (264.0, 210.0)]
    pair = {
        "truth": layer("truth", lane_lines=[lines(line)]),
        "auto": layer("auto", lane_lines=[lines(moved)]),
    }
    log = evaluate_scene(scene(pair, 1), "truth", "auto", FEW)
    lanes = metrics_json([log], FEW)["total"]["tasks"]["lane_lines"]
    wide, wide75, thin, _ = lanes["culane"]
    assert (wide["width_px"], wide["of_image_width_px"], wide["iou"], wide75["iou"]) == (30, 1640, 0.5, 0.75)
    assert thin["width_px"] == 8 and thin["f1"] == 0.0
    assert lanes["effort"]["edits"]["accept"] == 1, "4 px are near enough to leave it"


def cuboid(x, y, category=CAR, track=1, size=(4.0, 2.0, 1.5), velocity=(0, 0, 0)):
    return Boxes3D(
        timestamp_ns=[0], center=[[x, y, 0.75]], size_lwh=[size], quat_wxyz=[[1.0, 0, 0, 0]],
        category_id=[category], velocity=[velocity], track_id=[track],
    )  # fmt: skip


def test_cuboids_judge_image_boxes_by_their_projection():
    near, hidden, far = cuboid(12, 0), cuboid(20, 0, track=2), cuboid(90, 20, track=3)
    truth = layer("truth", boxes3d=[Boxes3D.concat([near, hidden, far])] * 2)
    stage = scene({"truth": truth, "auto": layer("auto", boxes2d=[boxes([])] * 2)}, 2)
    seen = projected_truth(stage, 0, truth.boxes3d[0])
    assert seen.row.tolist() == [0, 1, 2]
    assert seen.hidden[0] == 0 and seen.hidden[1] > 0.9
    pred = layer("auto", boxes2d=[boxes([(*seen.xyxy[0], CAR, 0.9, 1)]), None])
    log = evaluate_scene(scene({"truth": truth, "auto": pred}, 2), "truth", "auto", FEW)
    task = metrics_json([log], FEW)["logs"][0]["tasks"]["boxes2d"]
    assert task["counts"]["truth"] == 2 and task["counts"]["ignored_truth"] == 4
    assert (task["counts"]["found"], task["counts"]["missed"]) == (1, 1)
    assert task["slices"]["distance"]["10–20 m"]["truth"] == 2
    assert "boxes3d" in log.not_judged


def test_a_projected_cuboid_moves_to_the_frames_own_time():
    moving = cuboid(12, 0, velocity=(2.0, 0, 0))
    stage = scene({"truth": layer("truth", boxes3d=[moving] * 2)}, 2)
    assert projected_truth(stage, 1, moving).center[0, 0] == pytest.approx(13.0)
    assert stage.frames.timestamp_ns[1] == SECOND // 2


def test_cuboids_are_matched_by_the_distance_of_their_centres():
    pair = {
        "truth": layer("truth", boxes3d=[Boxes3D.concat([cuboid(10, 0), cuboid(30, 0, track=2)])]),
        "auto": layer("auto", boxes3d=[Boxes3D.concat([cuboid(11.5, 0), cuboid(33, 0, track=2)])]),
    }
    task = metrics_json([evaluate_scene(scene(pair, 1), "truth", "auto", FEW)], FEW)["total"]["tasks"][
        "boxes3d"
    ]
    assert (task["counts"]["found"], task["counts"]["loose"]) == (1, 1)
    assert task["placement"]["mean"] == pytest.approx(1.5)


def test_what_cannot_be_judged_is_an_error_that_says_why():
    some = layer("truth", boxes2d=[boxes([(*A_BOX, CAR, 1, 1)])])
    with pytest.raises(SceneLookupError, match="no layer 'auto'"):
        evaluate_scene(scene({"truth": some}, 1), "truth", "auto")
    empty = layer("truth", boxes2d=[None])
    with pytest.raises(InvalidLabelError, match=r"can judge nothing .*has not labelled a single frame"):
        evaluate_scene(
            scene({"truth": empty, "auto": dataclasses.replace(some, name="auto")}, 1), "truth", "auto"
        )
    with pytest.raises(InvalidLabelError, match="two layers"):
        evaluate_scene(scene({"truth": some}, 1), "truth", "truth")


def test_labels_of_an_unknown_frame_and_scores_that_are_no_number_are_errors():
    some = layer("truth", boxes2d=[boxes([(*A_BOX, CAR, 1, 1)])])
    long = layer("auto", boxes2d=[boxes([]), boxes([(*A_BOX, CAR, 1, 1)])])
    with pytest.raises(InvalidLabelError, match="expected labels of the scene's 1 frames, got 2"):
        evaluate_scene(scene({"truth": some, "auto": long}, 1), "truth", "auto")
    rows = some.boxes2d.rows
    broken = Boxes2DTrusted(rows, np.array([np.nan], np.float32))
    bad = dataclasses.replace(
        some, name="auto", tables={"boxes2d": Grouped(broken, np.array([0, 1]), np.ones(1, bool))}
    )
    with pytest.raises(InvalidLabelError, match=r"row 0: expected a score in \[0, 1\], got nan"):
        evaluate_scene(scene({"truth": some, "auto": bad}, 1), "truth", "auto")


def Boxes2DTrusted(rows, score):
    """A table as a damaged store would give it: nothing is checked."""
    return type(rows)._trusted(rows.columns() | {"score": score})


def test_a_better_prediction_is_better_with_significance_and_itself_is_not():
    generator = np.random.default_rng(0)
    truth = random_layer("truth", generator, 12)
    perfect = dataclasses.replace(truth, name="auto")
    noise = random_layer("noise", generator, 12)
    stage = scene({"truth": truth, "auto": perfect, "noise": noise}, 12)
    few = Settings(resamples=200)
    a, b = (evaluate_scene(stage, "truth", name, few) for name in ("auto", "noise"))
    numbers = metrics_json([a], few, [b])["comparison"]["tasks"]["boxes2d"]["numbers"]
    assert numbers["recall"]["difference"] > 0 and numbers["recall"]["p"] < 0.05
    assert numbers["recall"]["low"] > 0
    told = beside(metrics_json([a], few, [b]))
    assert told.startswith("Against noise: F1 of objects +") and "(p 0.0" in told
    assert beside(metrics_json([a], few, [a])) == ("Against auto: no difference worth a decision in objects.")
    same = metrics_json([a], few, [a])["comparison"]["tasks"]["boxes2d"]["numbers"]
    assert same["recall"]["difference"] == 0 and same["recall"]["p"] == 1
    interval = metrics_json([b], few)["total"]["tasks"]["boxes2d"]["intervals"]["recall"]
    assert interval["low"] <= interval["value"] <= interval["high"] and interval["unit"] == "tracks"
