"""The example dashboards: made once, equal the second time, every tile of them draws."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from dashapp import cache, warehouses
from dashapp.charts.base import Empty, Grid, Number, Plot, Text
from dashapp.errors import Forbidden
from dashapp.services import bundles, charts, dashboards, examples, filters, sources
from dashapp.services.charts import Want
from dashapp.services.dashboards import Opened
from dashapp.settings import Settings, settings, using
from dashapp.specs import FilterState
from dashapp.viewer import SYSTEM
from tests.services.conftest import KEY
from tests.services.metadata import metadata, person, user

SLUGS = ("new-york-flights-2013", "world-development", "new-york-weather-2013")


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """A server with the examples."""
    chosen = Settings.model_validate({"data_dir": tmp_path_factory.mktemp("ex"), "secret_key": KEY})
    with using(chosen):
        cache.reset()
        sources.forget()
        with metadata(chosen.metadata_url) as app:
            examples.load(SYSTEM)
            yield app
        warehouses.dispose()
        cache.reset()


@pytest.mark.parametrize("slug", SLUGS)
def test_every_tile_of_the_examples_draws(loaded: Flask, slug: str) -> None:
    opened = dashboards.open(SYSTEM, slug)
    keys = [tile.key for _, tile in opened.layout.tiles()]
    found = charts.answers(SYSTEM, opened, keys, Want())
    assert {key: str(a.error) for key, a in found.items() if a.error} == {}
    empty = [key for key, a in found.items() if isinstance(a.drawing, Empty)]
    assert empty == []
    assert all(isinstance(a.drawing, Plot | Grid | Number | Text) for a in found.values())
    assert all(a.drawing.summary for a in found.values() if isinstance(a.drawing, Plot))


@pytest.mark.parametrize("slug", SLUGS)
def test_every_filter_of_the_examples_offers_something(loaded: Flask, slug: str) -> None:
    opened = dashboards.open(SYSTEM, slug)
    assert opened.layout.filters
    for spec in opened.layout.filters:
        if spec.kind == "select":
            assert filters.options(SYSTEM, opened, spec.key, "", FilterState()).values
        if spec.kind == "range":
            bounds = filters.bounds(SYSTEM, opened, spec.key)
            assert bounds is not None
            assert bounds[0] < bounds[1]
    assert filters.data_until(SYSTEM, opened) is not None


def opened_flights() -> Opened:
    return dashboards.open(SYSTEM, SLUGS[0])


def test_all_flights_are_there(loaded: Flask) -> None:
    opened = opened_flights()
    assert sum(1 for _ in opened.layout.tiles()) >= 14
    found = charts.answers(SYSTEM, opened, ["by-airport"], Want())["by-airport"]
    rows = found.results["main"].table.to_pylist()
    assert {r["origin_name"]: r["flights"] for r in rows} == {
        "Newark": 120_835, "John F. Kennedy": 111_279, "LaGuardia": 104_662,
    }  # fmt: skip


def test_loading_twice_changes_nothing(loaded: Flask) -> None:
    before = bundles.export(SYSTEM)
    changes = examples.load(SYSTEM)
    assert {c.action for c in changes} == {"equal"}
    assert [f.name for f in warehouse_files()] == ["examples.duckdb", "weather.sqlite"]
    assert bundles.export(SYSTEM) == before


def warehouse_files() -> list[Path]:
    return sorted((settings().data_dir / "warehouses").glob("*.*"))


def test_a_warehouse_of_an_earlier_version_is_made_again(loaded: Flask) -> None:
    path = settings().data_dir / "warehouses" / examples.SQLITE
    warehouses.dispose()
    path.unlink()
    path.touch()
    told: list[str] = []
    examples.load(SYSTEM, told.append)
    assert told == ["Making examples.duckdb …", "Making weather.sqlite …"]
    assert path.stat().st_size > 100_000
    assert [f.name for f in warehouse_files()] == ["examples.duckdb", "weather.sqlite"]


def test_only_who_may_import_loads_examples(loaded: Flask) -> None:
    with pytest.raises(Forbidden):
        examples.load(person(user("eve", "editor").id, "editor"))
