"""Tokens: the names of records. Those of a file are kept; new ones follow from what they name."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

from drivelabel.scene import Scene

_TOKEN = re.compile(r"[A-Za-z0-9_.\-]{1,80}")


def token_of(*parts: object) -> str:
    """The 32 hex digits that name something: equal parts give equal tokens."""
    text = "\0".join(str(part) for part in parts)
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=16).hexdigest()


class TokenBook:
    """Gives out the tokens of one table, each once.

    Attributes:
        table: its name.
        n_kept: how many tokens were given by the caller.
    """

    def __init__(self, table: str) -> None:
        self.table = table
        self.n_kept = 0
        self._taken: set[str] = set()

    def take(self, kept: object, *parts: object) -> str:
        """`kept` if it is a free token, else the one that follows from `parts`."""
        if isinstance(kept, str) and _TOKEN.fullmatch(kept) and kept not in self._taken:
            self._taken.add(kept)
            self.n_kept += 1
            return kept
        token, again = token_of(self.table, *parts), 0
        while token in self._taken:
            again += 1
            token = token_of(self.table, *parts, again)
        self._taken.add(token)
        return token


def sample_tokens(scene: Scene) -> list[str]:
    """The tokens of a scene's samples: those it came with, or those that our writer gives them."""
    kept = scene.info.get("nuscenes")
    named = kept.get("samples") if isinstance(kept, Mapping) else None
    if isinstance(named, list) and len(named) == len(scene.samples_ns):
        return [str(token) for token in named]
    return [token_of("sample", scene.name, time) for time in (scene.samples_ns // 1000).tolist()]
