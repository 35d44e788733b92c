"""Arguments and options that several commands have."""

from __future__ import annotations

from typing import Annotated

import typer

SceneArgument = Annotated[
    str, typer.Argument(metavar="SCENE", help="A scene's folder, or s3://bucket/prefix.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
