"""Maps of points, cells, lines and areas: what they ask, draw and say."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from dashapp.charts.base import Empty, Plot
from dashapp.charts.maps.layers import LAYERS
from dashapp.errors import Invalid
from dashapp.settings import Settings, using
from tests.charts.flying import FRAME, asked, drawn, flying
from tests.charts.plots import HOSTILE, harmless, numbers, plot, queries, query

PLACE = {"latitude": "delay", "longitude": "day_no"}
AT = {"latitude": "lat", "longitude": "lon"}
END = {"latitude": "lat2", "longitude": "lon2"}
NAME = [{"column": "origin"}]
SQUARE = "[[2,48],[3,48],[3,49],[2,49]]"
TILES = "https://tiles.example.com/{z}/{x}/{y}.png"

RNG = np.random.default_rng(5)
COUNT = 40
TABLE = pa.table(
    {
        "lat": 48 + RNG.normal(0, 1, COUNT),
        "lon": 2 + RNG.normal(0, 1, COUNT),
        "lat2": 52 + RNG.normal(0, 1, COUNT),
        "lon2": 13 + RNG.normal(0, 1, COUNT),
        "origin": [("EWR", "JFK", None)[i % 3] for i in range(COUNT)],
        "flights": RNG.integers(1, 50, COUNT),
        "rows": [1] * COUNT,
        "path": [f"[[2,48],[{2 + i / 10},49]]" for i in range(COUNT)],
        "area": [SQUARE.replace("2,", f"{i},") for i in range(COUNT)],
        "json": [json.dumps({"type": "Point", "coordinates": [i, 48]}) for i in range(COUNT)],
    }
)
# Every kind with the options that it needs for that table.
KINDS: dict[str, dict[str, Any]] = {
    "map_points": {"position": AT, "labels": NAME},
    "map_hexbin": {"position": AT},
    "map_grid": {"position": AT},
    "map_screen_grid": {"position": AT},
    "map_heat": {"position": AT},
    "map_contour": {"position": AT},
    "map_arcs": {"start": AT, "end": END, "labels": NAME},
    "map_paths": {"line": "path", "labels": NAME},
    "map_polygons": {"polygon": "area", "labels": NAME},
    "map_geojson": {"geojson": "json", "labels": NAME},
}
CLICKED = ("map_points", "map_arcs", "map_paths", "map_polygons", "map_geojson")


def shapes(found: Plot) -> list[str]:
    return [t["type"] for t in found.figure["data"]]


@pytest.mark.parametrize("slug", KINDS)
def test_every_map_is_drawn_over_outlines_of_its_own(slug):
    found = plot(slug, TABLE, **KINDS[slug])
    assert set(shapes(found)) <= {"scattergeo", "choropleth"}
    assert found.figure["layout"]["geo"]["bgcolor"]
    assert found.summary.endswith(".")


@pytest.mark.parametrize("slug", KINDS)
def test_every_map_is_drawn_over_tiles_where_there_is_a_server_of_them(slug, tmp_path):
    chosen = Settings(data_dir=tmp_path, map_tiles_url=TILES, map_tiles_attribution="© <b>us</b>")
    with using(chosen):
        found = plot(slug, TABLE, **KINDS[slug])
    assert set(shapes(found)) <= {"scattermap", "choroplethmap"}
    style = found.figure["layout"]["map"]["style"]
    assert style["sources"]["tiles"]["tiles"] == [TILES]
    assert "<b>" not in json.dumps(style)
    assert set(style) == {"version", "sources", "layers"}  # No fonts, no sprites.


@pytest.mark.parametrize("slug", KINDS)
def test_no_rows_and_rows_that_lie_nowhere_are_told(slug):
    assert isinstance(drawn(slug, {"main": TABLE.slice(0, 0)}, **KINDS[slug]), Empty)
    nowhere = pa.table(
        {name: pa.nulls(3, TABLE.schema.field(name).type) for name in TABLE.column_names}
    )
    assert isinstance(drawn(slug, {"main": nowhere}, **KINDS[slug]), Empty)


@pytest.mark.parametrize("slug", KINDS)
def test_one_row_is_a_map_too(slug):
    assert plot(slug, TABLE.slice(0, 1), **KINDS[slug]).figure["data"]


@pytest.mark.parametrize("slug", KINDS)
def test_what_is_not_chosen_yet_is_asked_for(slug):
    with pytest.raises(Invalid, match="Choose"):
        queries(slug)


@pytest.mark.parametrize("slug", CLICKED)
def test_marks_stand_for_raw_values(slug):
    found = plot(slug, TABLE, **KINDS[slug])
    assert [c.column for c in found.clicks] == ["origin"]
    clicks = [c for t in found.figure["data"] for c in t["customdata"]]
    assert {tuple(c) for c in clicks} == {("EWR",), ("JFK",), (None,)}


@pytest.mark.parametrize("slug", CLICKED)
def test_labels_that_mean_harm_are_text(slug):
    table = TABLE.slice(0, 4).set_column(4, "origin", pa.array(list(HOSTILE)))
    options = KINDS[slug] | ({} if slug in ("map_polygons", "map_geojson") else {"color": NAME[0]})
    harmless(plot(slug, table, **options))


def test_names_in_geojson_that_mean_harm_are_text():
    cells = [
        json.dumps({
            "type": "Feature", "geometry": {"type": "Point", "coordinates": [i, 4]},
            "properties": {"name": name},
        })
        for i, name in enumerate(HOSTILE)
    ]  # fmt: skip
    harmless(plot("map_geojson", pa.table({"json": cells}), geojson="json"))


def test_a_real_database_answers(tmp_path):
    place = {"latitude": "delay", "longitude": "delay"}
    with flying(tmp_path) as source:
        points = asked("map_points", source, position=place, labels=NAME, size="flights")
        assert isinstance(points, Plot)
        assert len(points.figure["data"][0]["customdata"]) > 50
        raw = asked("map_points", source, position=place)
        assert isinstance(raw, Plot)
        cells = asked("map_grid", source, position=place)
        assert isinstance(cells, Plot)
        # Every row with a place counts once: not those whose delay is empty or beyond the pole.
        assert sum(numbers(cells.figure["data"][0]["z"])) == (FRAME["delay"] <= 90).sum()


def test_a_limit_leaves_out_the_lightest_places():
    for slug in ("map_hexbin", "map_grid", "map_screen_grid", "map_heat", "map_contour"):
        (order,) = query(slug, position=AT, weight="flights", limit=5).order
        assert (order.by, order.descending) == ("flights", True)


def test_rows_without_a_place_are_not_asked_for():
    found = query("map_hexbin", position=AT, weight="flights")
    assert [(f.column, f.op) for f in found.filters] == [
        ("lon", "is not null"), ("lat", "is not null")
    ]  # fmt: skip
    assert [d.column for d in found.dimensions] == ["lon", "lat"]


def test_sizes_are_areas_and_large_points_lie_under_small_ones():
    table = pa.table({"lat": [1.0, 2, 3], "lon": [1.0, 2, 3], "flights": [25, 100, None]})
    found = plot("map_points", table, position=AT, size="flights", diameter=20).figure["data"][0]
    assert numbers(found["marker"]["size"]) == [20, 10, 0]


def test_colours_have_a_legend_and_a_fixed_colour_wins():
    found = plot("map_points", TABLE, position=AT, color={"column": "origin"})
    assert found.figure["layout"]["showlegend"]
    assert {t["name"] for t in found.figure["data"]} == {"EWR", "JFK", "(empty)"}


def test_close_points_are_one_circle_with_their_number():
    table = pa.table({"lat": [10.0, 10.0001, 10.0002, 40], "lon": [5.0, 5.0001, 5.0, 60]})
    found = plot("map_points", table, position=AT, cluster_px=40).figure["data"]
    assert found[0]["text"] == ["3"]
    assert len(numbers(found[1]["lat"])) == 1


def test_many_points_are_bounded_and_it_is_said():
    table = pa.table({"lat": np.linspace(1, 50, 9000), "lon": np.linspace(1, 50, 9000)})
    found = plot("map_points", table, position=AT)
    assert len(numbers(found.figure["data"][0]["lat"])) == 5000
    assert "5,000 of 9,000 points" in found.summary


@pytest.mark.parametrize(
    ("gather", "value"),
    [("sum", 9), ("mean", 3), ("min", 1), ("max", 6), ("median", 2), ("count", 3),
     ("stddev", pytest.approx(2.6457513))],
)  # fmt: skip
def test_a_cell_shows_what_was_chosen(gather, value):
    table = pa.table({"lat": [10.0] * 3 + [40], "lon": [5.0] * 3 + [60], "flights": [2, 1, 6, 4]})
    for slug in ("map_hexbin", "map_grid", "map_screen_grid"):
        found = plot(slug, table, position=AT, weight="flights", gather=gather)
        assert value in numbers(found.figure["data"][0]["z"])


def test_cells_get_coarser_until_they_can_be_drawn():
    table = pa.table({
        "lat": RNG.uniform(-60, 60, 20_000), "lon": RNG.uniform(-179, 179, 20_000),
        "rows": [1] * 20_000,
    })  # fmt: skip
    for slug in ("map_hexbin", "map_grid"):
        found = plot(slug, table, position=AT, cell_m=10)
        assert len(found.figure["data"][0]["locations"]) <= 6000
        assert sum(numbers(found.figure["data"][0]["z"])) == 20_000


def test_the_summary_tells_that_cells_are_wider_than_chosen():
    fine = plot("map_grid", TABLE, position=AT, cell_m=20_000)
    assert "as wide as chosen" not in fine.summary
    for slug in ("map_hexbin", "map_grid", "map_contour"):
        coarse = plot(slug, TABLE, position=AT, cell_m=1)
        assert "times as wide as chosen" in coarse.summary, slug


def test_numbers_of_points_put_together_stand_apart():
    table = pa.table({"lat": RNG.uniform(-30, 30, 500), "lon": RNG.uniform(-60, 60, 500)})
    found = plot("map_points", table, position=AT, cluster_px=60).figure
    groups = found["data"][0]
    counts = [int(t) for t in groups["text"]]
    alone = sum(len(numbers(t["lon"])) for t in found["data"][1:])
    assert sum(counts) + alone == 500
    west, east = found["layout"]["geo"]["lonaxis"]["range"]
    px = 560 / (east - west)
    middles = list(zip(numbers(groups["lon"]), numbers(groups["lat"]), strict=True))
    widths = numbers(groups["marker"]["size"])
    for i, (x, y) in enumerate(middles):
        for j, (a, b) in enumerate(middles[:i]):
            assert np.hypot(x - a, y - b) * px > (widths[i] + widths[j]) / 2


def test_contours_are_lines_and_bands_at_their_levels():
    levels = [{"low": 2, "color": "#ff0000"}, {"low": 0.5, "high": 2, "color": "#00ff00"}]
    found = plot("map_contour", TABLE, position=AT, weight="flights", levels=levels)
    assert shapes(found) == ["scattergeo", "choropleth"] or shapes(found) == [
        "choropleth", "scattergeo"
    ]  # fmt: skip
    assert "2" in found.summary


def test_heat_grows_from_the_middle_outwards():
    found = plot("map_heat", TABLE, position=AT).figure["data"][0]
    assert len(found["locations"]) == 8
    assert found["marker"]["line"]["width"] == 0


def test_arcs_follow_great_circles_and_tell_at_both_ends():
    table = pa.table({"lat": [0.0], "lon": [-170.0], "lat2": [0.0], "lon2": [170.0]})
    line, dots = plot("map_arcs", table, start=AT, end=END).figure["data"]
    along = [x for x in numbers(line["lon"]) if x is not None]
    assert along[0] == pytest.approx(-170)
    assert along[-1] == pytest.approx(-190)  # The short way, across the antimeridian.
    assert len(numbers(dots["lon"])) == 2


def test_wide_lines_are_large_ones():
    found = plot("map_arcs", TABLE, start=AT, end=END, metric="flights").figure["data"]
    widths = [t["line"]["width"] for t in found if t["mode"] == "lines"]
    assert widths == sorted(widths)
    assert len(set(widths)) > 3


def test_paths_are_read_from_json_polylines_and_geojson():
    for cell, written, count in (
        ("[[2,48],[3,49],[4,50]]", "json", 3),
        ('{"type":"LineString","coordinates":[[2,48],[3,49]]}', "json", 2),
        ("_p~iF~ps|U_ulLnnqC_mqNvxq`@", "polyline", 3),
    ):
        found = plot(
            "map_paths", pa.table({"path": [cell, "junk", None]}), line="path", line_written=written
        )
        assert len([x for x in numbers(found.figure["data"][0]["lon"]) if x is not None]) == count


def test_areas_are_read_from_points_geojson_and_geohashes():
    for cell, written in (
        (SQUARE, "json"),
        (f"[{SQUARE}]", "json"),
        (json.dumps({"type": "Polygon", "coordinates": [json.loads(SQUARE)]}), "json"),
        ("u09", "geohash"),
    ):
        found = plot(
            "map_polygons",
            pa.table({"area": [cell, "[1]", None]}),
            polygon="area",
            polygon_written=written,
        )
        assert len(found.figure["data"][0]["locations"]) == 1


def test_outer_rings_run_clockwise_or_plotly_would_fill_the_rest_of_the_world():
    for ring in (json.loads(SQUARE), json.loads(SQUARE)[::-1]):
        found = plot("map_polygons", pa.table({"area": [json.dumps(ring)]}), polygon="area")
        x, y = np.array(
            found.figure["data"][0]["geojson"]["features"][0]["geometry"]["coordinates"][0][0]
        ).T  # fmt: skip
        assert np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]) < 0


def test_colours_may_change_in_steps():
    found = plot("map_polygons", TABLE, polygon="area", metric="flights", breaks=[0, 10, 50])
    trace = found.figure["data"][0]
    assert (trace["zmin"], trace["zmax"]) == (0, 50)
    assert [at for at, _ in trace["colorscale"]] == [0, 0.2, 0.2, 1]


def test_geojson_of_all_kinds_is_drawn_and_junk_is_left_out():
    cells = [
        json.dumps({"type": "FeatureCollection", "features": [
            {"type": "Feature", "geometry": {"type": "Point", "coordinates": [1, 2]}},
            {"type": "Feature", "geometry": {"type": "LineString", "coordinates": [[1, 2], [3, 4]]}},
            {"type": "Feature", "geometry": {"type": "MultiPolygon",
                                             "coordinates": [[json.loads(SQUARE)]]}},
            {"type": "Feature", "geometry": None}, "junk",
        ]}),
        '{"type": "Point", "coordinates": [null, "x"]}', "[" * 10_000, "{", None,
    ]  # fmt: skip
    found = plot("map_geojson", pa.table({"json": cells}), geojson="json")
    assert shapes(found) == ["choropleth", "scattergeo", "scattergeo"]
    assert found.summary == "GeoJSON with 1 areas, 1 lines, 1 points."


def test_the_summary_tells_how_many_rows_of_geojson_are_too_much():
    cells = [json.dumps({"type": "Point", "coordinates": [i % 90, 2]}) for i in range(3_050)]
    found = plot("map_geojson", pa.table({"json": cells}), geojson="json")
    assert found.summary == "GeoJSON with 3,000 points. 50 rows are too much to draw."
    long = json.dumps({"type": "LineString", "coordinates": [[i % 90, 2] for i in range(40_000)]})
    found = plot("map_geojson", pa.table({"json": [long, long]}), geojson="json")
    assert found.summary == "GeoJSON with 1 lines. 1 rows are too much to draw."


def test_the_world_is_never_cut_in_the_north():
    table = pa.table({"lat": [-40.0, 55.0], "lon": [-100.0, 120.0]})
    geo = plot("map_points", table, position=AT).figure["layout"]["geo"]
    assert geo["lataxis"]["range"][0] <= -57
    assert geo["lataxis"]["range"][1] >= 83


def test_a_chosen_view_holds_and_the_rest_follows_the_data():
    geo = plot("map_points", TABLE, position=AT, zoom=12).figure["layout"]["geo"]
    west, east = geo["lonaxis"]["range"]
    assert 0.05 < east - west < 0.15
    assert west < 2.5
    assert east > 1.5


def test_data_across_the_antimeridian_are_shown_together():
    table = pa.table({"lat": [-17.0, -18.0], "lon": [178.0, -179.0]})
    west, east = plot("map_points", table, position=AT).figure["layout"]["geo"]["lonaxis"]["range"]
    assert east - west < 10


def test_layers_lie_on_one_map_each_with_its_own_question():
    layers = [{"kind": slug, **options} for slug, options in KINDS.items()][:8]
    found = queries("map_layers", layers=layers)
    assert list(found)[:2] == ["main", "layer 2"]
    tables = dict.fromkeys(found, TABLE)
    one = plot("map_layers", tables, layers=layers)
    assert len(one.figure["data"]) >= 8
    assert sum(bool(t.get("showscale")) for t in one.figure["data"]) <= 1
    assert [c.column for c in one.clicks] == ["origin"]


def test_conditions_of_the_whole_hold_for_every_layer():
    condition = {"column": "origin", "op": "=", "value": "EWR"}
    layers = [{"kind": "map_heat", "position": AT}, {"kind": "map_points", "position": AT}]
    found = queries("map_layers", layers=layers, filters=[condition], time_range="2013")
    assert all(q.filters[0].value == "EWR" and q.time_range == "2013" for q in found.values())


def test_layers_come_back_from_json_with_their_kinds():
    kind = LAYERS["map_points"]
    assert kind.slug == "map_points"
    from_json = {"layers": [{"kind": "map_points", "position": AT}]}
    options = queries("map_layers", **from_json)
    assert list(options) == ["main"]
