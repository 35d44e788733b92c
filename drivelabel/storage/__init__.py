"""Scenes on disk or object storage: layers, masks, history."""

from drivelabel.storage._merge import RowConflict as RowConflict
from drivelabel.storage.check import CheckReport as CheckReport
from drivelabel.storage.check import Damage as Damage
from drivelabel.storage.checking import check_scene as check_scene
from drivelabel.storage.edit import By as By
from drivelabel.storage.edit import CommitResult as CommitResult
from drivelabel.storage.edit import Edit as Edit
from drivelabel.storage.history import Commit as Commit
from drivelabel.storage.maintenance import Freed as Freed
from drivelabel.storage.maintenance import collect_garbage as collect_garbage
from drivelabel.storage.maintenance import compact_history as compact_history
from drivelabel.storage.store import SceneStore as SceneStore
from drivelabel.storage.store import is_scene as is_scene
from drivelabel.storage.store import open_scene as open_scene
