"""Options and output that import, export, convert and ingest share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from drivelabel.cli.output import say

if TYPE_CHECKING:
    from drivelabel.formats import ConversionReport
    from drivelabel.pipeline import ExportSettings, ImportedScene

OnInvalidOption = Annotated[
    Literal["error", "skip"],
    typer.Option("--on-invalid", help="Damaged input: stop, or leave it out and count it."),
]
StrictOption = Annotated[
    bool, typer.Option("--strict", help="Fail, and leave nothing, when something is approximated or dropped.")
]
DriveOption = Annotated[
    str | None, typer.Option("--scene", metavar="NAME", help="One drive of several; else all.")
]
OptionsOption = Annotated[
    list[str],
    typer.Option("--option", metavar="NAME=VALUE", help="More for the format; see: drivelabel formats NAME."),
]
ImagesOption = Annotated[
    Literal["reference", "copy", "link", "none"] | None,
    typer.Option("--images", help="Name the recorded images, put copies or links beside the labels."),
]
TaxonomyOption = Annotated[
    str | None, typer.Option("--taxonomy", metavar="NAME", help="Write the classes of a built-in taxonomy.")
]
ClassesOption = Annotated[
    Path | None,
    typer.Option("--classes", metavar="FILE.json", help="Class name to class name, or to null to drop it."),
]
SplitOption = Annotated[
    str | None,
    typer.Option("--split", metavar="val=0.2", help="Shares of parts, by drive or image; the rest is train."),
]
OverwriteOption = Annotated[bool, typer.Option("--overwrite", help="Replace what is at OUT.")]


def settings_of(
    layer: str,
    *,
    images: str | None,
    taxonomy: str | None,
    classes: Path | None,
    split: str | None,
    strict: bool,
    overwrite: bool,
    options: list[str],
    sidecar: bool = False,
) -> ExportSettings:
    """The library's settings from the command's words."""
    from drivelabel.pipeline.export_run import ExportSettings, read_classes

    return ExportSettings(
        layer=layer,
        images=images,
        taxonomy=taxonomy,
        classes=None if classes is None else read_classes(classes),
        split=split,
        strict=strict,
        overwrite=overwrite,
        options=options,
        sidecar=sidecar,
    )


def facts_of(made: ImportedScene) -> dict[str, Any]:
    """What an import made, for ``--json``."""
    scene = made.store.scene()
    return {
        "scene": made.location,
        "name": scene.name,
        "cameras": [camera.channel for camera in scene.cameras],
        "lidars": [lidar.channel for lidar in scene.lidars],
        "frames": len(scene.frames),
        "sweeps": len(scene.sweeps),
        "layers": list(scene.layers),
        "report": made.report.to_json(),
    }


def say_report(report: ConversionReport) -> None:
    """The report's lines on stdout."""
    say(str(report))
