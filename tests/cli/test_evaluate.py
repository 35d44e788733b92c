"""drivelabel evaluate and its script form."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import numpy as np
from evaluation.report.scenes import random_layer, scene

from drivelabel.cli.main import main
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
