"""drivelabel export: a layer in another tool's format."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from drivelabel.cli.commands._converting import (
    ClassesOption,
    ImagesOption,
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


def export(
    format: Annotated[str, typer.Argument(metavar="FORMAT", help="The other format, such as coco.")],
    places: Annotated[
        list[str],
        typer.Argument(metavar="SCENE... OUT", help="The scenes, then the place to write."),
    ],
    layer: Annotated[str, typer.Option("--layer", help="Whose labels.")] = "auto",
    images: ImagesOption = None,
    taxonomy: TaxonomyOption = None,
    classes: ClassesOption = None,
    split: SplitOption = None,
    strict: StrictOption = False,
    sidecar: Annotated[
        bool, typer.Option("--sidecar", help="Keep beside it what the format cannot hold, for import.")
    ] = False,
    overwrite: OverwriteOption = False,
    option: OptionsOption = [],  # noqa: B006  typer reads it, nobody changes it
    as_json: JsonOption = False,
) -> None:
    """Write a layer in another format.

    Says what was kept, approximated and dropped.
    """
    if len(places) < 2:
        raise typer.BadParameter("expected at least one scene, then OUT.", param_hint="'SCENE... OUT'")
    from drivelabel.cli.interrupt import interruptible
    from drivelabel.pipeline import export_labels

    *scenes, out = places
    with interruptible(f"{', '.join(scenes)}: unchanged; run the same command again."):
        settings = settings_of(
            layer,
            images=images,
            taxonomy=taxonomy,
            classes=classes,
            split=split,
            strict=strict,
            overwrite=overwrite,
            options=option,
            sidecar=sidecar,
        )
        report = export_labels(format, scenes, Path(out), settings)
    if as_json:
        say_json(report.to_json())
    else:
        say_report(report)
