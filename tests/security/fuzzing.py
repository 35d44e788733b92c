"""Readers on damaged files: labels or one of our errors, in time, with nothing done outside."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np
from security.guard import call_guarded
from security.hand_made import hand_made
from security.mutations import mutate
from security.seeds import LABEL_SUFFIXES, Seed, own_seeds, readers, real_seeds

from drivelabel.errors import DriveLabelError
from drivelabel.formats import find_format
from drivelabel.scene import ImageSet, Scene

MAX_SEEDS = 60


@dataclass(slots=True)
class Fuzzed:
    """What came of fuzzing one reader.

    Attributes:
        inputs: how many damaged files it was given.
        read: how many of them it took for good.
        findings: what it did that it must not: text to the seed, the file and the number of the input.
    """

    seeds: int = 0
    inputs: int = 0
    read: int = 0
    findings: dict[str, str] = field(default_factory=dict)


def fuzz_all(data: Path | None, seconds: float, first: int = 10**6) -> dict[str, dict[str, int]]:
    """Fuzz every reader for its share of some processor time; inputs and how many were read, by reader.

    Args:
        data: the real recordings, or None.
        seconds: for all readers together.
        first: number of the first input; those of the test come before.

    Raises:
        AssertionError: a reader did what it must not.
    """
    names = readers()
    done = {name: fuzz_reader(name, data, 10**6, seconds / len(names), first) for name in names}
    findings = {f"{name}: {text}": at for name, one in done.items() for text, at in one.findings.items()}
    assert findings == {}, findings
    return {name: {"inputs": one.inputs, "read": one.read} for name, one in done.items()}


def fuzz_reader(name: str, data: Path | None, inputs: int, seconds: float, first: int = 0) -> Fuzzed:
    """Give a reader damaged files.

    Args:
        name: of the format.
        data: the real recordings; our own exports alone when None.
        inputs: how many at most.
        seconds: processor time after which no new input is tried.
        first: number of the first input; a number is always the same input.
    """
    made = hand_made(name)
    seeds = [*own_seeds(name), *islice(real_seeds(name, data), MAX_SEEDS)]
    seeds += [] if made is None else [Seed("hand-made", *made)]
    done = Fuzzed(seeds=len(seeds))
    with tempfile.TemporaryDirectory() as folder:
        places = [_lay_out(seed, Path(folder) / f"{k}" / "in" / "side") for k, seed in enumerate(seeds)]
        for seed, place in zip(seeds, places, strict=True):
            with suppress(DriveLabelError):
                _call(name, seed, place, done)()  # compiles and imports, which the guard would take amiss
            _note(done, _read_once(name, seed, place, done), f"{seed.label}, undamaged")
        done.inputs = done.read = 0
        # Small ones make more inputs a second; each has its turn.
        weights = [1 / (2000 + sum(map(len, seed.files.values()))) for seed in seeds]
        start = time.process_time()
        for k in range(first, first + (inputs if seeds else 0)):
            if time.process_time() - start > seconds:
                break
            rng = random.Random(f"{name} {k}")
            (row,) = rng.choices(range(len(seeds)), weights)
            file = _pick(seeds[row], rng)
            damaged = mutate(file, seeds[row].files[file], rng)
            (places[row] / file).write_bytes(damaged)
            _note(
                done,
                _read_once(name, seeds[row], places[row], done),
                f"{seeds[row].label}, {file}, input {k}",
            )
            (places[row] / file).write_bytes(seeds[row].files[file])
    return done


def _lay_out(seed: Seed, place: Path) -> Path:
    for name, data in seed.files.items():
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return place


def _pick(seed: Seed, rng: random.Random) -> str:
    """A file of a seed; label files much more often than others."""
    names = sorted(seed.files)
    labels = [name for name in names if name.lower().endswith(LABEL_SUFFIXES)]
    return rng.choice(labels if labels and rng.random() < 0.85 else names)


def _read_once(name: str, seed: Seed, place: Path, done: Fuzzed) -> str:
    done.inputs += 1
    return call_guarded(_call(name, seed, place, done), place, (DriveLabelError,))


def _call(name: str, seed: Seed, place: Path, done: Fuzzed) -> Callable[[], None]:
    found = find_format(name)
    path = place / seed.entry if seed.entry else place

    def call() -> None:
        assert found.read is not None
        if found.matches is not None:
            found.matches(path)
        drives = found.scenes(path) if found.scenes is not None else []
        read = found.read(path, **({"scene": drives[0]} if drives else {}))
        _use(read.data)
        done.read += 1

    return call


def _use(data: Scene | ImageSet) -> None:
    """Look at all that was read: what is lazy, and ids that name nothing."""
    for layer in data.layers.values():
        for kind, grouped in layer.tables.items():
            if hasattr(grouped.rows, "category_id"):
                layer.taxonomy.check_ids(kind, grouped.rows.category_id)
        for store in (layer.label_maps, layer.instance_maps):
            if store is not None:
                for group in np.flatnonzero(store.labelled())[:3].tolist():
                    store.read(group)


def _note(done: Fuzzed, finding: str, place: str) -> None:
    if finding:
        done.findings.setdefault(finding, place)
