"""Damage to label files: any bytes, and values that a parser accepts and a reader may not expect."""

from __future__ import annotations

import copy
import json
import random
import re
from typing import Any

VALUES: tuple[Any, ...] = (
    None, True, -1, 0, 1, 1.5, -0.0, 1e308, -1e308, 1e30, 2**31, 2**31 - 1, 2**63, 2**64, -(2**63), 10**400,
    "", "x", "../../canary", "/etc/passwd", "C:\\x", "a\u0000b", "\ud800", "a" * 5000, "NaN", [], {}, [[]],
    "1 2 3", [None], [1e30, 1e30, 1, 1], [1, 2, -3, -4],
    {"size": [2**20, 2**20], "counts": "0"}, [[0, 0, 1, 1]],
)  # fmt: skip
"""What takes the place of a value."""

TEXTS = (
    b"nan", b"inf", b"-1", b"0", b"1e308", b"1e999", b"99999999999999999999", b"", b" ", b"\x00", b"\xff\xfe",
    b"\xef\xbb\xbf", b"../../canary", b"/etc/passwd", b"\r\n", b"9" * 400, b"&lol;", b"<!DOCTYPE x>", b'"',
    b"]", b"{", b"*a", b"!!python/object:os.system", b"2147483648", b"\xed\xa0\x80", b"=1+1", b";", b",",
)  # fmt: skip
"""What takes the place of a piece of text."""

_NUMBER = re.compile(rb"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_WORD = re.compile(rb"[A-Za-z_][A-Za-z0-9_./-]*")


def mutate(name: str, data: bytes, rng: random.Random) -> bytes:
    """A damaged copy of a file; what it is for decides the ways."""
    suffix = name.rpartition(".")[2].lower()
    ways = [_bytes]
    if suffix in ("json", "jsonl", "ndjson"):
        ways += [_json, _json, _json, _text]
    elif suffix in ("xml", "txt", "csv", "yaml", "yml", "ini", "toml"):
        ways += [_text, _text, _lines]
    elif suffix == "png":
        ways += [_png]
    return rng.choice(ways)(data, rng)


def _bytes(data: bytes, rng: random.Random) -> bytes:
    """Flipped, cut, doubled, moved or overwritten bytes."""
    damaged = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 8))):
        at = rng.randrange(len(damaged) + 1)
        size = min(rng.choice((1, 1, 4, 16, 200)), len(damaged) - at)
        way = rng.randrange(6)
        if way == 0 and size:
            damaged[at] ^= 1 << rng.randrange(8)
        elif way == 1:
            del damaged[at : at + size]
        elif way == 2:
            damaged[at:at] = damaged[at : at + size] * rng.choice((1, 2, 50))
        elif way == 3:
            damaged[at : at + size] = rng.randbytes(size)
        elif way == 4:
            damaged[at:at] = rng.choice(TEXTS)
        elif rng.random() < 0.3:
            del damaged[at:]
    return bytes(damaged)


def _text(data: bytes, rng: random.Random) -> bytes:
    """Another number or word in some places."""
    found = list((_NUMBER if rng.random() < 0.6 else _WORD).finditer(data))
    if not found:
        return _bytes(data, rng)
    for match in sorted(
        rng.sample(found, min(len(found), rng.choice((1, 1, 2, 5)))), key=lambda m: -m.start()
    ):
        new = rng.choice(TEXTS) if rng.random() < 0.7 else rng.choice(found)[0]
        data = data[: match.start()] + new + data[match.end() :]
    return data


def _lines(data: bytes, rng: random.Random) -> bytes:
    """Lines that are gone, doubled, moved, cut or joined."""
    lines = data.split(b"\n")
    for _ in range(rng.choice((1, 1, 3))):
        at, other = rng.randrange(len(lines)), rng.randrange(len(lines))
        way = rng.randrange(5)
        if way == 0 and len(lines) > 1:
            del lines[at]
        elif way == 1:
            lines.insert(at, lines[other])
        elif way == 2:
            lines[at], lines[other] = lines[other], lines[at]
        elif way == 3:
            lines[at] = lines[at][: rng.randrange(len(lines[at]) + 1)]
        else:
            lines[at] += b" " + lines[other]
    return b"\n".join(lines)


def _png(data: bytes, rng: random.Random) -> bytes:
    """A header that claims another size or kind of pixel."""
    damaged = bytearray(data)
    if len(damaged) > 33:
        at = rng.choice((16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 28))
        damaged[at] = rng.choice((0, 1, 2, 3, 4, 6, 8, 16, 127, 255))
    return bytes(damaged)


def _json(data: bytes, rng: random.Random) -> bytes:
    """Another value, key or nesting somewhere in the tree."""
    lines = data.split(b"\n") if data.lstrip()[:1] == b"{" and data.rstrip().count(b"\n{") else None
    if lines is not None:
        at = rng.randrange(len(lines))
        lines[at] = _json_value(lines[at], rng)
        return b"\n".join(lines)
    return _json_value(data, rng)


def _json_value(data: bytes, rng: random.Random) -> bytes:
    try:
        tree = json.loads(data)
    except ValueError:
        return _text(data, rng)
    box = [tree]
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        _change(box, rng)
    return json.dumps(box[0]).encode()


def _change(box: list[Any], rng: random.Random) -> None:
    """Change one place of a tree; deep places are as likely as shallow ones."""
    parent: Any = box
    key: Any = 0
    while isinstance(parent[key], (dict, list)) and parent[key] and rng.random() < 0.85:
        parent = parent[key]
        key = rng.choice(list(parent)) if isinstance(parent, dict) else rng.randrange(len(parent))
    way = rng.randrange(7)
    if way == 0 and parent is not box:
        del parent[key]
    elif way == 1 and isinstance(parent, list) and parent is not box:
        parent.insert(rng.randrange(len(parent) + 1), copy.deepcopy(parent[key]))
    elif way == 2 and isinstance(parent, dict):
        parent[rng.choice(("x", "id", "size", "", "../canary"))] = parent[key]
    elif way == 3:
        for _ in range(rng.choice((1, 70))):
            parent[key] = [parent[key]]
    elif way == 4 and isinstance(parent[key], (int, float)) and abs(parent[key]) < 1e300:
        parent[key] = rng.choice((-parent[key], parent[key] * 1000, parent[key] + 0.5, str(parent[key])))
    else:
        parent[key] = copy.deepcopy(rng.choice(VALUES))
