"""import, export, convert and formats, with a small format of our own."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from security.seeds import small_data

from drivelabel.formats import known
from drivelabel.labels import Boxes2D
from drivelabel.storage import SceneStore, open_scene
from tests.cli.conftest import Run, RunJson


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint("tiny", "tests.cli.tiny_format:FORMAT", known.ENTRY_POINTS)
    monkeypatch.setattr(known, "_plugins", lambda: {"tiny": point})
    monkeypatch.setattr(known, "_HOMES", {})


IMAGES: list[dict[str, Any]] = [
    {"file": "a.png", "hw": [40, 60], "split": "train", "boxes": [[1, 2, 10, 20, "car"]]},
    {"file": "b.png", "hw": [40, 60], "split": "val", "boxes": [[3, 4, 5, 6, "cat"], [0, 0, 9, 9, "car"]]},
    {"file": "gone.png", "hw": [30, 30], "split": "train", "boxes": []},
]


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    """A file of three images in two splits; the last one's file is missing."""
    folder = tmp_path / "data"
    folder.mkdir()
    for name in ("a.png", "b.png"):
        cv2.imwrite(str(folder / name), np.full((40, 60, 3), 90, np.uint8))
    path = folder / "labels.json"
    path.write_text(json.dumps({"names": ["car", "cat"], "images": IMAGES}))
    return path


@pytest.fixture
def imported(run_json: RunJson, labels: Path, tmp_path: Path) -> str:
    out = str(tmp_path / "set.scene")
    run_json("import", "tiny", str(labels), out)
    return out


def test_labels_become_a_scene_with_hashed_sources(run_json: RunJson, labels: Path, tmp_path: Path) -> None:
    out = tmp_path / "set.scene"
    (made,) = run_json("import", "tiny", str(labels), str(out))["scenes"]
    assert (made["scene"], made["frames"], made["layers"]) == (str(out), 3, ["truth"])
    assert made["report"]["dropped"] == []
    scene = open_scene(out)
    assert [source.path for source in scene.sources] == [f"../data/{n}.png" for n in ("a", "b", "gone")]
    assert [bool(source.sha256) for source in scene.sources] == [True, True, False]
    assert SceneStore.open(out).log()[0].parameters["format"] == "tiny"


def test_images_can_be_copied_when_all_are_there(run: Run, labels: Path, tmp_path: Path) -> None:
    code, _, err = run("import", "tiny", str(labels), str(tmp_path / "s.scene"), "--copy")
    assert code == 1
    assert "gone.png: cannot be copied into the scene" in err
    assert not (tmp_path / "s.scene").exists()


def test_info_counts_images_splits_and_classes(run: Run, run_json: RunJson, imported: str) -> None:
    facts = run_json("info", imported)
    assert facts["images"] == {"count": 3, "splits": {"train": 2, "val": 1}}
    _, text, _ = run("info", imported)
    assert "3 images without a drive\n  train 2, val 1\n" in text
    assert "boxes2d     3         3       0  car 2, cat 1" in text


def test_export_gives_back_what_was_imported(
    run_json: RunJson, imported: str, labels: Path, tmp_path: Path
) -> None:
    out = tmp_path / "again.json"
    report = run_json("export", "tiny", imported, str(out), "--layer", "truth", "--option", "indent=1")
    assert report["dropped"] == report["approximated"] == []
    written, read = json.loads(out.read_text()), json.loads(labels.read_text())
    assert "\n" in out.read_text()
    assert [i["boxes"] for i in written["images"]] == [i["boxes"] for i in read["images"]]
    assert [i["split"] for i in written["images"]] == ["train", "val", "train"]


def test_the_format_is_found_by_looking(run_json: RunJson, labels: Path, tmp_path: Path) -> None:
    (made,) = run_json("import", "auto", str(labels), str(tmp_path / "s.scene"))["scenes"]
    assert made["report"]["format"] == "tiny"


def test_ingest_knows_the_formats_too(run_json: RunJson, labels: Path, tmp_path: Path) -> None:
    (made,) = run_json("ingest", str(labels), str(tmp_path / "s.scene"), "--format", "tiny")["scenes"]
    assert made["frames"] == 3


def test_every_drive_becomes_a_scene_or_the_one_that_is_named(
    run: Run, run_json: RunJson, labels: Path, tmp_path: Path
) -> None:
    (labels.parent / "other.json").write_text(labels.read_text())
    out = tmp_path / "all"
    made = run_json("import", "tiny", str(labels.parent), str(out))["scenes"]
    assert [each["scene"] for each in made] == [f"{out}/labels.scene", f"{out}/other.scene"]
    (one,) = run_json("import", "tiny", str(labels.parent), str(tmp_path / "o.scene"), "--scene", "other")[
        "scenes"
    ]
    assert one["name"] == "other"
    code, _, err = run("import", "tiny", str(labels.parent), str(tmp_path / "x"), "--scene", "othr")
    assert code == 1
    assert "no drive 'othr'. Did you mean 'other'?" in err


def test_damaged_entries_stop_or_are_counted(
    run: Run, run_json: RunJson, labels: Path, tmp_path: Path
) -> None:
    whole = json.loads(labels.read_text())
    whole["images"][1]["boxes"][0] = [9, 4, 5, 6, "cat"]
    labels.write_text(json.dumps(whole))
    code, _, err = run("import", "tiny", str(labels), str(tmp_path / "s.scene"))
    assert code == 1
    assert "labels.json, images 1: a box is inside out" in err
    words = ("import", "tiny", str(labels), str(tmp_path / "s.scene"), "--on-invalid", "skip")
    (made,) = run_json(*words)["scenes"]
    (dropped,) = made["report"]["dropped"]
    assert (dropped["object"], dropped["count"], dropped["note"]) == ("boxes2d", 1, "inside out")
    code, _, err = run(
        "import", "tiny", str(labels), str(tmp_path / "t.scene"), "--on-invalid", "skip", "--strict"
    )
    assert code == 1
    assert "tiny would not keep everything: boxes2d: 1 (inside out)" in err
    assert not (tmp_path / "t.scene").exists()


def test_strict_export_leaves_nothing_when_something_is_lost(run: Run, location: str, tmp_path: Path) -> None:
    before = sorted(tmp_path.iterdir())
    out = tmp_path / "o.json"
    code, _, err = run("export", "tiny", location, str(out), "--strict")
    assert code == 1
    assert f"{out}: tiny would not keep everything: images: 1 (nobody labelled them)" in err
    assert sorted(tmp_path.iterdir()) == before


def test_strict_export_keeps_what_was_there(run: Run, location: str, tmp_path: Path) -> None:
    out = tmp_path / "o.json"
    out.write_text("mine")
    code, _, _ = run("export", "tiny", location, str(out), "--strict", "--overwrite")
    assert code == 1
    assert out.read_text() == "mine"


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--option", "indnt=1"], "tiny has no option 'indnt'. Did you mean 'indent'?"),
        (["--option", "indent=x"], "tiny, option indent: expected a whole number, got 'x'"),
        (["--option", "indent"], "expected an option as NAME=VALUE, got 'indent'"),
        (["--images", "copy"], "tiny, option images: expected reference or none, got 'copy'"),
        (["--taxonomy", "cooc"], "Did you mean 'coco'?"),
        (["--split", "val=2"], "split: expected such as val=0.2"),
        (["--layer", "truht"], "no layer 'truht'. Did you mean 'truth'?"),
    ],
)
def test_what_the_writer_does_not_know_is_said(
    run: Run, imported: str, tmp_path: Path, words: list[str], complaint: str
) -> None:
    code, _, err = run("export", "tiny", imported, str(tmp_path / "o.json"), "--layer", "truth", *words)
    assert code == 1
    assert complaint in err
    assert not (tmp_path / "o.json").exists()


def test_classes_can_be_renamed_and_dropped(run_json: RunJson, imported: str, tmp_path: Path) -> None:
    names, out = tmp_path / "names.json", tmp_path / "o.json"
    names.write_text('{"car": "vehicle", "cat": null}')
    words = ("export", "tiny", imported, str(out), "--layer", "truth", "--classes", str(names))
    report = run_json(*words)
    assert [(e["object"], e["count"], e["note"]) for e in report["dropped"]] == [
        ("boxes2d", 1, "class 'cat' has no counterpart")
    ]
    whole = json.loads(out.read_text())
    assert whole["names"] == ["vehicle"]
    assert [box[4] for image in whole["images"] for box in image["boxes"]] == ["vehicle"] * 2


def test_classes_of_a_built_in_taxonomy(run_json: RunJson, imported: str, tmp_path: Path) -> None:
    out = tmp_path / "o.json"
    run_json("export", "tiny", imported, str(out), "--layer", "truth", "--taxonomy", "coco")
    found = {box[4] for image in json.loads(out.read_text())["images"] for box in image["boxes"]}
    assert found == {"car", "cat"}


def test_images_go_to_parts_by_the_hash_of_their_name(
    run_json: RunJson, imported: str, tmp_path: Path
) -> None:
    parts = []
    for share in ("0", "1"):
        out = tmp_path / f"{share}.json"
        run_json("export", "tiny", imported, str(out), "--layer", "truth", "--split", f"val={share}")
        parts.append({image["split"] for image in json.loads(out.read_text())["images"]})
    assert parts == [{"train"}, {"val"}]


def test_convert_reads_one_format_and_writes_another(run_json: RunJson, labels: Path, tmp_path: Path) -> None:
    out = tmp_path / "o.json"
    words = ("convert", "auto", str(labels), "tiny", str(out), "--read-option", "prefix=more/")
    report = run_json(*words)
    assert [part["format"] for part in report["read"]] == ["tiny"]
    assert report["written"]["out"] == str(out)
    files = [image["file"] for image in json.loads(out.read_text())["images"]]
    assert files == ["more/a.png", "more/b.png", "more/gone.png"]


def test_formats_lists_options(run: Run, run_json: RunJson) -> None:
    facts = run_json("formats", "tiny")["tiny"]
    assert (facts["reads"], facts["writes"], facts["about"]) == (True, True, "boxes of whole pixels")
    assert facts["write_options"] == {"indent": "whole number"}
    _, text, _ = run("formats", "tiny")
    assert "read option prefix: text" in text


def test_export_needs_a_scene_and_a_place(run: Run) -> None:
    code, _, err = run("export", "tiny", "only-one")
    assert code == 2
    assert "expected at least one scene, then OUT" in err


def test_an_edited_scene_still_knows_its_splits(imported: str) -> None:
    store = SceneStore.open(imported)
    with store.edit("look") as edit:
        edit.set("truth", 0, Boxes2D.empty())
    assert store.scene().info["images"] == {"train": [0, 2], "val": [1]}


def test_a_sidecar_gives_everything_back(run: Run, run_json: RunJson, location: str, tmp_path: Path) -> None:
    out, again = tmp_path / "o.json", tmp_path / "again.scene"
    run_json("export", "tiny", location, str(out), "--sidecar")
    run_json("import", "tiny", str(out), str(again), "--layer", "auto", "--strict")
    before, after = open_scene(location), open_scene(again)
    assert after.name == before.name
    assert [c.channel for c in after.cameras] == ["cam_front", "cam_back"]
    assert after.layer("auto").boxes2d.rows.score.tolist() == before.layer("auto").boxes2d.rows.score.tolist()
    assert after.layer("auto").boxes2d.labelled.tolist() == [True, True, True, False]
    (plain,) = run_json("import", "tiny", str(out), str(tmp_path / "p.scene"), "--no-sidecar")["scenes"]
    assert plain["cameras"] == ["images_120x160"]
    run_json("export", "tiny", location, str(out), "--overwrite")
    assert not (tmp_path / "o.json.drivelabel").exists()
    code, _, err = run("export", "tiny", location, location, str(tmp_path / "x.json"), "--sidecar")
    assert code == 1
    assert "a sidecar holds one scene, got 2" in err


@pytest.mark.parametrize("name", ["coco", "nuscenes"])
def test_the_scripts_do_the_same(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(known, "_HOMES", {name: name})
    path = Path(__file__).parents[2] / "tools" / f"export_{name}.py"
    spec = importlib.util.spec_from_file_location(f"export_{name}", path)
    assert spec is not None and spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    drive = small_data(tmp_path)[1]
    sources = tuple(replace(source, path=f"{drive.root}/{source.path}") for source in drive.sources)
    SceneStore.create(tmp_path / "d.scene", replace(drive, sources=sources))
    out = tmp_path / "out"
    words = [str(tmp_path / "d.scene"), str(out), "--layer", "truth"]
    assert script.main(words) == 0
    assert capsys.readouterr().out.startswith(f"{name}: {out}\nkept:\n")
    assert any(out.rglob("*.json"))
    assert script.main(words) == 1
    assert "is there already" in capsys.readouterr().err
    assert script.main([*words, "--overwrite", "--strict"]) == 1


@pytest.mark.parametrize("copy", [False, True])
@pytest.mark.parametrize("place", ["set.scene", "far/away/set.scene"])
def test_images_keep_their_names_through_a_scene(
    run_json: RunJson, labels: Path, tmp_path: Path, copy: bool, place: str
) -> None:
    whole = json.loads(labels.read_text())
    whole["images"] = whole["images"][:2]
    (labels.parent / "deep").mkdir()
    (labels.parent / "b.png").rename(labels.parent / "deep" / "a.png")
    whole["images"][1]["file"] = "deep/a.png"
    labels.write_text(json.dumps(whole))
    scene, out = str(tmp_path / place), tmp_path / "again.json"
    run_json("import", "tiny", str(labels), scene, *(["--copy"] if copy else []))
    if copy:
        labels.unlink()
        for path in ("a.png", "deep/a.png"):
            (labels.parent / path).unlink()
    stored = open_scene(scene)
    assert all((Path(stored.root) / source.path).is_file() for source in stored.sources)
    run_json("export", "tiny", scene, str(out), "--layer", "truth")
    assert [image["file"] for image in json.loads(out.read_text())["images"]] == ["a.png", "deep/a.png"]
