"""The run-length coding of masks in plain Python, for anyone to believe by reading."""

from __future__ import annotations

SHIFT, SKIPS = 8, 15
NEW, COPY, WIDE = 255, 0, 255

Runs = list[tuple[int, int]]


def runs_of(row: list[int]) -> Runs:
    """(start, value) of each run of equal pixels."""
    return [(x, row[x]) for x in range(len(row)) if x == 0 or row[x] != row[x - 1]]


def leb128(number: int) -> list[int]:
    out = []
    while number >= 128:
        out.append(number % 128 + 128)
        number //= 128
    return [*out, number]


def encode(rows: list[list[int]]) -> tuple[list[int], list[int], list[int], list[int]]:
    """Heads, tokens, values of new runs, numbers."""
    heads: list[int] = []
    tokens: list[int] = []
    values: list[int] = []
    numbers: list[int] = []
    above: Runs = [(0, 0)]
    for row in rows:
        runs = runs_of(row)
        if runs == above:
            heads.append(COPY)
            continue
        more = len(runs) - len(above)
        head = 1 + (2 * more if more >= 0 else -2 * more - 1)
        heads.append(min(head, WIDE))
        if head >= WIDE:
            numbers += leb128(len(runs))
        left = list(above)
        before = None
        for start, value in runs:
            while before is not None and left and left[0][0] + SHIFT <= before + 1:
                left.pop(0)
            for skip, (old_start, old_value) in enumerate(left[:SKIPS]):
                shift = start - old_start
                if old_value == value and -SHIFT <= shift < SHIFT:
                    tokens.append(16 * skip + shift + SHIFT)
                    del left[: skip + 1]
                    break
            else:
                tokens.append(NEW)
                values.append(value)
                numbers += leb128(start - (before or 0))
            before = start
        above = runs
    return heads, tokens, values, numbers


def decode(
    width: int, heads: list[int], tokens: list[int], values: list[int], numbers: list[int]
) -> list[list[int]]:
    """The rows again."""
    tokens, values, numbers = list(tokens), list(values), list(numbers)
    above: Runs = [(0, 0)]
    rows = []
    for head in heads:
        if head != COPY:
            above = _decode_row(head, above, tokens, values, numbers)
        stops = [start for start, _ in above[1:]] + [width]
        rows.append([v for (start, v), stop in zip(above, stops, strict=True) for _ in range(start, stop)])
    assert not (tokens or values or numbers)
    return rows


def _decode_row(head: int, above: Runs, tokens: list[int], values: list[int], numbers: list[int]) -> Runs:
    change = (head - 1) // 2 if head % 2 else -(head // 2)
    n = _pop_number(numbers) if head == WIDE else len(above) + change
    left = list(above)
    runs: Runs = []
    for _ in range(n):
        while runs and left and left[0][0] + SHIFT <= runs[-1][0] + 1:
            left.pop(0)
        token = tokens.pop(0)
        if token == NEW:
            before = runs[-1][0] if runs else 0
            runs.append((before + _pop_number(numbers), values.pop(0)))
        else:
            skip, shift = divmod(token, 16)
            del left[:skip]
            start, value = left.pop(0)
            runs.append((start + shift - SHIFT, value))
    return runs


def _pop_number(numbers: list[int]) -> int:
    number, scale = 0, 1
    while True:
        byte = numbers.pop(0)
        number += byte % 128 * scale
        scale *= 128
        if byte < 128:
            return number
