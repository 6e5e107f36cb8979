"""Superset's maps become ours with the same rows, and come back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from dashapp.charts import KINDS
from dashapp.errors import Invalid
from dashapp.services.superset import maps
from dashapp.services.superset.params import Params
from dashapp.services.superset.written import Out
from dashapp.specs import ColumnSpec, DatasetSpec, MetricSpec, SimpleMetric

PLACES = DatasetSpec(
    uuid=UUID(int=1),
    name="places",
    database=UUID(int=2),
    table="places",
    time_column="year",
    columns=(
        ColumnSpec(name="year", type="time"),
        *(ColumnSpec(name=n, type="number") for n in ("LAT", "LON", "LAT_DEST", "LON_DEST")),
        *(ColumnSpec(name=n) for n in ("country_code", "region", "lonlat", "hash", "path", "json")),
    ),
    metrics=(
        MetricSpec(
            name="people",
            definition=SimpleMetric(aggregate="sum", column="LAT", label="people"),
        ),
    ),
)
SPATIAL = {"type": "latlong", "latCol": "LAT", "lonCol": "LON"}
BLUE = {"r": 14, "g": 20, "b": 140, "a": 1}
VIEW = {"bearing": 0, "latitude": 37.7, "longitude": -122.4, "pitch": 0, "zoom": 11.4}
COMMON = {"adhoc_filters": [], "row_limit": 5000, "mapbox_style": "mapbox://styles/mapbox/light-v9"}


def read(viz_type: str = "deck_scatter", siblings: Any = None, **values: Any) -> Params:
    return Params(
        viz_type=viz_type, name="map", values=values, dataset=PLACES, siblings=siblings
    )  # fmt: skip


def translated(viz_type: str, **values: Any) -> tuple[Any, Params]:
    """The options of a chart of these parameters."""
    params = read(viz_type, **values)
    found = maps.TRANSLATORS[viz_type](params)
    return KINDS[found.kind].Options.model_validate(found.options), params


def question(kind: str, options: Any) -> Any:
    return KINDS[kind].queries(options, PLACES)["main"]


WORLD = {
    "entity": "country_code", "country_fieldtype": "cca3", "metric": "people", "show_bubbles": True,
    "secondary_metric": {
        "aggregate": "SUM", "column": {"column_name": "LON"}, "expressionType": "SIMPLE",
        "hasCustomLabel": True, "label": "Rural",
    },
    "granularity_sqla": "year", "time_range": "2014-01-01 : 2014-01-02", "row_limit": 50000,
    "limit": "25", "max_bubble_size": "25", "since": "2014-01-01", "until": "2014-01-02", "markup_type": "markdown", "groupby": [],
}  # fmt: skip
CHARTS: dict[str, dict[str, Any]] = {
    "world_map": WORLD,
    "country_map": {
        "select_country": "usa", "entity": "region", "metric": "people", "number_format": ",.1f",
        "linear_color_scheme": "blue_white_yellow", "row_limit": 100,
    },
    "mapbox": {
        "all_columns_x": "LON", "all_columns_y": "LAT", "clustering_radius": "60",
        "point_radius": "Auto", "point_radius_unit": "Pixels", "mapbox_label": [], "groupby": [],
        "mapbox_color": "rgb(0, 122, 135)", "global_opacity": 1, "pandas_aggfunc": "sum",
        "viewport_latitude": 37.7, "viewport_longitude": -122.4, "viewport_zoom": 11,
        "render_while_dragging": True, "row_limit": 5000,
    },
    "deck_scatter": COMMON | {
        "spatial": SPATIAL, "viewport": VIEW, "color_picker": BLUE, "min_radius": 1,
        "max_radius": 250, "multiplier": 10, "point_unit": "square_m", "dimension": "region",
        "point_radius_fixed": {"type": "metric", "value": "people"},
    },
    "deck_hex": COMMON | {"spatial": SPATIAL, "size": "people", "grid_size": 40, "extruded": False},
    "deck_grid": COMMON | {"spatial": SPATIAL, "size": "people", "grid_size": 120},
    "deck_screengrid": COMMON | {"spatial": SPATIAL, "size": "people", "grid_size": 20},
    "deck_heatmap": COMMON | {
        "spatial": {"type": "geohash", "geohashCol": "hash"}, "size": "people", "intensity": 1,
        "radius_pixels": 30, "aggregation": "SUM", "autozoom": True,
    },
    "deck_contour": COMMON | {
        "spatial": SPATIAL, "size": "people", "cellSize": "200", "aggregation": "SUM",
        "contours": [
            {"lowerThreshold": 2, "strokeWidth": 3, "color": BLUE},
            {"lowerThreshold": 5, "upperThreshold": 10, "color": BLUE},
        ],
    },
    "deck_arc": COMMON | {
        "start_spatial": SPATIAL, "stroke_width": 1, "color_picker": BLUE,
        "end_spatial": {"type": "latlong", "latCol": "LAT_DEST", "lonCol": "LON_DEST"},
    },
    "deck_path": COMMON | {
        "line_column": "path", "line_type": "json", "line_width": 3, "line_width_unit": "pixels",
        "reverse_long_lat": False, "color_picker": BLUE,
    },
    "deck_polygon": COMMON | {
        "line_column": "path", "line_type": "json", "metric": "people", "fill_color_picker": BLUE,
        "stroke_color_picker": BLUE, "filled": True, "stroked": True, "opacity": 80,
        "line_width": 2, "num_buckets": 5, "js_columns": ["region"],
    },
    "deck_geojson": COMMON | {
        "geojson": "json", "fill_color_picker": BLUE, "stroke_color_picker": BLUE, "filled": True,
        "stroked": True, "line_width": 1, "point_radius_scale": 100,
    },
}  # fmt: skip


@pytest.mark.parametrize("viz_type", CHARTS)
def test_every_map_is_translated_without_a_remark(viz_type):
    found, params = translated(viz_type, **CHARTS[viz_type])
    assert params.unread() == []
    assert params.notes == [] or viz_type == "country_map"
    assert question(maps.TRANSLATORS[viz_type](params).kind, found)


@pytest.mark.parametrize("viz_type", CHARTS)
def test_what_was_translated_comes_back_the_same(viz_type):
    found, params = translated(viz_type, **CHARTS[viz_type])
    kind = maps.TRANSLATORS[viz_type](params).kind
    theirs, written = maps.WRITERS[kind](found, Out(PLACES))
    assert theirs == viz_type
    kept = {k: v for k, v in written.items() if v is not None}
    assert translated(theirs, **kept)[0] == found


@pytest.mark.parametrize("viz_type", maps.TRANSLATORS)
@pytest.mark.parametrize("junk", [None, [], {}, "x", 7, True, [None], {"type": 3}])
def test_nonsense_is_refused_in_words_or_left_out(viz_type, junk):
    values = dict.fromkeys(
        {key for chart in CHARTS.values() for key in chart} | {"deck_slices", "tooltip_contents"},
        junk,
    )
    try:
        options, _ = translated(viz_type, **values)
    except Invalid:
        return
    except ValidationError:
        pytest.fail("Options that a kind refuses came out of a translation.")
    assert options


def test_the_world_asks_for_one_row_per_country_in_its_year():
    query = question("world_map", translated("world_map", **WORLD)[0])
    assert [d.name for d in query.dimensions] == ["country_code"]
    assert len(query.metrics) == 2
    assert (query.time_column, query.limit) == ("year", 50000)
    assert query.time_range


def test_points_ask_only_for_rows_that_lie_somewhere():
    query = question("map_points", translated("deck_scatter", **CHARTS["deck_scatter"])[0])
    assert {(f.column, f.op) for f in query.filters} == {
        ("LAT", "is not null"), ("LON", "is not null")
    }  # fmt: skip
    assert [d.name for d in query.dimensions] == ["LON", "LAT", "region"]


def test_arcs_and_paths_without_a_metric_are_asked_for_once():
    arcs, _ = translated("deck_arc", **CHARTS["deck_arc"])
    asked = question("map_arcs", arcs)
    assert asked.columns == ()
    assert asked.metrics == ()
    assert len(asked.dimensions) >= 4


def test_points_without_a_metric_are_rows_as_they_are():
    chart = CHARTS["deck_scatter"] | {"point_radius_fixed": {"type": "fix", "value": 314.159}}
    found, _ = translated("deck_scatter", **chart)
    assert question("map_points", found).columns == ("LON", "LAT", "region")
    assert found.diameter_m == pytest.approx(200, rel=1e-4)


def test_a_chosen_view_is_kept_and_a_fitted_one_is_not():
    chart = CHARTS["deck_scatter"]
    assert translated("deck_scatter", **chart)[0].zoom == 11.4
    assert translated("deck_scatter", **chart | {"autozoom": True})[0].zoom is None


def test_scripts_and_heights_are_left_out_and_told():
    chart = CHARTS["deck_hex"] | {"js_tooltip": "d => alert(d)", "extruded": True}
    notes = translated("deck_hex", **chart)[1].notes
    assert any("js_tooltip" in n for n in notes)
    assert any("flat" in n for n in notes)


def test_text_with_both_numbers_may_have_the_latitude_first():
    spatial = {"type": "delimited", "lonlatCol": "lonlat", "reverseCheckbox": True}
    found, _ = translated("deck_grid", **CHARTS["deck_grid"] | {"spatial": spatial})
    assert (found.position.text, found.position.text_order) == ("lonlat", "latitude first")


def _bundle(place: int) -> Params | None:
    known = {1: "deck_scatter", 2: "deck_arc", 4: "world_map"}
    other = PLACES.model_copy(update={"uuid": UUID(int=9)})
    if place == 3:
        return Params(
            viz_type="deck_hex", name="Elsewhere", values=CHARTS["deck_hex"], dataset=other
        )
    return read(known[place], **CHARTS[known[place]]) if place in known else None


def test_layers_are_taken_from_the_bundle_and_others_are_told():
    params = read("deck_multi", siblings=_bundle, deck_slices=[1, "2", 3, 4, 99], viewport=VIEW)
    found = maps.TRANSLATORS["deck_multi"](params)
    options = KINDS["map_layers"].Options.model_validate(found.options)
    assert [one.kind for one in options.layers] == ["map_points", "map_arcs"]
    assert list(KINDS["map_layers"].queries(options, PLACES)) == ["main", "layer 2"]
    assert len(params.notes) == 3
    assert any("another dataset" in n for n in params.notes)


def test_a_map_of_no_layer_says_so():
    with pytest.raises(Invalid, match="None of its layers"):
        translated("deck_multi", deck_slices=[5])


def test_charts_on_maps_are_refused_with_the_reason():
    with pytest.raises(Invalid, match="no like here"):
        translated("cartodiagram")


def test_a_country_without_a_map_is_refused_by_name():
    with pytest.raises(Invalid, match="Atlantis"):
        translated("country_map", **CHARTS["country_map"] | {"select_country": "Atlantis"})
