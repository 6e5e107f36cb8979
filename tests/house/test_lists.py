"""Lists say what there is, and there is what lists say."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections.abc import Iterator
from typing import get_args

from dash import ClientsideFunction

import callbacks
import pages
import worker.tasks  # noqa: F401  # Registers the tasks.
from dashapp.charts import KINDS
from dashapp.charts.base import ChartKind, Family
from dashapp.jobs import EVERY_S, Job, celery_app
from dashapp.permissions import CHANGES, GUEST, PERMISSIONS
from dashapp.services import gallery
from dashapp.ui import ids
from dashapp.warehouses import WAREHOUSES, Warehouse
from tests.house import source

# Tests of the whole house rather than of one room.
ACROSS = {"acceptance", "attacks", "house", "interop"}
FLOORS = {*(p.name for p in (source.ROOT / "dashapp").iterdir() if p.is_dir())}


def concrete(base: type) -> Iterator[type]:
    """All classes below `base` that can be used, in our own code."""
    for found in base.__subclasses__():
        yield from concrete(found)
        if not inspect.isabstract(found) and found.__module__.startswith("dashapp."):
            yield found


def constants(tree: ast.AST) -> set[str]:
    """All texts written in a piece of code."""
    found = (n.value for n in ast.walk(tree) if isinstance(n, ast.Constant))
    return {value for value in found if isinstance(value, str)}


def asked_permissions() -> Iterator[str]:
    """Slugs that doors and services ask for."""
    for module in source.rooms():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.keyword) and node.arg == "permission":
                yield from constants(node.value)
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func).rsplit(".", 1)[-1]
                if called in ("require", "may", "_sees_all"):
                    yield from (text for a in node.args for text in constants(a))
    yield from CHANGES.values()


def test_every_chart_kind_is_listed() -> None:
    for name in source.stems("dashapp/charts"):
        importlib.import_module(f"dashapp.charts.{name}")
    assert set(concrete(ChartKind)) == set(KINDS.values())
    assert all(slug == kind.slug for slug, kind in KINDS.items())
    assert {kind.family for kind in KINDS.values()} <= set(get_args(Family))
    assert len({kind.title for kind in KINDS.values()}) == len(KINDS)


def test_every_chart_kind_is_in_the_gallery() -> None:
    shown = {chart.kind for chart in gallery.bundle().charts}
    assert set(KINDS) - shown == set()


def test_every_warehouse_is_listed() -> None:
    for name in source.stems("dashapp/warehouses"):
        importlib.import_module(f"dashapp.warehouses.{name}")
    assert set(concrete(Warehouse)) == set(WAREHOUSES.values())
    ours = {cls.__module__ for cls in WAREHOUSES.values()}
    assert {f"dashapp.warehouses.{slug}" for slug in WAREHOUSES} == ours


def test_every_page_is_listed() -> None:
    modules = [importlib.import_module(f"pages.{name}") for name in source.stems("pages")]
    assert {id(module.PAGE) for module in modules} == {id(page) for page in pages.PAGES}
    assert len({page.rule for page in pages.PAGES}) == len(pages.PAGES)


def test_every_wiring_is_listed() -> None:
    names = sorted(source.stems("callbacks"))
    found = [importlib.import_module(f"callbacks.{name}") for name in names]
    declared = {module.wiring.name: module for module in found if hasattr(module, "wiring")}
    assert {id(m.wiring) for m in declared.values()} == {id(w) for w in callbacks.WIRINGS}
    assert {name: m.__name__ for name, m in declared.items()} == {
        name: f"callbacks.{name}" for name in declared
    }
    assert all(wiring.callbacks for wiring in callbacks.WIRINGS)


def test_every_job_has_a_task() -> None:
    tasks = {name for name in celery_app().tasks if not name.startswith("celery.")}
    assert tasks == {job.value for job in Job}
    assert set(EVERY_S) <= set(Job)


def test_every_job_is_started() -> None:
    sent = {
        node.args[0].attr
        for module in source.rooms()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).endswith("enqueue")
        and node.args
        and isinstance(node.args[0], ast.Attribute)
    }
    assert {job.name for job in Job} == sent | {job.name for job in EVERY_S}


def test_every_permission_is_asked() -> None:
    assert set(asked_permissions()) == set(PERMISSIONS)
    assert set(PERMISSIONS) >= GUEST


def test_every_id_is_used() -> None:
    names = {n for n, v in vars(ids).items() if n.isupper() or inspect.isfunction(v)}
    text = "".join(m.text for m in source.modules(*source.DOORS))
    assert names == {name for name in names if re.search(rf"\bids\.{name}\b", text)}


def test_scripts_know_only_ids_that_exist() -> None:
    known = {value for name, value in vars(ids).items() if name.isupper()}
    scripts = "".join(p.read_text() for p in (source.ROOT / "dashapp/web/assets").glob("*.js"))
    named = set(re.findall(r'(?:put|set_props|getElementById)\("([\w-]+)"', scripts))
    named |= set(re.findall(r'(?:includes|startsWith)\("([\w-]+)\.', scripts))
    assert named
    assert named - known == set()


def test_script_functions_are_there() -> None:
    scripts = [p.read_text() for p in (source.ROOT / "dashapp/web/assets").glob("*.js")]
    sources = [getattr(d, "source", "") for w in callbacks.WIRINGS for d in w.callbacks]
    named = [found for found in sources if isinstance(found, ClientsideFunction)]
    assert named
    for function in named:
        after = rf"\b{function.namespace}: \{{.*\b{function.function_name}\b"
        assert any(re.search(after, text, re.DOTALL) for text in scripts), function


def test_tests_mirror_the_rooms() -> None:
    folders = {p.name for p in (source.ROOT / "tests").iterdir() if (p / "__init__.py").exists()}
    assert folders <= FLOORS | ACROSS | set(source.ROOMS)
