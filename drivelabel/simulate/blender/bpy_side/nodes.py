"""Shader node trees, written as expressions."""

from __future__ import annotations

from typing import Any, TypeAlias

Value: TypeAlias = Any
"""A number, a colour (r, g, b), or the output socket of a node."""


class Nodes:
    """One node tree that starts empty; each method adds a node and gives back its output."""

    def __init__(self, tree: Any) -> None:
        self.tree = tree
        tree.nodes.clear()

    def add(self, kind: str, **settings: Any) -> Any:
        """A node of a kind such as ``ShaderNodeMath``, with some of its properties set."""
        node = self.tree.nodes.new(kind)
        for name, value in settings.items():
            setattr(node, name, value)
        return node

    def put(self, socket: Any, value: Value) -> None:
        """Link an output to an input, or set what the input is without a link."""
        if hasattr(value, "is_output"):
            self.tree.links.new(value, socket)
        elif isinstance(value, tuple) and socket.type == "RGBA":
            socket.default_value = (*value, 1.0)
        elif socket.type == "RGBA":
            socket.default_value = (value, value, value, 1.0)
        else:
            socket.default_value = value

    def math(self, operation: str, a: Value, b: Value = 0.0) -> Value:
        """``ADD``, ``MULTIPLY``, ``LESS_THAN``, ... of two numbers."""
        node = self.add("ShaderNodeMath", operation=operation)
        self.put(node.inputs[0], a)
        self.put(node.inputs[1], b)
        return node.outputs[0]

    def vector(self, operation: str, a: Value, b: Value) -> Value:
        """The same of two vectors; ``DOT_PRODUCT`` gives a number."""
        node = self.add("ShaderNodeVectorMath", operation=operation)
        self.put(node.inputs[0], a)
        self.put(node.inputs[1], b)
        return node.outputs["Value" if operation == "DOT_PRODUCT" else "Vector"]

    def scaled(self, vector: Value, factor: Value) -> Value:
        """A vector or colour times a number."""
        node = self.add("ShaderNodeVectorMath", operation="SCALE")
        self.put(node.inputs[0], vector)
        self.put(node.inputs["Scale"], factor)
        return node.outputs["Vector"]

    def split(self, vector: Value) -> tuple[Value, Value, Value]:
        """The three parts of a vector."""
        node = self.add("ShaderNodeSeparateXYZ")
        self.put(node.inputs[0], vector)
        return node.outputs[0], node.outputs[1], node.outputs[2]

    def join(self, x: Value, y: Value, z: Value) -> Value:
        """A vector of three numbers."""
        node = self.add("ShaderNodeCombineXYZ")
        for socket, value in zip(node.inputs, (x, y, z), strict=True):
            self.put(socket, value)
        return node.outputs[0]

    def mix(self, share: Value, a: Value, b: Value) -> Value:
        """Colour `a` where `share` is 0, `b` where it is 1."""
        node = self.add("ShaderNodeMix", data_type="RGBA")
        sockets = [socket for socket in node.inputs if socket.type == "RGBA"]
        self.put(node.inputs[0], share)
        self.put(sockets[0], a)
        self.put(sockets[1], b)
        return next(socket for socket in node.outputs if socket.type == "RGBA")

    def choose(self, condition: Value, yes: Value, no: Value) -> Value:
        """A number by a condition that is 0 or 1."""
        return self.math("ADD", no, self.math("MULTIPLY", condition, self.math("SUBTRACT", yes, no)))

    def smooth(self, low: float, high: float, x: Value, to: tuple[float, float] = (0.0, 1.0)) -> Value:
        """Smooth from `to`'s first value below `low` to its second above `high`."""
        node = self.add("ShaderNodeMapRange", interpolation_type="SMOOTHSTEP")
        for socket, value in zip(node.inputs, (x, low, high, *to), strict=False):
            self.put(socket, value)
        return node.outputs[0]

    def noise(self, where: Value, scale: float, detail: float = 2.0, roughness: float = 0.5) -> Value:
        """Noise in [0, 1] about 0.5; `scale` bumps per metre."""
        node = self.add("ShaderNodeTexNoise")
        self.put(node.inputs["Vector"], where)
        self.put(node.inputs["Scale"], scale)
        self.put(node.inputs["Detail"], detail)
        self.put(node.inputs["Roughness"], roughness)
        return node.outputs[0]

    def scatter(self, where: Value) -> Value:
        """A random number in [0, 1) that jumps from vector to vector."""
        node = self.add("ShaderNodeTexWhiteNoise", noise_dimensions="3D")
        self.put(node.inputs["Vector"], where)
        return node.outputs["Value"]

    def attribute(self, name: str, output: str = "Vector") -> Value:
        """A column of the mesh, as ``Vector``, ``Color`` or ``Fac``."""
        return self.add("ShaderNodeAttribute", attribute_name=name).outputs[output]

    def geometry(self, output: str) -> Value:
        """``Position``, ``Normal``, ``True Normal``, ``Incoming``, ..."""
        return self.add("ShaderNodeNewGeometry").outputs[output]

    def bump(self, height: Value, metres: float, strength: float = 1.0) -> Value:
        """Normals of a surface that is `metres` higher where `height` is 1."""
        node = self.add("ShaderNodeBump")
        self.put(node.inputs["Height"], height)
        self.put(node.inputs["Distance"], metres)
        self.put(node.inputs["Strength"], strength)
        return node.outputs[0]

    def principled(self, **inputs: Value) -> Value:
        """The usual surface; ``base_color`` stands for the input "Base Color", and so on."""
        node = self.add("ShaderNodeBsdfPrincipled")
        for name, value in inputs.items():
            spelled = name.replace("_", " ").title().replace("Ior", "IOR")
            self.put(node.inputs[spelled], value)
        return node.outputs[0]

    def mix_shaders(self, share: Value, a: Value, b: Value) -> Value:
        """Surface `a` where `share` is 0, `b` where it is 1."""
        node = self.add("ShaderNodeMixShader")
        for socket, value in zip(node.inputs, (share, a, b), strict=True):
            self.put(socket, value)
        return node.outputs[0]

    def finish(self, shader: Value, kind: str = "ShaderNodeOutputMaterial") -> None:
        """Make this what the tree shows."""
        self.put(self.add(kind).inputs["Surface"], shader)
