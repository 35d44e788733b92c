"""Downloading one file whose bytes are known beforehand."""

from __future__ import annotations

import hashlib
import http.client
import os
import urllib.error
import urllib.request
from pathlib import Path
from typing import IO

from filelock import FileLock, Timeout

from drivelabel.errors import StoreError

TIMEOUT_S = 30.0
_BLOCK = 1 << 18


def download(url: str, target: Path, sha256: str, n_bytes: int) -> Path:
    """Fetch a file into `target`, which is there only once it is whole.

    What an interrupted download left in ``target.part`` is continued. Processes that want the same file
    wait for one another.

    Args:
        url: https only, also after redirects.
        target: where the file shall be; folders are made.
        sha256: hex digest that the bytes must have.
        n_bytes: size that the file must have.

    Raises:
        StoreError: the address is not https, the server fails, the bytes differ from the published ones,
            or the folder cannot be written.
    """
    _check_https(url)
    part = target.with_name(target.name + ".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(target.with_name(target.name + ".lock"), timeout=600):
            if not target.is_file():
                _fetch(url, part, n_bytes)
                _check_bytes(url, part, sha256, n_bytes)
                part.replace(target)
    except Timeout as error:
        raise StoreError(f"{target}: another process has been downloading it for 10 minutes.") from error
    except (OSError, http.client.HTTPException) as error:
        if isinstance(error, StoreError):
            raise
        raise StoreError(f"{url} -> {target}: {error}") from error
    return target


class _HttpsRedirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects, but never out of https."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        _check_https(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _check_https(url: str) -> None:
    if not url.startswith("https://"):
        raise StoreError(f"{url}: expected an https:// address.")


def _fetch(url: str, part: Path, n_bytes: int) -> None:
    """Append to `part` what is still missing of the file."""
    start = part.stat().st_size if part.exists() else 0
    if start >= n_bytes:
        return  # whole, or too long: the digest decides
    request = urllib.request.Request(url, headers={"User-Agent": "drivelabel"})
    if start:
        request.add_header("Range", f"bytes={start}-")
    opener = urllib.request.build_opener(_HttpsRedirects())
    with opener.open(request, timeout=TIMEOUT_S) as answer:
        resumed = answer.status == http.client.PARTIAL_CONTENT
        with part.open("ab" if resumed else "wb") as file:
            _copy(answer, file, n_bytes - (start if resumed else 0))
            file.flush()
            os.fsync(file.fileno())


def _copy(answer: IO[bytes], file: IO[bytes], most: int) -> None:
    """Copy at most one byte more than expected: enough to see that a file is too long."""
    left = most + 1
    while left > 0 and (block := answer.read(min(_BLOCK, left))):
        file.write(block)
        left -= len(block)


def _check_bytes(url: str, part: Path, sha256: str, n_bytes: int) -> None:
    size = part.stat().st_size
    if size < n_bytes:
        raise StoreError(
            f"{url}: the connection ended after {size} of {n_bytes} bytes. Try again to continue."
        )
    with part.open("rb") as file:
        came = hashlib.file_digest(file, "sha256").hexdigest()
    if came != sha256:
        part.unlink()
        raise StoreError(f"{url}: expected sha256 {sha256}, got {came}; the file was thrown away.")
