"""Where a scene lies: a local folder or an object store, its lock, and getting bytes to the disk."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import icechunk
from filelock import FileLock, Timeout

from drivelabel.errors import StoreError
from drivelabel.storage._heads import HeadsLog
from drivelabel.storage._runtime import plain_errors

BRANCH = "main"
LOCK_TIMEOUT_S = 60.0
LOCK_POLL_S = 0.005
NETWORK_TIMEOUT_S = 20
NETWORK_TRIES, FIRST_PAUSE_MS, LONGEST_PAUSE_MS = 6, 100, 3000
"""Of one request. By default Icechunk waits up to three minutes: too long for a person at a page."""

MANIFEST_SPLIT = 1000
"""Chunks in a manifest along the frames: a long log's commit then rewrites a small part of them."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a scene lies.

    Attributes:
        name: the path or URL as the user gave it.
        folder: the local folder, or None on an object store.
        bucket, prefix: of the object store, or "".
    """

    name: str
    folder: Path | None
    bucket: str = ""
    prefix: str = ""

    @classmethod
    def of(cls, location: str | os.PathLike[str]) -> Place:
        """A place from a path or an ``s3://bucket/prefix`` URL.

        Raises:
            StoreError: the URL has another scheme, or no bucket or prefix.
        """
        text = os.fspath(location)
        if "://" not in text:
            return cls(text, Path(text))
        parts = urlsplit(text)
        prefix = parts.path.strip("/")
        if parts.scheme != "s3" or not parts.netloc or not prefix:
            raise StoreError(f"{text}: expected a folder or s3://bucket/prefix.")
        return cls(text, None, parts.netloc, prefix)

    def storage(self) -> icechunk.Storage:
        """Icechunk's handle on this place."""
        if self.folder is not None:
            return icechunk.local_filesystem_storage(str(self.folder / "repo"))
        endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
        return icechunk.s3_storage(
            bucket=self.bucket,
            prefix=self.prefix,
            region=os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1",
            endpoint_url=endpoint,
            allow_http=endpoint is not None and endpoint.startswith("http://"),
            force_path_style=endpoint is not None,
            from_env=True,
            network_stream_timeout_seconds=NETWORK_TIMEOUT_S,
        )

    def config(self) -> icechunk.RepositoryConfig:
        """How Icechunk is to work here. It is handed over at each opening and not stored."""
        split = icechunk.ManifestSplittingConfig.from_dict(
            {
                icechunk.ManifestSplitCondition.AnyArray(): {
                    icechunk.ManifestSplitDimCondition.Axis(0): MANIFEST_SPLIT
                }
            }
        )
        retries = icechunk.StorageRetriesSettings(
            max_tries=NETWORK_TRIES, initial_backoff_ms=FIRST_PAUSE_MS, max_backoff_ms=LONGEST_PAUSE_MS
        )
        # By default each new session looks for coordinate arrays to read ahead: 16 ms of processor time.
        preload = icechunk.ManifestPreloadConfig(
            max_total_refs=0, preload_if=icechunk.ManifestPreloadCondition.false()
        )
        return icechunk.RepositoryConfig(
            manifest=icechunk.ManifestConfig(splitting=split, preload=preload),
            storage=icechunk.StorageSettings(retries=retries),
        )

    def repository(self, *, new: bool = False) -> icechunk.Repository:
        """The repository here, opened or made.

        Raises:
            icechunk.IcechunkError: it cannot be; see :func:`drivelabel.storage._runtime.plain_errors`.
        """
        make = icechunk.Repository.create if new else icechunk.Repository.open
        repo = make(self.storage(), config=self.config())
        # An object store's handle keeps the number of tries of its first request, which comes before it knows
        # our settings (10 tries, 18 s); a copy makes its first request with them (6 tries, 1.2 s).
        return copy(repo) if self.folder is None else repo

    def exists(self) -> bool:
        """Whether a scene lies here."""
        with plain_errors(self.name):
            if self.folder is not None:
                return (self.folder / "repo").is_dir()
            return icechunk.Repository.exists(self.storage())

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the scene's lock: one commit at a time.

        The lock is the kernel's, on an open file: it goes when its holder dies. An object store needs none;
        it refuses the second of two commits itself.

        Raises:
            StoreError: another process held the lock for a minute.
        """
        if self.folder is None:
            yield
            return
        with plain_errors(self.name):
            lock = FileLock(
                self.folder / "lock", timeout=LOCK_TIMEOUT_S, poll_interval=LOCK_POLL_S, thread_local=False
            )
            try:
                lock.acquire()
            except Timeout:
                raise StoreError(
                    f"{self.name}: another process has held the lock for {LOCK_TIMEOUT_S:.0f} s."
                ) from None
        try:
            yield
        finally:
            lock.release()

    def sync(self) -> None:
        """Have everything written so far on the disk. An object store acknowledges only what it keeps."""
        if self.folder is None:
            return
        with plain_errors(self.name):
            descriptor = os.open(self.folder, os.O_RDONLY)
            try:
                _sync_file_system(descriptor)
            finally:
                os.close(descriptor)

    @property
    def heads(self) -> HeadsLog | None:
        """The list of newest commits; None on an object store, which keeps its branch file itself."""
        return None if self.folder is None else HeadsLog(self.folder / "heads.log")


def _sync_file_system(descriptor: int) -> None:
    # syncfs and not fsync of each file: a commit's files are written by the store's own threads under
    # names we do not learn; measured 0.3 ms against 4 ms.
    if sys.platform != "linux":
        os.sync()
        return
    if _libc().syncfs(descriptor) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"could not be synced to the disk: {os.strerror(number)}")


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
