"""An opened scene: which commit is the newest, and the arrays of any of them."""

from __future__ import annotations

import contextlib
from functools import cached_property

import icechunk

from drivelabel._check import did_you_mean
from drivelabel.errors import CorruptSceneError, SceneLookupError, StoreError
from drivelabel.scene import Scene
from drivelabel.storage._arrays import Arrays
from drivelabel.storage._frame_index import Extent
from drivelabel.storage._log import Log
from drivelabel.storage._place import BRANCH, Place
from drivelabel.storage._recording import read_header, read_recording
from drivelabel.storage._runtime import plain_errors, retried
from drivelabel.storage.history import Commit, find_commit

ID_LENGTH = 20


class OpenedScene:
    """A repository that holds a scene, and what is known of its newest commit."""

    def __init__(self, place: Place, repo: icechunk.Repository) -> None:
        self._place = place
        self._repo = repo
        self._log = Log(repo, place.name)
        self._newest: tuple[str, Arrays | None] = ("", None)

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
        return retried(self.name, lambda: self._repo.lookup_branch(BRANCH))

    def _arrays(self, snapshot: str | None = None) -> Arrays:
        return self._opened(
            retried(
                self.name,
                lambda: (
                    self._repo.readonly_session(BRANCH)
                    if snapshot is None
                    else self._repo.readonly_session(snapshot_id=snapshot)
                ),
            )
        )

    def _opened(self, session: icechunk.Session) -> Arrays:
        """The arrays of a session whose snapshot file was checked to be its own."""
        snapshot, known = self._newest
        if session.snapshot_id == snapshot:
            return Arrays(session, self.name, known)
        found = retried(self.name, lambda: self._repo.lookup_snapshot(session.snapshot_id).id)
        if found != session.snapshot_id:
            raise CorruptSceneError(
                f"{self.name}: the file of snapshot {session.snapshot_id} holds another one, {found}. "
                f"Run: drivelabel check --fix {self.name}"
            )
        return Arrays(session, self.name)

    @cached_property
    def _recording(self) -> Scene:
        """The scene without its layers; it is written once and never changes."""
        return read_recording(self._arrays(), {}, self.root)

    @cached_property
    def extent(self) -> Extent:
        """How many frames each camera has, and how many samples there are; it never changes."""
        return Extent.of(self._recording, read_header(self._arrays())["mask_codec"])

    def log(self) -> list[Commit]:
        """The commits, newest first; of a compacted history, those that were kept.

        Raises:
            CorruptSceneError: the record of one is damaged or missing.
        """
        commits = {commit.id: commit for commit in self._log.walk(self.head)}
        commits |= {commit.id: commit for commit in self._log.kept() if commit.id not in commits}
        return list(commits.values())

    def _find(self, name: str) -> str:
        """A commit's whole id; the history is read only when `name` is not one already."""
        if len(name) == ID_LENGTH:
            with contextlib.suppress(StoreError), plain_errors(self.name):
                return self._repo.lookup_snapshot(name.upper()).id
        return find_commit(name, self.log()).id

    def _arrays_of(self, layer: str) -> Arrays:
        arrays = self._arrays()
        if arrays.node(f"layers/{layer}") is None:
            known = arrays.children("layers")
            raise SceneLookupError(f"{self.name}: no layer {layer!r}.{did_you_mean(layer, known)}")
        return arrays
