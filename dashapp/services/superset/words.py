"""Superset's words for grains and aggregates, and keys of charts that say nothing here."""

from __future__ import annotations

from typing import Final

from dashapp.specs import Grain
from dashapp.specs.query import Aggregate

# ISO 8601 durations, as Superset names its time grains.
GRAINS: Final[dict[str, Grain]] = {
    "PT1S": "second", "PT5S": "5 seconds", "PT30S": "30 seconds", "PT1M": "minute",
    "PT5M": "5 minutes", "PT10M": "10 minutes", "PT15M": "15 minutes", "PT30M": "30 minutes",
    "PT0.5H": "30 minutes", "PT1H": "hour", "PT6H": "6 hours", "PT12H": "12 hours",
    "P1D": "day", "P1W": "week",
    "P1M": "month", "P3M": "quarter", "P0.25Y": "quarter", "P1Y": "year",
    "1969-12-28T00:00:00Z/P1W": "week", "1969-12-29T00:00:00Z/P1W": "week",
    "P1W/1970-01-03T00:00:00Z": "week", "P1W/1970-01-04T00:00:00Z": "week",
}  # fmt: skip
# The first day of weeks that a grain names itself; the rest follow the database.
WEEKS: Final[dict[str, str]] = {
    "1969-12-28T00:00:00Z/P1W": "sunday", "1969-12-29T00:00:00Z/P1W": "monday",
    "P1W/1970-01-03T00:00:00Z": "sunday", "P1W/1970-01-04T00:00:00Z": "monday",
}  # fmt: skip
AGGREGATES: Final[dict[str, Aggregate]] = {
    "SUM": "sum", "AVG": "avg", "MIN": "min", "MAX": "max", "COUNT": "count",
    "COUNT_DISTINCT": "count_distinct", "STDDEV": "stddev", "STDDEV_SAMP": "stddev",
    "MEDIAN": "median",
}  # fmt: skip
# Keys that say nothing about what is shown, or only how the page of Superset looked.
IGNORED: Final[frozenset[str]] = frozenset({
    "viz_type", "datasource", "datasource_id", "datasource_type", "slice_id", "slice_name",
    "url_params", "queryFields", "query_fields", "dashboards", "dashboardId", "database_name", "label_colors",
    "shared_label_colors", "map_label_colors", "color_namespace", "extra_form_data", "import_time",
    "remote_id", "schema", "table_name", "result_type", "result_format", "force", "applied_time_extras",
    "annotation_layers_data", "matrixify_enable", "own_state", "export_as_time", "time_shift_color",
    "bottom_margin", "left_margin", "right_margin", "top_margin", "x_axis_title_margin",
    "y_axis_title_margin", "y_axis_title_position", "y_axis_title_margin_secondary", "subheader_font_size",
    "header_font_size", "metric_name_font_size", "subtitle_font_size", "show_brush", "show_controls",
    "truncateXAxis", "xAxisBounds", "rich_tooltip", "annotation_time_column", "legendMargin",
    "legendType", "legendSort", "line_interpolation", "markup_type", "code", "userid", "standalone",
    "templateParams", "druid_time_origin", "granularity", "time_range_endpoints", "extra_filters",
    "compare_lag", "compare_suffix", "country_fieldtype", "entity", "show_bubbles", "num_period_compare",
    "where", "having", "x_axis_showminmax", "x_ticks_layout", "sendToBackEnd", "style_css",
    "temporal_columns_lookup", "xAxisLabelInterval", "comparison_color_scheme", "echart_options",
    "comparison_type", "border_color", "default_breakpoint_color", "sort_series_typeB",
    "x_axis_number_format",
})  # fmt: skip
