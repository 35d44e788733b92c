"""drivelabel convert: one foreign format into another."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from drivelabel.cli.commands._converting import (
    ClassesOption,
    DriveOption,
    ImagesOption,
    OnInvalidOption,
    OptionsOption,
    OverwriteOption,
    SplitOption,
    StrictOption,
    TaxonomyOption,
    say_report,
    settings_of,
)
from drivelabel.cli.commands._options import JsonOption
from drivelabel.cli.output import say_json


def convert(
    source_format: Annotated[str, typer.Argument(metavar="FORMAT", help="The format that is read, or auto.")],
    source: Annotated[Path, typer.Argument(metavar="PATH", help="The label file or the data set's folder.")],
    out_format: Annotated[str, typer.Argument(metavar="FORMAT", help="The format that is written.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The file or folder to write.")],
    scene: DriveOption = None,
    on_invalid: OnInvalidOption = "error",
    images: ImagesOption = None,
    taxonomy: TaxonomyOption = None,
    classes: ClassesOption = None,
    split: SplitOption = None,
    strict: StrictOption = False,
    overwrite: OverwriteOption = False,
    read_option: Annotated[
        list[str],
        typer.Option("--read-option", metavar="NAME=VALUE", help="More for the reader."),
    ] = [],  # noqa: B006  typer reads it, nobody changes it
    option: OptionsOption = [],  # noqa: B006
    as_json: JsonOption = False,
) -> None:
    """Write one format's labels in another, without a scene in between.

    Says what was kept, approximated and dropped, of reading and of writing.
    """
    from drivelabel.cli.interrupt import interruptible
    from drivelabel.pipeline import convert_labels

    with interruptible("Nothing was written; run the same command again."):
        settings = settings_of(
            "truth",
            images=images,
            taxonomy=taxonomy,
            classes=classes,
            split=split,
            strict=strict,
            overwrite=overwrite,
            options=option,
        )
        report = convert_labels(
            source_format,
            source,
            out_format,
            out,
            settings,
            scene=scene,
            on_invalid=on_invalid,
            read_options=read_option,
        )
    if as_json:
        say_json({"read": [part.to_json() for part in report.read], "written": report.written.to_json()})
        return
    for part in (*report.read, report.written):
        say_report(part)
