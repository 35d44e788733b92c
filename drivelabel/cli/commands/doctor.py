"""drivelabel doctor: what is installed, and what each extra would add."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, requires, version
from typing import Any

import typer

from drivelabel.cli.commands._options import JsonOption
from drivelabel.cli.output import say, say_json, table

ADDS = {
    "models": "ultralytics detectors, torch, onnxruntime's speed",
    "lidar": "point cloud tools",
    "nuscenes": "nuScenes' own evaluation and viewer",
    "rerun": "drivelabel view",
}


def doctor(as_json: JsonOption = False) -> None:
    """Check what is installed and works.

    Says also what each extra would add.
    """
    core, checks = _installed(""), dict([_check_store(), _check_models(), _check_rerun()])
    facts = {
        "python": platform.python_version(),
        "system": platform.platform(),
        "cpus": os.cpu_count(),
        "core": core,
        "extras": {extra: _installed(extra) for extra in ADDS},
        "checks": checks,
    }
    is_good = None not in core.values() and checks["store"] == "works"
    if as_json:
        say_json(facts)
    else:
        _print(facts)
    if not is_good:
        raise typer.Exit(1)


def _installed(extra: str) -> dict[str, str | None]:
    """Package to version, None where it is missing; of the core or of one extra."""
    found: dict[str, str | None] = {}
    for requirement in requires("drivelabel") or []:
        spec, _, marker = requirement.partition(";")
        name = spec.strip()
        for mark in "<>=![ ~":
            name = name.partition(mark)[0]
        if marker.strip() != (f"extra == '{extra}'" if extra else "") or name == "drivelabel":
            continue
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = None
    return found


def _check_store() -> tuple[str, str]:
    """Write and read a small scene in a temporary folder."""
    import tempfile
    from pathlib import Path

    from drivelabel.errors import DriveLabelError

    try:
        from drivelabel.labels.taxonomies import TAXONOMIES
        from drivelabel.scene import Scene
        from drivelabel.storage import SceneStore

        with tempfile.TemporaryDirectory() as folder:
            SceneStore.create(Path(folder) / "try.scene", Scene("try", (), TAXONOMIES["driving"])).scene()
    except (DriveLabelError, ImportError, OSError) as error:
        return "store", f"fails: {error}"
    return "store", "works"


def _check_models() -> tuple[str, str]:
    from drivelabel.models import KNOWN, cache_folder, models_folder

    folders = [folder for folder in (models_folder(), cache_folder()) if folder is not None]
    here = [name for name in KNOWN if any((folder / name).is_file() for folder in folders)]
    return "models", f"{len(here)} of {len(KNOWN)} known weight files are here: {', '.join(here) or 'none'}"


def _check_rerun() -> tuple[str, str]:
    """Being installed is not enough: its pyarrow may refuse this numpy."""
    from drivelabel.errors import MissingExtraError
    from drivelabel.media.rerun_view import require_rerun

    try:
        require_rerun()
    except MissingExtraError as error:
        return "view", f"fails: {error}"
    return "view", "works"


def _print(facts: dict[str, Any]) -> None:
    say(f"python {facts['python']} on {facts['system']}, {facts['cpus']} CPUs")
    rows = [("core", name, got or "MISSING", "") for name, got in facts["core"].items()]
    for extra, packages in facts["extras"].items():
        adds = ADDS[extra] if None in packages.values() else ""
        hint = f"adds {adds}: pip install 'drivelabel[{extra}]'" if adds else ""
        rows += [(extra, name, got or "not installed", "" if got else hint) for name, got in packages.items()]
    say(table(("part", "package", "version", ""), rows))
    for what, result in facts["checks"].items():
        say(f"{what}: {result}")
