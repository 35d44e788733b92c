"""The drivelabel command's frame: which commands there are, and how they end.

Exit codes: 0 done, 1 our error in one line on stderr, 2 wrong usage, 130 interrupted.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from drivelabel.cli.commands import COMMANDS, models
from drivelabel.cli.interrupt import Interrupted
from drivelabel.cli.output import complain
from drivelabel.errors import DriveLabelError

DONE, FAILED, WRONG_USAGE, INTERRUPTED = 0, 1, 2, 130

app = typer.Typer(
    name="drivelabel",
    help="Labels for autonomous-driving logs.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _command in COMMANDS:
    app.command(_command.__name__.rstrip("_"))(_command)
app.add_typer(models.app, name="models")


@app.callback()
def _root(
    traceback: Annotated[bool, typer.Option("--traceback", help="Show where an error came from.")] = False,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Labels for autonomous-driving logs: one scene for every sensor, task and author."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; its exit code.

    Args:
        argv: the words after ``drivelabel``; those of the process when None.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    with_traceback = "--traceback" in words
    words = [word for word in words if word != "--traceback"]
    if words == ["--version"]:
        from drivelabel import __version__

        typer.echo(__version__)
        return DONE
    try:
        code = app(args=words or ["--help"], prog_name="drivelabel", standalone_mode=False)
        sys.stdout.flush()
    except BaseException as error:
        if with_traceback and not isinstance(error, SystemExit):
            import traceback

            traceback.print_exc()
        return _exit_code(error)
    if code == INTERRUPTED:  # typer turned Ctrl+C into an exit code
        complain("interrupted.")
    return code if isinstance(code, int) else DONE


def _exit_code(error: BaseException) -> int:
    """Say in one line what went wrong; the exit code."""
    code = getattr(error, "exit_code", getattr(error, "code", None))
    if isinstance(error, (Interrupted, KeyboardInterrupt, typer.Abort)) or code == INTERRUPTED:
        kept = f" {error}" if isinstance(error, Interrupted) else ""
        complain(f"interrupted.{kept}")
        return INTERRUPTED
    if isinstance(error, (typer.Exit, SystemExit)):
        return code if isinstance(code, int) else FAILED
    if isinstance(error, BrokenPipeError):
        # The reader (head, less) has gone. Python would complain again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    if isinstance(error, (DriveLabelError, OSError)):
        complain(str(error))
        return FAILED
    if hasattr(error, "format_message"):  # typer's own, or click's in older typer
        context = getattr(error, "ctx", None)
        path = context.command_path if context is not None else "drivelabel"
        message = error.format_message()
        stop = "" if message.endswith((".", "?")) else "."
        complain(f"{message}{stop} See: {path} --help", name=path)
        return WRONG_USAGE
    kind = type(error).__name__
    complain(f"a bug, not your mistake: {kind}: {error}. Run again with --traceback and report it.")
    return FAILED
