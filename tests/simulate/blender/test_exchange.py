"""What is written for Blender can be read back, and says what the world is."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivelabel.errors import FormatError, InvalidLabelError, StoreError
from drivelabel.labels.taxonomies import DRIVING
from drivelabel.scene import Camera, Distortion
from drivelabel.simulate import SimulateSettings, Simulation, WorldSettings, default_rig
from drivelabel.simulate.blender.exchange import (
    BLENDER_MATERIALS,
    VERSION,
    Job,
    LampJob,
    Rendered,
    SkyJob,
    houses,
    read_geometry,
    write_geometry,
)
from drivelabel.simulate.blender.jobs import GeometryFiles, check_pinhole, make_job, sky_job
from drivelabel.simulate.geometry3d import MATERIALS, Surfaces
from drivelabel.simulate.render import Effects, Light
from drivelabel.simulate.rig import pinhole

SKY = SkyJob((0.0, 0.6, 0.8), (3.0, 2.9, 2.5), (0.2, 0.4, 0.9), (0.7, 0.9, 1.1), (0.1, 0.1, 0.1), 0.3, False)


def a_job(folder: Path, **other) -> Job:
    facts = {
        "geometry": ("a.npz", "b.npz"),
        "origin": (12.5, -37.5, 0.0),
        "camera_matrix": [[100.0, 0.0, 32.0], [0.0, 100.0, 16.0], [0.0, 0.0, 1.0]],
        "image_hw": (32, 64),
        "world_from_camera": np.eye(4).tolist(),
        "sky": SKY,
        "lamps": (LampJob("street", (1.0, 2.0, 6.0), (0.0, 0.0, -1.0), (9.0, 8.0, 7.0)),),
        "wetness": 0.5,
        "samples": 4,
        "seed": 7,
        "light_file": str(folder / "light.npy"),
        "truth_file": str(folder / "truth.npz"),
    }
    return Job(**(facts | other))


def same(job: Job, other: Job) -> bool:
    return all(getattr(job, name) == getattr(other, name) for name in Job.__dataclass_fields__)


def test_a_job_comes_back_as_it_was(tmp_path):
    job = a_job(tmp_path)
    job.write(tmp_path / "job.json")
    assert same(Job.read(tmp_path / "job.json"), job)
    assert not same(Job.read(tmp_path / "job.json"), a_job(tmp_path, samples=5))


@pytest.mark.parametrize(("field", "value"), [("version", VERSION + 1), ("materials", ["plain"])])
def test_a_job_of_another_version_is_refused(field, value, tmp_path):
    path = tmp_path / "job.json"
    a_job(tmp_path).write(path)
    path.write_text(json.dumps(json.loads(path.read_text()) | {field: value}))
    with pytest.raises(FormatError, match="expected a job of version"):
        Job.read(path)


def test_a_job_without_a_camera_is_refused(tmp_path):
    path = tmp_path / "job.json"
    a_job(tmp_path).write(path)
    facts = json.loads(path.read_text())
    del facts["camera_matrix"]
    path.write_text(json.dumps(facts))
    with pytest.raises(FormatError, match="camera_matrix"):
        Job.read(path)


def test_a_job_that_cannot_be_written_says_where(tmp_path):
    with pytest.raises(StoreError, match="nowhere"):
        a_job(tmp_path).write(tmp_path / "nowhere" / "job.json")


def random_surfaces(rng: np.random.Generator, n: int) -> Surfaces:
    return Surfaces(
        triangles=rng.normal(size=(n, 3, 3)).astype(np.float32),
        color=rng.random((n, 3)).astype(np.float32),
        emission=rng.random(n).astype(np.float32),
        category=rng.integers(0, len(DRIVING), n).astype(np.uint8),
        instance=rng.integers(0, 65_536, n).astype(np.uint16),
        material=rng.integers(0, len(MATERIALS), n).astype(np.uint8),
        layer=rng.integers(0, 3, n).astype(np.uint8),
        uv=rng.normal(size=(n, 3, 2)).astype(np.float32),
        origin=rng.normal(size=3),
    )


@given(st.integers(0, 2**32 - 1), st.integers(1, 40))
def test_surfaces_come_back_as_they_were(tmp_path_factory, seed, n):
    path = tmp_path_factory.mktemp("geometry") / "s.npz"
    surfaces = random_surfaces(np.random.default_rng(seed), n)
    write_geometry(surfaces, path)
    back = read_geometry(path)
    for name in Surfaces.__dataclass_fields__:
        np.testing.assert_array_equal(getattr(back, name), getattr(surfaces, name), err_msg=name)
        assert getattr(back, name).dtype == getattr(surfaces, name).dtype


def test_metal_of_vehicles_alone_becomes_car_paint(tmp_path):
    surfaces = random_surfaces(np.random.default_rng(1), 3)
    surfaces.category[:] = [DRIVING.id_of("car"), DRIVING.id_of("pole"), DRIVING.id_of("car")]
    surfaces.material[:] = [MATERIALS.index(name) for name in ("metal", "metal", "glass")]
    write_geometry(surfaces, tmp_path / "s.npz")
    with np.load(tmp_path / "s.npz", allow_pickle=False) as file:
        assert [BLENDER_MATERIALS[k] for k in file["material"]] == ["car_paint", "metal", "glass"]
        np.testing.assert_allclose(np.linalg.norm(file["normals"], axis=2), 1.0, atol=1e-5)


def test_houses_of_one_colour_are_alike_and_others_are_not():
    rng = np.random.default_rng(3)
    color = np.round(rng.random((50, 3)) * 255) / 255
    numbers = houses(color)
    assert numbers.min() >= 0 and numbers.max() < 1
    np.testing.assert_array_equal(houses(color[::-1])[::-1], numbers)
    assert len(np.unique(numbers, axis=0)) == 50
    assert numbers.std(axis=0).min() > 0.15


def test_an_answer_is_read_with_the_sky_where_nothing_was_met(tmp_path):
    job = a_job(tmp_path)
    light = np.random.default_rng(0).random((32, 64, 3)).astype(np.float32)
    category = np.full((32, 64), DRIVING.id_of("car") + 1, np.uint8)
    category[:16] = 0
    np.save(job.light_file, light)
    np.savez(job.truth_file, instance=np.full((32, 64), 5, np.uint16), category=category)
    rendered = Rendered.read(job)
    assert (rendered.category[:16] == DRIVING.id_of("sky")).all()
    assert (rendered.category[16:] == DRIVING.id_of("car")).all()
    np.testing.assert_array_equal(rendered.radiance, light)


def test_an_answer_of_another_size_or_none_is_refused(tmp_path):
    job = a_job(tmp_path)
    with pytest.raises(StoreError, match="cannot be read"):
        Rendered.read(job)
    np.save(job.light_file, np.zeros((32, 63, 3), np.float32))
    maps = np.zeros((32, 64), np.uint8)
    np.savez(job.truth_file, instance=maps.astype(np.uint16), category=maps)
    with pytest.raises(StoreError, match="expected a picture of"):
        Rendered.read(job)


def test_bent_lenses_are_refused_by_name():
    matrix = pinhole((90, 160), 70)
    bent = Camera("cam_bent", (90, 160), matrix, Distortion("fisheye", np.zeros(4)), np.eye(4))
    with pytest.raises(InvalidLabelError, match=r"cam_bent.*pinhole cameras only.*'fisheye'"):
        check_pinhole(bent)
    check_pinhole(Camera("cam_straight", (90, 160), matrix, ego_from_sensor=np.eye(4)))


def test_fog_hides_the_clear_sky():
    light = Light.day()
    clear, fog = sky_job(light, Effects()), sky_job(light, Effects(fog_per_m=0.02))
    assert clear.cloud_cover < 0.6 < fog.cloud_cover
    assert np.ptp(fog.horizon) < np.ptp(clear.horizon)


@pytest.mark.parametrize("night", [False, True])
def test_a_frame_becomes_a_job_with_the_world_around_it(night, tmp_path):
    rig = default_rig(2).at_size((90, 160)).without_lidars()
    world = WorldSettings(seed=3, seconds=0.4, style="suburb", night=night)
    simulation = Simulation(SimulateSettings(world, rig, radius_m=60.0))
    files = GeometryFiles(simulation, tmp_path)
    jobs = [make_job(simulation, k, files, 4, 1, tmp_path / f"f{k}") for k in range(2)]
    assert jobs[0].geometry == jobs[1].geometry
    jobs[0].write(tmp_path / "job.json")
    assert same(Job.read(tmp_path / "job.json"), jobs[0])

    scene = simulation.scene
    timestamp_ns = int(scene.frames.timestamp_ns[0])
    ego = scene.poses.at(timestamp_ns)
    surfaces = simulation.world.surfaces(timestamp_ns, ego[:3, 3], 60.0)
    parts = [read_geometry(Path(path)) for path in jobs[0].geometry]
    np.testing.assert_array_equal(Surfaces.concat(parts).triangles, surfaces.triangles)
    pose = np.array(jobs[0].world_from_camera)
    pose[:3, 3] += surfaces.origin
    np.testing.assert_allclose(pose, scene.world_from_camera(0), atol=1e-9)

    kinds = [lamp.kind for lamp in jobs[0].lamps]
    assert kinds.count("headlight") == (2 if night else 0)
    assert ("street" in kinds) == night
    for lamp in jobs[0].lamps:
        assert np.linalg.norm(lamp.facing) == pytest.approx(1.0)
        assert min(lamp.power) >= 0


def test_old_geometry_is_deleted_when_time_goes_on(tmp_path):
    rig = default_rig(1).at_size((90, 160)).without_lidars().at_rates(10.0, None)
    settings = SimulateSettings(WorldSettings(seed=3, seconds=0.5, style="suburb"), rig, radius_m=60.0)
    simulation = Simulation(settings)
    files = GeometryFiles(simulation, tmp_path)
    for frame in range(3):
        job = make_job(simulation, frame, files, 4, 1, tmp_path / "f")
        assert sorted(str(path) for path in tmp_path.iterdir()) == sorted(job.geometry)
