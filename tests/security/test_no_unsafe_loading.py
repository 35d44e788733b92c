"""No source file of ours loads data in a way that lets the data run code."""

from __future__ import annotations

from pathlib import Path

import pytest
from security.unsafe_calls import find_unsafe

ROOT = Path(__file__).parents[2]
FOLDERS = ("drivelabel", "tools", "scenes", "bench", "tests", "docs")

ALLOWED = {
    # The one reader of pickles: its scan and its unpickler know only the names that a table needs.
    "drivelabel/media/_pandas_pickle.py": {"pickle.Unpickler: pickles run code"},
    # Its tests compare with pandas on tables of their own, and pack hostile calls that must not run.
    "tests/media/test_pandas_pickle.py": {
        "pandas.read_pickle: pickles run code",
        "os.system: no shell",
        "builtins.eval: no code from data",
        "builtins.exec: no code from data",
    },
}

SOURCES = sorted(
    path.relative_to(ROOT).as_posix() for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")
)


@pytest.mark.parametrize("name", SOURCES)
def test_a_source_file_loads_nothing_blindly(name: str) -> None:
    found = find_unsafe((ROOT / name).read_text(encoding="utf-8"))
    assert [f"{name}:{line}: {text}" for line, text in found if text not in ALLOWED.get(name, ())] == []


def test_every_source_folder_is_read() -> None:
    assert any(name.startswith("drivelabel/") for name in SOURCES)
    assert any(name.startswith("tests/") for name in SOURCES)


PLANTED = [
    "import pickle\npickle.load(f)",
    "import pickle as p\np.loads(b)",
    "from pickle import loads\nloads(b)",
    "from pickle import loads as read",
    "from pickle import *",
    "import pickle\nread = pickle.loads",
    "import pickle\nclass Mine(pickle.Unpickler): pass",
    'import pickle\ngetattr(pickle, "loads")(b)',
    'import importlib\nimportlib.import_module("pickle").loads(b)',
    '__import__("marshal").loads(b)',
    "import dill",
    "from marshal import loads",
    "def late():\n    import joblib\n    return joblib.load(path)",
    "import shelve\nshelve.open(path)",
    "import pandas as pd\npd.read_pickle(path)",
    "import numpy as np\nnp.load(path)",
    "import numpy as np\nnp.load(path, allow_pickle=True)",
    "import numpy as np\nnp.load(path, allow_pickle=flag)",
    "from numpy import load\nload(path)",
    "import numpy as np\nnp.lib.format.read_array(f, allow_pickle=True)",
    "import torch\ntorch.load(path)",
    "import torch\ntorch.load(path, weights_only=False)",
    "import torch\ntorch.jit.load(path)",
    "import yaml\nyaml.load(text)",
    "import yaml\nyaml.load(text, Loader=yaml.Loader)",
    "import yaml\nyaml.load(text, yaml.FullLoader)",
    "import yaml\nyaml.safe_load(text)",
    "import yaml\nyaml.unsafe_load(text)",
    "eval(text)",
    "exec(text)",
    "run = eval",
    "import builtins\nbuiltins.eval(text)",
    "import os\nos.system(text)",
    "from os import system\nsystem(text)",
    "import os\nos.popen(text)",
    "import os\nos.execv(path, [])",
    "import subprocess\nsubprocess.run(text, shell=True)",
    "from subprocess import Popen\nPopen(text, shell=flag)",
    "import subprocess\nsubprocess.getoutput(text)",
    "import xml.etree.ElementTree as ET\nET.parse(path)",
    "from xml.etree.ElementTree import iterparse",
    "from xml.etree import ElementTree\nElementTree.fromstring(text)",
    "from xml.dom import minidom\nminidom.parseString(text)",
    "import xml.sax\nxml.sax.make_parser()",
    "import xml.parsers.expat\nxml.parsers.expat.ParserCreate()",
    "from lxml import etree",
    "import tarfile\ntarfile.open(path).extractall(folder)",
    'import tarfile\ntarfile.open(path).extractall(folder, filter="fully_trusted")',
    "import zipfile\nwith zipfile.ZipFile(path) as z:\n    z.extractall(folder)",
    "import shutil\nshutil.unpack_archive(path, folder)",
]


@pytest.mark.parametrize("source", PLANTED)
def test_what_is_planted_is_found(source: str) -> None:
    assert find_unsafe(source), f"not found: {source}"


GOOD = [
    "import numpy as np\nnp.load(path, allow_pickle=False)",
    "import torch\ntorch.load(path, weights_only=True)",
    "import yaml\nyaml.load(text, Loader=yaml.CSafeLoader)",
    "import json\njson.loads(text)",
    "model.eval()",
    "import numpy as np\nnp.save(path, hostile, allow_pickle=True)",
    "import pickle\npickle.dumps(value)",
    "import pickletools\npickletools.genops(b)",
    "import re\nre.compile(text)",
    "import subprocess\nsubprocess.run([name, text])",
    "import defusedxml.ElementTree as ET\nET.iterparse(path)",
    "import xml.etree.ElementTree as ET\nET.SubElement(root, 'size')",
    'import tarfile\ntarfile.open(path).extractall(folder, filter="data")',
    "from drivelabel._optional import require\nrequire('torch', extra='models')",
    'getattr(value, "loads")',
]


@pytest.mark.parametrize("source", GOOD)
def test_what_is_safe_is_left_alone(source: str) -> None:
    assert find_unsafe(source) == []


def test_the_line_and_the_reason_are_told() -> None:
    assert find_unsafe("import numpy as np\n\nnp.load(path)") == [(3, "numpy.load: say allow_pickle=False")]
