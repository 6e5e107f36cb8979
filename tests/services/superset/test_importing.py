"""Whole bundles: planned, imported, imported again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
import yaml
from flask import Flask

from dashapp import warehouses
from dashapp.errors import Forbidden, Invalid
from dashapp.services import bundles, dashboards
from dashapp.services.superset import importing
from dashapp.services.superset.importing import Choices, Report
from dashapp.viewer import SYSTEM
from models import Chart, Dashboard, Database, Dataset, db
from tests.services import market
from tests.services.metadata import person, user
from tests.services.superset import packs
from tests.services.superset.packs import packed, uuid

ONTO = Choices(databases={"sales": "Warehouse"})


@pytest.fixture
def house(app: Flask) -> Iterator[Flask]:
    """A server with one database, onto which bundles may be mapped."""
    packs.make_duckdb()
    yield app
    warehouses.dispose()


def actions(found: Report) -> dict[str, str]:
    return {f"{one.kind} {one.name}": one.action for one in found.lines}


def notes(found: Report, name: str) -> str:
    return " ".join(
        t for one in found.lines if one.name == name for t in (*one.problems, *one.notes)
    )


def counts() -> list[int]:
    return [db.session.query(m).count() for m in (Database, Dataset, Chart, Dashboard)]


def shown(slug: str = "sales", key: str = "CHART-total") -> Any:
    """The one number of a tile."""
    answer = market.show(SYSTEM, dashboards.open(SYSTEM, slug), None, key)[key]
    assert answer.error is None, answer.error
    (row,) = answer.results["main"].table.to_pylist()
    return next(iter(row.values()))


def dataset() -> Any:
    return bundles.parse(bundles.export(SYSTEM)).datasets[0]


def test_a_bundle_is_imported_over_another_database(house: Flask) -> None:
    data = packed(packs.files())
    before = counts()
    planned = importing.plan(SYSTEM, data, ONTO)
    assert counts() == before
    assert actions(planned) == {
        "dataset orders": "new", "chart total": "new", "dashboard sales": "new",
    }  # fmt: skip
    assert importing.apply(SYSTEM, data, ONTO).lines == planned.lines
    assert shown() == 11
    found = dataset()
    assert (found.schema_name, found.table, found.week_start) == ("shop", "Orders", "sunday")
    assert (str(found.uuid), found.time_column) == (uuid("orders"), "day")
    assert [(c.name, c.type) for c in found.columns] == [
        ("day", "time"), ("region", "text"), ("amount", "integer"), ("half", "integer"),
    ]  # fmt: skip
    kinds = {m.name: (m.definition.kind, m.label, m.format) for m in found.metrics}
    assert kinds == {
        "revenue": ("simple", None, ",.2f"), "count": ("simple", "Orders", None),
        "mean": ("sql", None, None),
    }  # fmt: skip


def test_numbers_are_those_of_the_engine_it_came_from(house: Flask) -> None:
    # SQLite divides whole numbers to whole numbers: 11 / 2 is 5.
    data = packed(packs.files(chart=packs.chart(metric="mean")))
    importing.apply(SYSTEM, data, ONTO)
    assert shown() == 5


def test_a_bundle_brings_its_own_file(app: Flask) -> None:
    packs.make_sqlite()
    found = importing.apply(SYSTEM, packed(packs.files()))
    assert actions(found)["database sales"] == "new"
    assert shown() == 11
    assert dataset().schema_name is None
    warehouses.dispose()


def test_importing_again_changes_nothing_and_knows_the_database(house: Flask) -> None:
    data = packed(packs.files())
    importing.apply(SYSTEM, data, ONTO)
    text = bundles.export(SYSTEM)
    for choices in (ONTO, Choices(), Choices(overwrite="all")):
        assert set(actions(importing.apply(SYSTEM, data, choices)).values()) == {"equal"}
    assert bundles.export(SYSTEM) == text


def test_what_differs_is_kept_unless_it_is_chosen(house: Flask) -> None:
    importing.apply(SYSTEM, packed(packs.files()), ONTO)
    changed = packed(
        packs.files(
            chart=packs.chart(metric="count"), dashboard=packs.dashboard() | {"description": "New"}
        )
    )
    kept = importing.plan(SYSTEM, changed)
    assert actions(kept) == {
        "dataset orders": "equal", "chart total": "kept", "dashboard sales": "kept",
    }  # fmt: skip
    only = Choices(overwrite=frozenset({UUID(uuid("total"))}))
    found = importing.apply(SYSTEM, changed, only)
    assert actions(found)["chart total"] == "changed"
    assert (shown(), dashboards.open(SYSTEM, "sales").description) == (2, "")
    importing.apply(SYSTEM, changed, Choices(overwrite="all"))
    assert dashboards.open(SYSTEM, "sales").description == "New"


def test_without_its_database_nothing_is_imported(house: Flask) -> None:
    data = packed(packs.files())
    planned = importing.plan(SYSTEM, data)
    assert [(s.name, s.need) for s in planned.sources] == [("sales", "database")]
    assert "no such file" in planned.blocked[0]
    before = counts()
    with pytest.raises(Invalid, match="Nothing was imported"):
        importing.apply(SYSTEM, data)
    with pytest.raises(Invalid, match="no database Nowhere"):
        importing.apply(SYSTEM, data, Choices(databases={"sales": "Nowhere"}))
    assert counts() == before


@pytest.mark.parametrize(
    ("uri", "need"),
    [
        ("postgresql+psycopg2://u:XXXXXXXXXX@127.0.0.1/d", "secret"),
        ("mysql://u:XXXXXXXXXX@127.0.0.1/d", "secret"),
        ("oracle://u@h/d", "database"),
        ("sqlite:////etc/passwd", "database"),
        ("nonsense", "database"),
        ("", "database"),
    ],
)
def test_databases_say_what_they_need(house: Flask, uri: str, need: str) -> None:
    data = packed(packs.files(database=packs.database(uri)))
    assert [s.need for s in importing.plan(SYSTEM, data).sources] == [need]
    assert [s.need for s in importing.plan(SYSTEM, data, ONTO).sources] == [None]


def test_a_database_behind_a_tunnel_is_to_be_mapped(house: Flask) -> None:
    one = packs.database(
        "postgresql://u:XXXXXXXXXX@127.0.0.1/d", ssh_tunnel={"server_address": "h"}
    )
    planned = importing.plan(SYSTEM, packed(packs.files(database=one)))
    assert "SSH tunnel" in planned.blocked[0]


def test_a_chart_that_cannot_be_translated_leaves_the_rest_alone(house: Flask) -> None:
    board = packs.dashboard(packs.grid(packs.tile(1, "total"), packs.tile(2, "odd")))
    files = packs.files(dashboard=board) | {"charts/odd_2.yaml": packs.chart("odd", "cartodiagram")}
    found = importing.apply(SYSTEM, packed(files), ONTO)
    assert actions(found)["chart odd"] == "refused"
    assert "no like here" in notes(found, "odd")
    assert shown() == 11
    layout = dashboards.open(SYSTEM, "sales").layout
    assert [i.item for i in layout.tabs[0].items] == ["tile", "markdown"]
    assert "no like here" in str(layout.tabs[0].items[1])


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ({"metric": "nothing"}, "no metric"),
        ({"metric": {"expressionType": "SQL", "sqlExpression": "{{ x }}", "label": "m"}}, ""),
        ({"metric": {"expressionType": "SQL", "sqlExpression": "pg_sleep(9)", "label": "m"}}, ""),
        ({"metric": {"expressionType": "SQL", "sqlExpression": "(select 1)", "label": "m"}}, ""),
        ({"metric": {"expressionType": "SIMPLE", "aggregate": "SUM", "column": 3}}, ""),
        ({"metric": [[[]]], "adhoc_filters": {"a": 1}}, ""),
    ],
)
def test_charts_that_could_never_answer_are_refused(
    house: Flask, params: dict[str, Any], reason: str
) -> None:
    found = importing.plan(SYSTEM, packed(packs.files(chart=packs.chart(**params))), ONTO)
    assert actions(found)["chart total"] == "refused"
    assert actions(found)["dashboard sales"] == "new"
    assert reason in notes(found, "total")


def test_a_dataset_that_cannot_be_translated_takes_its_charts_along(house: Flask) -> None:
    sql = "select * from orders where day > '{{ from_dttm }}'"
    found = importing.apply(SYSTEM, packed(packs.files(dataset=packs.dataset(sql=sql))), ONTO)
    assert actions(found) == {
        "dataset orders": "refused", "chart total": "refused", "dashboard sales": "new",
    }  # fmt: skip
    assert "Jinja" in notes(found, "orders")


def test_queries_are_translated_to_the_other_engine(house: Flask) -> None:
    sql = "SELECT `region`, amount, day FROM shop.Orders WHERE amount > 5;"
    data = packed(packs.files(dataset=packs.dataset(sql=sql)))
    importing.apply(SYSTEM, data, ONTO)
    assert (shown(), dataset().table) == (7, None)
    assert '"region"' in dataset().sql


def test_odd_parts_of_a_dataset_are_left_out_and_told(house: Flask) -> None:
    columns = [
        *packs.dataset()["columns"], packs.column("gone"), packs.column("region"),
        packs.column("bad", expression="pg_sleep(1)"),
        packs.column("jinja", expression="{{ x }}"),
    ]  # fmt: skip
    metrics = [
        *packs.dataset()["metrics"], {"metric_name": "evil", "expression": "(select 1)"},
        {"metric_name": "none", "expression": " "}, {"metric_name": "count", "expression": "1"},
    ]  # fmt: skip
    one = packs.dataset(
        columns=columns,
        metrics=metrics,
        offset=2,
        fetch_values_predicate="1=1",
        colour="red",
        main_dttm_col="missing",
    )
    found = importing.apply(SYSTEM, packed(packs.files(dataset=one)), ONTO)
    assert [c.name for c in dataset().columns] == ["day", "region", "amount", "half"]
    assert [m.name for m in dataset().metrics] == ["revenue", "count", "mean"]
    told = notes(found, "orders")
    for word in ("gone", "region", "bad", "jinja", "evil", "none", "2 hours", "colour", "missing"):
        assert word in told


def test_a_table_that_is_not_there_is_told(house: Flask) -> None:
    found = importing.plan(
        SYSTEM, packed(packs.files(dataset=packs.dataset(table_name="nowhere"))), ONTO
    )
    assert "no table nowhere" in notes(found, "nowhere")
    assert actions(found)["dataset nowhere"] == "new"


def test_columns_that_charts_calculate_are_added_to_a_dataset_that_is_kept(house: Flask) -> None:
    importing.apply(SYSTEM, packed(packs.files()), ONTO)
    mine = yaml.safe_load(bundles.export(SYSTEM))
    mine["datasets"][0]["description"] = "Changed here"
    bundles.apply(SYSTEM, bundles.parse(yaml.safe_dump(mine)))
    ad_hoc = {"expressionType": "SQL", "sqlExpression": "upper(region)", "label": "Loud"}
    table = packs.chart(
        "list", "table", groupby=[ad_hoc], metrics=["revenue"], query_mode="aggregate"
    )
    data = packed(packs.files() | {"charts/list_2.yaml": table})
    found = importing.apply(SYSTEM, data)
    assert actions(found)["dataset orders"] == "changed"
    assert dataset().description == "Changed here"
    loud = next(c for c in dataset().columns if c.name == "Loud")
    assert (loud.type, loud.expression) == ("text", "UPPER(region)")
    assert actions(importing.plan(SYSTEM, data))["dataset orders"] == "kept"


def test_a_slug_that_is_taken_gets_a_number(house: Flask) -> None:
    db.session.add(Dashboard(slug="sales", title="Other", layout={"tabs": [{"key": "t"}]}))
    db.session.commit()
    data = packed(packs.files())
    assert importing.apply(SYSTEM, data, ONTO).slugs == ("sales-2",)
    assert importing.apply(SYSTEM, data, ONTO).slugs == ("sales-2",)


def test_metadata_of_a_dashboard_is_carried_over(house: Flask) -> None:
    board = packs.dashboard(
        color_scheme="supersetColors", refresh_frequency=5, cross_filters_enabled=False,
        label_colors={"North": "#ADD8E6", "South": "tomato", "East": "rgb(1, 2, 3)", "x": "?"},
        map_label_colors={"North": "#000000", "West": "#FFF"}, shared_label_colors=["North"],
        odd_key=3, timed_refresh_immune_slices=[],
    )  # fmt: skip
    more = {
        "css": ".x {}", "theme_uuid": uuid("theme"), "certified_by": "Ann",
        "certification_details": "checked", "description": "About", "published": False,
        "tags": ["kpi", "kpi", " "],
    }  # fmt: skip
    found = importing.apply(SYSTEM, packed(packs.files(dashboard=board | more)), ONTO)
    opened = dashboards.open(SYSTEM, "sales")
    assert opened.layout.colors == {
        "North": "#add8e6", "South": "#ff6347", "East": "#010203", "West": "#ffffff",
    }  # fmt: skip
    assert (opened.layout.refresh_s, opened.layout.cross_filters) == (10, False)
    assert opened.layout.palette == "lagoon"
    assert opened.description == "About\n\nCertified by Ann (checked)."
    assert opened.tags == ("kpi",)
    told = notes(found, "sales")
    for word in ("CSS", "theme", "odd_key", "refreshed every 10 s"):
        assert word in told


def test_files_of_other_kinds_are_told_of(house: Flask) -> None:
    files = packs.files() | {
        "themes/dark.yaml": {"theme_name": "Dark", "version": "1.0.0"},
        "queries/sales/q.yaml": {"label": "Q", "sql": "select 1", "version": "1.0.0"},
        "extra/readme.yaml": "a: 1",
    }  # fmt: skip
    found = importing.apply(SYSTEM, packed(files), ONTO)
    assert [(one.kind, one.action) for one in found.lines[-3:]] == [
        ("theme", "refused"), ("query", "refused"), ("file", "refused"),
    ]  # fmt: skip


def test_wrong_files_keep_out_all_and_are_all_named(house: Flask) -> None:
    data = packed(packs.files(chart="[1]", dataset=packs.dataset(columns=3)))
    for step in (importing.plan, importing.apply):
        with pytest.raises(Invalid, match="2 problems") as caught:
            step(SYSTEM, data, ONTO)
        assert len(caught.value.fields) == 2


def test_our_own_bundles_come_in_too(house: Flask) -> None:
    importing.apply(SYSTEM, packed(packs.files()), ONTO)
    text = bundles.export(SYSTEM).replace("title: Sales", "title: Bazaar")
    assert actions(importing.plan(SYSTEM, text.encode()))["dashboard sales"] == "kept"
    importing.apply(SYSTEM, text.encode(), Choices(overwrite="all"))
    assert dashboards.open(SYSTEM, "sales").title == "Bazaar"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b'{"dashboards": [{"__Dashboard__": {}}]}', "old Superset"),
        (b"\xff\xfe\x00", "neither"), (b"", "problem"), (b"PK\x03\x04", "damaged"),
    ],
)  # fmt: skip
def test_other_files_are_refused_with_a_reason(house: Flask, data: bytes, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        importing.plan(SYSTEM, data)


def test_only_those_who_may_import_do(house: Flask) -> None:
    ann = person(user("ann").id)
    for step in (importing.plan, importing.apply):
        with pytest.raises(Forbidden):
            step(ann, packed(packs.files()), ONTO)


def test_whole_numbers_that_superset_takes_for_times_are_milliseconds(house: Flask):
    columns = [packs.column("region"), packs.column("amount", "LONGINTEGER", is_dttm=True)]
    files = {
        "metadata.yaml": {"version": "1.0.0", "type": "SqlaTable"},
        "databases/sales.yaml": packs.database(),
        "datasets/sales/orders.yaml": packs.dataset(
            columns=columns, metrics=[], main_dttm_col="amount"
        ),
    }
    found = importing.apply(SYSTEM, packed(files), ONTO)
    assert "milliseconds since 1970" in notes(found, "orders")
    made = db.session.query(Dataset).filter_by(name="orders").one()
    assert {c.name: c.type for c in made.columns}["amount"] == "time"


def test_a_dashboard_that_is_too_long_is_left_out_and_told(house: Flask) -> None:
    rows = [packs.node("ROW", f"R{i}", f"C{i}") for i in range(3000)]
    tiles = [
        packs.node("CHART", f"C{i}", uuid=uuid("total"), chartId=1, width=4, height=500)
        for i in range(3000)
    ]
    tree = packs.node("ROOT", "ROOT_ID", "GRID_ID")
    tree |= packs.node("GRID", "GRID_ID", *(f"R{i}" for i in range(3000)))
    for one in (*rows, *tiles):
        tree |= one
    data = packed(packs.files(dashboard=packs.dashboard() | {"position": tree}))
    found = importing.apply(SYSTEM, data, ONTO)
    assert actions(found)["dashboard Sales"] == "refused"
    assert "too large" in notes(found, "Sales")


@pytest.mark.parametrize("odd", [True, 3, 1.5, "x", {"a": 1}, [[]], [None], None])
@pytest.mark.parametrize("key", ["targets", "cascadeParentIds", "scope", "name", "defaultDataMask"])
def test_filters_of_odd_types_do_not_stop_a_dashboard(house: Flask, key: str, odd: Any) -> None:
    entry = {
        "id": "F",
        "filterType": "filter_select",
        "type": "NATIVE_FILTER",
        "name": "f",
        key: odd,
    }
    board = packs.dashboard() | {"metadata": {"native_filter_configuration": [entry]}}
    found = importing.plan(SYSTEM, packed(packs.files(dashboard=board)), ONTO)
    assert "refused" not in {one.action for one in found.lines}
