"""docs/scene-format.md says what the code does."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from drivelabel.labels import TABLES
from drivelabel.storage._recording import FORMAT_VERSION

PAGE = (Path(__file__).parents[2] / "docs" / "scene-format.md").read_text(encoding="utf-8")
IN_ALL = {"origin", "row_id", "attributes"}


@pytest.mark.parametrize("kind", sorted(TABLES))
def test_every_column_is_listed_with_its_dtype(kind: str) -> None:
    (line,) = re.findall(rf"^\| `{kind}` \| (.+) \|$", PAGE, re.MULTILINE)
    listed = set(re.findall(r"`(\w+)`", line))
    columns: dict[str, Any] = {f.name: f.metadata for f in fields(TABLES[kind]) if f.name not in IN_ALL}
    assert listed == set(columns)
    for name, meta in columns.items():
        text = line[line.index(f"`{name}`") :]
        assert re.search(r"u?int\d+|float\d+", text)[0] == meta["dtype"].name, name  # type: ignore[index]
        assert ("ragged" in text.split(",")[0]) == bool(meta.get("ragged")), name


def test_the_version_is_the_codes_own() -> None:
    assert f"now **{FORMAT_VERSION}**" in PAGE
