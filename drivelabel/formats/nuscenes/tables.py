"""The tables of a version's folder, opened and checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from drivelabel._check import did_you_mean
from drivelabel.errors import FormatError, SceneLookupError, StoreError
from drivelabel.formats.loading import Fields, read_json
from drivelabel.formats.loading.json_table import JsonTable, TextIndex, index_texts, read_json_table
from drivelabel.formats.nuscenes import schema
from drivelabel.formats.report import Tally

_VERSION = re.compile(r"v[0-9A-Za-z_.\-]{1,60}")


def check_version(version: str) -> None:
    """Raise FormatError unless `version` can be the name of a folder of tables."""
    if _VERSION.fullmatch(version) is None:
        raise FormatError(f"version: expected a folder's name such as v1.0-mini, got {version[:80]!r}.")


def find_version(path: Path, version: str | None, table: str) -> tuple[Path, str]:
    """The data's root and the name of the folder with its tables.

    Args:
        path: the root, or the folder of tables itself.
        version: name of the folder; may be None when there is only one.
        table: a file that the folder has.

    Raises:
        StoreError: there is no such folder.
        FormatError: there are several, and none was named.
    """
    if version is None and (path / f"{table}.json").is_file():
        path = path.absolute()
        return path.parent, path.name
    if version is not None:
        check_version(version)
    found = [version] if version is not None else _versions(path, table)
    found = [name for name in found if (path / name / f"{table}.json").is_file()]
    if not found:
        raise StoreError(f"{path}: expected a folder such as v1.0-mini with {table}.json in it.")
    if len(found) > 1:
        raise FormatError(f"{path}: has {', '.join(found)}. Name one with version=...")
    return path, found[0]


def _versions(path: Path, table: str) -> list[str]:
    try:
        names = sorted(item.name for item in path.iterdir()) if path.is_dir() else []
    except OSError as error:
        raise StoreError(f"{path}: cannot be read ({error}).") from error
    return [name for name in names if _VERSION.fullmatch(name) and (path / name / f"{table}.json").is_file()]


@dataclass(frozen=True, slots=True)
class SmallTable:
    """A table with a Python object per record.

    Attributes:
        path: the file.
        records: by token, in the file's order.
        unknown: keys that are not nuScenes', and how many records have them.
    """

    path: Path
    records: Mapping[str, Fields]
    unknown: Mapping[str, int]

    def get(self, token: str, where: str) -> Fields:
        """The record of a token. Raises FormatError when there is none."""
        if token not in self.records:
            raise FormatError(f"{where}: {self.path.name} has no token {token[:80]!r}.")
        return self.records[token]


def read_small_table(path: Path, keys: tuple[str, ...]) -> SmallTable:
    """A table that is a list of records with tokens.

    Raises:
        StoreError: the file is missing or cannot be read.
        FormatError: it is no such list, or a token occurs twice.
    """
    value = read_json(path)
    if not isinstance(value, list):
        raise FormatError(f"{path}: expected a list, got {type(value).__name__}.")
    records: dict[str, Fields] = {}
    unknown: dict[str, int] = {}
    for row, item in enumerate(value):
        record = Fields(item, f"{path}, row {row}")
        token = record.text("token")
        if token in records:
            raise FormatError(f"{record.where}: the token {token[:80]!r} occurs twice.")
        records[token] = record
        for key in record.value:
            if key not in keys:
                unknown[key] = unknown.get(key, 0) + 1
    return SmallTable(path, records, unknown)


@dataclass(frozen=True)
class Tables:
    """The tables of one version, each read when it is first asked for.

    Attributes:
        root: the folder that file names count from.
        version: name of the folder with the tables.
    """

    root: Path
    version: str

    def path(self, table: str) -> Path:
        """The file of a table."""
        return self.root / self.version / f"{table}.json"

    def small(self, table: str) -> SmallTable:
        """A table of SMALL_KEYS, read once. Raises StoreError and FormatError as `read_small_table`."""
        if table not in self._small:
            self._small[table] = read_small_table(self.path(table), schema.SMALL_KEYS[table])
        return self._small[table]

    @cached_property
    def _small(self) -> dict[str, SmallTable]:
        return {}

    @cached_property
    def sample(self) -> JsonTable:
        """The samples of all scenes."""
        return self._large("sample", schema.SAMPLE_KEYS)

    @cached_property
    def sample_data(self) -> JsonTable:
        """What the sensors of all scenes took."""
        return self._large("sample_data", schema.SAMPLE_DATA_KEYS, "height", "width")

    @cached_property
    def ego_pose(self) -> JsonTable:
        """Where the ego vehicles were."""
        return self._large("ego_pose", schema.EGO_POSE_KEYS)

    @cached_property
    def instance(self) -> JsonTable:
        """The things of all scenes."""
        return self._large("instance", schema.INSTANCE_KEYS)

    @cached_property
    def annotation(self) -> JsonTable:
        """The cuboids of all scenes."""
        return self._large("sample_annotation", schema.ANNOTATION_KEYS)

    def index(self, table: str) -> TextIndex:
        """The tokens of a large table. Raises FormatError where one occurs twice."""
        if table not in self._indices:
            large: JsonTable = getattr(self, table)
            self._indices[table] = index_texts(large.texts["token"], "token")
        return self._indices[table]

    @cached_property
    def _indices(self) -> dict[str, TextIndex]:
        return {}

    def scene_names(self) -> list[str]:
        """The names of all scenes, in the file's order. Raises FormatError where one occurs twice."""
        names = [record.text("name") for record in self.small("scene").records.values()]
        if len(set(names)) != len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise FormatError(f"{self.path('scene')}: the name {twice!r} occurs twice.")
        return names

    def scene(self, name: str | None) -> Fields:
        """The record of a scene; of the only one when `name` is None.

        Raises:
            SceneLookupError: there is none of that name.
            FormatError: there are several, and none was named.
        """
        names = self.scene_names()
        records = list(self.small("scene").records.values())
        if name is None:
            if len(names) == 1:
                return records[0]
            shown = ", ".join(names[:10]) + (", ..." if len(names) > 10 else "")
            raise FormatError(f"{self.root}: has {len(names)} scenes ({shown}). Name one with scene=...")
        if name not in names:
            raise SceneLookupError(f"{self.root}: no scene {name!r}.{did_you_mean(name, names)}")
        return records[names.index(name)]

    def count_unknown(self, tally: Tally) -> None:
        """Count the keys that are not nuScenes' in the tables that were read, over the whole files."""
        larges = ("sample", "sample_data", "ego_pose", "instance", "annotation")
        read: dict[str, Any] = {name: vars(self)[name] for name in larges if name in vars(self)}
        for name, table in (self._small | read).items():
            for key, count in table.unknown.items():
                tally.drop(name, key, count, "no key of nuScenes; of the whole file")

    def _large(self, table: str, keys: Mapping[str, str | int], *more_optional: str) -> JsonTable:
        return read_json_table(self.path(table), keys, optional=(schema.EXTRA, *more_optional))


def open_tables(path: Path, version: str | None = None) -> Tables:
    """The tables in a folder; see :func:`find_version`. They are read when they are asked for."""
    return Tables(*find_version(Path(path), version, "sample_data"))
