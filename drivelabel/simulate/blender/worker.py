"""A Blender that runs beside us: another Python, with bpy, that renders job after job."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from drivelabel.errors import MissingExtraError, StoreError

PYTHON_VARIABLE = "DRIVELABEL_BLENDER_PYTHON"
HOW_TO_INSTALL = (
    "Make an environment of its own with Python 3.11 (python3.11 -m venv blender; blender/bin/pip install "
    f"bpy) and give its Python with --blender-python or in {PYTHON_VARIABLE}; see docs/simulate.md."
)
_TAIL_CHARS = 800
_PACKAGE = "bpy_side"


def find_python(given: str | None = None, environment: Mapping[str, str] = os.environ) -> str:
    """The Python that has bpy: the one given, or that of the environment variable.

    Raises:
        MissingExtraError: none is given, or it is not there.
    """
    python = given or environment.get(PYTHON_VARIABLE)
    if not python:
        raise MissingExtraError(f"The renderer blender needs a Python with bpy. {HOW_TO_INSTALL}")
    found = shutil.which(python)
    if found is None:
        raise MissingExtraError(f"{python}: is no program that can be run. {HOW_TO_INSTALL}")
    return found


class Worker:
    """The process, from the first job until ``close()`` or the end of a ``with`` block.

    Args:
        python: that has bpy.
        threads: that render.

    Raises:
        MissingExtraError: this Python has no bpy, or bpy lacks a library of the system.
        StoreError: it does not start.
    """

    def __init__(self, python: str, threads: int) -> None:
        self._python = python
        self._log = tempfile.TemporaryFile(mode="w+", encoding="utf-8", errors="replace")  # noqa: SIM115
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent), "PYTHONNOUSERSITE": "1"}
        try:
            self._process = subprocess.Popen(
                [python, "-P", "-m", _PACKAGE, str(threads)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log,
                text=True,
                encoding="utf-8",
                env=environment,
            )
        except OSError as error:
            self._log.close()
            raise StoreError(f"{python}: cannot be started ({error.strerror}).") from error
        try:
            hello = self._answer()
            if "missing" in hello:
                raise MissingExtraError(f"{python}: has no bpy ({hello['missing']}). {HOW_TO_INSTALL}")
        except BaseException:
            self.close()
            raise
        self.version: str = hello["ready"]

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def render(self, job_file: Path) -> float:
        """Render a job; the seconds it took.

        Raises:
            StoreError: Blender stopped or could not do it; the message says what Blender said.
        """
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(f"{job_file}\n")
            self._process.stdin.flush()
        except OSError:
            pass  # it has stopped; the missing answer says so with what it said last
        answer = self._answer()
        if "error" in answer:
            raise StoreError(f"{job_file.name}: Blender could not render it ({answer['error']}).")
        return float(answer["seconds"])

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        try:
            answer: dict[str, Any] = json.loads(line)
        except ValueError:
            raise StoreError(
                f"{self._python}: Blender stopped without an answer. {self._last_words()}"
            ) from None
        return answer

    def _last_words(self) -> str:
        self._log.flush()
        self._log.seek(0)
        said = self._log.read()[-_TAIL_CHARS:].strip()
        return f"It said: ...{said}" if said else "It said nothing."

    def close(self) -> None:
        """End the process; a second time does nothing."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        self._process.terminate()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()
