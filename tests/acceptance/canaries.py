"""A dashboard over rows of two regions, one of which nobody but admins may know of."""

from __future__ import annotations

import base64
import io
import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import duckdb
import numpy as np
import openpyxl
import orjson
import psycopg
from dash._utils import to_json

from callbacks import dashboard as reactions
from callbacks import drawer
from callbacks import filters as offers
from callbacks.shapes import PageState, PartId
from dashapp.errors import AppError, Forbidden
from dashapp.services import bundles, exports
from dashapp.settings import settings
from dashapp.specs import FilterState
from dashapp.specs.bundle import named
from dashapp.ui.page import Visit
from dashapp.viewer import SYSTEM, Viewer
from models import Dataset, db
from pages import dashboard as page
from pages import embed
from tests.servers import plain

SLUG = "canaries"
ORDERS = named("canary orders")
# What only rows of the other region hold, as text and in numbers of every figure;
# digits in the fraction of a second of some stamp are none of it.
# Nor are digits inside of the codes by which a page knows what its tiles show.
TEXTS = re.compile(r"CANARY|(?<![.0-9a-f])987654(?![0-9a-f])|(?<![.0-9a-f])2031(?![0-9a-f])")
NUMBER = 987654.5
EU_TOTAL, EU_ROWS = 210.0, 20
CHARTS = {
    "total": "{kind: big_number, options: {metric: total}}",
    "trend": "{kind: big_number_trend, options: {metric: total, grain: month}}",
    "bars": "{kind: bar, options: {x: {column: region}, metrics: [total, most]}}",
    "slices": "{kind: pie, options: {dimension: {column: secret}, metric: total}}",
    "line": "{kind: line, options: {metrics: [total], series: [{column: region}], grain: month}}",
    "spread": "{kind: histogram, options: {column: amount, bin: 10}}",
    "tree": "{kind: treemap, options: {levels: [{column: region}, {column: secret}], metric: total}}",
    "pivot": "{kind: pivot_table, options: {rows: [{column: region}], columns: [{column: secret}], metrics: [total]}}",
    "grid": "{kind: table, options: {dimensions: [{column: secret}], metrics: [total], totals: true}}",
    "list": "{kind: table, options: {mode: raw, columns: [day, region, secret, amount]}}",
    "period": "{kind: big_number_period, options: {metric: most, time_range: '2020-01-01 : 2032-01-01'}}",
    "notes": "{kind: line, options: {metrics: [total], grain: month, compare: [1 year], annotations: [{layer: event, time: day, title: secret}, {layer: series, metric: most}]}}",
    "bands": "{kind: gantt, options: {start: {column: day}, end: {column: day}, rows: {column: secret}}}",
    "lately": "{kind: time_table, options: {metrics: [total], rows: {column: secret}, grain: month}}",
    "words": "{kind: template, options: {columns: [secret, amount], template: '{{#each data}}{{secret}} {{amount}} {{/each}}'}}",
    "links": "{kind: network, options: {source: {column: region}, target: {column: secret}, metric: total}}",
    "steps": "{kind: waterfall, options: {x: {column: secret}, metric: total}}",
    "query": "{kind: bar, dataset: canary query, options: {x: {column: secret}, metrics: [total]}}",
}
COLUMNS = """
  columns: [{name: day, type: time}, {name: region}, {name: secret}, {name: amount, type: number}]
  metrics:
  - {name: total, definition: {kind: simple, aggregate: sum, column: amount, label: total}}
  - {name: most, definition: {kind: sql, expression: MAX(amount), label: most}}
"""


def bundle(kind: str, url: str) -> str:
    """The dashboard over a warehouse."""
    charts = "\n".join(
        "- {uuid: canary " + key + ", name: " + key + ", "
        + ("" if "dataset:" in chart else "dataset: canary orders, ") + chart[1:]
        for key, chart in CHARTS.items()
    )  # fmt: skip
    tiles = "\n".join(
        f"      - {{item: tile, key: {key}, chart: canary {key}, y: {40 * n}}}"
        for n, key in enumerate(CHARTS)
    )
    return f"""
dashapp: 1
databases: [{{uuid: canary, name: Canary, kind: {kind}, url: '{url}'}}]
datasets:
- uuid: canary orders
  name: Orders
  database: canary
  table: orders
  time_column: day
{COLUMNS}
- uuid: canary query
  name: Query
  database: canary
  sql: SELECT * FROM orders o WHERE amount > 0
  time_column: day
{COLUMNS}
charts:
{charts}
dashboards:
- uuid: canaries
  slug: {SLUG}
  title: Orders
  layout:
    filters:
    - {{key: region, title: Region, kind: select, dataset: canary orders, column: region}}
    - {{key: secret, title: Secret, kind: select, dataset: canary query, column: secret, sort_by: total}}
    - {{key: amount, title: Amount, kind: range, dataset: canary orders, column: amount}}
    tabs:
    - key: all
      items:
{tiles}
"""


def rows() -> Iterator[tuple[Any, ...]]:
    """Twenty orders of the EU, five of elsewhere."""
    start = datetime(2024, 1, 1)  # noqa: DTZ001 - as databases keep it
    for n in range(EU_ROWS):
        yield start + timedelta(days=9 * n), "EU", f"plain {n % 3}", float(n + 1)
    for n in range(5):
        yield datetime(2031, 5, n + 1), "CANARY-land", f"CANARY {n}", NUMBER  # noqa: DTZ001


TABLE = "create table orders (day timestamp, region text, secret text, amount double precision)"


def make(kind: str, postgres_url: str = "") -> None:
    """Make the warehouse and import the dashboard. `postgres_url`: an empty database."""
    folder = settings().data_dir / "warehouses"
    folder.mkdir(parents=True, exist_ok=True)
    url = f"{kind}:///{{warehouses}}/canary.{kind}"
    if kind == "sqlite":
        lite = sqlite3.connect(folder / "canary.sqlite")
        lite.execute(TABLE)
        made = [(f"{day:%Y-%m-%d %H:%M:%S}", *rest) for day, *rest in rows()]
        lite.executemany("insert into orders values (?, ?, ?, ?)", made)
        lite.commit()
        lite.close()
    elif kind == "duckdb":
        with duckdb.connect(str(folder / "canary.duckdb")) as duck:
            duck.execute(TABLE)
            duck.executemany("insert into orders values (?, ?, ?, ?)", list(rows()))
    else:
        url = plain(postgres_url)
        with psycopg.connect(url, autocommit=True) as post, post.cursor() as cursor:
            cursor.execute(TABLE)
            cursor.executemany("insert into orders values (%s, %s, %s, %s)", list(rows()))
    bundles.apply(SYSTEM, bundles.parse(bundle(kind, url)))


def orders_dataset() -> Dataset:
    """The dataset that rules are made for."""
    return db.session.query(Dataset).filter_by(uuid=ORDERS).one()


class Faces:
    """All that the server shows of the dashboard to one viewer, each face as text by its name."""

    def __init__(self, viewer: Viewer) -> None:
        self.viewer = viewer
        self.told: dict[str, str] = {}
        self.state = PageState(slug=SLUG, page="p")

    def look(self) -> Mapping[str, str]:
        """Look at everything; what is forbidden is left out."""
        self.put("page", lambda: self.page())
        self.put("tiles", lambda: self.tiles())
        self.put("until", lambda: reactions.until(self.viewer, self.state))
        for key in ("region", "secret"):
            for search in ("", "CANARY", "CANARY-l"):
                self.put(f"options {key} {search}", lambda k=key, s=search: self.options(k, s))
        for key in CHARTS:
            for act in ("rows", "sql", "table"):
                self.put(f"{act} of {key}", lambda k=key, a=act: self.drawer(k, a))
            self.put(f"page of {key}", lambda k=key: self.rows(k))
            self.put(f"csv of {key}", lambda k=key: self.export(k, "data", "csv"))
        self.put("long table", lambda: self.long_table())
        self.put("page again", lambda: self.page())
        for what, format in (("data", "xlsx"), ("rows", "csv"), ("rows", "xlsx")):
            self.put(f"{format} of {what}", lambda w=what, f=format: self.export("list", w, f))
        return self.told

    def put(self, name: str, look: Any) -> None:
        """Remember a face."""
        with suppress(Forbidden):
            try:
                found = look()
            except AppError as error:
                if isinstance(error, Forbidden):
                    raise
                found = f"{error.message} {error.detail}"
            self.told[name] = found if isinstance(found, str) else shown(found)

    def page(self) -> Any:
        """The page with the answers that are known."""
        visit = Visit(self.viewer, f"/dashboards/{SLUG}", {"slug": SLUG})
        return embed.layout(visit) if self.viewer.is_guest else page.layout(visit)

    def tiles(self) -> Any:
        """All tiles, as the page asks for them."""
        keys = list(CHARTS)
        ask = reactions.Ask(seq=1, tiles=keys)
        ids = [PartId(key=key) for key in keys]
        return reactions.draw(self.viewer, ask, FilterState(), self.state, ids)

    def options(self, key: str, search: str) -> Any:
        """Options of a filter."""
        return offers.options(self.viewer, search, {}, None, PartId(key=key), self.state)

    def drawer(self, key: str, act: str) -> Any:
        """What a tile's menu opens."""
        action = reactions.Action.model_validate({"act": act, "tile": key})
        return drawer.show(self.viewer, action, FilterState(), self.state, None)

    def rows(self, key: str) -> Any:
        """Underlying rows, the largest first, then those that are searched for."""
        return [
            drawer.underlying(self.viewer, asked, FilterState(), self.state, PartId(key=key))
            for asked in (
                request(sortModel=[{"colId": "amount", "sort": "desc"}]),
                request(filterModel={"secret": {"type": "contains", "filter": "CANARY"}}),
            )
        ]

    def long_table(self) -> Any:
        """A page of a table that the server sorts and narrows."""
        asked = request(sortModel=[{"colId": "day", "sort": "desc"}])
        return drawer.long_table(self.viewer, asked, FilterState(), self.state, PartId(key="list"))

    def export(self, key: str, what: Any, format: Any) -> str:
        """A file."""
        wish = exports.ExportRequest(dashboard=SLUG, tile=key, what=what, format=format)
        made = exports.write(self.viewer, wish, lambda share, text: None)
        content = b"".join(exports.open(self.viewer, made.uuid)[1])
        if format == "csv":
            return content.decode()
        book = openpyxl.load_workbook(io.BytesIO(content))
        return repr([list(sheet.iter_rows(values_only=True)) for sheet in book.worksheets])


def request(**more: Any) -> drawer.RowsRequest:
    """What a grid asks for."""
    return drawer.RowsRequest.model_validate({"startRow": 0, "endRow": 100, **more})


def shown(value: Any) -> str:
    """A component or an answer as text, typed arrays of figures unpacked."""
    return repr(_unpacked(orjson.loads(to_json(value))))  # type: ignore[no-untyped-call]


def _unpacked(value: Any) -> Any:
    if isinstance(value, dict):
        if value.keys() >= {"dtype", "bdata"}:
            return np.frombuffer(base64.b64decode(value["bdata"]), value["dtype"]).tolist()
        return {key: _unpacked(inner) for key, inner in value.items()}
    return [_unpacked(inner) for inner in value] if isinstance(value, list) else value


def leaks(told: Mapping[str, str]) -> dict[str, str]:
    """Faces that show a canary, with what they show around it."""
    found = {}
    for name, text in told.items():
        if hit := TEXTS.search(text):
            found[name] = text[max(0, hit.start() - 80) : hit.end() + 80]
    return found
