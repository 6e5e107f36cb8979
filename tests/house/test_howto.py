"""The worked examples of the documentation work as they are written."""

from __future__ import annotations

import ast
import importlib.util
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from uuid import uuid4

import pytest
import sqlalchemy as sa
import yaml
from flask import Flask
from pydantic import SecretStr

import callbacks
import dashapp.ui
import pages
from dashapp import cache, query, warehouses
from dashapp.charts import KINDS
from dashapp.charts.base import Look, Plot
from dashapp.errors import Invalid, QueryFailed
from dashapp.factory import create_server
from dashapp.services import accounts, bundles, dashboards, datasets, embed, sources
from dashapp.services.charts import Want, answers
from dashapp.services.embed import TokenRequest
from dashapp.settings import Settings, using
from dashapp.specs import (
    ColumnSpec,
    DatabaseSpec,
    DatasetSpec,
    MetricSpec,
    QuerySpec,
    SimpleMetric,
    Source,
)
from dashapp.specs.bundle import BundleChart, BundleDashboard, BundleDatabase, BundleDataset
from dashapp.ui import ids
from dashapp.viewer import SYSTEM
from dashapp.warehouses import WAREHOUSES
from models import User, db
from tests.house import rules, source
from tests.web import server as doors

DOCS = source.ROOT / "docs"
BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)
STAGES = "stage,people\nvisit,900\nbasket,200\norder,50\n"
PEOPLE = SimpleMetric(aggregate="sum", column="people", label="people")
COUNTRIES = [("2024-01-0" + str(day), "DE" if day % 2 else "FR", day * 10.0) for day in range(1, 9)]


def blocks(page: str, language: str) -> list[str]:
    """The code of a page in one language."""
    found = BLOCK.findall((DOCS / page).read_text("utf-8"))
    return [code for name, code in found if name == language]


def code(page: str, path: str) -> str:
    """The block that a page gives for a file."""
    (found,) = [block for block in blocks(page, "python") if block.startswith(f"# {path}\n")]
    return found


def load(page: str, path: str, folder: Path, name: str, head: str = "") -> ModuleType:
    """The module of a block, as if it stood in its file (after `head`)."""
    file = folder / f"{name.replace('.', '_')}.py"
    file.write_text(head + code(page, path))
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A data folder of one's own; modules of examples are gone afterwards."""
    before = set(sys.modules)
    (tmp_path / "warehouses").mkdir()
    with using(Settings(data_dir=tmp_path, secret_key=SecretStr(doors.KEY))):
        cache.reset()
        yield tmp_path
        warehouses.dispose()
        cache.reset()
    for name in set(sys.modules) - before:
        if name.startswith(("dashapp.", "pages.", "callbacks.", "howto_")):
            del sys.modules[name]


@pytest.fixture
def stages(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Source:
    """The stages of a shop, in a warehouse of the kind that the documentation adds."""
    module = load("add-a-warehouse.md", "dashapp/warehouses/csv.py", folder, "howto_csv")
    monkeypatch.setitem(WAREHOUSES, "csv", module.Csv)
    (folder / "warehouses" / "stages.csv").write_text(STAGES)
    url = SecretStr("csv:///stages.csv")
    database = DatabaseSpec(uuid=uuid4(), name="shop", kind="csv", url=url, options={})
    columns = tuple(warehouses.pool(database).columns("data"))
    dataset = DatasetSpec(
        uuid=uuid4(), name="stages", database=database.uuid, table="data", columns=columns,
        metrics=(MetricSpec(name="people", definition=PEOPLE, label="People"),),
    )  # fmt: skip
    return Source(dataset=dataset, database=database)


def answer(found: Source, spec: QuerySpec) -> query.Result:
    """What the query engine answers."""
    return query.run(found, spec, query.Context(zone="UTC", now=datetime.now(UTC)))


@pytest.mark.parametrize("page", ["add-a-chart-kind.md", "add-a-warehouse.md", "add-a-page.md"])
def test_examples_keep_the_rules(page: str) -> None:
    for block in blocks(page, "python"):
        tree = ast.parse(block)
        kept = [rules.imports_inside, rules.pickles, rules.prints, rules.built_sql]
        if not block.startswith("# dashapp/ui/ids.py"):
            kept += [rules.literal_ids, rules.bare_callbacks]
        assert [found for rule in kept for found in rule(tree)] == []


@pytest.mark.parametrize("page", ["add-a-chart-kind.md", "add-a-warehouse.md", "add-a-page.md"])
def test_examples_are_formatted(page: str, tmp_path: Path) -> None:
    for number, block in enumerate(blocks(page, "python")):
        (tmp_path / f"block_{number}.py").write_text(block)
    ruff = [sys.executable, "-m", "ruff", "format", "--check", "--config"]
    run = subprocess.run(
        [*ruff, str(source.ROOT / "pyproject.toml"), str(tmp_path)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout


def test_warehouse_of_the_example_answers(stages: Source) -> None:
    assert stages.dataset.columns == (
        ColumnSpec(name="stage"), ColumnSpec(name="people", type="integer"),
    )  # fmt: skip
    result = answer(stages, QuerySpec(dataset=stages.dataset.uuid, metrics=(PEOPLE,)))
    assert result.table.to_pylist() == [{"people": 1150}]
    warehouse = warehouses.pool(stages.database)
    assert warehouse.base_tables("SELECT * FROM data") == {(None, "data")}
    outside = sa.text("SELECT * FROM read_csv('/etc/passwd')")
    with pytest.raises(QueryFailed):
        warehouse.fetch(outside, query_id="q", timeout_s=5, max_rows=1, max_bytes=1000)


def test_warehouse_of_the_example_opens_no_other_file(stages: Source) -> None:
    with pytest.raises(Invalid, match="no such file"):
        warehouses.parse_url("csv", "csv:////etc/passwd")


def test_kind_of_the_example_draws(stages: Source, folder: Path) -> None:
    path = "dashapp/charts/steps.py"
    kind = load("add-a-chart-kind.md", path, folder, "howto_steps").Steps
    (written,) = yaml.safe_load(blocks("add-a-chart-kind.md", "yaml")[0])["charts"]
    options = kind.Options.model_validate(written["options"])
    spec = kind.queries(options, stages.dataset)["main"]
    tables = {"main": answer(stages, spec).table}
    drawing = kind.figure(options, tables, stages.dataset, Look(palette=("#2b7ad6",)))
    assert isinstance(drawing, Plot)
    (trace,) = drawing.figure["data"]
    assert trace["y"] == ["visit", "basket", "order"]
    assert trace["customdata"] == [["visit"], ["basket"], ["order"]]
    assert drawing.summary == "People in 3 stages."
    assert kind.slug not in KINDS


SERVICE = """
from dashapp.services.datasets import listed
from dashapp.services.sources import dataset_spec
from dashapp.specs import MetricSpec
from dashapp.viewer import Viewer
"""


@pytest.fixture
def glossary(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """A server with the page that the documentation adds, and a viewer and an editor."""
    page = "add-a-page.md"
    for node in ast.parse(code(page, "dashapp/ui/ids.py")).body:
        assert isinstance(node, ast.Assign)
        name = ast.unparse(node.targets[0])
        monkeypatch.setattr(ids, name, ast.literal_eval(node.value), raising=False)
    service = load(page, "dashapp/services/datasets.py", folder, "howto_service", SERVICE)
    monkeypatch.setattr(datasets, "metrics", service.metrics, raising=False)
    drawn = load(page, "dashapp/ui/glossary.py", folder, "dashapp.ui.glossary")
    monkeypatch.setattr(dashapp.ui, "glossary", drawn, raising=False)
    layout = load(page, "pages/glossary.py", folder, "pages.glossary")
    reactions = load(page, "callbacks/glossary.py", folder, "callbacks.glossary")
    app = create_server((*pages.PAGES, layout.PAGE), (*callbacks.WIRINGS, reactions.wiring))
    with app.app_context():
        db.create_all()
        shop(folder)
    doors.make_user(app, "edith", "editor")
    yield app
    with app.app_context():
        db.session.remove()
        for engine in db.engines.values():
            engine.dispose()


def shop(folder: Path) -> None:
    """The bundle of the documentation, and the database that it names."""
    with sqlite3.connect(folder / "warehouses" / "shop.db") as connection:
        connection.execute("CREATE TABLE orders (ordered TEXT, country TEXT, amount REAL)")
        connection.executemany("INSERT INTO orders VALUES (?, ?, ?)", COUNTRIES)
    connection.close()
    sources.forget()
    bundles.apply(SYSTEM, bundles.parse(blocks("bundles.md", "yaml")[0]))


def test_page_of_the_example_shows_and_searches(glossary: Flask) -> None:
    edith = doors.enter(glossary, "edith")
    page = edith.get("/glossary").text
    assert "Sum of all amounts" in page
    assert "Revenue per order" in page
    asked = {
        "output": "glossary-list.children",
        "outputs": {"id": "glossary-list", "property": "children"},
        "inputs": [{"id": "glossary-search", "property": "value", "value": "basket"}],
        "changedPropIds": ["glossary-search.value"],
    }
    assert "Nothing found." in doors.call(edith, asked).text
    asked["inputs"][0]["value"] = "per ORDER"  # type: ignore[index]
    found = doors.call(edith, asked).text
    assert "Revenue per order" in found
    assert "Sum of all amounts" not in found
    assert glossary.test_client().get("/glossary").status_code == 302


def test_bundle_of_the_example_draws(glossary: Flask) -> None:
    with glossary.app_context():
        user = db.session.scalars(sa.select(User).filter_by(username="edith")).one()
        viewer = accounts.viewer_of(user)
        opened = dashboards.open(viewer, "shop")
        found = answers(
            viewer, opened, ["time", "where"], Want(now=datetime(2024, 1, 20, tzinfo=UTC))
        )
        assert {key: a.error for key, a in found.items()} == {"time": None, "where": None}
        bars = found["where"].results["main"].table.to_pylist()
        assert bars == [{"country": "FR", "revenue": 200.0}, {"country": "DE", "revenue": 160.0}]
        again = bundles.apply(SYSTEM, bundles.parse(blocks("bundles.md", "yaml")[0]))
        assert {change.action for change in again} == {"equal"}


def test_every_field_of_a_bundle_is_documented() -> None:
    text = (DOCS / "bundles.md").read_text("utf-8")
    for shape in (
        BundleDatabase,
        BundleDataset,
        BundleChart,
        BundleDashboard,
        ColumnSpec,
        MetricSpec,
    ):
        assert {name for name in shape.model_fields if f"`{name}`" not in text} == set(), shape


def test_token_request_of_the_example_is_one(glossary: Flask) -> None:
    text = (DOCS / "embedding.md").read_text("utf-8")
    body = re.search(r"application/json\n\n(.*?)\n\s*```", text, re.DOTALL)
    assert body is not None
    request = TokenRequest.model_validate_json(body[1])
    with glossary.app_context():
        embed.allow(SYSTEM, request.dashboard, ["https://portal.example.com"])
        minted = embed.mint(SYSTEM, request)
        assert embed.admit(minted.token).viewer.rules[0].clause == request.rules[0].clause
