"""Random sessions of store operations beside a plain dict that is easy to believe."""

from __future__ import annotations

import atexit
import copy
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta, tzinfo
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from unittest import mock

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule
from reliability.jobs import edit_again
from reliability.plain_model import Model, assert_equals_model, empty_layer, make_edit
from storage.scenes import boxes, new_store

from drivelabel.labels import DRIVING
from drivelabel.storage import SceneStore, check_scene, collect_garbage, compact_history, maintenance

MEMORY = Path("/dev/shm")
"""A disk in memory, where there is one: what a session is about is not the disk."""

FRAMES = st.integers(0, 5)
SEEDS = st.integers(0, 9)
LAYERS = st.sampled_from(["review", "auto"])


class Sessions(RuleBasedStateMachine):
    """Commits of people and models, stale bases, restores, branches of work, repairs, garbage, reopening."""

    workers: Executor | None = None
    """Where edits are made: in this process, or by turns in two others that stay open."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="sessions", dir=_fast_folder()))
        self.place = self.folder / "a.scene"
        shutil.copytree(_template(), self.place)
        self.store = SceneStore.open(self.place)
        self.now: Model = {"review": empty_layer()}
        self.people: set[str] = set()
        self.past: list[tuple[str, Model]] = [(self.store.head, copy.deepcopy(self.now))]
        self.is_compared = False

    def teardown(self) -> None:
        """The newest state and some earlier ones, read as somebody new would."""
        try:
            again = SceneStore.open(self.place)
            assert again.head == self.past[-1][0]
            for snapshot, model in [*self.past[:: max(1, len(self.past) // 3)], self.past[-1]]:
                assert_equals_model(again, model, snapshot)
        finally:
            shutil.rmtree(self.folder)

    def _committed(self) -> None:
        head = self.store.head
        if head != self.past[-1][0]:
            self.is_compared = False
            self.past.append((head, copy.deepcopy(self.now)))

    def _edit(self, layer: str, frame: int, seed: int, what: str, by: str, base: str | None = None) -> None:
        before = self.store.head
        facts = {"layer": layer, "frame": frame, "seed": seed, "what": what, "by": by, "base": base}
        if self.workers is None:
            make_edit(self.store, **facts)
        else:
            self.workers.submit(edit_again, str(self.place), facts).result()
        if by == "human" and self.store.head != before:
            self.people.add(self.store.head)

    @rule(layer=LAYERS, parent=st.booleans())
    def create_layer(self, layer: str, parent: bool) -> None:
        with self.store.edit("layer") as edit:
            edit.create_layer(layer, DRIVING, parent="review" if parent and layer != "review" else "")
        if layer not in self.now:
            self.now[layer] = copy.deepcopy(self.now["review"]) if parent else empty_layer()
        self._committed()

    @rule(layer=LAYERS, frame=FRAMES, seed=SEEDS, what=st.sampled_from(["boxes", "maps"]))
    def a_person_edits(self, layer: str, frame: int, seed: int, what: str) -> None:
        if layer in self.now:
            self._edit(layer, frame, seed, what, "human")
            self.now[layer][what][frame] = seed
            self.now[layer]["touched"].add((what, frame))
            self._committed()

    @rule(layer=LAYERS, frame=FRAMES, seed=SEEDS, what=st.sampled_from(["boxes", "maps"]))
    def a_model_edits(self, layer: str, frame: int, seed: int, what: str) -> None:
        if layer in self.now:
            self._edit(layer, frame, seed, what, "model")
            if (what, frame) not in self.now[layer]["touched"]:
                self.now[layer][what][frame] = seed
            self._committed()

    @precondition(lambda self: len(self.past) > 1)
    @rule(data=st.data(), seed=SEEDS)
    def a_person_edits_an_untouched_frame_from_an_old_base(self, data: Any, seed: int) -> None:
        base, old = data.draw(st.sampled_from(self.past))
        layer = self.now["review"]
        unchanged = [f for f in range(6) if old["review"]["boxes"].get(f) == layer["boxes"].get(f) is None]
        if unchanged:
            frame = data.draw(st.sampled_from(unchanged))
            self._edit("review", frame, seed, "boxes", "human", base)
            layer["boxes"][frame] = seed
            layer["touched"].add(("boxes", frame))
            self._committed()

    @rule(data=st.data())
    def restore(self, data: Any) -> None:
        snapshot, model = data.draw(st.sampled_from(self.past))
        before = self.store.head
        self.store.restore(snapshot)
        self.now = copy.deepcopy(model)
        if self.store.head != before:
            self.people.add(self.store.head)
        self._committed()

    @rule()
    def reopen(self) -> None:
        self.store = SceneStore.open(self.place)

    @rule(what=st.sampled_from(["nothing"] * 6 + ["collect", "check", "compact"]), days=st.integers(2, 50))
    def care(self, what: str, days: int) -> None:
        """Seldom, because it takes as long as ten edits."""
        if what == "collect":
            collect_garbage(self.place)
        elif what == "check":
            assert check_scene(self.place, fix=True).damages == []
        elif what == "compact":
            self._compact(days)
        self.is_compared &= what == "nothing"

    def _compact(self, days: int) -> None:
        """Forty days later: what is older than `days` is given up, unless a person made it."""
        with clock_ahead(days=40):
            compact_history(self.place, keep_days=days)
            collect_garbage(self.place)
        self.store = SceneStore.open(self.place)
        left = {commit.id: commit.by for commit in self.store.log()}
        if days > 40:
            assert {snapshot for snapshot, _ in self.past} <= set(left)
        self.past = [entry for entry in self.past if entry[0] in left]
        assert self.past[-1][0] == self.store.head
        assert self.people <= set(left), "a person's commit was given up"

    @rule(data=st.data())
    def open_an_earlier_state(self, data: Any) -> None:
        snapshot, model = data.draw(st.sampled_from(self.past))
        assert_equals_model(self.store, model, snapshot)

    @rule()
    def look(self) -> None:
        if not self.is_compared:
            assert_equals_model(self.store, self.now)
            self.is_compared = True

    @rule(name=st.sampled_from(["revue", "no such layer"]))
    def a_bad_edit_changes_nothing(self, name: str) -> None:
        try:
            with self.store.edit("bad") as edit:
                edit.set("review", 0, boxes(9, 99))
                edit.set(name, 0, boxes(1))
        except LookupError:
            return
        raise AssertionError("a layer that is not there was written")


@contextmanager
def clock_ahead(**shift: float) -> Iterator[None]:
    """Have maintenance believe that it is later, or earlier for a negative shift."""

    class Shifted(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return datetime.now(tz) + timedelta(**shift)

    with mock.patch.object(maintenance, "datetime", Shifted):
        yield


def _fast_folder() -> str | None:
    return str(MEMORY) if os.access(MEMORY, os.W_OK) else None


@cache
def _template() -> Path:
    """A scene with an empty layer, copied for each session."""
    folder = Path(tempfile.mkdtemp(prefix="sessions", dir=_fast_folder()))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(new_store(folder).root)


def run_sessions(
    n: int, steps: int, *, workers: bool = False, seconds: float = 1e9, seed: int | None = None
) -> dict[str, Any]:
    """`n` random sessions of up to `steps` operations."""
    from hypothesis import HealthCheck, Phase, settings
    from hypothesis import seed as fixed
    from hypothesis.stateful import run_state_machine_as_test

    stop = time.monotonic() + seconds
    done = 0
    # A server forks the workers: it imports everything once, and has no store open.
    Sessions.workers = ProcessPoolExecutor(2, get_context("forkserver")) if workers else None
    try:
        while done < n and time.monotonic() < stop:
            # Hypothesis makes the simplest session first, one rule again and again: never one alone.
            part = min(n - done, 5 if seconds < 1e8 else n)
            options = settings(
                max_examples=part, stateful_step_count=steps, deadline=None, database=None,
                phases=(Phase.generate,), suppress_health_check=list(HealthCheck), print_blob=True,
            )  # fmt: skip
            machine = fixed(seed + done)(Sessions) if seed is not None else Sessions
            run_state_machine_as_test(machine, settings=options)  # type: ignore[no-untyped-call]
            done += part
    finally:
        if Sessions.workers is not None:
            Sessions.workers.shutdown()
            Sessions.workers = None
    return {"sessions": done, "steps": steps, "workers": workers, "differences": 0}
