"""Import of optional dependencies on first use."""

from __future__ import annotations

import importlib
from types import ModuleType

from drivelabel.errors import MissingExtraError


def require(module: str, *, extra: str) -> ModuleType:
    """Import `module`, or say which extra of drivelabel brings it.

    Raises:
        MissingExtraError: the package is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != module.partition(".")[0]:
            raise  # installed, but broken inside: show the real cause
        raise MissingExtraError(
            f"{module} is not installed. Run: pip install 'drivelabel[{extra}]'"
        ) from None
