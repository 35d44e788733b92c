"""drivelabel info: what a scene holds."""

from __future__ import annotations

from typing import Any

from drivelabel.cli.commands._options import JsonOption, SceneArgument
from drivelabel.cli.output import count, say, say_json, table

MAX_FACT = 96
"""Letters of a fact that are shown; readers may keep long lists in a scene's info."""


def info(scene: SceneArgument, as_json: JsonOption = False) -> None:
    """Summarise a scene.

    Sensors, times, path, layers and their labels.
    """
    from drivelabel.cli.summary import summarise
    from drivelabel.storage import SceneStore

    store = SceneStore.open(scene)
    facts = summarise(store.scene()) | {"commits": len(store.log()), "head": store.head}
    if as_json:
        say_json({"scene": scene, **facts})
        return
    say(_text(facts))


def _text(facts: dict[str, Any]) -> str:
    parts = [_head(facts), "", _sensors(facts["sensors"])]
    for layer in facts["layers"]:
        parts += ["", _layer(layer)]
    if not facts["layers"]:
        parts += ["", "no layers yet. Label it with: drivelabel annotate"]
    return "\n".join(parts)


def _head(facts: dict[str, Any]) -> str:
    lines = [facts["name"]]
    if facts["images"] is not None:
        return "\n".join([*lines, *_of_image_set(facts)])
    if facts["start"]:
        lines.append(f"  from {facts['start']}, {facts['seconds']:.1f} s")
    else:
        lines.append(f"  {facts['seconds']:.1f} s")
    lines.append(
        f"  {count(facts['frames'], 'frame')}, {count(facts['sweeps'], 'lidar sweep')}, "
        f"{count(facts['samples'], 'sample')}"
    )
    path = facts["path_metres"]
    lines.append("  no poses" if path is None else f"  {count(facts['poses'], 'pose')}, path {path:,.1f} m")
    return "\n".join([*lines, *_history_and_info(facts)])


def _of_image_set(facts: dict[str, Any]) -> list[str]:
    images = facts["images"]
    lines = [f"  {count(images['count'], 'image')} without a drive"]
    if images["splits"]:
        lines.append("  " + ", ".join(f"{name} {number:,}" for name, number in images["splits"].items()))
    return [*lines, *_history_and_info(facts)]


def _history_and_info(facts: dict[str, Any]) -> list[str]:
    lines = [f"  {count(facts['commits'], 'commit')}, newest {facts['head'][:8]}"]
    return lines + [f"  {key}: {_short(value)}" for key, value in facts["info"].items()]


def _short(value: Any) -> str:
    """A fact in at most a line; ``--json`` shows all of it."""
    if isinstance(value, dict):
        value = ", ".join(f"{key} {_short(part)}" for key, part in value.items())
    elif isinstance(value, (list, tuple)):
        value = f"{len(value)} entries" if value else "none"
    text = str(value)
    return text if len(text) <= MAX_FACT else f"{text[: MAX_FACT - 3]}..."


def _sensors(sensors: list[dict[str, Any]]) -> str:
    rows = []
    for sensor in sensors:
        size = f"{sensor['width']} x {sensor['height']}" if sensor["kind"] == "camera" else ""
        rate = f"{sensor['hz']:.1f} Hz" if sensor["hz"] else ""
        state = {True: "calibrated", False: "not calibrated", None: ""}[sensor["calibrated"]]
        rows.append((sensor["channel"], sensor["kind"], size, f"{sensor['records']:,}", rate, state))
    return table(("sensor", "kind", "image", "records", "rate", ""), rows, right=(3, 4))


def _layer(layer: dict[str, Any]) -> str:
    by = f" by {layer['author']}" if layer["author"] else ""
    lines = [f"layer {layer['name']}{by}, taxonomy {layer['taxonomy']}"]
    rows = []
    for kind, facts in layer["kinds"].items():
        classes = sorted(facts["classes"].items(), key=lambda item: -item[1])
        shown = ", ".join(f"{name} {number:,}" for name, number in classes[:6])
        more = f", +{len(classes) - 6} more" if len(classes) > 6 else ""
        tracks = f"{facts['tracks']:,}" if facts["tracks"] is not None else ""
        rows.append((kind, f"{facts['rows']:,}", f"{facts['labelled']:,}", tracks, shown + more))
    if not rows:
        return f"{lines[0]}\nno labels"
    lines.append(table(("kind", "rows", "labelled", "tracks", "classes"), rows, right=(1, 2, 3)))
    return "\n".join(lines)
