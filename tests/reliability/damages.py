"""Bits flip, files end early, vanish or change places: an error or equal labels, never other labels."""

from __future__ import annotations

import hashlib
import random
import shutil
import time
from pathlib import Path
from typing import Any

import numpy as np
from storage.scenes import boxes, scene

from drivelabel.errors import StoreError
from drivelabel.labels import DRIVING, InstanceMap
from drivelabel.scene import Camera, Frames, Scene
from drivelabel.storage import SceneStore, check_scene

N_FRAMES = 70
HW = (48, 64)
State = dict[str, str]
OUTSIDE = ("branch", "recording", "layer")
"""Damages after which no single frame can be named."""


def template(folder: Path) -> tuple[Path, list[State]]:
    """A scene with files of every kind, and what each of its commits holds, the newest first."""
    rng = np.random.default_rng(5)
    zeros = np.zeros(N_FRAMES, np.int64)
    drive = scene(
        sensors=(Camera("cam", HW),), sweeps=scene(0, 0).sweeps, sources=scene().sources[:1],
        frames=Frames(np.arange(N_FRAMES), zeros, zeros, zeros, zeros - 1),
    )  # fmt: skip
    store = SceneStore.create(folder / "template.scene", drive)
    for step in range(3):
        with store.edit(f"step {step}", parameters={"step": step}) as edit:
            edit.create_layer("review", DRIVING)
            edit.create_layer("auto", DRIVING)
            for frame in (step, 69):
                texts = [f"text {step}"] * 40
                edit.set("review", frame, boxes(40, step * 100 + frame, attributes={f"n{step % 2}": texts}))
                noise = rng.integers(0, len(DRIVING), HW).astype(np.uint8)
                edit.set_label_map("review", frame, noise)
            pixels = rng.integers(0, 3, HW).astype(np.uint16)
            edit.set_instance_map("auto", step, InstanceMap(pixels, np.array([step, 77])))
            edit.set_note("auto", "run", bytes([step]) * 9)
    states = [state_of(store.scene(commit.id)) for commit in store.log()]
    return folder / "template.scene", states


def state_of(opened: Scene) -> State:
    """Digests of everything that a scene holds, by name."""
    found = {
        "name": repr((opened.name, opened.taxonomy, opened.sources, dict(opened.info))),
        "frames": _digest(opened.frames.timestamp_ns, opened.frames.sensor, opened.frames.source_index),
        "samples": _digest(opened.samples_ns),
        "poses": "" if opened.poses is None else _digest(opened.poses.translation, opened.poses.quat_wxyz),
        "sensors": repr([(s.channel, getattr(s, "image_hw", None)) for s in opened.sensors]),
    }
    for name, layer in opened.layers.items():
        found[name] = repr((layer.author, dict(layer.model), layer.created_ns, layer.taxonomy))
        for kind, table in layer.tables.items():
            for group in np.flatnonzero(table.labelled).tolist():
                rows = table[group]
                attributes = [rows.attributes.row(row) for row in range(len(rows))]
                columns = [c for c in rows.columns().values() if isinstance(c, np.ndarray)]
                found[f"{name}/{kind}/{group}"] = _digest(*columns) + repr(attributes)
        for kind, masks in (("label_map", layer.label_maps), ("instance_map", layer.instance_maps)):
            for frame in [] if masks is None else np.flatnonzero(masks.labelled()).tolist():
                assert masks is not None
                found[f"{name}/{kind}/{frame}"] = _digest(masks.read(frame), layer.instance_track_id[:2])
    return found


def _digest(*arrays: Any) -> str:
    return hashlib.sha256(b"|".join(a.tobytes() for a in arrays)).hexdigest()


def files_of(place: Path) -> dict[str, list[Path]]:
    """A scene's files by kind."""
    kinds: dict[str, list[Path]] = {}
    for path in sorted(place.rglob("*")):
        if path.is_file() and path.name != "lock":
            kind = "heads.log" if path.name == "heads.log" else path.relative_to(place / "repo").parts[0]
            kinds.setdefault(kind, []).append(path)
    return kinds


def damage(path: Path, others: list[Path], how: str, chance: random.Random) -> None:
    """Do one kind of harm to a file."""
    data = bytearray(path.read_bytes())
    if how == "delete":
        path.unlink()
    elif how == "swap":
        other = chance.choice(others)
        mine, theirs = path.read_bytes(), other.read_bytes()
        path.write_bytes(theirs)
        other.write_bytes(mine)
    elif how == "cut":
        path.write_bytes(data[: chance.randrange(len(data))])
    elif how == "zero":
        start = chance.randrange(len(data))
        stop = min(len(data), start + chance.randint(1, 64))
        path.write_bytes(data[:start] + bytes(stop - start) + data[stop:])
    else:
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        path.write_bytes(data)


HOW = ("flip", "flip", "cut", "zero", "delete", "swap")


def damage_scenes(folder: Path, n: int, seed: int = 0, seconds: float = 1e9) -> dict[str, Any]:
    """Damage `n` copies of a scene, one file each; read them, repair them, read them again."""
    original, states = template(folder)
    chance = random.Random(seed)
    stop = time.monotonic() + seconds
    counts = {"damages": 0, "equal": 0, "errors": 0, "repaired": 0, "named_unrepairable": 0}
    longest = 0.0
    for number in range(n):
        place = folder / f"{number}.scene"
        shutil.copytree(original, place)
        kinds = files_of(place)
        kind = sorted(kinds)[number % len(kinds)]
        path = chance.choice(kinds[kind])
        how = chance.choice(HOW)
        damage(path, kinds[kind], how, chance)
        start = time.monotonic()
        what = f"damage {number}: {how} {path.relative_to(place)}"
        counts["equal" if reads_as_it_was(place, states, what) else "errors"] += 1
        counts["repaired" if repairs(place, states, what) else "named_unrepairable"] += 1
        longest = max(longest, time.monotonic() - start)
        counts["damages"] += 1
        shutil.rmtree(place)
        if time.monotonic() > stop:
            break
    return {**counts, "wrong_values": 0, "longest_s": round(longest, 2)}


def reads_as_it_was(place: Path, states: list[State], what: str) -> bool:
    """Whether all of the newest state is read; false for an error that names the scene."""
    try:
        store = SceneStore.open(place)
        state = state_of(store.scene())
        log = store.log()
    except StoreError as error:
        assert str(place) in str(error), f"{what}: the error does not say where: {error}"
        return False
    assert state == states[0], f"{what}: other labels were read: {difference(state, states[0])}"
    assert len(log) == len(states), what
    return True


def repairs(place: Path, states: list[State], what: str) -> bool:
    """Repair a scene; whatever can be read then is what some commit held, or is named in the report."""
    report = check_scene(place, fix=True)
    lost = [d for d in report.damages if not d.fix and d.what in OUTSIDE]
    if lost:
        assert all(str(place) in d.message for d in lost), f"{what}: {lost}"
        return False
    state = state_of(SceneStore.open(place).scene())
    if any(d.what == "branch" for d in report.damages):
        assert any(_equal_but_named(state, old, report.damages) for old in states), what
    else:
        assert _equal_but_named(state, states[0], report.damages), f"{what}: {difference(state, states[0])}"
    return report.is_good or all(d.fix or d.what == "history" for d in report.damages)


def _equal_but_named(state: State, expected: State, damages: list[Any]) -> bool:
    named = {f"{d.layer}/{d.kind}/{group}" for d in damages for group in d.groups}
    return all(state.get(key) == expected.get(key) for key in {*state, *expected} if key not in named)


def difference(state: State, expected: State) -> list[str]:
    """The names of what two states do not have in common."""
    return sorted(key for key in {*state, *expected} if state.get(key) != expected.get(key))
