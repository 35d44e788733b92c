"""Every exception drivelabel raises on purpose.

DriveLabelError
├── InvalidLabelError (ValueError)     a label breaks its own shape, range or taxonomy
├── SceneLookupError (LookupError)     no such scene, frame, sensor, layer or track
├── StoreError (OSError)               a file or store is missing, unreadable or cannot be written
│   ├── CorruptSceneError              stored bytes are damaged; ``drivelabel check`` says where
│   ├── DiskFullError                  no space left; the scene stays at its last commit
│   ├── ReadOnlyError                  the folder or bucket may not be written
│   ├── UnreachableError               the object store does not answer; try again later
│   └── NewerFormatError               a newer drivelabel wrote the scene; update
├── ConflictError (RuntimeError)       two people changed the same rows; both versions are in the error
├── FormatError (ValueError)           foreign data that drivelabel cannot represent
└── MissingExtraError (ImportError)    an optional dependency is not installed

A message says where, what was expected, what came, and what to do, as far as each is known.
"""

from __future__ import annotations


class DriveLabelError(Exception):
    """Base of all errors that drivelabel raises on purpose."""


class InvalidLabelError(DriveLabelError, ValueError):
    """A label breaks its own shape, range or taxonomy."""


class SceneLookupError(DriveLabelError, LookupError):
    """There is no such scene, frame, sensor, layer or track."""


class StoreError(DriveLabelError, OSError):
    """A file or store is missing, unreadable or cannot be written."""


class CorruptSceneError(StoreError):
    """Stored bytes are damaged. ``drivelabel check`` says where."""


class DiskFullError(StoreError):
    """No space is left. The scene stays at its last commit."""


class ReadOnlyError(StoreError):
    """The folder or bucket may not be written by this user."""


class UnreachableError(StoreError):
    """The object store does not answer, or refuses to. Trying again later may help."""


class NewerFormatError(StoreError):
    """A newer drivelabel wrote the scene. Updating helps."""


class ConflictError(DriveLabelError, RuntimeError):
    """Two writers changed the same rows; nothing was overwritten."""


class FormatError(DriveLabelError, ValueError):
    """Foreign data that drivelabel cannot represent."""


class MissingExtraError(DriveLabelError, ImportError):
    """An optional dependency is not installed."""
