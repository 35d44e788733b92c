from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from drivelabel.cli.picture import row_of_frame
from drivelabel.labels import Boxes2D
from drivelabel.storage import SceneStore, open_scene
from tests.cli.conftest import IMAGE_HW, T0, Run, RunJson


def test_info_tells_what_a_scene_holds(run_json: RunJson, location: str) -> None:
    facts = run_json("info", location)
    assert facts["name"] == "drive"
    assert (facts["frames"], facts["sweeps"], facts["samples"], facts["poses"]) == (4, 0, 0, 2)
    assert facts["path_metres"] == 5.0
    assert facts["start_ns"] == T0
    assert facts["seconds"] == 1.0
    assert facts["commits"] == 1
    assert facts["sensors"][0] == {
        "channel": "cam_front",
        "kind": "camera",
        "records": 2,
        "hz": 1.0,
        "calibrated": False,
        "height": 120,
        "width": 160,
    }
    (layer,) = facts["layers"]
    assert layer["kinds"]["boxes2d"] == {"rows": 2, "labelled": 3, "tracks": 1, "classes": {"car": 2}}


def test_info_for_people_says_the_same(run: Run, location: str) -> None:
    code, out, err = run("info", location)
    assert (code, err) == (0, "")
    assert "drive\n  from 2020-09-13 12:26:40 UTC, 1.0 s\n  4 frames, 0 lidar sweeps, 0 samples\n" in out
    assert "2 poses, path 5.0 m" in out
    assert "layer auto by drivelabel, taxonomy driving" in out
    assert "car 2" in out


def test_show_draws_the_frame_with_its_labels(run_json: RunJson, location: str, tmp_path: Path) -> None:
    out = tmp_path / "pictures" / "a.png"
    facts = run_json("show", location, "--frame", "1", "--out", str(out))
    picture = cv2.imread(str(out))
    assert picture is not None
    assert facts == {
        "out": str(out),
        "frame": 1,
        "camera": "cam_front",
        "width": picture.shape[1],
        "height": picture.shape[0],
    }
    assert picture.shape[0] > IMAGE_HW[0]
    orange = (np.abs(picture.astype(int) - (0, 170, 255)).sum(axis=2) < 60).sum()
    assert orange > 50
    assert [path.name for path in out.parent.iterdir()] == ["a.png"]


def test_frames_are_counted_within_the_camera_that_is_given(run_json: RunJson, location: str) -> None:
    out = str(Path(location).parent / "b.jpg")
    facts = run_json("show", location, "--frame", "1", "--camera", "cam_back", "--out", out)
    assert (facts["frame"], facts["camera"]) == (3, "cam_back")


def test_all_cameras_make_one_picture(run_json: RunJson, location: str) -> None:
    out = str(Path(location).parent / "all.png")
    facts = run_json("show", location, "--frame", "0", "--camera", "all", "--out", out)
    assert facts["width"] >= 2 * IMAGE_HW[1]


def test_pictures_can_be_scaled(run_json: RunJson, location: str) -> None:
    out = str(Path(location).parent / "c.png")
    facts = run_json("show", location, "--frame", "0", "--scale", "2", "--out", out)
    assert facts["width"] == 2 * IMAGE_HW[1]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--frame", "0", "--camera", "cam_frnt"), "no sensor 'cam_frnt'. Did you mean 'cam_front'?"),
        (("--frame", "2", "--camera", "cam_front"), "cam_front has no frame 2. It has 2, counted from 0."),
        (("--frame", "99"), "no frame 99. It has 4, from 0 to 3."),
        (("--frame", "0", "--layer", "trth"), "no layer 'trth'."),
        (("--frame", "3", "--at", "zzzz"), "no commit with an id that starts with 'zzzz'"),
    ],
)
def test_what_cannot_be_shown_is_said(
    run: Run, location: str, words: tuple[str, ...], complaint: str
) -> None:
    out = Path(location).parent / "d.png"
    code, _, err = run("show", location, *words, "--out", str(out))
    assert code == 1
    assert complaint in err
    assert not out.exists()


def test_a_picture_of_an_unknown_kind_is_refused(run: Run, location: str) -> None:
    code, _, err = run("show", location, "--frame", "0", "--out", "a.gif")
    assert code == 1
    assert "a.gif: expected a name that ends in .png, .jpg, .jpeg." in err


def test_a_missing_image_names_the_frame(run: Run, location: str) -> None:
    (Path(location).parent / "2.png").unlink()
    out = str(Path(location).parent / "e.png")
    code, _, err = run("show", location, "--frame", "0", "--camera", "cam_back", "--out", out)
    assert code == 1
    assert "drive, frame 2 of cam_back" in err


def test_without_a_camera_frames_are_rows_of_the_scene(location: str) -> None:
    scene = open_scene(location)
    assert row_of_frame(scene, 3, None) == 3
    assert row_of_frame(scene, 0, "cam_back") == 2


def test_the_history_is_listed_and_restored(run: Run, run_json: RunJson, location: str) -> None:
    store = SceneStore.open(location)
    with store.edit("Delete the box", author="ann") as edit:
        edit.set("auto", 0, Boxes2D.empty())
    commits = run_json("log", location)["commits"]
    assert [commit["message"] for commit in commits] == ["Delete the box", "Ingest drive"]
    assert commits[0]["author"] == "ann"
    assert commits[0]["parent"] == commits[1]["id"]
    code, out, _ = run("log", location, "-n", "1")
    assert code == 0
    assert out.splitlines()[1].startswith(commits[0]["id"][:8])
    assert len(out.splitlines()) == 2

    assert len(store.scene().layer("auto").boxes2d[0]) == 0
    facts = run_json("restore", location, commits[1]["id"][:10])
    assert facts["changed"]
    assert len(SceneStore.open(location).scene().layer("auto").boxes2d[0]) == 1
    assert len(run_json("log", location)["commits"]) == 3


def test_restoring_what_is_there_says_so(run: Run, location: str) -> None:
    code, out, _ = run("restore", location, "HEAD")
    assert code == 0
    assert "is already as it was at HEAD" in out


def test_an_unknown_commit_cannot_be_restored(run: Run, location: str) -> None:
    code, _, err = run("restore", location, "HEAD~9")
    assert code == 1
    assert "the history has only 1 commits" in err


def test_export_reports_what_was_kept(run_json: RunJson, location: str) -> None:
    out = Path(location).parent / "coco.json"
    report = run_json("export", "coco", location, str(out))
    assert report["format"] == "coco"
    assert {entry["object"] for entry in report["kept"]} >= {"boxes2d"}
    assert len(json.loads(out.read_text())["annotations"]) == 2


def test_an_unknown_format_suggests_the_nearest(run: Run, location: str) -> None:
    code, _, err = run("export", "cocoo", location, "x.json")
    assert code == 1
    assert "no format 'cocoo'. Did you mean 'coco'?" in err


def test_a_folder_of_images_is_ingested(run_json: RunJson, tmp_path: Path) -> None:
    folder = tmp_path / "images"
    folder.mkdir()
    for row in range(3):
        cv2.imwrite(str(folder / f"{row}.png"), np.full((40, 60, 3), 50 * row, np.uint8))
    out = str(tmp_path / "new.scene")
    facts = run_json("ingest", str(folder), out, "--hz", "10", "--name", "walk", "--copy")
    assert facts == {
        "scene": out,
        "name": "walk",
        "cameras": ["cam_front"],
        "lidars": [],
        "frames": 3,
        "sweeps": 0,
        "layers": [],
    }
    for path in folder.iterdir():
        path.unlink()
    run_json("show", out, "--frame", "2", "--out", str(tmp_path / "f.png"))


def test_ingest_says_what_it_found(run: Run, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "0.png"), np.zeros((40, 60, 3), np.uint8))
    code, out, _ = run("ingest", str(tmp_path), str(tmp_path / "n.scene"), "--hz", "10")
    assert code == 0
    assert out == f"{tmp_path}/n.scene: 1 camera, 1 frame\n"


def test_a_source_that_is_not_there_is_an_error(run: Run, tmp_path: Path) -> None:
    code, _, err = run("ingest", str(tmp_path / "no.mp4"), str(tmp_path / "n.scene"))
    assert code == 1
    assert "no.mp4" in err
    assert not (tmp_path / "n.scene").exists()


def test_models_are_listed_with_their_places(
    run: Run, run_json: RunJson, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRIVELABEL_MODELS", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "yolox_nano.onnx").write_bytes(b"not the weights")
    models = {facts["name"]: facts for facts in run_json("models", "list")["models"]}
    assert models["yolox_nano.onnx"]["path"] == str(tmp_path / "yolox_nano.onnx")
    assert models["twinlitenet.onnx"]["path"] is None
    assert run_json("models", "info", "yolox_nano")["licence"] == "Apache-2.0"
    code, out, _ = run("models", "verify")
    assert code == 1
    assert "altered or not the published file" in out
    assert "not here" in out


def test_an_unknown_model_suggests_the_nearest(run: Run) -> None:
    code, _, err = run("models", "info", "yolox_nan")
    assert code == 1
    assert "no known weight file 'yolox_nan'. Did you mean 'yolox_nano.onnx'?" in err


def test_doctor_checks_the_store(run_json: RunJson) -> None:
    facts = run_json("doctor")
    assert facts["checks"]["store"] == "works"
    assert facts["core"]["numpy"] == np.__version__
    assert set(facts["extras"]) == {"models", "lidar", "nuscenes", "rerun"}
