"""The same store on an object store: a local server that speaks S3."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import boto3
import numpy as np
import pytest
from moto.server import ThreadedMotoServer
from storage.scenes import assert_same_scene, boxes, label_map, scene

from drivelabel.errors import ConflictError, StoreError
from drivelabel.labels import DRIVING
from drivelabel.storage import SceneStore


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    moto = ThreadedMotoServer(port=0, verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    yield f"http://{host}:{port}"
    moto.stop()


@pytest.fixture()
def bucket(server: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    monkeypatch.setenv("AWS_ENDPOINT_URL", server)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    boto3.client("s3", endpoint_url=server).create_bucket(Bucket="labels")
    return f"s3://labels/{tmp_path.name}"


def test_a_scene_lives_in_a_bucket(bucket: str) -> None:
    url = f"{bucket}/a.scene"
    store = SceneStore.create(url, scene(), command="ingest")
    with store.edit("labels") as edit:
        edit.create_layer("review", DRIVING)
        edit.set("review", 0, boxes(3))
        edit.set_label_map("review", 1, label_map(2))
    again = SceneStore.open(url)
    opened = again.scene()
    assert_same_scene(scene(), opened, same_layers=False)
    np.testing.assert_array_equal(opened.layer("review").boxes2d[0].xyxy, boxes(3).xyxy)
    np.testing.assert_array_equal(opened.layer("review").label_map(1).label_map, label_map(2))
    assert [commit.message for commit in again.log()] == ["labels", "Ingest a drive"]
    again.restore("HEAD~1")
    assert dict(again.scene().layers) == {}
    with pytest.raises(StoreError, match="already exists"):
        SceneStore.create(url, scene())


def test_nothing_there_says_so(bucket: str) -> None:
    with pytest.raises(StoreError, match="no scene here"):
        SceneStore.open(f"{bucket}/nothing")


def test_two_writers_in_a_bucket_lose_nothing(bucket: str) -> None:
    url = f"{bucket}/b.scene"
    one = SceneStore.create(url, scene())
    with one.edit("layer") as edit:
        edit.create_layer("review", DRIVING)
        edit.set("review", 0, boxes(1))
    other = SceneStore.open(url)
    base = one.head
    for number in range(3):
        for writer, frame in ((one, 2 * number), (other, 2 * number + 1)):
            with writer.edit("same base", base=base) as edit:
                edit.set("review", frame, boxes(frame + 1))
    counts = other.scene().layer("review").boxes2d.counts
    assert counts[1:6].tolist() == [2, 3, 4, 5, 6]
    assert len(one.log()) == 2 + 6


def test_a_commit_that_comes_second_is_made_again(bucket: str) -> None:
    url = f"{bucket}/c.scene"
    slow = SceneStore.create(url, scene())
    with slow.edit("layer") as edit:
        edit.create_layer("review", DRIVING)
    fast = SceneStore.open(url)
    land, raced = slow._land, []

    def late(*args: object) -> str | None:
        if not raced:
            raced.append(True)
            with fast.edit("first") as edit:
                edit.set("review", 0, boxes(1))
        return land(*args)  # type: ignore[arg-type]

    slow._land = late  # type: ignore[method-assign]
    with slow.edit("second") as edit:
        edit.set("review", 1, boxes(2))
    assert raced
    assert SceneStore.open(url).scene().layer("review").boxes2d.counts[:2].tolist() == [1, 2]
    assert [commit.message for commit in fast.log()][:2] == ["second", "first"]


def test_pixels_in_conflict_are_refused_in_a_bucket_too(bucket: str) -> None:
    store = SceneStore.create(f"{bucket}/d.scene", scene())
    with store.edit("layer") as edit:
        edit.create_layer("review", DRIVING)
    base = store.head
    with store.edit("theirs") as edit:
        edit.set_label_map("review", 0, label_map(1))
    with pytest.raises(ConflictError), store.edit("ours", base=base) as edit:
        edit.set_label_map("review", 0, label_map(2))


def test_a_making_that_broke_off_is_taken_over(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"{bucket}/e.scene"
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(SceneStore, "_commit", _interrupted)
        SceneStore.create(url, scene())
    with pytest.raises(StoreError, match="not a drivelabel scene"):
        SceneStore.open(url)
    assert SceneStore.create(url, scene()).scene().name == "a drive"


def test_of_two_makers_one_is_told(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"{bucket}/f.scene"
    land, raced = SceneStore._land, []

    def late(store: SceneStore, *args: object) -> str | None:
        if not raced:
            raced.append(True)
            SceneStore.create(url, scene(name="the first"))
        return land(store, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(SceneStore, "_land", late)
    with pytest.raises(StoreError, match="already exists"):
        SceneStore.create(url, scene(name="the second"))
    assert SceneStore.open(url).scene().name == "the first"


def _interrupted(*args: object) -> None:
    raise KeyboardInterrupt
