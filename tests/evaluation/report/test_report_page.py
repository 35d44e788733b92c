"""The page: whole, harmless and small."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from evaluation.report.scenes import random_layer, scene

from drivelabel.errors import FormatError, StoreError
from drivelabel.evaluation.report import Settings, evaluate_scene, read_baseline, write_report

FEW = Settings(resamples=20)
PAYLOADS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</svg></style><svg onload=alert(1)>",
    "{{ 7*7 }}{% raw %}",
    "javascript:alert(1)",
)


class Tags(HTMLParser):
    """The elements of a page with their attributes."""

    def __init__(self, html):
        super().__init__()
        self.found = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def reports(names=("log",), layers=("truth", "auto"), seed=1):
    generator = np.random.default_rng(seed)
    found = []
    for name in names:
        made = {layer: random_layer(layer, generator, 4) for layer in layers}
        made[layers[1]] = dataclasses.replace(made[layers[1]], model={"detector": PAYLOADS[0]})
        stage = dataclasses.replace(scene(made, 4, name), info={"weather": PAYLOADS[1]})
        found.append([evaluate_scene(stage, layers[0], layer, FEW) for layer in layers[1:]])
    return [list(one) for one in zip(*found, strict=True)]


def grey(frame):
    return np.full((400, 600, 3), 40 * frame, np.uint8)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_names_never_become_markup(tmp_path, payload):
    logs, others = reports((payload, "b"), (f"t{payload}", f"p{payload}", f"q{payload}"))
    write_report(
        tmp_path, logs, settings=FEW, others=others, draws=[grey, grey], commands=[lambda f, t: payload] * 2
    )
    pages = [tmp_path / "report.html", *sorted((tmp_path / "logs").iterdir())]
    assert len(pages) == 3
    for page in pages:
        html = page.read_text("utf-8")
        tags = Tags(html).found
        assert sum(tag == "script" for tag, _ in tags) == 1
        assert "img" not in {tag for tag, _ in tags}
        for _tag, attributes in tags:
            assert not any(name.startswith("on") for name in attributes)
            target = attributes.get("href") or ""
            assert target == "" or target.startswith(("#", "data:image/jpeg;base64,", "logs/"))
        assert "49" not in re.findall(r"<h1>(.*?)</h1>", html, re.S)[0].split()


def test_the_page_is_whole_small_and_asks_for_nothing(tmp_path):
    (logs,) = reports()
    write_report(
        tmp_path, logs, settings=FEW, draws=[grey], commands=[lambda f, t: f"drivelabel show --frame {f}"]
    )
    html = (tmp_path / "report.html").read_text("utf-8")
    assert len(html) < 3_000_000
    assert not re.search(r"https?://|@import|url\(", html)
    script = re.findall(r"<script>(.*?)</script>", html, re.S)[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in html.replace("&#39;", "'") and len(script) <= 2048
    for wanted in (
        "Look here first",
        "Rules",
        "Over time",
        "Objects in images",
        "Worst frames",
        "What was run",
    ):
        assert wanted in html
    assert (
        "data:image/jpeg;base64," in html
        and "mean AP" in html
        and "HOTA" in html
        and "drivelabel show --frame" in html
    )


def test_the_same_input_gives_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        (logs,) = reports()
        write_report(tmp_path / name, logs, settings=FEW)
    for name in ("metrics.json", "report.html"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_pictures_stop_at_the_budget_and_it_is_said(tmp_path, monkeypatch):
    from drivelabel.evaluation.report.html import pictures

    monkeypatch.setattr(pictures.Album.__init__, "__defaults__", (20_000, 0))
    (logs,) = reports()
    noise = np.random.default_rng(0).integers(0, 255, (400, 600, 3), dtype=np.uint8)
    write_report(tmp_path, logs, settings=FEW, draws=[lambda frame: noise])
    assert re.search(r"\d+ pictures were left out", (tmp_path / "report.html").read_text("utf-8"))


def test_a_baseline_shows_the_change_and_a_wrong_file_is_refused(tmp_path):
    (logs,) = reports()
    write_report(tmp_path / "a", logs, settings=FEW)
    before = read_baseline(tmp_path / "a" / "metrics.json")
    (later,) = reports(seed=2)
    write_report(tmp_path / "b", later, settings=FEW, baseline=before, baseline_name="monday")
    html = (tmp_path / "b" / "report.html").read_text("utf-8")
    assert "Change against monday" in html and " points" in html
    (tmp_path / "x.json").write_text(json.dumps({"schema": "other/1"}))
    with pytest.raises(
        FormatError, match=r"expected a metrics\.json of schema drivelabel\.evaluation/2, got 'other/1'"
    ):
        read_baseline(tmp_path / "x.json")
    (tmp_path / "y.json").write_text("no json")
    with pytest.raises(FormatError, match="no JSON"):
        read_baseline(tmp_path / "y.json")
    with pytest.raises(StoreError, match="cannot be read"):
        read_baseline(tmp_path / "absent.json")


def test_logs_of_one_name_get_a_page_each(tmp_path):
    (logs,) = reports(("same", "same"))
    write_report(tmp_path, logs, settings=FEW)
    assert len(list((tmp_path / "logs").iterdir())) == 2
