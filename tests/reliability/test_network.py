"""The same promises on an object store, behind a network that loses and delays."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from reliability.network import TOXICS, Network, lose_answers, new_scene, object_store, poison
from storage.scenes import boxes

from drivelabel.errors import UnreachableError
from drivelabel.storage import SceneStore


@pytest.fixture(scope="module")
def network() -> Iterator[Network]:
    with object_store() as found:
        yield found


def test_a_commit_whose_answer_was_lost_is_known_as_ours(network: Network) -> None:
    counts = lose_answers(network, 20, every=7)
    assert counts["commits"] == counts["in_history"] == 20
    assert counts["answers_lost"] > 10


@pytest.mark.parametrize("toxic", TOXICS)
def test_a_bad_network_gives_a_commit_or_an_error_and_nothing_half(network: Network, toxic: str) -> None:
    counts = poison(network, toxic, 2, every=9)
    assert counts["longest_s"] < 60


def test_a_dead_network_is_an_error_of_ours_after_a_while(network: Network) -> None:
    store = new_scene("dead")
    start = time.monotonic()
    refused = pytest.raises(UnreachableError, match="does not answer")
    with network.being("reset"), refused, store.edit("into the void") as edit:
        edit.set("review", 0, boxes(1))
    assert time.monotonic() - start < 60
    assert len(SceneStore.open(store.name).log()) == 2
