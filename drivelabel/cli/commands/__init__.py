"""One file per command. Files import what they run when they run it, so that ``--help`` is quick."""

from collections.abc import Callable
from typing import Any

from drivelabel.cli.commands.annotate import annotate
from drivelabel.cli.commands.check import check
from drivelabel.cli.commands.convert import convert
from drivelabel.cli.commands.demo import demo
from drivelabel.cli.commands.doctor import doctor
from drivelabel.cli.commands.evaluate import evaluate
from drivelabel.cli.commands.export import export
from drivelabel.cli.commands.formats import formats
from drivelabel.cli.commands.gc import gc
from drivelabel.cli.commands.import_ import import_
from drivelabel.cli.commands.info import info
from drivelabel.cli.commands.ingest import ingest
from drivelabel.cli.commands.log import log, restore
from drivelabel.cli.commands.show import show
from drivelabel.cli.commands.simulate import simulate
from drivelabel.cli.commands.view import view

COMMANDS: tuple[Callable[..., Any], ...] = (
    demo,
    ingest,
    import_,
    simulate,
    annotate,
    show,
    view,
    info,
    log,
    restore,
    check,
    gc,
    export,
    convert,
    formats,
    evaluate,
    doctor,
)
"""The commands, in the order in which ``--help`` lists them."""
