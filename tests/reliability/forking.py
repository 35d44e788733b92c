"""Worker processes by the hundred: one process imports everything once, then forks a child a job.

A store must not be used before a fork, and the parent here never uses one. A child starts in milliseconds
instead of the second that imports take, so that many of them can be killed within a test's time.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import traceback
from pathlib import Path
from types import TracebackType
from typing import Any

TESTS = Path(__file__).parents[1]


class Forker:
    """Starts jobs, which are functions of one module, each in a process of its own."""

    def __init__(self, env: dict[str, str] | None = None, jobs: str = "reliability.jobs") -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-u", str(Path(__file__)), jobs],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "PYTHONPATH": str(TESTS), **(env or {})},
        )  # fmt: skip

    def __enter__(self) -> Forker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate()

    def start(self, job: str, **arguments: Any) -> int:
        """Start a job; its process id. What it prints and raises goes to its file ``out``, if it has one."""
        return int(self._ask({"job": job, "arguments": arguments}))

    def wait(self, pid: int) -> int:
        """The exit status of a job: 0 for good, -9 for killed."""
        return int(self._ask({"wait": pid}))

    def kill(self, pid: int) -> int:
        """Kill a job with signal 9; its exit status, which is 0 when it was done before."""
        os.kill(pid, signal.SIGKILL)
        return self.wait(pid)

    def _ask(self, question: dict[str, Any]) -> str:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        return self._process.stdout.readline()


def _serve() -> None:
    jobs = importlib.import_module(sys.argv[1])
    jobs.warm_up()
    for line in sys.stdin:
        question = json.loads(line)
        if "wait" in question:
            status = os.waitpid(question["wait"], 0)[1]
            sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
            continue
        pid = os.fork()
        if pid:
            sys.stdout.write(f"{pid}\n")
            continue
        os.close(0)
        try:
            getattr(jobs, question["job"])(**question["arguments"])
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)


if __name__ == "__main__":
    _serve()
