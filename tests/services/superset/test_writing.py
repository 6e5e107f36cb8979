"""Bundles for Superset, read back."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
import yaml
from flask import Flask

from dashapp import warehouses
from dashapp.errors import Forbidden, NotFound
from dashapp.services import bundles
from dashapp.services.superset import archive, documents, importing, kinds, writing
from dashapp.services.superset.importing import Choices
from dashapp.viewer import SYSTEM
from models import Base, db
from tests.services.metadata import person, user
from tests.services.superset import packs
from tests.services.superset.packs import grid, packed, tile, uuid

NATIVE = {
    "id": "NATIVE_FILTER-1", "name": "Region", "filterType": "filter_select",
    "type": "NATIVE_FILTER", "cascadeParentIds": [], "description": "",
    "targets": [{"column": {"name": "region"}, "datasetUuid": uuid("orders")}],
    "controlValues": {"multiSelect": False, "enableEmptyFilter": True},
    "defaultDataMask": {"filterState": {"value": ["North"]}},
    "scope": {"rootPath": ["ROOT_ID"], "excluded": [1]},
    "adhoc_filters": [
        {"expressionType": "SIMPLE", "clause": "WHERE", "subject": "amount", "operator": ">",
         "comparator": 1}
    ],
}  # fmt: skip
SCOPED = {"1": {"id": 1, "crossFilters": {"scope": {"rootPath": ["ROOT_ID"], "excluded": [1, 2]}}}}


@pytest.fixture
def house(app: Flask) -> Iterator[Flask]:
    """A server with a dashboard of a line, a number and a text."""
    packs.make_sqlite()
    line = packs.chart(
        "months", "echarts_timeseries_line", metrics=["revenue", "count"], x_axis="day",
        time_grain_sqla="P1M", groupby=["region"], metric=None,
    )  # fmt: skip
    text = packs.node("MARKDOWN", "MARKDOWN-1", code="# Hi", width=4, height=20)
    board = packs.dashboard(
        grid(packs.node("ROW", "ROW-1", "CHART-total", "CHART-months", "MARKDOWN-1"))
        | tile(1, "total") | tile(2, "months", sliceNameOverride="By month") | text,
        native_filter_configuration=[NATIVE], chart_configuration=SCOPED, refresh_frequency=60,
        label_colors={"North": "#112233"}, color_scheme="supersetColors",
    ) | {"slug": "shop", "description": "About", "tags": ["kpi"]}  # fmt: skip
    files = packs.files(dashboard=board) | {"charts/months_2.yaml": line | {"tags": ["line"]}}
    found = importing.apply(SYSTEM, packed(files))
    assert {one.action for one in found.lines} == {"new"}, found.lines
    yield app
    warehouses.dispose()


def opened(data: bytes) -> dict[str, Any]:
    with zipfile.ZipFile(io.BytesIO(data)) as one:
        return {name.split("/", 1)[1]: yaml.safe_load(one.read(name)) for name in one.namelist()}


def test_what_is_written_reads_back_the_same(house: Flask) -> None:
    text = bundles.export(SYSTEM)
    written = writing.export(SYSTEM, ["shop"])
    assert written.notes == []
    again = importing.plan(SYSTEM, written.data, Choices(overwrite="all"))
    assert {f"{one.kind} {one.name}": (one.action, one.notes) for one in again.lines} == {
        f"{one.kind} {one.name}": ("equal", ()) for one in again.lines
    }
    assert len(again.lines) == 5
    assert bundles.export(SYSTEM) == text


def test_an_export_of_what_was_imported_exports_byte_for_byte_the_same(house: Flask) -> None:
    first = bundles.export(SYSTEM)
    db.session.remove()
    Base.metadata.drop_all(db.engine)
    Base.metadata.create_all(db.engine)
    bundles.apply(SYSTEM, bundles.parse(first))
    assert bundles.export(SYSTEM) == first


def test_the_files_are_as_superset_writes_them(house: Flask) -> None:
    found = opened(writing.export(SYSTEM).data)
    assert set(found) == {
        "metadata.yaml", "databases/sales.yaml", "datasets/sales/orders_1.yaml",
        "charts/months_1.yaml", "charts/total_2.yaml", "dashboards/Sales_1.yaml", "tags.yaml",
    }  # fmt: skip
    assert found["metadata.yaml"]["type"] == "Dashboard"
    assert all(found[p]["version"] == "1.0.0" for p in found if p != "tags.yaml")
    database = found["databases/sales.yaml"]
    assert database["sqlalchemy_uri"] == "sqlite:///sales.db"
    board = found["dashboards/Sales_1.yaml"]
    (native,) = board["metadata"]["native_filter_configuration"]
    assert native["defaultDataMask"]["extraFormData"] == {
        "filters": [{"col": "region", "op": "IN", "val": ["North"]}]
    }
    assert native["scope"] == {"rootPath": ["ROOT_ID"], "excluded": [2]}
    meta = board["position"]["CHART-months"]["meta"]
    assert (meta["chartId"], meta["width"], meta["height"]) == (1, 4, 50)
    assert meta["sliceNameOverride"] == "By month"
    line = found["charts/months_1.yaml"]
    assert (line["viz_type"], line["params"]["viz_type"]) == ("echarts_timeseries_line",) * 2
    assert line["tags"] == ["line"]
    assert [tag["tag_name"] for tag in found["tags.yaml"]["tags"]] == ["kpi", "line"]
    metrics = {
        m["metric_name"]: m["expression"] for m in found["datasets/sales/orders_1.yaml"]["metrics"]
    }
    assert metrics["revenue"] == "SUM(amount)"


def test_documents_have_only_keys_that_are_known(house: Flask) -> None:
    found = documents.read(archive.unpack(writing.export(SYSTEM).data))
    assert found.problems == {}
    parts = (*found.databases, *found.datasets, *found.charts, *found.dashboards)
    assert [part.unknown() for part in parts] == [[]] * 5


def test_passwords_do_not_travel(house: Flask) -> None:
    url = "postgresql://ann:sesame@93.184.216.34:5432/shop"
    entry = {"uuid": "pg", "name": "PG", "kind": "postgresql", "url": url}
    bundles.apply(SYSTEM, bundles.parse(yaml.safe_dump({"dashapp": 1, "databases": [entry]})))
    uri = opened(writing.export(SYSTEM).data)["databases/PG.yaml"]["sqlalchemy_uri"]
    assert uri == "postgresql://ann:XXXXXXXXXX@93.184.216.34:5432/shop"


def test_one_chart_or_dataset_takes_along_what_it_leans_on(house: Flask) -> None:
    chart = writing.export(SYSTEM, charts=[UUID(uuid("total"))])
    found = opened(chart.data)
    assert found["metadata.yaml"]["type"] == "Slice"
    assert [p.split("/")[0] for p in found] == ["metadata.yaml", "databases", "datasets", "charts"]
    dataset = opened(writing.export(SYSTEM, datasets=[UUID(uuid("orders"))]).data)
    assert dataset["metadata.yaml"]["type"] == "SqlaTable"
    assert len(dataset) == 3
    ours = yaml.safe_load(bundles.export(SYSTEM, charts=[UUID(uuid("total"))]))
    assert set(ours) == {"dashapp", "databases", "datasets", "charts"}
    with pytest.raises(NotFound, match=uuid("nothing")):
        writing.export(SYSTEM, charts=[UUID(uuid("nothing"))])


def test_charts_that_superset_lacks_leave_a_text_and_are_told_of(
    house: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kinds, "WRITERS", {})
    written = writing.export(SYSTEM, ["shop"])
    assert [note.split(":")[0] for note in written.notes] == ["months", "total"]
    found = opened(written.data)
    assert not [p for p in found if p.startswith("charts/")]
    position = found["dashboards/Sales_1.yaml"]["position"]
    assert position["CHART-total"]["type"] == "MARKDOWN"


def test_only_those_who_may_export_do(house: Flask) -> None:
    with pytest.raises(Forbidden):
        writing.export(person(user("vic", role="viewer").id))
