"""The same promises on an object store, behind a network that loses and delays."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from reliability.network import lose_answers, new_scene, poison_all, short_pauses
from reliability.object_store import TOXICS, ObjectStore, object_store
from storage.scenes import boxes

from drivelabel.errors import UnreachableError
from drivelabel.storage import SceneStore
from drivelabel.storage._place import NETWORK_TRIES


@pytest.fixture(scope="module")
def objects() -> Iterator[ObjectStore]:
    with object_store() as found, short_pauses():
        yield found


def test_a_commit_whose_answer_was_lost_is_known_as_ours(objects: ObjectStore) -> None:
    counts = lose_answers(objects, 500, every=7)
    assert counts["commits"] == counts["in_history"] == 500
    assert counts["answers_lost"] > 500


def test_a_bad_network_gives_a_commit_or_an_error_and_nothing_half(objects: ObjectStore) -> None:
    found = poison_all(objects, 20)
    assert [(counts["toxic"], counts["runs"]) for counts in found] == [(toxic, 20) for toxic in TOXICS]
    assert all(counts["met"] >= 5 for counts in found)
    assert max(counts["longest_s"] for counts in found) < 60


def test_a_dead_network_is_an_error_of_ours_after_a_few_tries(objects: ObjectStore) -> None:
    store = new_scene("dead")
    network = objects.network("dead")
    network.n_requests = 0
    with network.being("reset"), pytest.raises(UnreachableError, match="does not answer"):
        assert store.head
    assert network.n_requests == NETWORK_TRIES
    refused = pytest.raises(UnreachableError, match="does not answer")
    start = time.monotonic()
    with network.being("reset"), refused, store.edit("into the void", base=store.log()[0].id) as edit:
        edit.set("review", 0, boxes(1))
    assert time.monotonic() - start < 10
    assert len(SceneStore.open(store.name).log()) == 2
