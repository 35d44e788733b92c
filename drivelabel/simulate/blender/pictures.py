"""A simulated drive whose pictures Blender makes. The truth stays ours, and is held against Blender's."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from drivelabel.errors import FormatError, InvalidLabelError
from drivelabel.simulate.blender.agreement import Agreement, compare_maps, total
from drivelabel.simulate.blender.develop import develop_light
from drivelabel.simulate.blender.exchange import Rendered
from drivelabel.simulate.blender.jobs import GeometryFiles, check_pinhole, make_job
from drivelabel.simulate.blender.worker import Worker, find_python
from drivelabel.simulate.simulate import Made, MadeFrame, Simulation, encode

MAX_DIFFER = 0.005
"""Share of a frame's pixels, borders aside, above which Blender's picture does not go with the truth."""


@dataclass(frozen=True, slots=True)
class BlenderSettings:
    """How Blender renders.

    Attributes:
        python: of the environment that has bpy; that of DRIVELABEL_BLENDER_PYTHON when None.
        samples: light paths per pixel, before noise is taken out.
        threads: that render.

    Raises:
        InvalidLabelError: a number is out of range.
    """

    python: str | None = None
    samples: int = 32
    threads: int = 2

    def __post_init__(self) -> None:
        if not 1 <= self.samples <= 4096:
            raise InvalidLabelError(f"samples: expected 1 to 4096, got {self.samples}.")
        if self.threads < 1:
            raise InvalidLabelError(f"threads: expected at least 1, got {self.threads}.")


class BlenderRenderer:
    """Blender in the place of our own renderer: ``renderer.run(simulation)`` is like ``simulation.run()``.

    Attributes:
        agreements: of each frame so far, Blender's instances with the truth.
        label_agreements: the same of what things are; paint on the road is told from road.
        seconds: that Blender took for each.

    Args:
        settings: how it renders.

    Raises:
        MissingExtraError: no Python with bpy is given.
    """

    def __init__(self, settings: BlenderSettings | None = None) -> None:
        self.settings = settings if settings is not None else BlenderSettings()
        self.python = find_python(self.settings.python)
        self.agreements: list[Agreement] = []
        self.label_agreements: list[Agreement] = []
        self.seconds: list[float] = []

    @property
    def agreement(self) -> Agreement:
        """Of instances, over all frames so far."""
        return total(self.agreements)

    def run(self, simulation: Simulation) -> Iterator[Made]:
        """Frames with Blender's pictures, sweeps and samples, in order of time.

        Raises:
            InvalidLabelError: a camera is no pinhole.
            MissingExtraError: the given Python has no bpy.
            StoreError: Blender failed, or a file could not be written.
            FormatError: Blender shows other things than the truth says.
        """
        for camera in simulation.scene.cameras:
            check_pinhole(camera)
        with (
            tempfile.TemporaryDirectory(prefix="drivelabel-blender-") as name,
            Worker(self.python, self.settings.threads) as worker,
        ):
            files = GeometryFiles(simulation, Path(name))
            for made in simulation.run():
                if isinstance(made, MadeFrame):
                    yield self._repainted(simulation, made, files, worker, Path(name))
                else:
                    yield made

    def _repainted(
        self, simulation: Simulation, made: MadeFrame, files: GeometryFiles, worker: Worker, folder: Path
    ) -> MadeFrame:
        seed = int(np.random.SeedSequence([simulation.settings.world.seed, made.frame]).generate_state(1)[0])
        stem = folder / f"frame-{made.frame}"
        job = make_job(simulation, made.frame, files, self.settings.samples, seed, stem)
        job_file = stem.with_suffix(".json")
        job.write(job_file)
        self.seconds.append(worker.render(job_file))
        rendered = Rendered.read(job)
        for path in (job.light_file, job.truth_file, job_file):
            Path(path).unlink()
        self._check(simulation, made, rendered)
        image = develop_light(simulation, made.frame, rendered.radiance, made.truth.depth, seed)
        return replace(made, image_rgb=image, encoded=encode(image, simulation.settings.image_format))

    def _check(self, simulation: Simulation, made: MadeFrame, rendered: Rendered) -> None:
        agreement = compare_maps(made.truth.instance_map, rendered.instance)
        self.agreements.append(agreement)
        self.label_agreements.append(compare_maps(made.truth.label_map, rendered.category))
        if agreement.differ_inner > MAX_DIFFER * agreement.pixels:
            channel = simulation.scene.camera_of(made.frame).channel
            raise FormatError(
                f"{channel}, frame {made.frame}: Blender shows other things than the truth says in "
                f"{agreement.differ_inner:,} of {agreement.pixels:,} pixels, borders aside. This is a "
                "defect; use --renderer own."
            )
