"""What worker processes do in the tests of this folder. Each is run in a process of its own."""

from __future__ import annotations

import ctypes
import os
import time
from typing import Any

import numpy as np
from reliability.plain_model import make_edit
from storage.scenes import boxes, label_map
from storage.scenes import scene as small_scene

from drivelabel.errors import StoreError
from drivelabel.labels import Boxes2D, Tags
from drivelabel.storage import SceneStore
from drivelabel.storage.codecs import decode_mask, encode_mask


def report(path: str, text: str) -> None:
    """Append a line to a file, in one piece: it is there even when the process is killed right after."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(descriptor, f"{text}\n".encode())
    os.close(descriptor)


def number_frames(scene: str, reported: str, start: int, with_masks: bool = True) -> None:
    """Commit for ever: step n gives frame n % 6 n % 50 boxes and mask n. Reports each commit and its n."""
    store = SceneStore.open(scene)
    step = start
    while True:
        with store.edit(f"step {step}", key=f"step-{step}") as edit:
            edit.set("review", step % 6, boxes(step % 50, step))
            if with_masks:
                edit.set_label_map("review", step % 6, label_map(step))
        assert edit.result is not None
        report(reported, f"{edit.result.snapshot} {step}")
        step += 1


def append_rows(scene: str, reported: str, n: int, writer: int, seconds: float) -> None:
    """Add one row to a frame, `n` times, each based on what was read just before."""
    store = SceneStore.open(scene)
    stop = time.monotonic() + seconds
    for number in range(n):
        if time.monotonic() > stop:
            break
        frame = number % 12
        base = store.head
        rows = store.scene(base).layer("review").boxes2d[frame]
        new = boxes(1, number, track_id=[writer * 10_000 + number])
        with store.edit(f"{writer}: {number}", base=base, author=f"writer {writer}") as edit:
            edit.set("review", frame, Boxes2D.concat([rows, new]))
        assert edit.result is not None and not edit.result.conflicts
        report(reported, edit.result.snapshot)


def create_scene(scene: str) -> None:
    """Make a scene."""
    SceneStore.create(scene, small_scene())


def edit_read_only(scene: str, reported: str) -> None:
    """Read and try to change a scene as a user who may not write it."""
    os.setuid(65534)
    store = SceneStore.open(scene)
    name = store.scene().name
    try:
        change(store, 1)
    except StoreError as error:
        report(reported, f"{name}: {type(error).__name__}: {error}")


def hold_lock(scene: str, reported: str) -> None:
    """Take the scene's lock and sleep."""
    store = SceneStore.open(scene)
    with store._place.lock():
        report(reported, "held")
        time.sleep(600)


def deliver(scene: str, reported: str, n: int, seconds: float) -> None:
    """The jobs of a queue, one after the other; each may be delivered to others too."""
    store = SceneStore.open(scene)
    stop = time.monotonic() + seconds
    for job in range(n):
        if time.monotonic() > stop:
            break
        with store.edit(f"job {job}", key=f"job-{job}", by="model") as edit:
            edit.set("review", job, boxes(3, job))
        assert edit.result is not None
        report(reported, edit.result.snapshot)


def read_all(scene: str, reported: str, seconds: float) -> None:
    """Read everything again and again; a torn state or an error ends the process with 1."""
    stop = time.monotonic() + seconds
    n = 0
    while time.monotonic() < stop:
        layer = SceneStore.open(scene).scene().layer("review")
        if "boxes2d" not in layer.tables:
            continue
        tables = layer.boxes2d
        for frame in np.flatnonzero(tables.labelled[:6]):
            rows = tables[int(frame)]
            mask = layer.label_map(int(frame)).label_map
            steps = [step for step in range(int(frame), 3000, 6) if step % 50 == len(rows)]
            assert any(np.array_equal(mask, label_map(step)) for step in steps), "table and mask differ"
        n += 1
    report(reported, str(n))


def warm_up() -> None:
    """Load the compiled loops, which takes longer than a job."""
    decode_mask(encode_mask(label_map(0)), label_map(0).shape, np.uint8)


def faulty_commit(scene: str, reported: str, at: int, kind: int) -> None:
    """One commit whose `at`-th file operation meets a fault; see faults.c. Reports what became of it."""
    store = SceneStore.open(scene)
    shim = ctypes.CDLL(None)
    shim.fault_arm(at, kind)
    try:
        change(store, 1)
    except StoreError as error:
        shim.fault_arm(-1, 0)
        report(reported, f"{type(error).__name__} {error}")
        return
    n_operations = shim.fault_count()
    shim.fault_arm(-1, 0)
    report(reported, f"done {n_operations}")


def note(step: int) -> bytes:
    """Bytes that no codec makes small."""
    return np.random.default_rng(step).bytes(1000)


def change(store: SceneStore, step: int) -> None:
    """A small commit that touches a table, a mask and a note that is large enough for a file of its own."""
    with store.edit(f"step {step}") as edit:
        edit.set_note("review", "run", note(step))
        edit.set("review", 0, Tags(score=[step / 100], attributes={"step": [step]}))
        edit.set_label_map("review", 0, label_map(step))


def edit_again(scene: str, facts: dict[str, Any]) -> None:
    """One edit of a random session, by a process that keeps the scene open from one edit to the next."""
    if scene not in _OPEN:
        _OPEN.clear()
        _OPEN[scene] = SceneStore.open(scene)
    make_edit(_OPEN[scene], **facts)


_OPEN: dict[str, SceneStore] = {}
