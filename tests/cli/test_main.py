from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from drivelabel import __version__
from drivelabel.cli import main as frame
from drivelabel.cli.commands import COMMANDS
from drivelabel.cli.interrupt import Interrupted, interruptible
from tests.cli.conftest import Run

PYTHON = (sys.executable, "-m", "drivelabel")


def test_help_lists_every_command(run: Run) -> None:
    code, out, _ = run("--help")
    assert code == 0
    for command in COMMANDS:
        assert f"  {command.__name__.rstrip('_')} " in out
    assert "models" in out


def test_no_words_show_the_help(run: Run) -> None:
    code, out, _ = run()
    assert code == 0
    assert out.startswith("Usage: drivelabel")


@pytest.mark.parametrize("name", [*(command.__name__.rstrip("_") for command in COMMANDS), "models"])
def test_every_command_has_help(run: Run, name: str) -> None:
    code, out, _ = run(name, "--help")
    assert code == 0
    assert f"drivelabel {name}" in out


def test_help_loads_no_heavy_library() -> None:
    heavy = ("numpy", "numba", "zarr", "cv2", "icechunk", "polars", "rich", "av", "torch")
    script = (
        "import sys; from drivelabel.cli.main import main; main(['--help']);"
        f"print('loaded:', [name for name in {heavy!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.rstrip().endswith("loaded: []")


def test_help_is_quick() -> None:
    def seconds() -> float:
        before = os.times()
        subprocess.run([*PYTHON, "--help"], capture_output=True, check=True)
        after = os.times()
        return after.children_user + after.children_system - before.children_user - before.children_system

    # Processor time, so that other work on the machine does not count.
    assert min(seconds() for _ in range(3)) < 0.4


def test_the_version_is_printed(run: Run) -> None:
    assert run("--version") == (0, f"{__version__}\n", "")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("ingst",), "drivelabel: No such command 'ingst'. Did you mean 'ingest'? See: drivelabel --help\n"),
        (("models", "lst"), "drivelabel models: No such command 'lst'. Did you mean 'list'? "),
        (("show", "x.scene"), "drivelabel show: Missing option '--frame'. See: drivelabel show --help\n"),
        (("info",), "drivelabel info: Missing argument 'SCENE'. See: drivelabel info --help\n"),
        (("ingest", "a", "b", "--on-invalid", "x"), "drivelabel ingest: Invalid value for '--on-invalid': "),
        (("log", "a", "--numbr", "1"), "drivelabel log: No such option: --numbr"),
    ],
)
def test_wrong_usage_is_one_line_and_exits_with_2(run: Run, words: tuple[str, ...], complaint: str) -> None:
    code, out, err = run(*words)
    assert (code, out) == (2, "")
    assert err.startswith(complaint)
    assert err.count("\n") == 1


def test_our_error_is_one_line_and_exits_with_1(run: Run, tmp_path: Path) -> None:
    code, out, err = run("info", str(tmp_path / "no.scene"))
    assert (code, out) == (1, "")
    assert err.startswith(f"drivelabel: {tmp_path}/no.scene: no scene here. Make one with: drivelabel ingest")
    assert err.count("\n") == 1


def test_an_error_of_the_system_is_one_line_too(run: Run, location: str) -> None:
    blocked = Path(location).parent / "file"
    blocked.write_text("")
    code, _, err = run("show", location, "--frame", "0", "--out", str(blocked / "a.png"))
    assert code == 1
    assert "cannot be written" in err
    assert err.count("\n") == 1


def test_a_traceback_is_shown_when_asked_for(run: Run, tmp_path: Path) -> None:
    code, _, err = run("--traceback", "info", str(tmp_path / "no.scene"))
    assert code == 1
    assert err.startswith("Traceback (most recent call last)")
    assert err.rstrip().splitlines()[-1].startswith("drivelabel: ")


def test_a_bug_is_called_one(run: Run, location: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr("drivelabel.cli.summary.summarise", broken)
    code, _, err = run("info", location)
    assert code == 1
    assert err.startswith(
        "drivelabel: a bug, not your mistake: ZeroDivisionError: division by zero. Run again"
    )


def test_ctrl_c_says_what_is_kept(run: Run, location: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def pressed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("drivelabel.cli.labelling.make_plan", pressed)
    code, out, err = run("annotate", location)
    assert (code, out) == (130, "")
    assert err == "drivelabel: interrupted. Finished frames are kept; give the same command again to go on.\n"


def test_only_ctrl_c_is_turned_into_an_interruption() -> None:
    with pytest.raises(Interrupted, match="all is kept"), interruptible("all is kept"):
        raise KeyboardInterrupt
    with pytest.raises(ValueError, match="other"), interruptible("all is kept"):
        raise ValueError("other")


def test_a_real_interruption_ends_with_130(tmp_path: Path) -> None:
    script = (
        "import sys, time\n"
        "from drivelabel.cli.main import main\n"
        "d = sys.modules['drivelabel.cli.commands.doctor']\n"
        "def wait(*_):\n"
        "    print('ready', flush=True); time.sleep(60)\n"
        "d._installed = wait\n"
        "sys.exit(main(['doctor']))\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert err.strip() == "drivelabel: interrupted."


def test_a_reader_that_leaves_is_no_traceback() -> None:
    read, write = os.pipe()
    os.close(read)
    try:
        done = subprocess.run(
            [*PYTHON, "--help"], stdout=write, stderr=subprocess.PIPE, text=True, check=False
        )
    finally:
        os.close(write)
    assert done.stderr == ""


def test_the_module_runs_the_command() -> None:
    done = subprocess.run([*PYTHON, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == __version__


def test_exit_codes_are_the_documented_ones() -> None:
    assert (frame.DONE, frame.FAILED, frame.WRONG_USAGE, frame.INTERRUPTED) == (0, 1, 2, 130)
