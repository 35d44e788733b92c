"""A folder of images, or one image, as the frames of one camera."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np

from drivelabel.errors import FormatError, StoreError
from drivelabel.labels.taxonomies import DRIVING
from drivelabel.media._sources import IngestOptions, file_source
from drivelabel.media._times import times_of_images
from drivelabel.media.images import IMAGE_SUFFIXES, ImageHeader, natural_key, read_image, read_image_header
from drivelabel.scene import NO_SAMPLE, Camera, Frames, Scene


def image_files(folder: Path) -> list[Path]:
    """The images right inside a folder, in natural order of their names; hidden files are left out."""
    found = [
        path
        for path in folder.iterdir()
        if path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".") and path.is_file()
    ]
    return sorted(found, key=lambda path: natural_key(path.name))


def ingest_images(source: Path, options: IngestOptions) -> Scene:
    """A scene of one camera from a folder of images or one image.

    All images must have one size, since a camera has one. ``scene.info`` says where the times come from and
    what was left out.

    Raises:
        StoreError: an image is missing or damaged, and `options` do not say to skip it.
        FormatError: there are no images, sizes differ, or no image is left.
    """
    paths = [source] if source.is_file() else image_files(source)
    if not paths:
        raise FormatError(f"{source}: expected images ({', '.join(IMAGE_SUFFIXES)}), found none.")
    if options.hz is not None and not options.hz > 0:
        raise FormatError(f"hz: expected a positive rate, got {options.hz}.")
    good, problems = _readable(paths, options)
    good, other_size = _of_one_size(source, good, options)
    if not good:
        raise FormatError(f"{source}: none of {len(paths)} images can be read. First: {problems[0]}")
    times = times_of_images(
        [path for path, _ in good], [header for _, header in good], hz=options.hz, start_ns=options.start_ns
    )
    order = np.argsort(times.timestamp_ns, kind="stable")
    n = len(order)
    frames = Frames(
        times.timestamp_ns[order],
        np.zeros(n, np.int32),
        np.arange(n, dtype=np.int32),
        np.zeros(n, np.int32),
        np.full(n, NO_SAMPLE, np.int32),
    )
    sources = tuple(file_source(good[i][0], "image", hash_file=options.hash_files) for i in order)
    return Scene(
        name=options.name or source.stem,
        sensors=(Camera(options.channel, good[0][1].image_hw),),
        taxonomy=DRIVING,
        frames=frames,
        sources=sources,
        info={
            "format": "images",
            "timestamps": times.origin,
            "skipped": [*problems, *other_size],
        },
    )


def _readable(paths: list[Path], options: IngestOptions) -> tuple[list[tuple[Path, ImageHeader]], list[str]]:
    """Images with their headers. When damaged ones may be skipped, each is decoded once to find them."""
    good, problems = [], []
    for path in paths:
        try:
            header = read_image_header(path)
            if options.on_invalid == "skip":
                read_image(path)
            good.append((path, header))
        except StoreError as error:
            if options.on_invalid == "error":
                raise StoreError(f'{error} Leave it out with on_invalid="skip".') from error
            problems.append(str(error))
    return good, problems


def _of_one_size(
    source: Path, good: list[tuple[Path, ImageHeader]], options: IngestOptions
) -> tuple[list[tuple[Path, ImageHeader]], list[str]]:
    sizes = Counter(header.image_hw for _, header in good)
    if len(sizes) < 2:
        return good, []
    usual, _ = sizes.most_common(1)[0]
    others = [(path, header) for path, header in good if header.image_hw != usual]
    if options.on_invalid == "error":
        shown = ", ".join(f"{n} of {w}x{h}" for (h, w), n in sizes.most_common())
        raise FormatError(
            f"{source}: expected images of one size, since one camera took them, got {shown}; the first "
            f"other one is {others[0][0].name}. Put each size into its own folder, or keep the most "
            f'frequent with on_invalid="skip".'
        )
    kept = [(path, header) for path, header in good if header.image_hw == usual]
    return kept, [f"{path}: its size {h.image_hw[1]}x{h.image_hw[0]} differs" for path, h in others]
