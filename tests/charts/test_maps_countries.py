"""Maps of countries and their regions, and the data that come with the package."""

from __future__ import annotations

import pyarrow as pa
import pytest

from dashapp.charts.base import Empty, Look, Plot
from dashapp.charts.maps import countries, places, regions, shapes
from dashapp.charts.plotting import typed
from dashapp.errors import Invalid
from tests.charts.flying import LOOK, asked, drawn, flying
from tests.charts.plots import HOSTILE, harmless, numbers, plot, queries, query

WORLD = {"country": {"column": "origin"}, "metric": "flights"}
STATES = {"country": "usa", "region": {"column": "origin"}, "metric": "flights"}


def table(names: list[str | None], values: list[float | None] | None = None) -> pa.Table:
    return pa.table({
        "origin": pa.array(names, pa.string()),
        "flights": pa.array(values or [float(i) for i in range(len(names))], pa.float64()),
        "delay_sum": [1.0] * len(names),
    })  # fmt: skip


@pytest.mark.parametrize(
    ("text", "codes", "found"),
    [
        ("DE", "auto", "DEU"), ("deu", "auto", "DEU"), ("GER", "auto", "DEU"),
        ("Germany", "auto", "DEU"), ("germany ", "name", "DEU"), ("GER", "iso3", None),
        ("GER", "olympic", "DEU"), ("FRA", "olympic", "FRA"), ("BRN", "olympic", "BHR"),
        ("BRN", "iso3", "BRN"), ("Côte d'Ivoire", "name", "CIV"), ("Ivory Coast", "name", "CIV"),
        ("United States of America", "name", "USA"), ("Korea, Rep.", "name", "KOR"),
        ("Trinidad and Tobago", "name", "TTO"), ("KSV", "iso3", "XKX"), ("Atlantis", "auto", None),
        ("", "auto", None), (None, "auto", None), (7, "auto", None),
    ],
)  # fmt: skip
def test_countries_are_found_by_code_and_name(text, codes, found):
    country = countries.find(text, codes)
    assert (country.code3 if country else None) == found


def test_countries_are_found_and_named_in_the_language_of_the_viewer():
    austria = countries.find("Österreich", "name", "de")
    assert austria is not None
    assert austria.code3 == "AUT"
    assert countries.title(austria, "de") == "Österreich"
    assert countries.title(austria, "xx") == "Austria"


def test_the_world_is_coloured_and_bubbles_lie_on_it():
    found = plot("world_map", table(["DEU", "FR", "Brazil"]), **WORLD, bubbles="delay_sum")
    areas, bubbles = found.figure["data"]
    assert areas["locations"] == ["DEU", "FRA", "BRA"]
    assert numbers(areas["z"]) == [0, 1, 2]
    assert areas["customdata"] == [["DEU"], ["FR"], ["Brazil"]]
    assert bubbles["type"] == "scattergeo"
    assert "highest Brazil" in found.summary
    assert [c.column for c in found.clicks] == ["origin"]


def test_names_of_no_country_are_left_out_and_counted():
    found = plot("world_map", table(["DEU", "Atlantis", None, "WLD"]), **WORLD)
    assert found.figure["data"][0]["locations"] == ["DEU"]
    assert "3 names are of no country" in found.summary


def test_islands_without_an_outline_are_circles():
    found = plot("world_map", table(["DEU", "REU"]), **WORLD)
    assert [t["type"] for t in found.figure["data"]] == ["choropleth", "scattergeo"]


def test_countries_may_have_a_colour_each():
    found = plot("world_map", table(["DEU", "FRA"]), **WORLD, color_by="country")
    area = found.figure["data"][0]
    assert not area["showscale"]
    assert len({color for _, color in area["colorscale"]}) == 2


def test_an_empty_world_says_why():
    assert isinstance(drawn("world_map", {"main": table([])}, **WORLD), Empty)
    assert isinstance(drawn("world_map", {"main": table(["Atlantis"])}, **WORLD), Empty)
    with pytest.raises(Invalid, match="Choose"):
        queries("world_map")
    with pytest.raises(Invalid, match="Choose"):
        queries("country_map", country="usa")


def test_values_may_be_missing():
    found = plot("world_map", table(["DEU", "FRA"], [None, None]), **WORLD)
    assert found.summary == "Flights of 2 countries."
    assert plot("country_map", table(["US-NY"], [None]), **STATES)


def test_a_real_database_answers(tmp_path):
    with flying(tmp_path) as source:
        nowhere = asked("world_map", source, **WORLD)
        assert isinstance(nowhere, Empty)
        by_carrier = asked("world_map", source, country={"column": "carrier"}, metric="flights")
        assert isinstance(by_carrier, Plot)  # "UA" is Ukraine, too.
        india = STATES | {"region": {"column": "carrier"}, "country": "india"}
        delhi = asked("country_map", source, **india)
        assert isinstance(delhi, Plot)
        assert "highest Delhi" in delhi.summary


def test_the_largest_come_first_so_that_a_limit_keeps_them():
    assert [(o.by, o.descending) for o in query("world_map", **WORLD).order] == [("flights", True)]


def test_regions_are_found_by_code_short_code_and_name():
    found = plot("country_map", table(["US-NY", "ca", "Texas", "Atlantis"]), **STATES)
    rest, states = found.figure["data"]
    assert states["locations"] == ["US-NY", "US-CA", "US-TX"]
    assert states["customdata"] == [["US-NY"], ["ca"], ["Texas"]]
    assert len(rest["locations"]) == 48
    assert "3 of 51 regions" in found.summary
    assert "1 names are of no region" in found.summary


def test_hostile_names_are_no_countries_and_never_drawn():
    names = [*HOSTILE, "DEU"]
    found = plot("world_map", table(names), **WORLD)
    for trace in found.figure["data"]:
        assert all("<a" not in text for text in trace["hovertext"])


def test_hostile_metric_titles_are_text():
    metric = {"kind": "simple", "aggregate": "count", "label": HOSTILE[0]}
    cells = pa.table({"origin": ["DEU"], HOSTILE[0]: [1.0]})
    harmless(plot("world_map", cells, country={"column": "origin"}, metric=metric))


def test_viewers_read_names_in_their_language():
    look = Look(palette=LOOK.palette, locale="de")
    assert "Deutschland" in plot("world_map", table(["DEU"]), look, **WORLD).summary


def test_every_country_in_the_package_can_be_drawn():
    assert len(regions.names()) == 201
    for name in regions.names():
        found = regions.regions(name)
        assert found, name
        for region in found:
            assert region.code, name
            assert region.name, name
            assert region.polygons, (name, region.code)
            rings = [ring for polygon in region.polygons for ring in polygon]
            assert all(len(ring) >= 4 and ring[0] == ring[-1] for ring in rings), name


@pytest.mark.parametrize(
    "name", ["france", "usa", "russia", "fiji", "united_states_minor_outlying_islands"]
)
def test_countries_of_all_shapes_fill_their_maps(name):
    codes = [region.code for region in regions.regions(name)]
    found = plot("country_map", table(codes), **STATES | {"country": name})
    assert len(found.figure["data"]) == 1
    assert plot("country_map", table(codes), **STATES | {"country": name, "islands": True})


@pytest.mark.parametrize(
    ("text", "name"),
    [("DE", "germany"), ("Germany", "germany"), ("USA", "usa"), ("gb", "uk"), ("Serbia", "republic_of_serbia"),
     ("france_regions", "france_regions"), ("Ivory Coast", "ivory_coast"), ("KOR", "korea")],
)  # fmt: skip
def test_countries_are_named_in_many_ways(text, name):
    assert regions.name_of(text) == name


def test_a_country_that_is_not_in_the_package_is_refused():
    with pytest.raises(Invalid, match="Monaco"):
        queries("country_map", **STATES | {"country": "Monaco"})


def test_geohashes_and_polylines_are_read():
    west, south, east, north = places.geohash_box("u4pruydqqvj") or (0.0,) * 4
    assert (west + east) / 2 == pytest.approx(10.40744, abs=1e-4)
    assert (south + north) / 2 == pytest.approx(57.64911, abs=1e-4)
    assert places.geohash_box("ail") is None
    assert places.polyline("_p~iF~ps|U_ulLnnqC_mqNvxq`@") == [
        pytest.approx(p) for p in [(-120.2, 38.5), (-120.95, 40.7), (-126.453, 43.252)]
    ]
    assert places.polyline("\x00ü") == []


def test_places_are_read_from_text_and_geohashes():
    cells = pa.table({"at": ["2.5, 48", "2.5 48.0", "north", None, "2,95"]})
    lon, lat = places.Position(text="at").read(cells)
    assert numbers(typed(lon)) == [2.5, 2.5, None, None, None]
    swapped = places.Position(text="at", text_order="latitude first").read(cells)
    assert swapped[0][0] == 48
    hashed = places.Position(geohash="at").read(pa.table({"at": ["u4pruydqqvj", "!"]}))
    assert hashed[0][0] == pytest.approx(10.407, abs=1e-3)
    assert numbers(typed(hashed[0]))[1] is None
    assert lat[0] == 48


def test_shapes_nested_too_deep_are_nothing():
    assert shapes.polygons("[" * 100_000, "json") == []
    assert shapes.geojson("{" * 100_000) is None
