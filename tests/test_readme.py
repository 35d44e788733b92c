"""What the README shows is what happens."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCS = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md"))
_EXAMPLE = re.compile(r"```python\n(?P<code>.*?)```\n\n```\n(?P<printed>.*?)```", re.DOTALL)
_LINK = re.compile(r"\]\((?!https?://)([^)#]+)")


def test_the_python_examples_print_what_stands_below_them() -> None:
    examples = list(_EXAMPLE.finditer((ROOT / "README.md").read_text(encoding="utf-8")))
    assert examples
    for example in examples:
        command = [sys.executable, "-W", "error", "-c", example["code"]]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert (done.stdout, done.stderr) == (example["printed"], "")


@pytest.mark.parametrize("name", ["README.md", "README.zh.md", *DOCS])
def test_links_lead_to_files_that_are_there(name: str) -> None:
    page = ROOT / name
    links = _LINK.findall(page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_readme_names_every_make_target_that_it_shows() -> None:
    targets = re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    shown = set(re.findall(r"make ([a-z0-9-]+)", (ROOT / "README.md").read_text(encoding="utf-8")))
    assert shown <= set(targets)
