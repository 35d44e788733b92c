"""Scenes on disk or object storage: layers, masks, history."""

from drivelabel.storage._merge import RowConflict as RowConflict
from drivelabel.storage.edit import By as By
from drivelabel.storage.edit import CommitResult as CommitResult
from drivelabel.storage.edit import Edit as Edit
from drivelabel.storage.history import Commit as Commit
from drivelabel.storage.store import SceneStore as SceneStore
from drivelabel.storage.store import is_scene as is_scene
from drivelabel.storage.store import open_scene as open_scene
