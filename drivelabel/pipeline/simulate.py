"""A simulated drive as a scene on disk, written while it is drawn."""

from __future__ import annotations

import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from drivelabel.errors import StoreError
from drivelabel.labels import InstanceMap
from drivelabel.simulate.settings import SimulateSettings
from drivelabel.simulate.simulate import (
    AUTHOR,
    TRUTH,
    Made,
    MadeFrame,
    MadeSample,
    Simulation,
    truth_layer,
    write_media,
)
from drivelabel.storage import Edit, SceneStore

CHUNK = 24
"""Frames in one commit; it bounds what is held in memory."""


@dataclass(frozen=True, slots=True)
class SimulateReport:
    """What was made.

    Attributes:
        location: the scene's folder.
        frames, sweeps, samples: of the scene.
        rows: kind of label to rows of truth.
        things: cars, people, lights, signs, ... of the world.
        seconds: that it took.
    """

    location: str
    frames: int
    sweeps: int
    samples: int
    rows: dict[str, int]
    things: int
    seconds: float


def simulate(
    settings: SimulateSettings,
    location: str | os.PathLike[str],
    *,
    command: str = "simulate",
    progress: Callable[[int, int], None] | None = None,
    renderer: Callable[[Simulation], Iterator[Made]] = Simulation.run,
) -> SimulateReport:
    """Draw a drive into a new scene: images and sweeps in its folder, everything true in its layer ``truth``.

    It is written beside its place and renamed at the end, so a half-drawn drive never stands there.

    Args:
        settings: what is to be simulated.
        location: a local folder that does not exist.
        command: what the history says was run.
        progress: called with frames and sweeps done, and with those in all.
        renderer: what draws the pictures; such as ``BlenderRenderer().run``.

    Raises:
        StoreError: something already lies there, it is no local folder, or it cannot be written.
    """
    started = time.perf_counter()
    text = os.fspath(location)
    if "://" in text:
        raise StoreError(f"{text}: drives are simulated into local folders only. Give a folder.")
    place = Path(text)
    if place.exists():
        raise StoreError(f"{text}: already exists. Choose another name, or delete it first.")
    simulation = Simulation(settings, place.stem or "simulated")
    aside = place.with_name(f".{secrets.token_hex(8)}.partial")
    try:
        rows = _write(simulation, aside, command, progress, renderer)
        try:
            aside.rename(place)
        except OSError as error:
            raise StoreError(f"{text}: cannot be written ({error.strerror}).") from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    scene, things = simulation.scene, len(simulation.world.things)
    seconds = time.perf_counter() - started
    return SimulateReport(
        text, len(scene.frames), len(scene.sweeps), len(scene.samples_ns), rows, things, seconds
    )


def _write(
    simulation: Simulation,
    folder: Path,
    command: str,
    progress: Callable[[int, int], None] | None,
    renderer: Callable[[Simulation], Iterator[Made]],
) -> dict[str, int]:
    """Make the scene in a folder; how many rows of each kind."""
    scene, seed = simulation.scene, simulation.settings.world.seed
    facts = {
        "seed": seed,
        "seconds": simulation.settings.world.seconds,
        "weather": simulation.settings.weather,
    }
    message = f"Simulate {scene.name}"
    store = SceneStore.create(
        folder, scene, author=AUTHOR, command=command, parameters=facts, message=message
    )
    layer = truth_layer(simulation)
    with store.edit("Start layer truth", by="import", author=AUTHOR, command=command) as edit:
        edit.create_layer(TRUTH, layer.taxonomy, author=AUTHOR, model=layer.model)
    rows: dict[str, int] = {}
    batch: list[Made] = []
    done = 0
    for made in renderer(simulation):
        if not isinstance(made, MadeSample):
            write_media(simulation, made, folder)
            done += 1
        if isinstance(made, (MadeFrame, MadeSample)):
            batch.append(made)
        if len(batch) >= CHUNK:
            _commit(store, simulation, batch, command, rows)
        if progress is not None:
            progress(done, simulation.n_steps)
    _commit(store, simulation, batch, command, rows)
    return rows


def _commit(
    store: SceneStore, simulation: Simulation, batch: list[Made], command: str, rows: dict[str, int]
) -> None:
    """Commit the labels of some frames and samples, and forget them."""
    if not batch:
        return
    frames = sum(isinstance(made, MadeFrame) for made in batch)
    message = f"Truth of {frames} frames and {len(batch) - frames} samples"
    with store.edit(message, by="import", author=AUTHOR, command=command) as edit:
        for made in batch:
            for kind, n in _put(edit, simulation, made).items():
                rows[kind] = rows.get(kind, 0) + n
    batch.clear()


def _put(edit: Edit, simulation: Simulation, made: Made) -> dict[str, int]:
    if isinstance(made, MadeSample):
        edit.set(TRUTH, made.sample, made.boxes3d)
        return {made.boxes3d.KIND: len(made.boxes3d)}
    assert isinstance(made, MadeFrame)
    truth = made.truth
    tables = (truth.boxes2d, truth.lane_lines, truth.traffic_lights, truth.tags)
    for table in tables:
        edit.set(TRUTH, made.frame, table)
    edit.set_label_map(TRUTH, made.frame, truth.label_map)
    edit.set_instance_map(
        TRUTH, made.frame, InstanceMap(truth.instance_map, simulation.world.things.track_id)
    )
    return {table.KIND: len(table) for table in tables}
