"""A local object store behind a bad network, and commits through it."""

from __future__ import annotations

import http.client
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any
from unittest import mock

import boto3
from moto.server import ThreadedMotoServer
from storage.scenes import boxes, label_map, scene

from drivelabel.errors import StoreError
from drivelabel.labels import DRIVING
from drivelabel.storage import SceneStore, _place

TOXICS = ("slow", "stall", "cut", "reset", "lost", "error")
"""What happens to an answer: it comes late, or not for long, or in half, or the connection is closed before
the request is sent on, or after it was done, or it is done and the answer says 500."""


class Network:
    """A proxy before an S3 server. Each `every`-th request, from `first` on, meets `toxic`."""

    def __init__(self, host: str, port: int) -> None:
        self.upstream = (host, port)
        self.toxic, self.every, self.n_requests, self.n_met = "", 1, 0, 0
        self.stall_s = 3.0
        self.lock = Lock()
        network = self

        class Handler(_Proxy):
            proxied = network

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """What a client calls the server."""
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def meets(self) -> str:
        """The toxic that this request meets; "" for none."""
        with self.lock:
            self.n_requests += 1
            met = bool(self.toxic) and self.n_requests % self.every == 0
            self.n_met += met
            return self.toxic if met else ""

    @contextmanager
    def being(self, toxic: str, every: int = 1) -> Iterator[None]:
        """Have requests meet a toxic for a while."""
        self.toxic, self.every = toxic, every
        try:
            yield
        finally:
            self.toxic = ""


class _Proxy(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    proxied: Network

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: tests read what is printed."""

    def _answer(self) -> None:
        toxic = self.proxied.meets()
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if toxic == "reset":
            self._hang_up()
            return
        upstream = http.client.HTTPConnection(*self.proxied.upstream)
        upstream.request(self.command, self.path, body, dict(self.headers))
        response = upstream.getresponse()
        data = response.read()
        upstream.close()
        if toxic == "slow":
            time.sleep(0.2)
        if toxic == "stall":
            time.sleep(self.proxied.stall_s)
        if toxic == "lost":
            self._hang_up()
            return
        if toxic == "error":
            self._send(500, [], b"<Error><Code>InternalError</Code></Error>", cut=False)
            return
        keep = [
            (k, v) for k, v in response.getheaders() if k.lower() not in ("transfer-encoding", "connection")
        ]
        self._send(response.status, keep, data, cut=toxic == "cut")

    def _send(self, status: int, headers: list[tuple[str, str]], data: bytes, *, cut: bool) -> None:
        self.send_response_only(status)
        has_length = False
        for name, value in headers:
            has_length |= name.lower() == "content-length"
            self.send_header(name, value)
        if not has_length:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if cut and data:
            self.wfile.write(data[: len(data) // 2])
            self._hang_up()
        elif self.command != "HEAD":
            self.wfile.write(data)

    def _hang_up(self) -> None:
        self.close_connection = True
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # the other side was quicker

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _answer


@contextmanager
def object_store() -> Iterator[Network]:
    """An S3 server behind a network, with the environment that makes us use it."""
    moto = ThreadedMotoServer(port=0, verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    network = Network(host, port)
    env = {
        "AWS_ENDPOINT_URL": network.url, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }  # fmt: skip
    with mock.patch.dict("os.environ", env):
        boto3.client("s3", endpoint_url=network.url).create_bucket(Bucket="labels")
        yield network
    network.server.shutdown()
    network.server.server_close()
    moto.stop()


def new_scene(name: str) -> SceneStore:
    """A scene in the bucket with a layer."""
    store = SceneStore.create(f"s3://labels/{name}", scene())
    with store.edit("layer") as edit:
        edit.create_layer("review", DRIVING)
    return store


def lose_answers(network: Network, n_commits: int, every: int, seconds: float = 1e9) -> dict[str, Any]:
    """Commits of which each `every`-th request is done, but its answer lost or an error."""
    store = new_scene(f"lost-{every}")
    stop = time.monotonic() + seconds
    reported = []
    for number in range(n_commits):
        toxic = ("lost", "error")[number % 2]
        with network.being(toxic, every), store.edit(f"commit {number}", by="human") as edit:
            edit.set("review", number % 12, boxes(number % 7 + 1, number))
        assert edit.result is not None
        reported.append(edit.result.snapshot)
        if time.monotonic() > stop:
            break
    again = SceneStore.open(store.name)
    log = again.log()
    assert [commit.id for commit in log][: len(reported)] == reported[::-1]
    assert len(log) == len(reported) + 2, "a commit is there twice"
    return {"commits": len(reported), "in_history": len(log) - 2, "answers_lost": network.n_met}


def poison(
    network: Network, toxic: str, n_runs: int, every: int, stall_s: float = 1.5, seconds: float = 1e9
) -> dict[str, Any]:
    """Commits and reads while requests meet a toxic: done, or our error; and whole either way."""
    network.stall_s = stall_s
    with mock.patch.object(_place, "NETWORK_TIMEOUT_S", 1):
        store = new_scene(f"toxic-{toxic}")
        done, errors, longest = [0], 0, 0.0
        with store.edit("start") as edit:
            edit.set("review", 0, boxes(1))
            edit.set_label_map("review", 0, label_map(0))
        stop = time.monotonic() + seconds
        number = 0
        while number < n_runs and time.monotonic() < stop:
            number += 1
            start = time.monotonic()
            try:
                with network.being(toxic, every):
                    with store.edit(f"commit {number}") as edit:
                        edit.set("review", 0, boxes(number + 1, number))
                        edit.set_label_map("review", 0, label_map(number))
                    SceneStore.open(store.name).scene()
                done.append(number)
            except StoreError:
                errors += 1
            longest = max(longest, time.monotonic() - start)
            layer = SceneStore.open(store.name).scene().layer("review")
            n_rows = len(layer.boxes2d[0])
            assert (layer.label_map(0).label_map == label_map(n_rows - 1)).all(), "half a commit"
            assert n_rows - 1 >= done[-1], "a reported commit is gone"
    return {
        "toxic": toxic,
        "runs": number,
        "done": len(done) - 1,
        "errors": errors,
        "longest_s": round(longest, 1),
    }
