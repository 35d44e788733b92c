"""What surfaces are made of, as shaders that read the mesh's ``albedo``, ``glow``, ``uv`` and ``house``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import bpy  # type: ignore[import-not-found]

from .facade import facade
from .look import Look, albedo, pane, place, varied
from .nodes import Nodes, Value


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


def _wet_ground(nodes: Nodes, look: Look, color: Value, rough: float, normal: Value) -> Value:
    """Ground that is dark and mirrors where water stands on it."""
    if look.wetness <= 0:
        return nodes.principled(base_color=color, roughness=rough, normal=normal, specular_ior_level=0.3)
    where = place(nodes, look)
    pool = nodes.smooth(0.47, 0.62, nodes.noise(where, 0.16, 3.0))
    dark = nodes.scaled(color, 1.0 - 0.5 * look.wetness)
    damp = 0.62 - 0.3 * look.wetness
    surface = nodes.principled(base_color=dark, roughness=damp, normal=normal)
    water = nodes.principled(base_color=dark, roughness=0.06, ior=1.33)
    return nodes.mix_shaders(nodes.math("MULTIPLY", pool, 0.8 * look.wetness), surface, water)


def _asphalt(nodes: Nodes, look: Look) -> Value:
    uv = nodes.attribute("uv")
    color = varied(nodes, albedo(nodes), nodes.noise(uv, 0.13, 4.0, 0.6), 0.66, 1.3)
    # Oil and rubber along the lanes: noise that is long along the road.
    streaks = nodes.noise(nodes.vector("MULTIPLY", uv, (0.03, 1.1, 1.0)), 1.0, 3.0)
    color = varied(nodes, color, streaks, 0.84, 1.1)
    color = varied(nodes, color, nodes.noise(uv, 5.0, 5.0, 0.7), 0.78, 1.2)
    grain = nodes.noise(uv, 60.0, 3.0, 0.7)
    color = varied(nodes, color, grain, 0.6, 1.45)
    cracks = nodes.add("ShaderNodeTexVoronoi", feature="DISTANCE_TO_EDGE")
    bent = nodes.vector("ADD", uv, nodes.scaled(nodes.join(nodes.noise(uv, 0.9, 4.0), 0.0, 0.0), 1.6))
    nodes.put(cracks.inputs["Vector"], bent)
    nodes.put(cracks.inputs["Scale"], 0.22)
    some = nodes.smooth(0.5, 0.6, nodes.noise(uv, 0.07))
    crack = nodes.math("MULTIPLY", nodes.smooth(0.001, 0.005, cracks.outputs["Distance"], (0.55, 0.0)), some)
    color = nodes.scaled(color, nodes.math("SUBTRACT", 1.0, crack))
    return _wet_ground(nodes, look, color, 0.85, nodes.bump(grain, 0.004, 0.7))


def _paint(nodes: Nodes, look: Look) -> Value:
    where = place(nodes, look)
    worn = nodes.math("MULTIPLY", nodes.noise(where, 18.0, 5.0, 0.75), nodes.noise(where, 0.7, 2.0))
    share = nodes.smooth(0.27, 0.40, worn, (0.0, 0.75))
    color = nodes.mix(share, albedo(nodes), (0.075, 0.075, 0.076))
    return _wet_ground(nodes, look, color, 0.6, nodes.bump(nodes.noise(where, 60.0), 0.003, 0.5))


def _grass(nodes: Nodes, look: Look) -> Value:
    where = place(nodes, look)
    color = varied(nodes, albedo(nodes), nodes.noise(where, 0.11, 4.0), 0.7, 1.3)
    dry = nodes.smooth(0.5, 0.7, nodes.noise(where, 0.35, 3.0), (0.0, 0.4))
    color = nodes.mix(dry, color, nodes.vector("MULTIPLY", color, (1.9, 1.35, 1.0)))
    blades = nodes.noise(nodes.vector("MULTIPLY", where, (1.0, 1.0, 0.3)), 26.0, 4.0, 0.75)
    color = varied(nodes, color, blades, 0.45, 1.5)
    return nodes.principled(base_color=color, roughness=0.95, normal=nodes.bump(blades, 0.05, 0.8))


def _concrete(nodes: Nodes, look: Look) -> Value:
    where, uv = place(nodes, look), nodes.attribute("uv")
    color = varied(nodes, albedo(nodes), nodes.noise(where, 0.5, 5.0, 0.65), 0.8, 1.2)
    color = varied(nodes, color, nodes.noise(where, 30.0, 3.0), 0.88, 1.12)
    # Slabs on what lies flat.
    slabs = nodes.add("ShaderNodeTexBrick", offset=0.5)
    for name, value in {"Scale": 1.0, "Mortar Size": 0.012, "Brick Width": 1.2, "Row Height": 0.9}.items():
        nodes.put(slabs.inputs[name], value)
    nodes.put(slabs.inputs["Vector"], uv)
    flat = nodes.math("GREATER_THAN", nodes.split(nodes.geometry("True Normal"))[2], 0.7)
    seam = nodes.math("MULTIPLY", slabs.outputs["Fac"], nodes.math("MULTIPLY", flat, 0.55))
    color = nodes.scaled(color, nodes.math("SUBTRACT", 1.0, seam))
    return _wet_ground(nodes, look, color, 0.8, nodes.bump(nodes.noise(where, 40.0, 3.0), 0.004, 0.5))


def _foliage(nodes: Nodes, look: Look) -> Value:
    """Leaves are cells that each face another way, which hides how few flat sides a crown has."""
    where = place(nodes, look)
    bent = nodes.vector("ADD", where, nodes.scaled(nodes.join(nodes.noise(where, 6.0), 0.0, 0.0), 0.3))
    color = varied(nodes, albedo(nodes), nodes.noise(where, 1.3, 3.0), 0.7, 1.35)
    normal = nodes.geometry("Normal")
    for scale, tilt, dark in ((2.2, 0.9, 0.75), (9.0, 1.3, 0.6)):
        cells = nodes.add("ShaderNodeTexVoronoi")
        nodes.put(cells.inputs["Vector"], bent)
        nodes.put(cells.inputs["Scale"], scale)
        random = nodes.vector("SUBTRACT", cells.outputs["Color"], (0.5, 0.5, 0.4))
        normal = nodes.vector("ADD", normal, nodes.scaled(random, tilt))
        color = nodes.scaled(color, nodes.smooth(0.1, 0.75, cells.outputs["Distance"], (1.75, dark)))
    normal = nodes.vector("NORMALIZE", normal, (0.0, 0.0, 0.0))
    body = nodes.principled(base_color=color, roughness=0.6, normal=normal, specular_ior_level=0.25)
    through = nodes.add("ShaderNodeBsdfTranslucent")
    nodes.put(through.inputs["Color"], nodes.vector("MULTIPLY", color, (1.2, 1.3, 0.5)))
    nodes.put(through.inputs["Normal"], normal)
    return nodes.mix_shaders(0.3, body, through.outputs[0])


def _car_paint(nodes: Nodes, look: Look) -> Value:
    flakes = nodes.noise(nodes.geometry("Position"), 0.9, 2.0)
    dust = nodes.smooth(0.0, 1.1, nodes.split(nodes.geometry("Position"))[2], (0.22, 0.0))
    color = nodes.mix(dust, albedo(nodes), (0.13, 0.12, 0.105))
    rough = nodes.smooth(0.3, 0.7, flakes, (0.28, 0.42))
    return nodes.principled(
        base_color=color,
        metallic=0.25,
        roughness=rough,
        coat_weight=0.9,
        coat_roughness=0.04,
    )


def _metal(nodes: Nodes, look: Look) -> Value:
    worn = nodes.noise(place(nodes, look), 2.5, 4.0)
    color = varied(nodes, albedo(nodes), worn, 0.85, 1.12)
    return nodes.principled(
        base_color=color, metallic=0.35, roughness=nodes.smooth(0.3, 0.7, worn, (0.3, 0.5))
    )


def _glass(nodes: Nodes, look: Look) -> Value:
    return pane(nodes, nodes.scaled(albedo(nodes), 0.5))


def _lamp(nodes: Nodes, look: Look) -> Value:
    return nodes.principled(
        base_color=albedo(nodes),
        roughness=0.15,
        coat_weight=0.5,
        emission_color=albedo(nodes),
        emission_strength=nodes.math("MULTIPLY", nodes.attribute("glow", "Fac"), look.glow),
    )


def _plain(nodes: Nodes, look: Look) -> Value:
    color = varied(nodes, albedo(nodes), nodes.noise(nodes.geometry("Position"), 3.0, 3.0), 0.88, 1.1)
    return nodes.principled(
        base_color=color,
        roughness=0.65,
        specular_ior_level=0.4,
        emission_color=albedo(nodes),
        emission_strength=nodes.math("MULTIPLY", nodes.attribute("glow", "Fac"), look.glow),
    )


_SHADERS: dict[str, Callable[[Nodes, Look], Value]] = {
    "plain": _plain,
    "asphalt": _asphalt,
    "paint": _paint,
    "grass": _grass,
    "facade": facade,
    "foliage": _foliage,
    "metal": _metal,
    "car_paint": _car_paint,
    "glass": _glass,
    "concrete": _concrete,
    "lamp": _lamp,
}
