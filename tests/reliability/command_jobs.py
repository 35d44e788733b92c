"""The drivelabel command in worker processes that can be stopped at any moment."""

from __future__ import annotations

import hashlib
import io
import os
import time
import zoneinfo
from contextlib import ExitStack, redirect_stdout
from typing import Any
from unittest import mock

import cv2
import PIL.Image
from pipeline.stages import exact_plan

import drivelabel.formats.coco.read
import drivelabel.formats.coco.write
import drivelabel.media.ingest
from drivelabel.cli import labelling
from drivelabel.cli.main import main
from drivelabel.models import KNOWN
from drivelabel.models import download as downloading
from drivelabel.models.known import WeightFile

WEIGHTS = hashlib.shake_256(b"weights").digest(6_000_000)
"""What ``models pull`` fetches here, block by block, from an answer as slow as a network."""


def warm_up() -> None:
    """Import and compile what commands need on first use; no scene is opened."""
    from reliability.jobs import warm_up as compile_loops

    compile_loops()
    with redirect_stdout(io.StringIO()):
        assert main(["models", "list"]) == 0
    assert zoneinfo.ZoneInfo("UTC") and all((cv2, PIL, drivelabel.formats.coco.read, drivelabel.media.ingest))


def command(words: list[str], errors: str) -> None:
    """Run a command, its messages in a file; ends the process with the command's exit code."""
    out = os.open(errors, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(out, 1)
    os.dup2(out, 2)
    with ExitStack() as stack:
        stack.enter_context(mock.patch.object(labelling, "make_plan", lambda *_: exact_plan()))
        stack.enter_context(mock.patch.dict(KNOWN, {"toy.onnx": _toy()}))
        stack.enter_context(
            mock.patch.object(downloading.urllib.request, "build_opener", lambda *_: _SlowServer())
        )
        os.write(out, b"started\n")
        try:
            code = main(words)
        except KeyboardInterrupt:  # before or after main
            code = 130
        os._exit(code)


def _toy() -> WeightFile:
    sha256 = hashlib.sha256(WEIGHTS).hexdigest()
    return WeightFile("toy.onnx", "detect", sha256, len(WEIGHTS), "MIT", "", "https://example.org/toy.onnx")


class _SlowAnswer(io.BytesIO):
    status = 206

    def read(self, size: int | None = -1) -> bytes:
        time.sleep(0.005)
        return super().read(size)


class _SlowServer:
    def open(self, request: Any, timeout: float) -> _SlowAnswer:
        asked = request.get_header("Range") or "bytes=0-"
        answer = _SlowAnswer(WEIGHTS[int(asked.removeprefix("bytes=").removesuffix("-")) :])
        answer.status = 206 if request.get_header("Range") else 200
        return answer
