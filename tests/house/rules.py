"""Rules on code: each takes a syntax tree and gives the lines that break it, with the reason."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator

Finding = tuple[int, str]
Rule = Callable[[ast.Module], Iterator[Finding]]

PICKLES = frozenset(
    {"pickle", "cPickle", "_pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib"}
)
EVALS = frozenset({"eval", "exec", "execfile", "__import__"})
PICKLERS = frozenset({"read_pickle", "to_pickle", "allow_pickle", "PickleType"})
DEPENDENCIES = frozenset({"Input", "Output", "State", "set_props"})
YAML = ("yaml.load", "yaml.unsafe_load", "yaml.full_load")
REGISTER = frozenset({"callback", "clientside_callback"})
SQL_TAKERS = frozenset(
    {"text", "literal_column", "execute", "executemany", "executescript", "exec_driver_sql", "sql",
     "DDL"}
)  # fmt: skip


def imports_inside(tree: ast.Module) -> Iterator[Finding]:
    """Imports inside functions hide cycles."""
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            for node in ast.walk(function):
                is_call = isinstance(node, ast.Call) and _called(node) == "import_module"
                if is_call or isinstance(node, ast.Import | ast.ImportFrom):
                    yield node.lineno, "import inside a function"


def pickles(tree: ast.Module) -> Iterator[Finding]:
    """No pickle, by any name, and no code made of text."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found = [a.name for a in node.names if a.name.split(".")[0] in PICKLES]
        elif isinstance(node, ast.ImportFrom):
            found = [node.module or ""] if (node.module or "").split(".")[0] in PICKLES else []
        elif isinstance(node, ast.Attribute):
            found = [node.attr] if node.attr in PICKLERS else []
        elif isinstance(node, ast.keyword):
            found = [node.arg] if node.arg in PICKLERS else []
        elif isinstance(node, ast.Call):
            found = (
                [node.func.id] if isinstance(node.func, ast.Name) and node.func.id in EVALS else []
            )
            if _dotted(node.func).startswith(YAML) and not _loads_safely(tree, node):
                found = [_dotted(node.func)]
        elif isinstance(node, ast.Constant):
            found = ["pickle"] if node.value == "pickle" else []
        else:
            continue
        for name in found:
            yield getattr(node, "lineno", 0), f"{name} runs what it reads"


def prints(tree: ast.Module) -> Iterator[Finding]:
    """Output goes through the log, or through click in the command line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _dotted(node.func) in (
            "print",
            "pprint",
            "pprint.pprint",
        ):
            yield node.lineno, "print"


def literal_ids(tree: ast.Module) -> Iterator[Finding]:
    """Ids of components come from `dashapp.ui.ids`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == "id" and _is_literal(node.value):
            yield node.value.lineno, "a literal id"
        if isinstance(node, ast.Call) and _called(node) in DEPENDENCIES:
            named = [k.value for k in node.keywords if k.arg == "component_id"]
            for first in [*node.args[:1], *named]:
                if _is_literal(first):
                    yield first.lineno, f"a literal id in {_called(node)}"
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and key.value == "id" and _is_literal(value):
                    yield value.lineno, "a literal id in a dict"


def bare_callbacks(tree: ast.Module) -> Iterator[Finding]:
    """Callbacks are declared by a `Wiring` only."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "dash":
            for alias in node.names:
                if alias.name in REGISTER:
                    yield node.lineno, f"dash.{alias.name} imported"
        if isinstance(node, ast.Attribute) and node.attr in REGISTER:
            owner = _dotted(node.value)
            if node.attr == "clientside_callback" or not owner.endswith("wiring"):
                yield node.lineno, f"{owner}.{node.attr}"


def built_sql(tree: ast.Module) -> Iterator[Finding]:
    """SQL is a constant or SQLAlchemy's: no text with values put in is run."""
    for scope in ast.walk(tree):
        if not isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef | ast.Module):
            continue
        nodes = list(_own(scope))
        built = {
            target.id
            for node in nodes
            if isinstance(node, ast.Assign) and _is_built(node.value)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for node in nodes:
            if isinstance(node, ast.Call) and _called(node) in SQL_TAKERS:
                for first in [*node.args[:1], *(k.value for k in node.keywords if k.arg == "text")]:
                    if _is_built(first) or (isinstance(first, ast.Name) and first.id in built):
                        yield node.lineno, f"built SQL goes to {_called(node)}"


def undocumented(tree: ast.Module) -> Iterator[Finding]:
    """Modules, and their public functions and classes, say what the reader gets."""
    if not ast.get_docstring(tree):
        yield 1, "the module has no docstring"
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        if not node.name.startswith("_") and not ast.get_docstring(node):
            yield node.lineno, f"{node.name} has no docstring"


def unfinished(tree: ast.Module) -> Iterator[Finding]:
    """Nothing is left for later: what a subclass must say is an abstract method."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and node.exc is not None:
            name = _dotted(node.exc.func) if isinstance(node.exc, ast.Call) else _dotted(node.exc)
            if name == "NotImplementedError":
                yield node.lineno, "NotImplementedError"


def open_work(text: str) -> Iterator[Finding]:
    """No notes to oneself in comments."""
    for number, line in enumerate(text.splitlines(), 1):
        if re.search(r"#\s*(TODO|FIXME|XXX|HACK)\b", line):
            yield number, "a note for later"


def _loads_safely(tree: ast.Module, call: ast.Call) -> bool:
    """Whether YAML is read by a safe loader of the same module."""
    classes = {n.name: n for n in tree.body if isinstance(n, ast.ClassDef)}
    loader = classes.get(_dotted(call.args[1])) if len(call.args) > 1 else None
    return loader is not None and any(_dotted(b).endswith("SafeLoader") for b in loader.bases)


def _own(scope: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function without those of functions inside it."""
    for child in ast.iter_child_nodes(scope):
        yield child
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _own(child)


def _called(node: ast.Call) -> str:
    return _dotted(node.func).rsplit(".", 1)[-1]


def _dotted(node: ast.AST) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}".lstrip(".")
    return ""


def _is_literal(node: ast.AST) -> bool:
    """Whether an id is written here, rather than taken from a name or a call."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str)
    if isinstance(node, ast.IfExp):
        return _is_literal(node.body) or _is_literal(node.orelse)
    return isinstance(node, ast.Dict | ast.JoinedStr | ast.BinOp)


def _is_built(node: ast.AST) -> bool:
    """Whether a text has values put in: f-string, %, + or format."""
    if isinstance(node, ast.JoinedStr):
        return any(isinstance(part, ast.FormattedValue) for part in node.values)
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, ast.Mod | ast.Add) and (
            _has_text(node.left) or _has_text(node.right)
        )
    if isinstance(node, ast.Call):
        func = node.func
        if isinstance(func, ast.Attribute) and func.attr in ("encode", "strip"):
            return _is_built(func.value)
        return isinstance(func, ast.Attribute) and func.attr in ("format", "format_map")
    return False


def _has_text(node: ast.AST) -> bool:
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str)
    return isinstance(node, ast.JoinedStr) or _is_built(node)


def function_at(tree: ast.Module, line: int) -> str:
    """Name of the innermost function around a line."""
    around = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.lineno <= line <= (node.end_lineno or 0)
    ]
    return max(around, key=lambda node: node.lineno).name if around else ""
