"""The texts of the interface, found in its code and templates."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from jinja2 import Environment, nodes

from dashapp.permissions import ROLES
from dashapp.ui import grid, shell
from dashapp.web import failures, signin
from tests.house import source

TEMPLATES = source.ROOT / "dashapp" / "web" / "templates"
# Calls in templates that translate some of their arguments: (positions, names).
MACROS = {"t": ((0,), ()), "field": ((1,), ("hint",)), "choice": ((1,), ())}
# Modules whose refusals the sign-in and account pages show.
DOOR = ("accounts", "links", "passwords", "tries", "usernames")
REFUSALS = ("Invalid", "NotFound", "SignInRequired", "TooMany", "Conflict", "Forbidden")


def wanted() -> set[str]:
    """Every text that should be in a catalogue."""
    return {*written(), *in_templates(), *in_tables(), *refusals()}


def written() -> Iterator[str]:
    """Literal arguments of `t` in code."""
    for module in source.modules("dashapp/ui", "dashapp/web", "pages", "callbacks"):
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("t", "texts.t"):
                yield from literals(node.args[0])


def literals(node: ast.AST) -> Iterator[str]:
    """The texts that an expression may have."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from literals(node.body)
        yield from literals(node.orelse)


def in_templates() -> Iterator[str]:
    """Literal arguments of `t`, and of macros that call it, in templates."""
    for path in TEMPLATES.glob("*.html"):
        for call in (
            Environment(autoescape=True).parse(path.read_text("utf-8")).find_all(nodes.Call)
        ):
            if isinstance(call.node, nodes.Name) and call.node.name in MACROS:
                positions, names = MACROS[call.node.name]
                chosen = [call.args[i] for i in positions if i < len(call.args)]
                chosen += [k.value for k in call.kwargs if k.key in names]
                yield from (text for part in chosen for text in constants(part))


def constants(node: nodes.Node) -> Iterator[str]:
    """The texts in an expression of a template, but for those it looks things up by."""
    if isinstance(node, nodes.Const) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, nodes.CondExpr):
        yield from constants(node.expr1)
        yield from constants(node.expr2 or nodes.Const(None))
    elif isinstance(node, nodes.Call):
        for pair in node.find_all(nodes.Pair):
            yield from constants(pair.value)
        if node.args:
            yield from constants(node.args[-1])


def in_tables() -> Iterator[str]:
    """Texts of tables that are translated where they are drawn."""
    yield from (text for _, text in shell.KEYS)
    yield from (text for _, text in shell.THEMES.values())
    yield from (text for _, text in grid.MENU.values())
    yield from signin.THEMES.values()
    yield from failures.TITLES.values()
    yield from failures.SENTENCES.values()
    yield from ROLES


def refusals() -> Iterator[str]:
    """Sentences of the sign-in and account pages."""
    modules = [source.module(f"dashapp/services/{name}.py") for name in DOOR]
    modules.append(source.module("dashapp/web/signin.py"))
    for module in modules:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in REFUSALS:
                for argument in (node.args[0], *node.args[1:2]):
                    values = argument.values if isinstance(argument, ast.Dict) else [argument]
                    yield from (text for value in values for text in literals(value))
            if isinstance(node, ast.Assign | ast.Return) and node.value is not None:
                yield from (text for text in literals(node.value) if re.match(r"[A-Z].*\.$", text))
