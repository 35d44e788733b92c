"""Finds calls that would run what a file from outside says. Reads source, runs nothing."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

_NEVER = {
    "no code from data": """builtins.eval builtins.exec builtins.compile code.interact""",
    "pickles run code": """pickle.load pickle.loads pickle.Unpickler pickle._Unpickler pickle._load
        pickle._loads _pickle.load _pickle.loads _pickle.Unpickler cPickle.load cPickle.loads
        dill.load dill.loads dill.Unpickler cloudpickle.load cloudpickle.loads joblib.load
        shelve.open shelve.Shelf shelve.DbfilenameShelf shelve.BsdDbShelf marshal.load marshal.loads
        pandas.read_pickle numpy.lib.npyio.NpzFile torch.package.PackageImporter""",
    "a model file can hold code": "torch.jit.load torch.hub.load torch.hub.load_state_dict_from_url",
    "no shell": """os.system os.popen subprocess.getoutput subprocess.getstatusoutput
        asyncio.create_subprocess_shell commands.getoutput""",
    "YAML that makes objects": """yaml.unsafe_load yaml.unsafe_load_all yaml.full_load yaml.full_load_all
        yaml.UnsafeLoader yaml.CUnsafeLoader yaml.FullLoader yaml.CFullLoader yaml.Loader yaml.CLoader
        yaml.safe_load yaml.safe_load_all yaml.SafeLoader""",
    "XML is read with defusedxml": " ".join(
        f"xml.{module}.{name}"
        for module, names in {
            "etree.ElementTree": "parse fromstring fromstringlist iterparse XML XMLID XMLParser",
            "etree.cElementTree": "parse fromstring iterparse XML XMLParser",
            "dom.minidom": "parse parseString",
            "dom.pulldom": "parse parseString",
            "dom.expatbuilder": "parse parseString",
            "sax": "parse parseString make_parser",
            "sax.expatreader": "create_parser",
            "parsers.expat": "ParserCreate",
        }.items()
        for name in names.split()
    ),
}
_REASONS = {name: reason for reason, names in _NEVER.items() for name in names.split()}

_WHOLE_MODULES = {
    "lxml": "XML is read with defusedxml",
    "dill": "pickles run code",
    "marshal": "pickles run code",
}
"""Modules that only serve to do the forbidden."""

_BUILTINS = frozenset({"eval", "exec", "compile", "__import__"})


@dataclass(slots=True)
class _Reader(ast.NodeVisitor):
    found: list[tuple[int, str]] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)

    def report(self, node: ast.AST, text: str) -> None:
        self.found.append((getattr(node, "lineno", 0), text))

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            top = alias.name.partition(".")[0]
            self.names[alias.asname or top] = alias.name if alias.asname else top
            self._module(node, alias.name)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        if node.level or node.module is None:
            return
        self._module(node, node.module)
        for alias in node.names:
            full = f"{node.module}.{alias.name}"
            if alias.name == "*" and any(name.startswith(f"{node.module}.") for name in _REASONS):
                self.report(node, f"{full}: {_reason_of(node.module)}")
            self.names[alias.asname or alias.name] = full
            self._reference(node, full)

    def visit_Name(self, node: ast.Name) -> None:
        if node.id not in self.names and node.id in _BUILTINS - {"__import__"}:
            self._reference(node, f"builtins.{node.id}")

    def visit_Attribute(self, node: ast.Attribute) -> None:
        full = self._full_name(node)
        if full is None:
            self.generic_visit(node)
        else:
            self._reference(node, full)

    def visit_Call(self, node: ast.Call) -> None:
        full = self._full_name(node.func) or ""
        keywords = {k.arg: k.value for k in node.keywords}
        text = _unsafe_call(full, node, keywords)
        if text is not None:
            self.report(node, text)
        self._dynamic(node, full)
        self.generic_visit(node)

    def _module(self, node: ast.AST, module: str) -> None:
        reason = _WHOLE_MODULES.get(module.partition(".")[0])
        if reason is not None:
            self.report(node, f"{module}: {reason}")

    def _reference(self, node: ast.AST, full: str) -> None:
        if full in _REASONS:
            self.report(node, f"{full}: {_REASONS[full]}")
        elif full.startswith(("os.exec", "os.spawn", "os.posix_spawn")):
            self.report(node, f"{full}: processes are started with subprocess.run([...])")

    def _dynamic(self, node: ast.Call, full: str) -> None:
        """A forbidden thing reached by its name: getattr(pickle, "loads"), import_module("dill")."""
        texts = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
        if full == "getattr" and len(node.args) > 1 and texts:
            owner = self._full_name(node.args[0])
            self._reference(node, f"{owner}.{texts[0]}")
        if full in ("importlib.import_module", "__import__"):
            for text in texts:
                if _reason_of(text) is not None:
                    self.report(node, f"import of {text}: {_reason_of(text)}")

    def _full_name(self, node: ast.AST) -> str | None:
        if isinstance(node, ast.Name):
            return self.names.get(node.id, node.id)
        if isinstance(node, ast.Attribute):
            owner = self._full_name(node.value)
            return None if owner is None else f"{owner}.{node.attr}"
        return None


def _reason_of(module: str) -> str | None:
    if module in _WHOLE_MODULES:
        return _WHOLE_MODULES[module]
    return next((reason for name, reason in _REASONS.items() if name.startswith(f"{module}.")), None)


def _unsafe_call(full: str, node: ast.Call, keywords: dict[str | None, ast.expr]) -> str | None:
    """What is wrong with the arguments of one call, or None."""
    method = full.rpartition(".")[2] or getattr(node.func, "attr", "")
    if full == "numpy.load" and not _is(keywords.get("allow_pickle"), False):
        return "numpy.load: say allow_pickle=False"
    if "allow_pickle" in keywords and method != "save" and not _is(keywords["allow_pickle"], False):
        return f"{method}: allow_pickle must be False"
    if full == "torch.load" and not _is(keywords.get("weights_only"), True):
        return "torch.load: say weights_only=True"
    if "shell" in keywords and not _is(keywords["shell"], False):
        return f"{method}: no shell"
    if full in ("yaml.load", "yaml.load_all"):
        loader = keywords.get("Loader") or (node.args[1] if len(node.args) > 1 else None)
        if loader is None or ast.unparse(loader).split(".")[-1] != "CSafeLoader":
            return f"{full}: say Loader=CSafeLoader"
    if method in ("extractall", "unpack_archive") and not _is(keywords.get("filter"), "data"):
        return f'{method}: say filter="data", or write out each file by a name of our own'
    return None


def _is(node: ast.expr | None, value: object) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) is type(value) and node.value == value


def find_unsafe(source: str) -> list[tuple[int, str]]:
    """(line, what is wrong) of each unsafe call or reference in a Python source, in order."""
    reader = _Reader()
    reader.visit(ast.parse(source))
    return sorted(set(reader.found))
