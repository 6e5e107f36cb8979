"""A dashboard of every kind of chart over cells, names and texts that want to be code."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

import duckdb

from dashapp.services import bundles
from dashapp.settings import settings
from dashapp.viewer import SYSTEM

# Each calls hit() if it ever becomes code.
PAYLOADS = (
    "<script>hit(1)</script>", "<img src=x onerror=hit(2)>", "<svg/onload=hit(3)>", "<b>bold</b>",
    '<a href="javascript:hit(4)">x</a>', "javascript:hit(5)", '"><img src=x onerror=hit(6)>',
    "'-hit(7)-'", "${hit(8)}", "{{hit(9)}}", "%{x} %{customdata[0]}", "<extra>hit</extra>",
    "</script><script>hit(10)</script>", "<iframe srcdoc='<script>parent.hit(11)</script>'>",
    "<details open ontoggle=hit(12)>", "&lt;img src=x onerror=hit(13)&gt;", "<br>", "__proto__",
    "constructor", "=cmd|' /C calc'!A0", "\u202egnp.exe", "a\x0bb", "😀", "x" * 3000, "", " ", "\\",
    "$x^2$", "<math><mi//xlink:href='data:x,<script>hit(14)</script>'>", "&#106;avascript:hit(15)",
)  # fmt: skip
BAD = PAYLOADS[1]
NAME = "<img src=x onerror=hit(20)>"
LINK = '"><svg onload=hit(21)>'
MARKDOWN = (
    "[a](javascript:hit(30))", "[b](JaVa\tscript:hit(31))", "[c](data:text/html,<script>hit(32)</script>)",
    "[d](vbscript:hit(33))", "[e](&#106;avascript:hit(34))", "[f](//evil.example/x)",
    "[g](\\\\evil.example\\x)", "![h](javascript:hit(35))", "![i](http://evil.example/pixel.png)",
    "<img src=x onerror=hit(36)>", "<svg/onload=hit(37)>", "<script>hit(38)</script>",
    "<details open ontoggle=hit(39)>x</details>", "<iframe srcdoc='<script>parent.hit(40)</script>'>",
    "<a href='javascript:hit(41)'>j</a>", "<math><mi xlink:href='javascript:hit(42)'>m</mi></math>",
    "<style>@import url(http://evil.example/x.css);</style>", "<meta http-equiv=refresh content='0;url=http://evil.example'>",
    "<base href=http://evil.example/>", "<form action=http://evil.example><button>go</button></form>",
    "<!-- --!><img src=x onerror=hit(43)> -->", "<noscript><p title='</noscript><img src=x onerror=hit(44)>'>",
    "[k]: javascript:hit(45)\n[k]", "<javascript:hit(46)>", "<http://evil.example/a?onload=hit(47)>",
    "`<img src=x onerror=hit(48)>`", "```html\n<img src=x onerror=hit(49)>\n```", "| <img src=x onerror=hit(50)> |\n|---|\n| a |",
    "$$\\href{javascript:hit(51)}{x}$$", '[l](x "onmouseover=hit(52)")', '[m](<javascript:hit(53)>)',
    "<dccLink href='javascript:hit(54)' children='x' />", "<dccMarkdown children='<img src=x onerror=hit(55)>' />",
    "![n](x\" onerror=\"hit(56))", "[o](javascript&colon;hit(57))", "[p]( javascript:hit(58))",
    "<a href=\"java&#9;script:hit(59)\">q</a>", "[r](https://ok.example/)",
)  # fmt: skip
DIM, AMOUNT = (
    {"column": "name"},
    {"kind": "simple", "aggregate": "sum", "column": "amount", "label": NAME},
)
SQL = {"kind": "sql", "expression": "count(*)", "label": LINK}
CHARTS: dict[str, tuple[str, dict[str, Any]]] = {
    "number": ("big_number", {"metric": AMOUNT, "subtitle": BAD}),
    "trend": ("big_number_trend", {"metric": AMOUNT, "grain": "year", "subtitle": BAD}),
    "table": ("table", {"dimensions": [{**DIM, "label": NAME}], "metrics": [AMOUNT | {"label": LINK}], "totals": True}),
    "raw": ("table", {"mode": "raw", "columns": ["name", "amount", "day", "other <b>", "flag"], "page_size": 10}),
    "pivot": ("pivot_table", {"rows": [DIM], "columns": [{"column": "other <b>"}], "metrics": [AMOUNT]}),
    "line": ("line", {"metrics": [AMOUNT], "series": [DIM], "grain": "year"}),
    "area": ("area", {"metrics": [SQL], "series": [DIM], "grain": "year"}),
    "bar": ("bar", {"x": {**DIM, "label": NAME}, "metrics": [SQL, AMOUNT | {"label": BAD}], "axis_titles": True}),
    "mixed": ("mixed", {"x": DIM, "bars": {"metrics": [SQL]}, "lines": {"metrics": [AMOUNT]}}),
    "scatter": ("scatter", {"points": [DIM], "x": SQL, "y": AMOUNT, "point_labels": True, "axis_titles": True}),
    "pie": ("pie", {"dimension": DIM, "metric": SQL}),
    "tree": ("treemap", {"levels": [DIM, {"column": "other <b>"}], "metric": SQL}),
    "histogram": ("histogram", {"column": "amount", "series": DIM, "value_low": 0, "value_high": 1000}),
    "boxes": ("box_plot", {"column": "amount", "by": [DIM]}),
    "heat": ("heatmap", {"x": DIM, "y": {"column": "other <b>"}, "metric": SQL, "axis_titles": True}),
    "bins": ("histogram", {"column": "amount", "edges": "equal", "bins": 9, "series": [DIM]}),
    "violins": ("violin", {"column": "amount", "by": DIM, "points": "all"}),
    "parallel": ("parallel", {"lines": DIM, "metrics": [SQL, AMOUNT], "color": SQL, "member_axis": True}),
    "tests": ("paired_ttest", {"metrics": [SQL, AMOUNT], "by": [DIM]}),
    "flows": ("sankey", {"source": DIM, "target": {"column": "other <b>"}, "metric": AMOUNT}),
    "chords": ("chord", {"source": DIM, "target": {"column": "other <b>"}, "metric": AMOUNT}),
    "links": ("network", {"source": DIM, "target": {"column": "other <b>"}, "metric": AMOUNT, "source_group": {"column": "flag"}}),
    "branches": ("tree", {"node": DIM, "parent": {"column": "other <b>"}, "metric": AMOUNT, "radial": True}),
    "text": ("markdown", {"text": "\n\n".join(MARKDOWN)}),
}  # fmt: skip
NUMBERS = (1.0, -1.5, 0.0, 1e308, -1e308, 5e-324, 2.0**60, None, 3.25, 100.0)
DAYS = ("2024-01-01", "0001-01-01", "9999-12-31", "1582-10-10", None, "2024-02-29")


def rows() -> list[tuple[Any, ...]]:
    """A row per payload, twice."""
    made = []
    for n, text in enumerate(PAYLOADS * 2):
        day = DAYS[n % len(DAYS)]
        moment = None if day is None else f"{day} 00:00:00"
        made.append((text, NUMBERS[n % len(NUMBERS)], moment, PAYLOADS[n % 4], n % 2 == 0))
    return [*made, (None, None, None, None, None)]


def bundle(kind: str) -> dict[str, Any]:
    """Everything with hostile names."""
    columns = [
        {"name": "name", "label": NAME}, {"name": "amount", "type": "number", "description": BAD},
        {"name": "day", "type": "time"}, {"name": "other <b>", "label": LINK}, {"name": "flag", "type": "boolean"},
    ]  # fmt: skip
    filters = [
        {"key": "name", "title": NAME, "kind": "select", "dataset": "ugly", "column": "name", "description": BAD},
        {"key": "other", "title": LINK, "kind": "select", "dataset": "ugly", "column": "other <b>", "default": {"values": [BAD]}},
        {"key": "when", "title": BAD, "kind": "time", "dataset": "ugly", "default": {"range": "2000 : 2999"}},
    ]  # fmt: skip
    filters[1]["default"] = {}
    items: list[dict[str, Any]] = [
        {"item": "header", "key": "head", "text": BAD},
        {"item": "markdown", "key": "md", "text": "\n\n".join(MARKDOWN), "y": 40},
    ]
    items += [
        {
            "item": "tile",
            "key": key,
            "chart": f"ugly {key}",
            "y": 80 + 50 * n,
            "h": 45,
            "title": BAD,
        }
        for n, key in enumerate(CHARTS)
    ]
    tabs = [
        {"key": "one", "title": BAD, "items": items},
        {"key": "two", "title": LINK, "items": []},
    ]
    del filters[2]["default"]
    return {
        "dashapp": 1,
        "databases": [{"uuid": "ugly", "name": BAD, "kind": kind, "url": f"{kind}:///{{warehouses}}/ugly.{kind}"}],
        "datasets": [
            {"uuid": "ugly", "name": NAME, "database": "ugly", "table": "ugly", "columns": columns,
             "time_column": "day"}
        ],
        "charts": [
            {"uuid": f"ugly {key}", "name": f"{BAD}{key}", "kind": made, "options": options,
             **({} if made == "markdown" else {"dataset": "ugly"})}
            for key, (made, options) in CHARTS.items()
        ],
        "dashboards": [
            {"uuid": "ugly", "slug": "ugly", "title": BAD, "description": NAME, "tags": [BAD, LINK],
             "layout": {"tabs": tabs, "filters": filters}}
        ],
    }  # fmt: skip


def open_ugly(kind: str) -> None:
    """Make the warehouse and import the dashboard."""
    folder = settings().data_dir / "warehouses"
    folder.mkdir(parents=True, exist_ok=True)
    table = 'create table ugly (name text, amount double precision, day timestamp, "other <b>" text, flag boolean)'
    path, found = folder / f"ugly.{kind}", rows()
    if kind == "sqlite":
        lite = sqlite3.connect(path)
        lite.execute(table)
        lite.executemany("insert into ugly values (?, ?, ?, ?, ?)", found)
        lite.execute("insert into ugly values ('text', 'not a number', 'not a day', 'x', 2)")
        lite.commit()
        lite.close()
    else:
        with duckdb.connect(str(path)) as duck:
            duck.execute(table)
            duck.executemany("insert into ugly values (?, ?, ?, ?, ?)", found)
            duck.execute(
                "insert into ugly values ('nan', 'nan', 'infinity', 'x', true), ('inf', 'inf', null, 'x', null)"
            )
    bundles.apply(SYSTEM, bundles.parse(json.dumps(bundle(kind))))
