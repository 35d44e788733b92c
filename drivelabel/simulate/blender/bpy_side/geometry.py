"""Meshes from an exchange file."""

from __future__ import annotations

from typing import Any

import bpy  # type: ignore[import-not-found]
import numpy as np

DECAL_LIFT_M = 0.003
"""How far each layer of decals is lifted off what it lies on, so that rays meet it first."""


def load_mesh(path: str, name: str, materials: list[Any]) -> Any:
    """The object of one geometry file, in the scene.

    Args:
        path: of an .npz file; see ``drivelabel/simulate/blender/exchange.py``.
        name: of the object.
        materials: that the file's column ``material`` counts.
    """
    with np.load(path, allow_pickle=False) as file:
        columns = {key: file[key] for key in file.files}
    n = len(columns["triangles"])
    mesh = bpy.data.meshes.new(name)
    mesh.vertices.add(3 * n)
    mesh.vertices.foreach_set("co", _lifted(columns["triangles"], columns["layer"]).ravel())
    mesh.loops.add(3 * n)
    mesh.loops.foreach_set("vertex_index", np.arange(3 * n, dtype=np.int32))
    mesh.polygons.add(n)
    mesh.polygons.foreach_set("loop_start", np.arange(0, 3 * n, 3, dtype=np.int32))
    for material in materials:
        mesh.materials.append(material)
    mesh.polygons.foreach_set("material_index", columns["material"].astype(np.int32))
    mesh.polygons.foreach_set("use_smooth", np.ones(n, np.bool_))
    _add_columns(mesh, columns)
    mesh.update()
    mesh.normals_split_custom_set(columns["normals"].reshape(-1, 3))
    thing = bpy.data.objects.new(name, mesh)
    bpy.context.scene.collection.objects.link(thing)
    return thing


def _lifted(triangles: Any, layer: Any) -> Any:
    edges = triangles[:, 1:] - triangles[:, :1]
    normal = np.cross(edges[:, 0], edges[:, 1])
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)
    lift = (DECAL_LIFT_M * layer.astype(np.float32))[:, None] * normal
    return np.ascontiguousarray(triangles + lift[:, None], np.float32)


def _add_columns(mesh: Any, columns: dict[str, Any]) -> None:
    """Columns that shaders read, by the names that they read them under."""
    n = len(columns["triangles"])
    albedo = np.ones((n, 4), np.float32)
    albedo[:, :3] = columns["color"]
    truth = np.zeros((n, 3), np.float32)
    truth[:, 0], truth[:, 1] = columns["instance"], columns["category"].astype(np.float32) + 1
    mesh.attributes.new("albedo", "FLOAT_COLOR", "FACE").data.foreach_set("color", albedo.ravel())
    mesh.attributes.new("glow", "FLOAT", "FACE").data.foreach_set("value", columns["emission"])
    mesh.attributes.new("truth", "FLOAT_VECTOR", "FACE").data.foreach_set("vector", truth.ravel())
    mesh.attributes.new("house", "FLOAT_VECTOR", "FACE").data.foreach_set("vector", columns["house"].ravel())
    uv = mesh.uv_layers.new(name="uv")
    uv.uv.foreach_set("vector", columns["uv"].ravel())


def drop(thing: Any) -> None:
    """Take an object and its mesh out of memory."""
    mesh = thing.data
    bpy.data.objects.remove(thing)
    bpy.data.meshes.remove(mesh)
