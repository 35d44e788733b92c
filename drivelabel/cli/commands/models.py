"""drivelabel models: the weight files it knows."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from drivelabel.cli.commands._options import JsonOption
from drivelabel.cli.output import say, say_json, table

app = typer.Typer(help="List, check and fetch weight files.", rich_markup_mode=None, no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="A known weight file.")]


@app.command("list")
def list_models(as_json: JsonOption = False) -> None:
    """List the weight files that drivelabel knows, and where they are."""
    from drivelabel.models import KNOWN

    facts = [_facts(name) for name in KNOWN]
    if as_json:
        say_json({"models": facts})
        return
    rows = [(f["name"], f["task"], _size(f["n_bytes"]), f["licence"], f["path"] or "not here") for f in facts]
    say(table(("name", "task", "size", "licence", "where"), rows, right=(2,)))


@app.command()
def info(name: NameArgument, as_json: JsonOption = False) -> None:
    """Tell all about one weight file."""
    facts = _facts(_known(name))
    if as_json:
        say_json(facts)
        return
    width = max(map(len, facts))
    for key, value in facts.items():
        say(f"{key.ljust(width)}  {'-' if value is None else value}")


@app.command()
def verify(as_json: JsonOption = False) -> None:
    """Compare the weight files that are here with the published ones."""
    from drivelabel.errors import StoreError
    from drivelabel.models import KNOWN, find_weights

    results: dict[str, str] = {}
    for name in KNOWN:
        try:
            find_weights(name, offline=True)
            results[name] = "good"
        except StoreError as error:
            results[name] = "not here" if _facts(name)["path"] is None else str(error)
    if as_json:
        say_json({"models": results})
    else:
        say(table(("name", "state"), list(results.items())))
    if any(state not in ("good", "not here") for state in results.values()):
        raise typer.Exit(1)


@app.command()
def pull(name: NameArgument, as_json: JsonOption = False) -> None:
    """Fetch a weight file into the cache, unless it is here already."""
    from drivelabel.cli.interrupt import interruptible
    from drivelabel.models import find_weights

    with interruptible("Nothing half-fetched was kept; run the same command again."):
        path = find_weights(_known(name))
    if as_json:
        say_json({"name": name, "path": path})
    else:
        say(str(path))


def _known(name: str) -> str:
    """The full name of a known file. Raises StoreError when there is none."""
    from drivelabel._check import did_you_mean
    from drivelabel.errors import StoreError
    from drivelabel.models import KNOWN

    for known in (name, f"{name}.onnx"):
        if known in KNOWN:
            return known
    raise StoreError(f"no known weight file {name!r}.{did_you_mean(name, KNOWN)}")


def _facts(name: str) -> dict[str, Any]:
    from drivelabel.models import KNOWN, cache_folder, models_folder

    known = KNOWN[name]
    folders = [folder for folder in (models_folder(), cache_folder()) if folder is not None]
    found = [folder / known.name for folder in folders if (folder / known.name).is_file()]
    return {
        "name": known.name,
        "task": known.task,
        "n_bytes": known.n_bytes,
        "licence": known.licence,
        "sha256": known.sha256,
        "source": known.source,
        "url": known.url,
        "path": str(found[0]) if found else None,
    }


def _size(n_bytes: int) -> str:
    return f"{n_bytes / 1e6:.1f} MB"
