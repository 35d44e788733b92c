"""A scene on disk or object storage, with its history."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from drivelabel.errors import CorruptSceneError, InvalidLabelError, SceneLookupError, StoreError
from drivelabel.labels import Table
from drivelabel.scene import Layer, Scene
from drivelabel.storage._apply import Applier
from drivelabel.storage._arrays import Arrays
from drivelabel.storage._committing import CommittingScene
from drivelabel.storage._frame_index import Extent
from drivelabel.storage._layers import read_layer, whole_layer
from drivelabel.storage._making import already_there, new_repository, write_aside
from drivelabel.storage._masks import MASK_KINDS, StoredMasks
from drivelabel.storage._page import UNLABELLED
from drivelabel.storage._pages import PagedTable
from drivelabel.storage._place import Place
from drivelabel.storage._recording import read_header, write_recording
from drivelabel.storage._restore import copy_back
from drivelabel.storage._runtime import plain_errors, retried
from drivelabel.storage._second_copy import write_copy
from drivelabel.storage._spec import MASK_CODECS
from drivelabel.storage.check import CheckReport, verify_labels
from drivelabel.storage.edit import By, CommitResult, Edit
from drivelabel.storage.history import find_commit
from drivelabel.typing import BoolArray


class SceneStore(CommittingScene):
    """A scene on disk or object storage: open it, read it, change it, look into its past.

    ``store = SceneStore.open("panda.scene")``; ``scene = store.scene()`` reads the newest state;
    ``with store.edit("...") as edit`` changes it.
    """

    @classmethod
    def open(cls, location: str | os.PathLike[str]) -> SceneStore:
        """An existing scene.

        Args:
            location: a folder, or ``s3://bucket/prefix``.

        Raises:
            StoreError: there is no scene, or it cannot be read.
            NewerFormatError: a newer drivelabel wrote it.
            CorruptSceneError: it is damaged, or its newest commit is missing.
        """
        place = Place.of(location)
        if not place.exists():
            raise StoreError(
                f"{place.name}: no scene here. Make one with: drivelabel ingest SOURCE {place.name}"
            )
        store = cls(place, retried(place.name, place.repository))
        read_header(store._arrays())
        store._check_head()
        return store

    def _check_head(self) -> None:
        """Raise CorruptSceneError when the branch file is older than the last commit that was reported."""
        if self._place.heads is None:
            return
        for _ in range(3):  # a commit between the two reads looks the same, but only once
            head = self.head
            with plain_errors(self.name):
                noted = self._place.heads.read()[-1:]
            if not noted or noted[0] == head or self._log.has(noted[0], head):
                return
        raise CorruptSceneError(
            f"{self.name}: commit {noted[0]} was reported, but the branch file names the older {head}. "
            f"Run: drivelabel check --fix {self.name}"
        )

    @classmethod
    def create(
        cls,
        location: str | os.PathLike[str],
        scene: Scene,
        *,
        author: str | None = None,
        command: str = "",
        parameters: Mapping[str, Any] | None = None,
        message: str | None = None,
        mask_codec: str = "rle",
        prepare: Callable[[Path], None] | None = None,
    ) -> SceneStore:
        """A new scene with all that `scene` holds, its layers included.

        In a local folder it is written beside its place and then renamed, so a half-written one never stands
        there. On an object store one whose making broke off has no commit, and is taken over.

        Args:
            location: a folder, or ``s3://bucket/prefix``.
            scene: what it holds; masks are read a few at a time.
            author, command, parameters, message: of the first commit.
            mask_codec: ``rle``, the smallest and fastest; or ``zstd``, for programs that read the masks
                without drivelabel.
            prepare: puts more files into a local scene's folder, before anybody else can see it.

        Raises:
            StoreError: something already lies there, or it cannot be written.
            InvalidLabelError: `mask_codec` is unknown, or a label breaks a rule of its layer.
        """
        if mask_codec not in MASK_CODECS:
            raise InvalidLabelError(f"mask_codec: expected {' or '.join(MASK_CODECS)}, got {mask_codec!r}.")
        place = Place.of(location)
        extent = Extent.of(scene, mask_codec)

        def fill(arrays: Arrays) -> None:
            if arrays.node("") is not None:  # on an object store, somebody else made one meanwhile
                raise already_there(place.name)
            write_recording(arrays, scene, mask_codec)
            write_copy(arrays)
            for layer in scene.layers.values():
                for changes in whole_layer(layer):
                    Applier(arrays, None, extent, changes).apply()

        def write(place: Place) -> None:
            store = cls(place, new_repository(place))
            store.__dict__["extent"] = extent
            edit = store._new_edit(message or f"Ingest {scene.name}", "import", author, command, parameters)
            store._commit(edit, fill)
            if prepare is not None and place.folder is not None:
                prepare(place.folder)

        if place.folder is None:
            write(place)
        else:
            write_aside(place.folder, place.name, write)
        place.sync()
        return cls.open(location)

    # Reading

    def scene(self, snapshot: str | None = None) -> Scene:
        """The scene as it is now, or as it was.

        Tables and masks are read on first use, from the state that the scene had when this was called.

        Args:
            snapshot: a commit's id, the start of one, or ``HEAD~N``; the newest when None.

        Raises:
            SceneLookupError: there is no such commit.
            CorruptSceneError: what is stored is damaged.
        """
        arrays = self._arrays(None if snapshot is None else self._find(snapshot))
        layers: dict[str, Layer] = {}
        scene = replace(self._recording, layers=layers)
        for name in arrays.children("layers"):
            layers[name] = read_layer(arrays, name, self.extent)
        return scene

    def read(self, layer: str, kind: str, groups: Iterable[int]) -> dict[int, Table]:
        """The rows of some frames (cuboids: samples), read without the rest of the table.

        Raises:
            SceneLookupError: there is no such layer or group.
            CorruptSceneError: a chunk is damaged.
        """
        table = PagedTable.at(self._arrays_of(layer), layer, kind, self.extent.groups(kind))
        wanted = [int(group) for group in groups]
        for group in wanted:
            if not 0 <= group < table.n_groups:
                raise SceneLookupError(f"{self.name}: no group {group} of {kind}. It has {table.n_groups}.")
        pages = table.read_pages(dict.fromkeys(table.page_of(group)[0] for group in wanted))
        return {group: pages[table.page_of(group)[0]].group(table.page_of(group)[1]) for group in wanted}

    def labelled(self, layer: str, kind: str) -> BoolArray:
        """(g,), which groups somebody labelled: ``boxes2d``, ..., ``label_map`` or ``instance_map``.

        Raises:
            SceneLookupError: there is no such layer.
        """
        arrays = self._arrays_of(layer)
        if kind in MASK_KINDS:
            return StoredMasks.at(arrays, layer, kind, self.extent).labelled()
        table = PagedTable.at(arrays, layer, kind, self.extent.groups(kind))
        return table.read_states() > UNLABELLED

    def note(self, layer: str, name: str) -> bytes | None:
        """The bytes that :meth:`Edit.set_note` kept, or None."""
        arrays = self._arrays()
        path = f"layers/{layer}/notes/{name}"
        return None if arrays.node(path) is None else arrays.read_array(path).tobytes()

    def verify(self, snapshot: str | None = None) -> CheckReport:
        """Read everything that one state of the scene holds and compare it with its checksums.

        Args:
            snapshot: as for :meth:`scene`.

        Returns:
            What was read, and every damage with its place; see :func:`drivelabel.storage.check_scene` for the
            files around it and for repairs.
        """
        report = CheckReport(self.name)
        verify_labels(self._arrays(None if snapshot is None else self._find(snapshot)), self.root, report)
        return report

    # Changing

    @contextmanager
    def edit(
        self,
        message: str,
        *,
        by: By = "human",
        author: str | None = None,
        command: str = "",
        parameters: Mapping[str, Any] | None = None,
        key: str = "",
        base: str | None = None,
    ) -> Iterator[Edit]:
        """Collect changes and commit them as one when the block ends.

        Args:
            message: what the history says.
            by: who makes the edit. A person's changes are merged with what others committed since `base`;
                a model's and an import's leave alone what a person touched.
            author, command, parameters: who, and what was run.
            key: an id; an edit whose key the history already has is not made again.
            base: the snapshot that the changes start from; the newest when None.

        Raises:
            StoreError: it cannot be written; the scene stays at its last commit.
            ConflictError: somebody else changed the same pixels of a mask.
        """
        edit = self._new_edit(message, by, author, command, parameters, key, base)
        yield edit
        edit.result = self._commit(edit)

    def restore(self, snapshot: str, *, author: str | None = None) -> CommitResult:
        """Make an earlier state the newest one, as a new commit: nothing of the history is lost.

        Args:
            snapshot: a commit's id, the start of one, or ``HEAD~N``.

        Raises:
            SceneLookupError: there is no such commit.
        """
        commits = self.log()
        commit = find_commit(snapshot, commits)
        if commit.id == commits[0].id:
            return CommitResult(commit.id, changed=False)
        message = f"Restore {commit.id[:8]}: {commit.message}"
        edit = self._new_edit(message, "human", author, "restore", {"snapshot": commit.id})
        old = self._arrays(commit.id)
        return self._commit(edit, lambda arrays: copy_back(self._repo, old, arrays))

    def __repr__(self) -> str:
        return f"<SceneStore {self.name}>"


def open_scene(location: str | os.PathLike[str], snapshot: str | None = None) -> Scene:
    """The scene at a path or URL, as it is now or as it was; see :meth:`SceneStore.scene`."""
    return SceneStore.open(location).scene(snapshot)


def is_scene(location: str | os.PathLike[str]) -> bool:
    """Whether a local folder holds a scene; any ``s3://`` URL is taken for one."""
    text = os.fspath(location)
    return text.startswith("s3://") or (Path(text) / "repo").is_dir()
