"""What all surfaces share: the weather they are made for, where they are, and how their colour varies."""

from __future__ import annotations

from .nodes import Nodes, Value


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

    @property
    def glow(self) -> float:
        """Light of a lamp's glass per unit of emission; cameras are set for the night at night."""
        return 2.2 if self.is_night else 3.0


def place(nodes: Nodes, look: Look) -> Value:
    """World coords, so that noise stays where it is when the origin moves with the ego."""
    return nodes.vector("ADD", nodes.geometry("Position"), look.origin)


def albedo(nodes: Nodes) -> Value:
    """The colour of the face."""
    return nodes.attribute("albedo", "Color")


def varied(nodes: Nodes, color: Value, noise: Value, low: float, high: float) -> Value:
    """A colour times `low` to `high` by noise; most noise lies within 0.3 to 0.7."""
    return nodes.scaled(color, nodes.smooth(0.28, 0.72, noise, (low, high)))


def pane(nodes: Nodes, color: Value) -> Value:
    """A dark window: bodies are solid, so that what lies behind it is never seen."""
    return nodes.principled(base_color=color, roughness=0.02, ior=1.52, specular_ior_level=0.75)
