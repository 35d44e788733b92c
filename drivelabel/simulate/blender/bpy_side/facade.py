"""Walls with windows."""

from __future__ import annotations

from .look import Look, albedo, pane, place, varied
from .nodes import Nodes, Value

FLOOR_M, SHOP_M = 3.2, 4.0
"""Height of a floor, and of the ground floor."""


def facade(nodes: Nodes, look: Look) -> Value:
    """A wall with windows, some of them lit at night."""
    where = place(nodes, look)
    glass, frame, chance = _windows(nodes)
    color = varied(nodes, albedo(nodes), nodes.noise(where, 0.35, 5.0, 0.65), 0.78, 1.15)
    stain = nodes.noise(nodes.vector("MULTIPLY", where, (1.5, 1.5, 0.12)), 1.0, 4.0)
    color = varied(nodes, color, stain, 0.85, 1.08)
    grain = nodes.noise(where, 25.0, 3.0)
    color = nodes.mix(frame, color, (0.33, 0.33, 0.32))
    relief = nodes.math("SUBTRACT", grain, nodes.math("MULTIPLY", glass, 3.0))
    wall = nodes.principled(base_color=color, roughness=0.85, normal=nodes.bump(relief, 0.006, 0.8))
    curtain = nodes.math("LESS_THAN", chance, 0.3)
    window = pane(nodes, nodes.mix(curtain, (0.02, 0.022, 0.025), (0.2, 0.19, 0.17)))
    if look.is_night:
        window = _lit_pane(nodes, chance)
    return nodes.mix_shaders(glass, wall, window)


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
    pane_share = nodes.math("MULTIPLY", nodes.math("GREATER_THAN", inside, 0.07), wall)
    glass = nodes.math("MULTIPLY", pane_share, nodes.math("SUBTRACT", 1.0, bar))
    chance = nodes.scatter(
        nodes.join(nodes.math("ADD", column, nodes.math("MULTIPLY", style, 97.0)), floor, width)
    )
    return glass, nodes.math("SUBTRACT", outer, glass), chance
