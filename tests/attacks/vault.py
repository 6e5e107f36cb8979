"""A dashboard whose every hidden name is a canary, with charts that fail in every way."""

from __future__ import annotations

import sqlite3

import duckdb

from dashapp.services import bundles
from dashapp.settings import settings
from dashapp.specs.bundle import named
from dashapp.viewer import SYSTEM
from models import Chart, db

CANARY = "CANARY"
VAULT = named("vault table")
BUNDLE = """
dashapp: 1
databases:
- {uuid: vault, name: db CANARY, kind: KIND, url: 'KIND:///{warehouses}/CANARY.KIND', description: about CANARY}
datasets:
- uuid: vault table
  name: dataset CANARY
  database: vault
  table: table_CANARY
  description: about CANARY
  columns: [{name: region}, {name: amount, type: number}, {name: column_CANARY, label: label CANARY}]
  metrics: [{name: total, definition: {kind: sql, expression: sum(amount), label: total}}]
- uuid: vault query
  name: query CANARY
  database: vault
  sql: select region, amount from table_CANARY where column_CANARY is not null
  columns: [{name: region}, {name: amount, type: number}]
  metrics: [{name: total, definition: {kind: sql, expression: sum(amount), label: total}}]
- uuid: vault lost
  name: lost CANARY
  database: vault
  table: gone_CANARY
  columns: [{name: region}, {name: lost_CANARY}]
charts:
CHARTS
- {uuid: vault other, name: unseen CANARY, kind: bar, dataset: vault table, options: {x: {column: region}, metrics: [total]}}
dashboards:
- uuid: vault
  slug: vault
  title: Figures
  layout:
    filters:
    - {key: region, title: Region, kind: select, dataset: vault table, column: region}
    - {key: lost, title: Lost, kind: select, dataset: vault lost, column: region}
    tabs:
    - key: all
      items:
TILES
- {uuid: vault two, slug: vault-two, title: second CANARY, tags: [tag CANARY], layout: {tabs: [{key: t, items: [{item: tile, key: c, chart: vault other}]}]}}
"""
BAR = "kind: bar, dataset: vault table, options: {x: {column: region}, metrics: [total]"
CHARTS = {
    "good": "{" + BAR + "}}",
    "query": "{" + BAR.replace("vault table", "vault query") + "}}",
    "lost table": "{kind: table, dataset: vault lost, options: {mode: raw, columns: [region]}}",
    "lost column": "{kind: table, dataset: vault table, options: {mode: raw, columns: [colum_CANARY]}}",
    "lost metric": "{" + BAR.replace("[total]", "[metric_CANARY]") + "}}",
    "strange column": "{" + BAR + ", where: [{expression: other_CANARY = 1}]}}",
    "strange function": "{" + BAR + ", where: [{expression: function_CANARY(amount) = 1}]}}",
    "sub-query": "{" + BAR + ", where: [{expression: 1 in (select CANARY from secrets)}]}}",
    "syntax": "{" + BAR + ", where: [{expression: amount = = CANARY}]}}",
    "bare column": "{kind: big_number, dataset: vault table, options: {metric: {kind: sql, expression: column_CANARY, label: l}}}",
    "twice": "{" + BAR.replace("[total]", "[total, {kind: simple, aggregate: count, label: total}]") + "}}",
    "bad cast": "{" + BAR + ", where: [{expression: 'cast(column_CANARY as integer) / 0 > 1'}]}}",
    "too deep": "{" + BAR + ", where: [{expression: '" + "(" * 2000 + "CANARY" + ")" * 2000 + "'}]}}",
    "options": "{" + BAR + "}}",
    "kind": "{" + BAR + "}}",
}  # fmt: skip
KEYS = {name: name.replace(" ", "-") for name in CHARTS}


def open_vault(kind: str) -> None:
    """Make the warehouse and import the dashboard."""
    folder = settings().data_dir / "warehouses"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"CANARY.{kind}"
    table = "create table table_CANARY (region text, amount double precision, column_CANARY text)"
    rows = [("EU", 1.0, "row CANARY"), ("US", 2.0, "row CANARY")]
    if kind == "sqlite":
        lite = sqlite3.connect(path)
        lite.execute(table)
        lite.executemany("insert into table_CANARY values (?, ?, ?)", rows)
        lite.commit()
        lite.close()
    else:
        with duckdb.connect(str(path)) as duck:
            duck.execute(table)
            duck.executemany("insert into table_CANARY values (?, ?, ?)", rows)
    charts = "\n".join(f"- {{uuid: vault {n}, name: {n}, {c[1:]}" for n, c in CHARTS.items())
    tiles = "\n".join(
        f"      - {{item: tile, key: {KEYS[n]}, chart: vault {n}, y: {i * 40}}}"
        for i, n in enumerate(CHARTS)
    )
    text = BUNDLE.replace("CHARTS", charts).replace("TILES", tiles).replace("KIND", kind)
    bundles.apply(SYSTEM, bundles.parse(text))
    # What an earlier version of the server, or a plug-in that is gone, may have left behind.
    options = db.session.query(Chart).filter_by(uuid=named("vault options")).one()
    options.options = {**options.options, "option_CANARY": "value CANARY"}
    db.session.query(Chart).filter_by(uuid=named("vault kind")).one().kind = "kind_CANARY"
    db.session.commit()
