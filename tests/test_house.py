"""The house holds: arrows point down, and the rules on code are kept."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from graphlib import CycleError, TopologicalSorter

import grimp
import pytest

from tests.house import rules, source
from tests.house.source import ROOT, Module

# Where a rule on SQL does not hold, by module and function, and why.
SQL_EXCUSES = {
    ("dashapp/query/compile.py", "_conditions"): "an expression that passed the SQL guard",
    ("dashapp/query/compile.py", "_or_other"): "a constant of ours, where GROUP BY takes no value",
    ("dashapp/query/metrics.py", "_written"): "an expression that passed the SQL guard",
    ("dashapp/services/examples.py", "_make_sqlite"): "a number of question marks",
    ("dashapp/warehouses/duckdb.py", "_weigh"): "EXPLAIN before a guarded statement",
    ("dashapp/warehouses/mysql.py", "_weigh"): "EXPLAIN before a guarded statement",
    ("dashapp/warehouses/postgresql.py", "_weigh"): "EXPLAIN before a guarded statement",
    ("dashapp/warehouses/mysql.py", "_begin"): "the one of two settings that the server knows",
    ("dashapp/warehouses/postgresql.py", "base_tables"): "EXPLAIN before a guarded statement",
    ("dashapp/warehouses/sqlite.py", "base_tables"): "EXPLAIN before a guarded statement",
    ("models/engine.py", "_connect"): "pragmas of ours",
}
# The one import that waits until it is needed: it is half of the server's start.
LATE = {("dashapp/query/post_forecast.py", "_model")}
# Modules longer than 400 lines, and why.
LONG = {
    "dashapp/warehouses/postgresql.py": "one warehouse is one file",
    "tests/query/test_run.py": "the path of a question, rung by rung",
}


def broken(rule: rules.Rule, *found: Module) -> list[str]:
    """The places that break a rule."""
    return [f"{m.path}:{line}: {why}" for m in found for line, why in rule(m.tree)]


def test_arrows_point_down() -> None:
    code = (
        "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_no_module_imports_itself_by_a_detour() -> None:
    graph = grimp.build_graph(*source.ROOMS, cache_dir=None)
    arrows = {name: graph.find_modules_directly_imported_by(name) for name in graph.modules}
    try:
        TopologicalSorter(arrows).prepare()
    except CycleError as error:
        pytest.fail(" → ".join(error.args[1]))


def test_imports_stand_at_the_top() -> None:
    lint = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["ruff"]["lint"]
    assert "PLC0415" in lint["select"]
    assert "PLC0415" not in str(lint.get("ignore", [])) + str(lint.get("per-file-ignores", {}))
    everything = (*source.rooms(), *source.modules("benchmarks"))
    late = {
        (m.path, rules.function_at(m.tree, line))
        for m in everything
        for line, _ in rules.imports_inside(m.tree)
    }
    assert late == LATE


@pytest.mark.parametrize("rule", [rules.pickles, rules.undocumented, rules.unfinished])
def test_production_code_keeps(rule: rules.Rule) -> None:
    assert not broken(rule, *source.rooms(), *source.modules("benchmarks"))


def test_only_the_command_line_prints() -> None:
    quiet = [m for m in source.rooms() if m.path != "dashapp/cli.py"]
    assert not broken(rules.prints, *quiet)


def test_ids_come_from_one_module() -> None:
    doors = [m for m in source.modules(*source.DOORS) if m.path != "dashapp/ui/ids.py"]
    assert not broken(rules.literal_ids, *doors)


def test_callbacks_are_declared_by_wirings() -> None:
    others = [m for m in source.rooms() if m.path != "dashapp/ui/wiring.py"]
    assert not broken(rules.bare_callbacks, *others)


def test_no_sql_is_built_of_text() -> None:
    places = {
        (m.path, rules.function_at(m.tree, line)): f"{m.path}:{line}: {why}"
        for m in source.rooms()
        for line, why in rules.built_sql(m.tree)
        if not m.path.startswith("models/migrations/")
    }
    assert [places[p] for p in places if p not in SQL_EXCUSES] == []
    assert set(SQL_EXCUSES) <= set(places), "An excuse is needed no longer."


def test_nothing_is_left_for_later() -> None:
    everything = (*source.rooms(), *source.modules("tests", "benchmarks"))
    notes = [f"{m.path}:{line}" for m in everything for line, _ in rules.open_work(m.text)]
    assert notes == []


def test_modules_are_short() -> None:
    everything = (*source.rooms(), *source.modules("tests", "benchmarks"))
    long = {m.path for m in everything if len(m.text.splitlines()) > 400}
    assert {p for p in long if not p.startswith("models/migrations/")} == set(LONG)
