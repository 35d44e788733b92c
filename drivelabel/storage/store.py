"""A scene on disk or object storage, with its history."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import icechunk
import numpy as np

from drivelabel import __version__
from drivelabel.errors import StoreError
from drivelabel.labels import TABLES, Grouped, Table
from drivelabel.scene import Layer, Scene
from drivelabel.storage._apply import Applier, Extent
from drivelabel.storage._arrays import Arrays
from drivelabel.storage._masks import MASK_KINDS, FrameIndex, StoredMasks
from drivelabel.storage._pages import UNLABELLED, PagedTable
from drivelabel.storage._place import Place
from drivelabel.storage._recording import read_header, read_recording, taxonomy_from_json, write_recording
from drivelabel.storage._restore import copy_back
from drivelabel.storage._runtime import check_not_forked, plain_errors
from drivelabel.storage.edit import By, Changes, CommitResult, Edit
from drivelabel.storage.history import Commit, find_commit
from drivelabel.typing import BoolArray

BRANCH = "main"
MANIFEST_SPLIT = 1000
MAX_TRIES = 50
KEY_SEARCH = 1000


class SceneStore:
    """A scene on disk or object storage: open it, read it, change it, look into its past.

    ``store = SceneStore.open("panda.scene")``; ``scene = store.scene()`` reads the newest state;
    ``with store.edit("...") as edit`` changes it.
    """

    def __init__(self, place: Place, repo: icechunk.Repository) -> None:
        self._place = place
        self._repo = repo

    @classmethod
    def open(cls, location: str | os.PathLike[str]) -> SceneStore:
        """An existing scene.

        Args:
            location: a folder, or ``s3://bucket/prefix``.

        Raises:
            StoreError: there is no scene, it cannot be read, or a newer drivelabel wrote it.
        """
        check_not_forked()
        place = Place.of(location)
        if not place.exists():
            raise StoreError(
                f"{place.name}: no scene here. Make one with: drivelabel ingest SOURCE {place.name}"
            )
        with plain_errors(place.name):
            store = cls(place, icechunk.Repository.open(place.storage()))
        read_header(store._arrays())
        return store

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
    ) -> SceneStore:
        """A new scene with all that `scene` holds, its layers included.

        It is written beside its place and then renamed, so a half-written one never stands there.

        Raises:
            StoreError: something already lies there, or it cannot be written.
        """
        check_not_forked()
        place = Place.of(location)
        if place.exists() or (place.folder is not None and place.folder.exists()):
            raise StoreError(f"{place.name}: already exists. Choose another name, or delete it first.")
        if place.folder is None:
            store = cls._new(place)
            store._write_first(scene, author, command, parameters, message)
            return store
        aside = place.folder.with_name(f".{place.folder.name}.{secrets.token_hex(4)}.partial")
        try:
            with plain_errors(place.name):
                aside.mkdir(parents=True)
            store = cls._new(Place(place.name, aside))
            store._write_first(scene, author, command, parameters, message)
            with plain_errors(place.name):
                aside.rename(place.folder)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
        place.sync()
        return cls.open(location)

    @classmethod
    def _new(cls, place: Place) -> SceneStore:
        split = icechunk.ManifestSplittingConfig.from_dict(
            {
                icechunk.ManifestSplitCondition.AnyArray(): {
                    icechunk.ManifestSplitDimCondition.Axis(0): MANIFEST_SPLIT
                }
            }
        )
        config = icechunk.RepositoryConfig(manifest=icechunk.ManifestConfig(splitting=split))
        with plain_errors(place.name):
            repo = icechunk.Repository.create(place.storage(), config=config)
            repo.save_config()
        return cls(place, repo)

    def _write_first(
        self,
        scene: Scene,
        author: str | None,
        command: str,
        parameters: Mapping[str, Any] | None,
        message: str | None,
    ) -> None:
        edit = self._new_edit(message or f"Ingest {scene.name}", "import", author, command, parameters, "")
        for name, layer in scene.layers.items():
            edit.create_layer(name, layer.taxonomy, author=layer.author, model=layer.model, parent="")
            _collect(edit, layer)
        self._commit(
            edit,
            lambda arrays: write_recording(arrays, scene),
            Extent(FrameIndex.of(scene), len(scene.samples_ns)),
        )

    # Reading

    @property
    def name(self) -> str:
        """The path or URL that the scene was opened by."""
        return self._place.name

    @property
    def root(self) -> str:
        """What relative source paths count from."""
        return str(self._place.folder.resolve()) if self._place.folder is not None else self._place.name

    @property
    def head(self) -> str:
        """Id of the newest commit."""
        with plain_errors(self.name):
            return self._repo.lookup_branch(BRANCH)

    def _arrays(self, snapshot: str | None = None) -> Arrays:
        with plain_errors(self.name):
            session = (
                self._repo.readonly_session(BRANCH)
                if snapshot is None
                else self._repo.readonly_session(snapshot_id=snapshot)
            )
        return Arrays(session, self.name)

    def scene(self, snapshot: str | None = None) -> Scene:
        """The scene as it is now, or as it was.

        Tables and masks are read on first use, from the state that the scene had when this was called.

        Args:
            snapshot: a commit's id, the start of one, or ``HEAD~N``; the newest when None.

        Raises:
            SceneLookupError: there is no such commit.
            CorruptSceneError: what is stored is damaged.
        """
        arrays = self._arrays(None if snapshot is None else find_commit(snapshot, self.log()).id)
        layers: dict[str, Layer] = {}
        scene = read_recording(arrays, layers, self.root)
        extent = Extent(FrameIndex.of(scene), len(scene.samples_ns))
        for name in arrays.children("layers"):
            layers[name] = _read_layer(arrays, name, extent)
        return scene

    @cached_property
    def extent(self) -> Extent:
        """How many frames each camera has, and how many samples there are; it never changes."""
        scene = read_recording(self._arrays(), {}, self.root)
        return Extent(FrameIndex.of(scene), len(scene.samples_ns))

    def read(self, layer: str, kind: str, groups: Iterable[int]) -> dict[int, Table]:
        """The rows of some frames (cuboids: samples), read without the rest of the table.

        Raises:
            CorruptSceneError: a chunk is damaged.
        """
        table = PagedTable.at(self._arrays(), layer, kind, self.extent.groups(kind))
        wanted = [int(group) for group in groups]
        pages = table.read_pages(dict.fromkeys(table.page_of(group)[0] for group in wanted))
        return {group: pages[table.page_of(group)[0]].group(table.page_of(group)[1]) for group in wanted}

    def labelled(self, layer: str, kind: str) -> BoolArray:
        """(g,), which groups somebody labelled: ``boxes2d``, ..., ``label_map`` or ``instance_map``."""
        arrays = self._arrays()
        if kind in MASK_KINDS:
            return StoredMasks.at(arrays, layer, kind, self.extent.frames).labelled()
        table = PagedTable.at(arrays, layer, kind, self.extent.groups(kind))
        return table.read_states() > UNLABELLED

    def note(self, layer: str, name: str) -> bytes | None:
        """The bytes that :meth:`Edit.set_note` kept, or None."""
        data = self._arrays().read_array(f"layers/{layer}/notes/{name}")
        return None if data is None else data.tobytes()

    def log(self) -> list[Commit]:
        """The commits, newest first."""
        return list(self._ancestry(self.head))

    def _ancestry(self, snapshot: str) -> Iterator[Commit]:
        with plain_errors(self.name):
            for info in self._repo.ancestry(snapshot_id=snapshot):
                if info.parent_id:  # the very first snapshot is the store's own, and empty
                    yield Commit.of(info)

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
        commit = find_commit(snapshot, self.log())
        edit = self._new_edit(
            f"Restore {commit.id[:8]}: {commit.message}",
            "human",
            author,
            "restore",
            {"snapshot": commit.id},
            "",
        )
        old = self._arrays(commit.id)
        return self._commit(edit, lambda arrays: copy_back(self._repo, old, arrays))

    def _new_edit(
        self,
        message: str,
        by: By,
        author: str | None,
        command: str,
        parameters: Mapping[str, Any] | None,
        key: str,
        base: str | None = None,
    ) -> Edit:
        edit = Edit(
            message,
            base or self.head,
            Changes(by),
            command=command,
            parameters=dict(parameters or {}),
            key=key,
        )
        if author is not None:
            edit.author = author
        return edit

    def _commit(self, edit: Edit, before: Any = None, extent: Extent | None = None) -> CommitResult:
        """Apply and commit, again from the newest state when another writer came first."""
        with self._place.lock():
            for _ in range(MAX_TRIES):
                tip = self.head
                done = self._find_key(edit, tip)
                if done is not None:
                    return CommitResult(done, changed=False)
                result = self._try(edit, tip, before, extent)
                if result is not None:
                    return result
        raise StoreError(f"{self.name}: {MAX_TRIES} other commits came first. Try again.")

    def _try(self, edit: Edit, tip: str, before: Any, extent: Extent | None) -> CommitResult | None:
        with plain_errors(self.name):
            session = self._repo.writable_session(BRANCH)
        arrays = Arrays(session, self.name)
        if before is not None:
            before(arrays)
        base = self._arrays(edit.base) if edit.base != tip else None
        applier = Applier(arrays, base, extent or self.extent, edit.changes)
        applier.apply()
        arrays.flush()
        conflicts, kept = tuple(applier.conflicts), tuple(applier.kept)
        if not session.has_uncommitted_changes:
            return CommitResult(tip, changed=False, conflicts=conflicts, kept=kept)
        self._place.sync()
        try:
            with plain_errors(self.name):
                snapshot = session.commit(edit.message, self._metadata(edit, len(applier.conflicts)))
        except icechunk.ConflictError:
            return None  # object storage: another commit came first
        self._place.sync()
        self._place.remember_head(snapshot)
        return CommitResult(snapshot, conflicts=conflicts, kept=kept)

    def _find_key(self, edit: Edit, tip: str) -> str | None:
        """The commit that already has the edit's key, if any."""
        if not edit.key:
            return None
        for count, commit in enumerate(self._ancestry(tip)):
            if commit.key == edit.key:
                return commit.id
            if count >= KEY_SEARCH:
                break
        return None

    def _metadata(self, edit: Edit, n_conflicts: int) -> dict[str, Any]:
        metadata: dict[str, Any] = {
            "author": edit.author,
            "command": edit.command,
            "parameters": dict(edit.parameters),
            "versions": {"drivelabel": __version__, "icechunk": version("icechunk")},
        }
        if edit.key:
            metadata["key"] = edit.key
        if n_conflicts:
            metadata["conflicts"] = n_conflicts
        return metadata

    def __repr__(self) -> str:
        return f"<SceneStore {self.name}>"


class _StoredTables(Mapping[str, Grouped[Any]]):
    """A layer's tables, each read on first use."""

    def __init__(self, arrays: Arrays, layer: str, extent: Extent) -> None:
        self._arrays = arrays
        self._layer = layer
        self._extent = extent
        self._kinds = [kind for kind in arrays.children(f"layers/{layer}") if kind in TABLES]
        self._read: dict[str, Grouped[Any]] = {}

    def __getitem__(self, kind: str) -> Grouped[Any]:
        if kind not in self._kinds:
            raise KeyError(kind)
        if kind not in self._read:
            groups = self._extent.groups(kind)
            self._read[kind] = PagedTable.at(self._arrays, self._layer, kind, groups).read_all()
        return self._read[kind]

    def __iter__(self) -> Iterator[str]:
        return iter(self._kinds)

    def __len__(self) -> int:
        return len(self._kinds)


def _read_layer(arrays: Arrays, name: str, extent: Extent) -> Layer:
    facts = arrays.attrs(f"layers/{name}")
    masks = {kind: StoredMasks.at(arrays, name, kind, extent.frames) for kind in MASK_KINDS}
    ids = arrays.read_array(f"layers/{name}/instance_track_id")
    return Layer(
        name=name,
        taxonomy=taxonomy_from_json(facts["taxonomy"]),
        author=facts["author"],
        model=facts["model"],
        created_ns=facts["created_ns"],
        parent=facts["parent"],
        tables=_StoredTables(arrays, name, extent),
        label_maps=masks["label_map"] if masks["label_map"].exists else None,
        instance_maps=masks["instance_map"] if masks["instance_map"].exists else None,
        instance_track_id=np.zeros(0, np.int64) if ids is None else ids,
    )


def _collect(edit: Edit, layer: Layer) -> None:
    """Ask an edit for everything that a layer holds."""
    for grouped in layer.tables.values():
        for group in np.flatnonzero(grouped.labelled):
            edit.set(layer.name, int(group), grouped[int(group)])
    if layer.label_maps is not None:
        for frame in np.flatnonzero(layer.label_maps.labelled()):
            edit.set_label_map(layer.name, int(frame), layer.label_map(int(frame)))
    if layer.instance_maps is not None:
        for frame in np.flatnonzero(layer.instance_maps.labelled()):
            edit.set_instance_map(layer.name, int(frame), layer.instance_map(int(frame)))


def open_scene(location: str | os.PathLike[str], snapshot: str | None = None) -> Scene:
    """The scene at a path or URL, as it is now or as it was; see :meth:`SceneStore.scene`."""
    return SceneStore.open(location).scene(snapshot)


def is_scene(location: str | os.PathLike[str]) -> bool:
    """Whether a local folder holds a scene."""
    text = os.fspath(location)
    return "://" in text or (Path(text) / "repo").is_dir()
