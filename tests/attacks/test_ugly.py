"""Ugly cells, names and options: every kind draws or says a sentence, files stay harmless (Q6, V1, M14)."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from typing import Any

import openpyxl
import psycopg
import pytest
import sqlalchemy as sa
from dash._utils import to_json
from flask import Flask
from pydantic import SecretStr

from dashapp import cache, query, warehouses
from dashapp.charts import KINDS
from dashapp.errors import AppError, Unexpected
from dashapp.query import post
from dashapp.services import charts, dashboards, exports, filters, sources
from dashapp.services.charts import RowsPage, Want
from dashapp.services.dashboards import Opened
from dashapp.services.exports import ExportRequest
from dashapp.settings import Settings, settings, using
from dashapp.specs import DatabaseSpec, FilterState
from dashapp.specs.bundle import named
from dashapp.ui import cards
from dashapp.viewer import Viewer
from tests.attacks import ugly
from tests.attacks.ugly import CHARTS, PAYLOADS
from tests.servers import plain
from tests.services import market
from tests.services.conftest import KEY
from tests.services.metadata import metadata, person, user


@pytest.fixture(scope="module", params=["sqlite", "duckdb"])
def eve_ugly(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Viewer]:
    """An editor over the ugly dashboard."""
    folder = tmp_path_factory.mktemp("ugly")
    with using(
        Settings(data_dir=folder, secret_key=SecretStr(KEY), export_concurrency=100)
    ) as made:
        cache.reset()
        sources.forget()
        with metadata(made.metadata_url):
            ugly.open_ugly(request.param)
            yield person(user("eve", "editor").id, "editor")
        market.forget()


@pytest.mark.parametrize("locale", ["en", "de", "xx_YY"])
def test_every_kind_draws_ugly_cells(eve_ugly: Viewer, locale: str) -> None:
    who = Viewer(**{**eve_ugly.__dict__, "locale": locale, "zone": "Pacific/Kiritimati"})
    opened = dashboards.open(who, "ugly")
    found = charts.answers(who, opened, list(CHARTS), Want())
    assert not [key for key, a in found.items() if isinstance(a.error, Unexpected)]
    assert {k for k, a in found.items() if a.error} <= {"boxes", "bins", "violins"}
    for key, answer in found.items():
        body, _ = cards.tile(key, "d", answer.drawing, answer.error, answer.results, who.zone)
        text = str(to_json(body))
        assert "dangerously_allow_html" not in text
        assert all(f.startswith("dashapp") for f in re.findall(r'"function": ?"([^"]*)', text))


def test_no_drawing_carries_markup_to_plotly(eve_ugly: Viewer) -> None:
    """Plotly takes tags in its texts for its own: none may be left of what data say."""
    opened = dashboards.open(eve_ugly, "ugly")
    for key, answer in charts.answers(eve_ugly, opened, list(CHARTS), Want()).items():
        figure = getattr(answer.drawing, "figure", None) or getattr(answer.drawing, "trend", None)
        for path, text in texts(figure or {}):
            if "customdata" not in path and "meta" not in path:
                assert "<img" not in text, (key, path)
                assert "<script" not in text, (key, path)
                assert "<a " not in text, (key, path)


def texts(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every text in a figure, with the path to it."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from texts(inner, f"{path}.{key}")
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from texts(inner, path)


def test_filters_and_pages_live_with_ugly_cells(eve_ugly: Viewer) -> None:
    opened = dashboards.open(eve_ugly, "ugly")
    found = filters.options(eve_ugly, opened, "name", "", FilterState()).values
    assert set(PAYLOADS) <= {*found}
    for value in PAYLOADS:
        state = FilterState.model_validate({"values": {"name": {"values": [value]}}})
        page = charts.page_of(eve_ugly, opened, "raw", Want(state=state), "data", RowsPage())
        assert {v.as_py() for v in page.table["name"]} == {value}
    filters.data_until(eve_ugly, opened)


def written(who: Viewer, **request: Any) -> bytes:
    """A file."""
    wish = ExportRequest(dashboard="ugly", **request)
    made = exports.write(who, wish, lambda share, text: None)
    return b"".join(exports.open(who, made.uuid)[1])


@pytest.mark.parametrize("what", ["data", "rows"])
@pytest.mark.parametrize("tile", ["raw", "table", "bar"])
def test_no_cell_or_header_of_a_file_is_a_formula(eve_ugly: Viewer, tile: str, what: Any) -> None:
    sheet = list(csv.reader(io.StringIO(written(eve_ugly, tile=tile, what=what).decode())))
    for cell in [c for row in sheet for c in row]:
        assert not cell.lstrip(" \t").startswith(("=", "+", "@", "|", "%")), cell[:50]
    content = written(eve_ugly, tile=tile, what=what, format="xlsx")
    book = openpyxl.load_workbook(io.BytesIO(content))
    for page in book.worksheets:
        assert all(cell.data_type != "f" for row in page.iter_rows() for cell in row)
    assert not any("<" in page.title for page in book.worksheets if "'" in page.title)


# Bugs and engines


def test_a_bug_after_a_query_spares_the_other_tiles(
    eve: Viewer, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = query.run_many

    def broken(questions: Any) -> Any:
        if any(source.dataset.uuid == market.STORES for source, _, _ in questions):
            raise RuntimeError("secret detail")
        return run(questions)

    monkeypatch.setattr(charts.query, "run_many", broken)
    found = market.show(eve, opened)
    assert isinstance(found["stores"].error, Unexpected)
    assert "secret" not in found["stores"].error.message
    assert [key for key, answer in found.items() if answer.error] == ["stores"]


@pytest.mark.parametrize("error", [AppError("no"), RuntimeError("secret")])
def test_a_kept_answer_that_cannot_be_used_does_not_stop_the_page(
    eve: Viewer, opened: Opened, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    market.show(eve, opened)

    def broken(*_: Any, **__: Any) -> Any:
        raise error

    monkeypatch.setattr(charts.query, "peek", broken)
    assert charts.known(eve, opened, ["total", "regions"], Want()) == {}
    monkeypatch.setattr(post, "apply", broken)
    assert charts.known(eve, opened, ["total", "regions"], Want()) == {}


def test_a_bug_while_asking_spares_the_other_tiles(
    eve: Viewer, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(KINDS["pie"], "queries", broken)
    found = market.show(eve, opened)
    assert isinstance(found["products"].error, Unexpected)
    assert [key for key, answer in found.items() if answer.error] == ["products"]


def test_infinite_times_of_postgresql_are_the_ends_of_the_calendar(
    app: Flask, postgres_url: str
) -> None:
    values = (
        "('infinity'), ('-infinity'), (null), ('2024-01-01'), ('294000-01-01'), ('4000-01-01 BC')"
    )
    url = plain(postgres_url)
    with psycopg.connect(url, autocommit=True) as post_server:
        post_server.execute("create table t (a timestamp, b timestamptz, c date)")
        post_server.execute(f"insert into t (a) values {values}")
        post_server.execute("update t set b = a, c = a")
    chosen = settings().model_copy(update={"private_hosts": ("127.0.0.1",)})
    with using(chosen):
        spec = DatabaseSpec(uuid=named("p"), name="p", kind="postgresql", url=SecretStr(url))
        warehouse = warehouses.pool(spec)
        for column in "abc":
            rows = warehouse._ask(sa.text(f"select {column} as x from t order by 1"))
            years = [row["x"].year for row in rows if row["x"] is not None]
            assert (years[0], years[-1], len(years)) == (1, 9999, 5)
        warehouses.dispose()
