"""An object store in this process, as small as Icechunk's use of S3 allows, whose network can be bad.

Each scene can have a network of its own, so that several may be tried at once.
"""

from __future__ import annotations

import hashlib
import re
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any
from unittest import mock
from urllib.parse import parse_qs, unquote, urlsplit

BUCKET = "labels"
TOXICS = ("slow", "stall", "cut", "reset", "lost", "error")
"""What happens to an answer: it comes late, or not for long, or in half, or the connection is closed before
the request is done, or after it was done, or it is done and the answer says 500."""

STALL_S = 1.3
SLOW_S = 0.05


@dataclass
class Network:
    """The way to one scene. Each `every`-th request, while it is bad, meets `toxic`."""

    toxic: str = ""
    every: int = 1
    n_requests: int = 0
    n_met: int = 0
    lock: Any = field(default_factory=Lock)

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


class ObjectStore:
    """Objects by key, served on a port of this machine."""

    def __init__(self) -> None:
        self.objects: dict[str, tuple[bytes, dict[str, str]]] = {}
        self.networks: dict[str, Network] = {}
        self.lock = Lock()
        store = self

        class Handler(_Handler):
            objects = store

        self.server = _Server(("127.0.0.1", 0), Handler)
        Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """What a client calls it."""
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def network(self, scene: str) -> Network:
        """The way to the scene whose keys start so."""
        return self.networks.setdefault(scene, Network())

    def do(self, method: str, key: str, headers: Mapping[str, str], body: bytes) -> _Answer:
        """What one request comes to."""
        with self.lock:
            known = self.objects.get(key)
            if method == "PUT":
                return self._put(key, known, headers, body)
            if method == "DELETE":
                self.objects.pop(key, None)
                return _Answer(204)
        if known is None:
            return _Answer(404, b"" if method == "HEAD" else b"<Error><Code>NoSuchKey</Code></Error>")
        data, facts = known
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", headers.get("Range", ""))
        if not asked:
            return _Answer(200, data, facts)
        part = data[int(asked[1]) : int(asked[2] or len(data)) + 1]
        return _Answer(206, part, facts | {"Content-Range": f"bytes {asked[1]}-{asked[2]}/{len(data)}"})

    def _put(self, key: str, known: Any, headers: Mapping[str, str], body: bytes) -> _Answer:
        tag = f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'
        old_tag = known[1]["ETag"].strip('"') if known else ""
        if (headers.get("If-None-Match") and known) or headers.get("If-Match", old_tag).strip('"') != old_tag:
            return _Answer(412, b"<Error><Code>PreconditionFailed</Code></Error>")
        kept = {name: value for name, value in headers.items() if name.lower().startswith("x-amz-meta-")}
        self.objects[key] = body, {"ETag": tag, "Last-Modified": formatdate(usegmt=True), **kept}
        return _Answer(200, b"", {"ETag": tag})

    def listing(self, prefix: str) -> _Answer:
        """The keys that start so."""
        with self.lock:
            found = {key: len(data) for key, (data, _) in self.objects.items() if key.startswith(prefix)}
        rows = "".join(
            f"<Contents><Key>{key}</Key><Size>{size}</Size>"
            "<LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents>"
            for key, size in sorted(found.items())
        )
        count = f"<KeyCount>{len(found)}</KeyCount><IsTruncated>false</IsTruncated>"
        return _Answer(200, f"<ListBucketResult>{count}{rows}</ListBucketResult>".encode())


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that has hung up is no error here."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@dataclass(frozen=True)
class _Answer:
    status: int
    data: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    objects: ObjectStore

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: tests read what is printed."""

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        key = unquote(parts.path).removeprefix(f"/{BUCKET}").lstrip("/")
        query = parse_qs(parts.query)
        scene = (query["prefix"][0] if "prefix" in query else key).partition("/")[0]
        toxic = self.objects.network(scene).meets()
        if toxic == "reset":
            self._hang_up()
            return
        is_listing = not key and "prefix" in query
        answer = (
            self.objects.listing(query["prefix"][0])
            if is_listing
            else self.objects.do(self.command, key, self.headers, body)  # type: ignore[arg-type]
        )
        time.sleep({"slow": SLOW_S, "stall": STALL_S}.get(toxic, 0))
        if toxic == "lost":
            self._hang_up()
        elif toxic == "error":
            self._send(_Answer(500, b"<Error><Code>InternalError</Code></Error>"))
        else:
            self._send(answer, cut=toxic == "cut")

    def _send(self, answer: _Answer, *, cut: bool = False) -> None:
        self.send_response_only(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.status != 204:
            self.send_header("Content-Length", str(len(answer.data)))
        self.end_headers()
        if cut and answer.data:
            self.wfile.write(answer.data[: len(answer.data) // 2])
            self._hang_up()
        elif self.command != "HEAD":
            self.wfile.write(answer.data)

    def _hang_up(self) -> None:
        self.close_connection = True
        try:
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # the other side was quicker

    do_GET = do_PUT = do_HEAD = do_DELETE = _serve


@contextmanager
def object_store() -> Iterator[ObjectStore]:
    """An object store, with the environment that makes us use it."""
    store = ObjectStore()
    env = {
        "AWS_ENDPOINT_URL": store.url, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }  # fmt: skip
    with mock.patch.dict("os.environ", env):
        yield store
    store.server.shutdown()
    store.server.server_close()
