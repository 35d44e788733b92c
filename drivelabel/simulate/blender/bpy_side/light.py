"""Sky, sun and lamps.

Light is counted so that a white, rough surface gives back as much as the number says; Blender's sun lamps
need pi times that, its spots 4 pi^2 and its discs pi^2.
"""

from __future__ import annotations

import math
from typing import Any

import bpy  # type: ignore[import-not-found]
from mathutils import Vector  # type: ignore[import-not-found]

from .nodes import Nodes, Value

SKY_GAIN = 0.18
"""Blender's sky times this is as bright as a job's zenith, for a sun from 8 to 60 degrees."""

SUN_DEG = 0.53


def make_world(sky: dict[str, Any]) -> Any:
    """The sky of a job, as a Blender world."""
    world = bpy.data.worlds.new("sky")
    if world.node_tree is None:  # before Blender 5
        world.use_nodes = True
    nodes = Nodes(world.node_tree)
    way = nodes.add("ShaderNodeTexCoord").outputs["Generated"]
    up = nodes.math("MAXIMUM", nodes.split(way)[2], 0.0)
    color = _gradient(nodes, sky, up)
    if not sky["is_night"] and sky["cloud_cover"] < 0.6:
        color = _clear_sky(nodes, sky)
    color = _clouds(nodes, sky, way, up, color)
    color = _below(nodes, sky, way, color)
    background = nodes.add("ShaderNodeBackground")
    nodes.put(background.inputs["Color"], color)
    nodes.finish(background.outputs[0], "ShaderNodeOutputWorld")
    # Measured: the map of where light comes from took 7 s at its own choice of size, 0.2 s at this one.
    world.cycles.sampling_method, world.cycles.sample_map_resolution = "MANUAL", 256
    return world


def dark_world() -> Any:
    """Nothing but black, behind the truth."""
    world = bpy.data.worlds.new("dark")
    if world.node_tree is None:
        world.use_nodes = True
    nodes = Nodes(world.node_tree)
    background = nodes.add("ShaderNodeBackground")
    nodes.put(background.inputs["Color"], (0.0, 0.0, 0.0))
    nodes.put(background.inputs["Strength"], 0.0)
    nodes.finish(background.outputs[0], "ShaderNodeOutputWorld")
    return world


def _gradient(nodes: Nodes, sky: dict[str, Any], up: Value) -> Value:
    share = nodes.math("EXPONENT", nodes.math("MULTIPLY", up, -3.6))
    return nodes.mix(share, tuple(sky["zenith"]), tuple(sky["horizon"]))


def _clear_sky(nodes: Nodes, sky: dict[str, Any]) -> Value:
    x, y, z = sky["sun_direction"]
    node = nodes.add("ShaderNodeTexSky", sun_disc=False)
    kinds = node.bl_rna.properties["sky_type"].enum_items.keys()
    node.sky_type = "MULTIPLE_SCATTERING" if "MULTIPLE_SCATTERING" in kinds else "NISHITA"
    node.sun_elevation = math.asin(z)
    # Blender counts clockwise from +y.
    node.sun_rotation = math.pi / 2 - math.atan2(y, x)
    return nodes.scaled(node.outputs[0], SKY_GAIN)


def _clouds(nodes: Nodes, sky: dict[str, Any], way: Value, up: Value, color: Value) -> Value:
    """Clouds on a level sheet, thicker and darker in their middles, brighter around the sun."""
    low = 0.78 - 0.6 * float(sky["cloud_cover"])
    sheet = nodes.math("DIVIDE", 1.0, nodes.math("ADD", up, 0.12))
    where = nodes.vector("MULTIPLY", nodes.scaled(way, sheet), (1.0, 1.0, 0.0))
    shape = nodes.noise(where, 0.9, 9.0, 0.56)
    cover = nodes.math("MULTIPLY", nodes.smooth(low, low + 0.16, shape), nodes.smooth(0.0, 0.12, up))
    thick = nodes.smooth(low + 0.05, low + 0.4, shape, (1.0, 0.62))
    towards = nodes.math("MAXIMUM", nodes.vector("DOT_PRODUCT", way, tuple(sky["sun_direction"])), 0.0)
    lit = nodes.math("ADD", 0.2, nodes.math("MULTIPLY", 0.16, nodes.math("POWER", towards, 4.0)))
    white = nodes.vector("ADD", tuple(0.85 * x for x in sky["horizon"]), nodes.scaled(tuple(sky["sun"]), lit))
    return nodes.mix(cover, color, nodes.scaled(white, thick))


def _below(nodes: Nodes, sky: dict[str, Any], way: Value, color: Value) -> Value:
    """Below the horizon, the ground far away."""
    share = nodes.smooth(0.0, 0.08, nodes.math("MULTIPLY", nodes.split(way)[2], -1.0))
    return nodes.mix(share, color, tuple(sky["ground"]))


def add_lights(sky: dict[str, Any], lamps: list[dict[str, Any]]) -> list[Any]:
    """Sun and lamps of a job, in the scene."""
    made = []
    if max(sky["sun"]) > 1e-4:
        sun = bpy.data.lights.new("sun", "SUN")
        sun.angle = math.radians(SUN_DEG if not sky["is_night"] else 3.0)
        _set_power(sun, sky["sun"], math.pi)
        made.append(_placed(sun, (0, 0, 50), [-x for x in sky["sun_direction"]]))
    made += [_SHAPES[lamp["kind"]](lamp) for lamp in lamps]
    return made


def _placed(light: Any, where: Any, facing: Any) -> Any:
    thing = bpy.data.objects.new(light.name, light)
    thing.location = where
    thing.rotation_mode = "QUATERNION"
    thing.rotation_quaternion = Vector(facing).to_track_quat("-Z", "Y")
    thing.visible_camera = False
    bpy.context.scene.collection.objects.link(thing)
    return thing


def _set_power(light: Any, rgb: Any, factor: float) -> None:
    power = max(*rgb, 1e-9)
    light.energy = factor * power
    light.color = [x / power for x in rgb]


def _street(lamp: dict[str, Any]) -> Any:
    light = bpy.data.lights.new("street", "AREA")
    light.shape, light.size = "DISK", 0.5
    _set_power(light, lamp["power"], math.pi**2)
    return _placed(light, lamp["where"], lamp["facing"])


def _car(lamp: dict[str, Any]) -> Any:
    light = bpy.data.lights.new("car", "SPOT")
    light.spot_size, light.spot_blend, light.shadow_soft_size = math.radians(100), 1.0, 0.1
    _set_power(light, lamp["power"], 4 * math.pi**2)
    return _placed(light, lamp["where"], lamp["facing"])


def _headlight(lamp: dict[str, Any]) -> Any:
    """A low beam: cut off just below the horizon, as the law wants it."""
    light = bpy.data.lights.new("headlight", "SPOT")
    light.spot_size, light.spot_blend, light.shadow_soft_size = math.radians(76), 0.9, 0.05
    _set_power(light, lamp["power"], 4 * math.pi**2)
    thing = _placed(light, lamp["where"], lamp["facing"])
    if light.node_tree is None:
        light.use_nodes = True
    nodes = Nodes(light.node_tree)
    up = nodes.split(nodes.geometry("Incoming"))[2]  # of a lamp: the way that the light goes, world coords
    beam = nodes.smooth(-0.015, 0.004, up, (1.0, 0.05))
    beam = nodes.math("MULTIPLY", beam, nodes.smooth(-0.24, -0.03, up, (0.1, 1.0)))
    emission = nodes.add("ShaderNodeEmission")
    nodes.put(emission.inputs["Strength"], beam)
    nodes.finish(emission.outputs[0], "ShaderNodeOutputLight")
    return thing


_SHAPES = {"street": _street, "car": _car, "headlight": _headlight}


def drop(thing: Any) -> None:
    """Take a light out of memory."""
    light = thing.data
    bpy.data.objects.remove(thing)
    bpy.data.lights.remove(light)
