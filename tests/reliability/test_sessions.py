"""Random sessions of store operations equal a plain model, in one process and with edits in processes."""

from __future__ import annotations

from reliability.sessions import run_sessions


def test_random_sessions_equal_a_plain_model() -> None:
    run_sessions(12, 25)


def test_random_sessions_with_worker_processes_equal_a_plain_model() -> None:
    run_sessions(4, 20, workers=True)
