"""Random sessions of store operations beside a plain dict that is easy to believe."""

from __future__ import annotations

import copy
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from reliability.forking import Forker
from storage.scenes import boxes, label_map, new_store

from drivelabel.labels import DRIVING
from drivelabel.storage import SceneStore, check_scene, collect_garbage, compact_history, maintenance

FRAMES = st.integers(0, 5)
SEEDS = st.integers(0, 9)
LAYERS = st.sampled_from(["review", "auto"])
Model = dict[str, Any]
"""Layer to {"boxes": frame to seed, "maps": frame to seed, "touched": set of (kind, frame)}."""


class Sessions(RuleBasedStateMachine):
    """Commits of people and models, stale bases, restores, branches of work, repairs, garbage, reopening."""

    forker: Forker | None = None
    """Where edits are made: in this process, or each in a process of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="sessions"))
        self.store = new_store(self.folder)
        self.now: Model = {"review": _empty()}
        self.people: set[str] = set()
        self.past: list[tuple[str, Model]] = [(self.store.head, copy.deepcopy(self.now))]

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    def _committed(self) -> None:
        head = self.store.head
        if self.store.log()[0].by == "human":
            self.people.add(head)
        if head != self.past[-1][0]:
            self.past.append((head, copy.deepcopy(self.now)))

    def _edit(self, layer: str, frame: int, seed: int, what: str, by: str, base: str | None = None) -> None:
        facts = {"layer": layer, "frame": frame, "seed": seed, "what": what, "by": by, "base": base}
        if self.forker is None:
            make_edit(self.store, **facts)
            return
        pid = self.forker.start("edit_once", scene=str(self.store.root), facts=facts)
        assert self.forker.wait(pid) == 0

    @rule(layer=LAYERS, parent=st.booleans())
    def create_layer(self, layer: str, parent: bool) -> None:
        with self.store.edit("layer") as edit:
            edit.create_layer(layer, DRIVING, parent="review" if parent and layer != "review" else "")
        if layer not in self.now:
            self.now[layer] = copy.deepcopy(self.now["review"]) if parent else _empty()
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
        self.store.restore(snapshot)
        self.now = copy.deepcopy(model)
        self._committed()

    @rule()
    def reopen(self) -> None:
        self.store = SceneStore.open(self.folder / "a.scene")

    @rule()
    def collect(self) -> None:
        collect_garbage(self.folder / "a.scene")

    @rule(days=st.integers(2, 50))
    def compact(self, days: int) -> None:
        """Forty days later: what is older than `days` is given up, unless a person made it."""
        with clock_ahead(days=40):
            compact_history(self.folder / "a.scene", keep_days=days)
            collect_garbage(self.folder / "a.scene")
        self.store = SceneStore.open(self.folder / "a.scene")
        left = {commit.id: commit.by for commit in self.store.log()}
        if days > 40:
            assert {snapshot for snapshot, _ in self.past} <= set(left)
        self.past = [entry for entry in self.past if entry[0] in left]
        assert self.past[-1][0] == self.store.head
        assert self.people <= set(left), "a person's commit was given up"

    @rule()
    def check(self) -> None:
        assert check_scene(self.folder / "a.scene", fix=True).damages == []

    @rule(data=st.data())
    def open_an_earlier_state(self, data: Any) -> None:
        snapshot, model = data.draw(st.sampled_from(self.past))
        assert_equals_model(self.store, model, snapshot)

    @rule(name=st.sampled_from(["revue", "no such layer"]))
    def a_bad_edit_changes_nothing(self, name: str) -> None:
        try:
            with self.store.edit("bad") as edit:
                edit.set("review", 0, boxes(9, 99))
                edit.set(name, 0, boxes(1))
        except LookupError:
            return
        raise AssertionError("a layer that is not there was written")

    @invariant()
    def the_newest_state_equals_the_model(self) -> None:
        assert_equals_model(self.store, self.now)


@contextmanager
def clock_ahead(**shift: float) -> Iterator[None]:
    """Have maintenance believe that it is later, or earlier for a negative shift."""

    class Shifted(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return datetime.now(tz) + timedelta(**shift)

    with mock.patch.object(maintenance, "datetime", Shifted):
        yield


def _empty() -> Model:
    return {"boxes": {}, "maps": {}, "touched": set()}


def make_edit(
    store: SceneStore, *, layer: str, frame: int, seed: int, what: str, by: Any, base: str | None
) -> None:
    """One frame's boxes or label map."""
    with store.edit(f"{by}: {what}", by=by, base=base) as edit:
        if what == "boxes":
            edit.set(layer, frame, boxes(seed, seed))
        else:
            edit.set_label_map(layer, frame, label_map(seed))


def assert_equals_model(store: SceneStore, model: Model, snapshot: str | None = None) -> None:
    """A state of the scene holds exactly what the model says."""
    scene = store.scene(snapshot)
    assert sorted(scene.layers) == sorted(model)
    for name, expected in model.items():
        layer = scene.layers[name]
        table = layer.tables.get("boxes2d")
        found = {} if table is None else {int(f): table[int(f)] for f in np.flatnonzero(table.labelled)}
        assert sorted(found) == sorted(expected["boxes"])
        for frame, seed in expected["boxes"].items():
            np.testing.assert_array_equal(found[frame].xyxy, boxes(seed, seed).xyxy)
        if table is not None:
            assert len(set(table.rows.row_id.tolist())) == len(table.rows)
        masks = layer.label_maps
        frames = [] if masks is None else np.flatnonzero(masks.labelled()).tolist()
        assert frames == sorted(expected["maps"])
        for frame, seed in expected["maps"].items():
            np.testing.assert_array_equal(layer.label_map(frame).label_map, label_map(seed))


def run_sessions(
    n: int, steps: int, *, workers: bool = False, seconds: float = 1e9, seed: int | None = None
) -> dict[str, Any]:
    """`n` random sessions of up to `steps` operations."""
    from hypothesis import HealthCheck, Phase, settings
    from hypothesis import seed as fixed
    from hypothesis.stateful import run_state_machine_as_test

    stop = time.monotonic() + seconds
    done = 0
    if workers:
        Sessions.forker = Forker()
    try:
        while done < n and time.monotonic() < stop:
            part = min(n - done, 1 if seconds < 1e8 else n)
            options = settings(
                max_examples=part, stateful_step_count=steps, deadline=None, database=None,
                phases=(Phase.generate,), suppress_health_check=list(HealthCheck), print_blob=True,
            )  # fmt: skip
            machine = fixed(seed + done)(Sessions) if seed is not None else Sessions
            run_state_machine_as_test(machine, settings=options)  # type: ignore[no-untyped-call]
            done += part
    finally:
        if Sessions.forker is not None:
            Sessions.forker.__exit__(None, None, None)
            Sessions.forker = None
    return {"sessions": done, "steps": steps, "workers": workers, "differences": 0, "pid": os.getpid()}
