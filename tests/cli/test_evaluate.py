"""drivelabel evaluate and its script form."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
from pathlib import Path

import numpy as np
from evaluation.report.scenes import CAR, PERSON, boxes, layer, lines, random_layer, scene

from drivelabel.cli.main import main
from drivelabel.labels import Category, Grouped, Taxonomy
from drivelabel.storage import SceneStore


def stored(folder):
    generator = np.random.default_rng(3)
    layers = {name: random_layer(name, generator, 3) for name in ("truth", "auto")}
    SceneStore.create(folder, scene(layers, 3))
    return str(folder)


def test_evaluate_writes_the_numbers_and_the_page(tmp_path, capsys):
    place, out = stored(tmp_path / "a.scene"), tmp_path / "report"
    assert main(["evaluate", place, "--out", str(out), "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    written = json.loads((out / "metrics.json").read_text("utf-8"))
    assert printed["total"] == written["total"]
    assert "auto finds" in (out / "report.html").read_text("utf-8")
    assert main(["evaluate", place, "--out", str(out), "--baseline", str(out / "metrics.json")]) == 0
    assert "report.html" in capsys.readouterr().out


def test_a_layer_that_is_not_there_is_one_line(tmp_path, capsys):
    place = stored(tmp_path / "a.scene")
    assert main(["evaluate", place, "--out", str(tmp_path / "r"), "--truth", "trutj"]) == 1
    error = capsys.readouterr().err
    assert "no layer 'trutj'" in error and "Did you mean 'truth'?" in error and error.count("\n") == 1
    assert not (tmp_path / "r").exists()


def test_the_script_does_the_same(tmp_path, capsys):
    path = Path(__file__).parents[2] / "tools" / "evaluate_log.py"
    spec = importlib.util.spec_from_file_location("evaluate_log", path)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    place = stored(tmp_path / "a.scene")
    assert script.main([place, place, "--out", str(tmp_path / "r"), "--no-pictures"]) == 0
    assert (tmp_path / "r" / "report.html").is_file() and len(list((tmp_path / "r" / "logs").iterdir())) == 2
    assert script.main([str(tmp_path / "none"), "--out", str(tmp_path / "r")]) == 1
    assert capsys.readouterr().err.startswith("evaluate_log: ")


def damaged(folder, **layers):
    SceneStore.create(folder, scene(layers, 2))
    return str(folder)


def refused(capsys, arguments):
    """The one line on stderr of a command that must fail."""
    assert main(["evaluate", *arguments]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1, error
    return error


def opened(monkeypatch, stage):
    """Let the command see a scene as a damaged store would give it."""
    monkeypatch.setattr("drivelabel.cli.evaluating.open_scene", lambda location: stage)


A_CAR = (100, 100, 200, 200, CAR, 1, 1)


def test_labels_of_an_unknown_frame_are_refused(tmp_path, capsys, monkeypatch):
    truth, pred = layer("truth", boxes2d=[boxes([A_CAR])] * 2), layer("auto", boxes2d=[boxes([A_CAR])] * 3)
    opened(monkeypatch, scene({"truth": truth, "auto": pred}, 2))
    error = refused(capsys, ["x.scene", "--out", str(tmp_path / "r")])
    assert "layer 'auto', boxes2d: expected labels of the scene's 2 frames, got 3." in error
    assert not (tmp_path / "r").exists()


def test_a_score_that_is_no_number_is_refused(tmp_path, capsys, monkeypatch):
    truth = layer("truth", boxes2d=[boxes([A_CAR])] * 2)
    for kind, rows in (("boxes2d", boxes([A_CAR])), ("lane_lines", lines([(1, 1), (9, 99)]))):
        broken = type(rows)._trusted(rows.columns() | {"score": np.array([np.nan], np.float32)})
        table = Grouped(broken, np.array([0, 1, 1]), np.ones(2, bool))
        own = layer("truth", lane_lines=[lines([(1, 1), (9, 99)])] * 2, boxes2d=[boxes([A_CAR])] * 2)
        pred = dataclasses.replace(truth, name="auto", tables={kind: table})
        opened(monkeypatch, scene({"truth": own, "auto": pred}, 2))
        error = refused(capsys, ["x.scene", "--out", str(tmp_path / "r")])
        assert f"layer 'auto', {kind}, row 0: expected a score in [0, 1], got nan." in error
        assert "give it one or drop it" in error


def test_without_truth_there_are_no_numbers_but_a_reason(tmp_path, capsys):
    empty = layer("truth", boxes2d=[None, None])
    pred = layer("auto", boxes2d=[boxes([A_CAR])] * 2, lane_lines=[lines([(1, 1), (9, 99)])] * 2)
    place = damaged(tmp_path / "a.scene", truth=empty, auto=pred)
    error = refused(capsys, [place, "--out", str(tmp_path / "r")])
    assert "can judge nothing of layer 'auto'" in error
    assert "boxes2d: the truth has none; 2 labels were not judged." in error
    assert "lane_lines: the truth has none" in error


def test_truth_that_is_empty_is_truth(tmp_path, capsys):
    truth, pred = layer("truth", boxes2d=[boxes([])] * 2), layer("auto", boxes2d=[boxes([A_CAR])] * 2)
    place = damaged(tmp_path / "a.scene", truth=truth, auto=pred)
    assert main(["evaluate", place, "--out", str(tmp_path / "r"), "--json"]) == 0
    task = json.loads(capsys.readouterr().out)["total"]["tasks"]["boxes2d"]
    assert (task["counts"]["false"], task["counts"]["recall"], task["counts"]["precision"]) == (2, None, 0.0)
    assert task["intervals"]["ap"]["value"] is None, "an average precision without truth is none, not zero"
    assert task["ap"] is None or task["curves"]["car"]["AP"] is None


def test_layers_of_two_taxonomies_are_judged_in_ours_and_the_rest_is_counted(tmp_path, capsys):
    mine = Taxonomy("mine", (Category("car", "#ff0000"), Category("gizmo", "#00ff00")))
    truth = layer("truth", mine, boxes2d=[boxes([(*A_CAR[:4], 0, 1, 1), (300, 9, 350, 90, 1, 1, 2)])] * 2)
    pred = layer("auto", boxes2d=[boxes([A_CAR, (300, 9, 350, 90, PERSON, 1, 2)])] * 2)
    place, out = damaged(tmp_path / "a.scene", truth=truth, auto=pred), tmp_path / "r"
    assert main(["evaluate", place, "--out", str(out), "--json"]) == 0
    task = json.loads(capsys.readouterr().out)["logs"][0]["tasks"]["boxes2d"]
    assert task["classes"]["truth"] == {"taxonomy": "mine", "merged": {}, "unmapped": {"gizmo": 2}}
    assert (task["counts"]["found"], task["counts"]["not_judged"], task["counts"]["false"]) == (2, 2, 0)
    html = (out / "report.html").read_text("utf-8")
    assert "2 rows of the truth have a class that is none of ours" in html
    assert "2 labels are of classes that the truth" in html


def test_rules_are_set_by_name_and_stand_in_the_report(tmp_path, capsys):
    moved = (130, 100, 230, 200, CAR, 1, 1)
    truth, pred = layer("truth", boxes2d=[boxes([A_CAR])] * 2), layer("auto", boxes2d=[boxes([moved])] * 2)
    place, out = damaged(tmp_path / "a.scene", truth=truth, auto=pred), tmp_path / "r"
    found = []
    for rule in ("iou=0.5", "iou=0.6"):
        rules = ["--set", rule, "--set", "lane_widths=16/1000", "--set", "distance_edges=0,50"]
        assert main(["evaluate", place, "--out", str(out), "--json", *rules]) == 0
        written = json.loads(capsys.readouterr().out)
        found.append(written["total"]["tasks"]["boxes2d"]["counts"]["found"])
    assert found == [2, 0], "the boxes overlap by 0.54"
    assert written["settings"]["lane_widths"] == [[16.0, 1000.0]]
    html = (out / "report.html").read_text("utf-8")
    assert "IoU from 0.6 on" in html and "16 of 1,000" in html


def test_a_rule_that_is_none_is_refused(tmp_path, capsys):
    for rule, wanted in (
        ("iuo=0.6", "no 'iuo'. Did you mean 'iou'?"),
        ("iou", "expected name=value"),
        ("iou=much", "setting iou: expected a value like 0.5, got 'much'."),
        ("iou=1.5", "settings.iou: expected a number in [0, 1], got 1.5."),
        ("size_edges=9,3", "settings.size_edges: expected rising numbers from 0 on"),
        ("lane_widths=3", "settings.lane_widths: expected pairs such as 30/1640"),
        ("iou=nan", "settings.iou: expected a number in [0, 1], got nan."),
    ):
        assert wanted in refused(capsys, ["x.scene", "--out", str(tmp_path / "r"), "--set", rule])
