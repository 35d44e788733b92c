"""drivelabel check and gc, from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from storage.scenes import boxes, new_store

from drivelabel.cli.main import main


def _scene(folder: Path) -> str:
    store = new_store(folder)
    with store.edit("labels") as edit:
        edit.set("review", 0, boxes(5))
    return str(store.root)


def test_a_good_scene_is_said_to_be_good(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scene = _scene(tmp_path)
    assert main(["check", scene]) == 0
    assert "3 commits, 1 chunks read, 0 damages" in capsys.readouterr().out
    assert main(["check", "--json", scene]) == 0
    assert json.loads(capsys.readouterr().out)["damages"] == []


def test_damage_is_an_error_until_it_is_fixed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scene = _scene(tmp_path)
    Path(scene, "repo/refs/branch.main/ref.json").write_bytes(bytes(28))
    assert main(["check", scene]) == 1
    assert capsys.readouterr().err.endswith("1 damages. Run it with --fix.\n")
    assert main(["log", scene]) == 1
    assert "drivelabel check --fix" in capsys.readouterr().err
    assert main(["check", "--fix", "--json", scene]) == 0
    (damage,) = json.loads(capsys.readouterr().out)["damages"]
    assert damage["what"] == "branch" and damage["fix"].startswith("the newest commit is")
    assert main(["check", scene]) == 0


def test_garbage_is_counted_before_it_is_removed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scene = _scene(tmp_path)
    assert main(["gc", "--dry-run", "--json", scene]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "scene": scene, "commits_given_up": 0, "files": 0, "bytes": 0, "dry_run": True,
    }  # fmt: skip
    assert main(["gc", "--compact", "30", scene]) == 0
    assert "0 commits given up" in capsys.readouterr().out


def test_no_scene_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("check", "gc"):
        assert main([command, str(tmp_path)]) == 1
        assert capsys.readouterr().err.count("\n") == 1
