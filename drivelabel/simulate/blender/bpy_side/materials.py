"""What surfaces are made of, as shaders that read the mesh's ``albedo``, ``glow``, ``uv`` and ``house``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import bpy  # type: ignore[import-not-found]

from .nodes import Nodes, Value

DAY_GLOW, NIGHT_GLOW = 3.0, 2.2
"""Light of a lamp's glass per unit of emission."""

FLOOR_M, SHOP_M = 3.2, 4.0
"""Height of a floor, and of the ground floor."""


class Look:
    """The weather and time that surfaces are made for."""

    def __init__(self, wetness: float, *, is_night: bool, origin: tuple[float, float, float]) -> None:
        self.wetness = wetness
        self.is_night = is_night
        self.origin = origin

    @property
    def key(self) -> tuple[float, bool, tuple[float, float, float]]:
        """Equal for looks that need the same shaders."""
        return self.wetness, self.is_night, self.origin


def make_materials(names: list[str], look: Look) -> list[Any]:
    """One material per name, in that order; names without a shader of their own look plain."""
    return [_material(name, _SHADERS.get(name, _plain), look) for name in names]


def truth_material() -> Any:
    """Shows the column ``truth`` itself, unlit."""
    material = bpy.data.materials.new("truth")
    nodes = _nodes(material)
    node = nodes.add("ShaderNodeEmission")
    nodes.put(node.inputs["Color"], nodes.attribute("truth"))
    nodes.finish(node.outputs[0])
    return material


def _nodes(material: Any) -> Nodes:
    if material.node_tree is None:  # before Blender 5
        material.use_nodes = True
    return Nodes(material.node_tree)


def _material(name: str, shader: Callable[[Nodes, Look], Value], look: Look) -> Any:
    material = bpy.data.materials.new(name)
    nodes = _nodes(material)
    nodes.finish(shader(nodes, look))
    # Lamps of their own light the street; sampling thousands of small glowing faces would only add noise.
    material.cycles.emission_sampling = "NONE"
    return material


def _place(nodes: Nodes, look: Look) -> Value:
    """World coords, so that noise stays where it is when the origin moves with the ego."""
    return nodes.vector("ADD", nodes.geometry("Position"), look.origin)


def _albedo(nodes: Nodes) -> Value:
    return nodes.attribute("albedo", "Color")


def _varied(nodes: Nodes, color: Value, noise: Value, low: float, high: float) -> Value:
    """A colour times `low` to `high` by noise; most noise lies within 0.3 to 0.7."""
    return nodes.times(color, nodes.smooth(0.28, 0.72, noise, (low, high)))


def _wet_ground(nodes: Nodes, look: Look, color: Value, rough: float, normal: Value) -> Value:
    """Ground that is dark and mirrors where water stands on it."""
    if look.wetness <= 0:
        return nodes.principled(base_color=color, roughness=rough, normal=normal, specular_ior_level=0.3)
    place = _place(nodes, look)
    pool = nodes.smooth(0.47, 0.62, nodes.noise(place, 0.16, 3.0))
    dark = nodes.times(color, 1.0 - 0.5 * look.wetness)
    damp = 0.62 - 0.3 * look.wetness
    surface = nodes.principled(base_color=dark, roughness=damp, normal=normal)
    water = nodes.principled(base_color=dark, roughness=0.06, ior=1.33)
    return nodes.mix_shaders(nodes.math("MULTIPLY", pool, 0.8 * look.wetness), surface, water)


def _asphalt(nodes: Nodes, look: Look) -> Value:
    uv = nodes.attribute("uv")
    color = _varied(nodes, _albedo(nodes), nodes.noise(uv, 0.13, 4.0, 0.6), 0.66, 1.3)
    # Oil and rubber along the lanes: noise that is long along the road.
    streaks = nodes.noise(nodes.vector("MULTIPLY", uv, (0.03, 1.1, 1.0)), 1.0, 3.0)
    color = _varied(nodes, color, streaks, 0.84, 1.1)
    color = _varied(nodes, color, nodes.noise(uv, 5.0, 5.0, 0.7), 0.78, 1.2)
    grain = nodes.noise(uv, 60.0, 3.0, 0.7)
    color = _varied(nodes, color, grain, 0.6, 1.45)
    cracks = nodes.add("ShaderNodeTexVoronoi", feature="DISTANCE_TO_EDGE")
    bent = nodes.vector("ADD", uv, nodes.scaled(nodes.join(nodes.noise(uv, 0.9, 4.0), 0.0, 0.0), 1.6))
    nodes.put(cracks.inputs["Vector"], bent)
    nodes.put(cracks.inputs["Scale"], 0.22)
    some = nodes.smooth(0.5, 0.6, nodes.noise(uv, 0.07))
    crack = nodes.math("MULTIPLY", nodes.smooth(0.001, 0.005, cracks.outputs["Distance"], (0.55, 0.0)), some)
    color = nodes.times(color, nodes.math("SUBTRACT", 1.0, crack))
    return _wet_ground(nodes, look, color, 0.85, nodes.bump(grain, 0.004, 0.7))


def _paint(nodes: Nodes, look: Look) -> Value:
    place = _place(nodes, look)
    worn = nodes.math("MULTIPLY", nodes.noise(place, 18.0, 5.0, 0.75), nodes.noise(place, 0.7, 2.0))
    share = nodes.smooth(0.27, 0.40, worn, (0.0, 0.75))
    color = nodes.mix(share, _albedo(nodes), (0.075, 0.075, 0.076))
    return _wet_ground(nodes, look, color, 0.6, nodes.bump(nodes.noise(place, 60.0), 0.003, 0.5))


def _grass(nodes: Nodes, look: Look) -> Value:
    place = _place(nodes, look)
    color = _varied(nodes, _albedo(nodes), nodes.noise(place, 0.11, 4.0), 0.7, 1.3)
    dry = nodes.smooth(0.5, 0.7, nodes.noise(place, 0.35, 3.0), (0.0, 0.4))
    color = nodes.mix(dry, color, nodes.vector("MULTIPLY", color, (1.9, 1.35, 1.0)))
    blades = nodes.noise(nodes.vector("MULTIPLY", place, (1.0, 1.0, 0.3)), 26.0, 4.0, 0.75)
    color = _varied(nodes, color, blades, 0.45, 1.5)
    return nodes.principled(base_color=color, roughness=0.95, normal=nodes.bump(blades, 0.05, 0.8))


def _concrete(nodes: Nodes, look: Look) -> Value:
    place, uv = _place(nodes, look), nodes.attribute("uv")
    color = _varied(nodes, _albedo(nodes), nodes.noise(place, 0.5, 5.0, 0.65), 0.8, 1.2)
    color = _varied(nodes, color, nodes.noise(place, 30.0, 3.0), 0.88, 1.12)
    # Slabs on what lies flat.
    slabs = nodes.add("ShaderNodeTexBrick", offset=0.5)
    for name, value in {"Scale": 1.0, "Mortar Size": 0.012, "Brick Width": 1.2, "Row Height": 0.9}.items():
        nodes.put(slabs.inputs[name], value)
    nodes.put(slabs.inputs["Vector"], uv)
    flat = nodes.math("GREATER_THAN", nodes.split(nodes.geometry("True Normal"))[2], 0.7)
    seam = nodes.math("MULTIPLY", slabs.outputs["Fac"], nodes.math("MULTIPLY", flat, 0.55))
    color = nodes.times(color, nodes.math("SUBTRACT", 1.0, seam))
    return _wet_ground(nodes, look, color, 0.8, nodes.bump(nodes.noise(place, 40.0, 3.0), 0.004, 0.5))


def _foliage(nodes: Nodes, look: Look) -> Value:
    """Leaves are cells that each face another way, which hides how few flat sides a crown has."""
    place = _place(nodes, look)
    bent = nodes.vector("ADD", place, nodes.scaled(nodes.join(nodes.noise(place, 6.0), 0.0, 0.0), 0.3))
    color = _varied(nodes, _albedo(nodes), nodes.noise(place, 1.3, 3.0), 0.7, 1.35)
    normal = nodes.geometry("Normal")
    for scale, tilt, dark in ((2.2, 0.9, 0.75), (9.0, 1.3, 0.6)):
        cells = nodes.add("ShaderNodeTexVoronoi")
        nodes.put(cells.inputs["Vector"], bent)
        nodes.put(cells.inputs["Scale"], scale)
        random = nodes.vector("SUBTRACT", cells.outputs["Color"], (0.5, 0.5, 0.4))
        normal = nodes.vector("ADD", normal, nodes.scaled(random, tilt))
        color = nodes.times(color, nodes.smooth(0.1, 0.75, cells.outputs["Distance"], (1.75, dark)))
    normal = nodes.vector("NORMALIZE", normal, (0.0, 0.0, 0.0))
    body = nodes.principled(base_color=color, roughness=0.6, normal=normal, specular_ior_level=0.25)
    through = nodes.add("ShaderNodeBsdfTranslucent")
    nodes.put(through.inputs["Color"], nodes.vector("MULTIPLY", color, (1.2, 1.3, 0.5)))
    nodes.put(through.inputs["Normal"], normal)
    return nodes.mix_shaders(0.3, body, through.outputs[0])


def _car_paint(nodes: Nodes, look: Look) -> Value:
    flakes = nodes.noise(nodes.geometry("Position"), 0.9, 2.0)
    dust = nodes.smooth(0.0, 1.1, nodes.split(nodes.geometry("Position"))[2], (0.22, 0.0))
    color = nodes.mix(dust, _albedo(nodes), (0.13, 0.12, 0.105))
    rough = nodes.smooth(0.3, 0.7, flakes, (0.28, 0.42))
    return nodes.principled(
        base_color=color,
        metallic=0.25,
        roughness=rough,
        coat_weight=0.9,
        coat_roughness=0.04,
    )


def _metal(nodes: Nodes, look: Look) -> Value:
    worn = nodes.noise(_place(nodes, look), 2.5, 4.0)
    color = _varied(nodes, _albedo(nodes), worn, 0.85, 1.12)
    return nodes.principled(
        base_color=color, metallic=0.35, roughness=nodes.smooth(0.3, 0.7, worn, (0.3, 0.5))
    )


def _glass(nodes: Nodes, look: Look) -> Value:
    return _pane(nodes, nodes.times(_albedo(nodes), 0.5))


def _pane(nodes: Nodes, color: Value) -> Value:
    """A dark window: bodies are solid, so that what lies behind it is never seen."""
    return nodes.principled(base_color=color, roughness=0.02, ior=1.52, specular_ior_level=0.75)


def _lamp(nodes: Nodes, look: Look) -> Value:
    glow = NIGHT_GLOW if look.is_night else DAY_GLOW
    return nodes.principled(
        base_color=_albedo(nodes),
        roughness=0.15,
        coat_weight=0.5,
        emission_color=_albedo(nodes),
        emission_strength=nodes.math("MULTIPLY", nodes.attribute("glow", "Fac"), glow),
    )


def _plain(nodes: Nodes, look: Look) -> Value:
    color = _varied(nodes, _albedo(nodes), nodes.noise(nodes.geometry("Position"), 3.0, 3.0), 0.88, 1.1)
    glow = NIGHT_GLOW if look.is_night else DAY_GLOW
    return nodes.principled(
        base_color=color,
        roughness=0.65,
        specular_ior_level=0.4,
        emission_color=_albedo(nodes),
        emission_strength=nodes.math("MULTIPLY", nodes.attribute("glow", "Fac"), glow),
    )


def _facade(nodes: Nodes, look: Look) -> Value:
    place = _place(nodes, look)
    glass, frame, chance = _windows(nodes)
    color = _varied(nodes, _albedo(nodes), nodes.noise(place, 0.35, 5.0, 0.65), 0.78, 1.15)
    stain = nodes.noise(nodes.vector("MULTIPLY", place, (1.5, 1.5, 0.12)), 1.0, 4.0)
    color = _varied(nodes, color, stain, 0.85, 1.08)
    grain = nodes.noise(place, 25.0, 3.0)
    color = nodes.mix(frame, color, (0.33, 0.33, 0.32))
    relief = nodes.math("SUBTRACT", grain, nodes.math("MULTIPLY", glass, 3.0))
    wall = nodes.principled(base_color=color, roughness=0.85, normal=nodes.bump(relief, 0.006, 0.8))
    curtain = nodes.math("LESS_THAN", chance, 0.3)
    pane = _pane(nodes, nodes.mix(curtain, (0.02, 0.022, 0.025), (0.2, 0.19, 0.17)))
    if look.is_night:
        pane = _lit_pane(nodes, chance)
    return nodes.mix_shaders(glass, wall, pane)


def _lit_pane(nodes: Nodes, chance: Value) -> Value:
    """A window with people at home in some."""
    home = nodes.math("LESS_THAN", chance, 0.3)
    warm = nodes.mix(nodes.math("MULTIPLY", chance, 3.0), (1.0, 0.62, 0.28), (0.9, 0.85, 0.75))
    power = nodes.math("MULTIPLY", home, nodes.math("ADD", 0.1, chance))
    return nodes.principled(
        base_color=(0.02, 0.022, 0.025), roughness=0.02, emission_color=warm, emission_strength=power
    )


def _windows(nodes: Nodes) -> tuple[Value, Value, Value]:
    """Share of glass, share of frame, and a random number per window of a wall.

    Floors are 3.2 m high, the first one 4 m with wider windows; the column ``house`` makes houses differ.
    """
    u, v, _ = nodes.split(nodes.attribute("uv"))
    style, width, pitch = nodes.split(nodes.attribute("house"))
    shop = nodes.math("LESS_THAN", v, SHOP_M)
    pitch = nodes.math("ADD", 2.1, nodes.math("MULTIPLY", 1.4, pitch))
    pitch = nodes.math("MULTIPLY", pitch, nodes.math("ADD", 1.0, shop))
    above = nodes.math("DIVIDE", nodes.math("SUBTRACT", v, SHOP_M), FLOOR_M)
    floor = nodes.math("FLOOR", above)
    height = nodes.choose(shop, v, nodes.math("MULTIPLY", nodes.math("FRACT", above), FLOOR_M))
    low = nodes.choose(shop, 0.7, nodes.math("SUBTRACT", 0.95, nodes.math("MULTIPLY", 0.4, style)))
    high = nodes.choose(shop, 3.1, 2.55)
    share = nodes.choose(shop, 0.41, nodes.math("ADD", 0.24, nodes.math("MULTIPLY", 0.2, width)))
    column = nodes.math("FLOOR", nodes.math("DIVIDE", u, pitch))
    middle = nodes.math("MULTIPLY", nodes.math("ADD", column, 0.5), pitch)
    aside = nodes.math("ABSOLUTE", nodes.math("SUBTRACT", u, middle))
    across = nodes.math("SUBTRACT", nodes.math("MULTIPLY", share, pitch), aside)
    up = nodes.math("MINIMUM", nodes.math("SUBTRACT", height, low), nodes.math("SUBTRACT", high, height))
    inside = nodes.math("MINIMUM", across, up)
    bar = nodes.math("MULTIPLY", nodes.math("LESS_THAN", aside, 0.04), nodes.math("GREATER_THAN", v, SHOP_M))
    upright = nodes.math("ABSOLUTE", nodes.split(nodes.geometry("True Normal"))[2])
    wall = nodes.math("LESS_THAN", upright, 0.5)
    outer = nodes.math("MULTIPLY", nodes.math("GREATER_THAN", inside, 0.0), wall)
    pane = nodes.math("MULTIPLY", nodes.math("GREATER_THAN", inside, 0.07), wall)
    glass = nodes.math("MULTIPLY", pane, nodes.math("SUBTRACT", 1.0, bar))
    chance = nodes.scatter(
        nodes.join(nodes.math("ADD", column, nodes.math("MULTIPLY", style, 97.0)), floor, width)
    )
    return glass, nodes.math("SUBTRACT", outer, glass), chance


_SHADERS: dict[str, Callable[[Nodes, Look], Value]] = {
    "plain": _plain,
    "asphalt": _asphalt,
    "paint": _paint,
    "grass": _grass,
    "facade": _facade,
    "foliage": _foliage,
    "metal": _metal,
    "car_paint": _car_paint,
    "glass": _glass,
    "concrete": _concrete,
    "lamp": _lamp,
}
