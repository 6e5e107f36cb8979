"""A chart of every type, with parameters as Superset's own pages write them."""

from __future__ import annotations

from typing import Any, Final

SALES, PLACES, LINKS, TREE, PLAN, WORLD = "sales", "places", "links", "tree", "plan", "world"
SUM: Final = {
    "expressionType": "SIMPLE", "aggregate": "SUM", "label": "SUM(sales)", "hasCustomLabel": False,
    "column": {"column_name": "sales", "type": "DOUBLE PRECISION"}, "sqlExpression": None,
    "optionName": "metric_1",
}  # fmt: skip
PIECES: Final = {
    "expressionType": "SQL", "sqlExpression": "SUM(quantity_ordered)", "label": "pieces",
    "hasCustomLabel": True, "aggregate": None, "column": None, "optionName": "metric_2",
}  # fmt: skip
ALWAYS: Final = {
    "clause": "WHERE", "subject": "order_date", "operator": "TEMPORAL_RANGE",
    "comparator": "No filter", "expressionType": "SIMPLE",
}  # fmt: skip
SINCE_2003: Final = ALWAYS | {"comparator": "2003-01-01 : 2005-06-01"}
LATLON: Final = {"type": "latlong", "latCol": "lat", "lonCol": "lon"}
VIEW: Final = {"latitude": 10, "longitude": 5, "zoom": 1.5, "bearing": 0, "pitch": 0}
RED: Final = {"r": 205, "g": 0, "b": 3, "a": 0.82}
OVER_TIME: Final = {
    "x_axis": "order_date", "time_grain_sqla": "P1M", "metrics": [SUM], "groupby": ["product_line"],
    "adhoc_filters": [SINCE_2003], "row_limit": 10000, "order_desc": True,
    "color_scheme": "supersetColors", "truncate_metric": True, "show_empty_columns": True,
    "comparison_type": "values", "show_legend": True, "legendOrientation": "top",
    "x_axis_time_format": "smart_date", "y_axis_format": "SMART_NUMBER", "rich_tooltip": True,
    "x_axis_sort_asc": True, "annotation_layers": [], "y_axis_bounds": [None, None],
    "forecastPeriods": 10, "forecastInterval": 0.8, "zoomable": False, "markerSize": 6,
}  # fmt: skip
DECK: Final = {
    "viewport": VIEW, "mapbox_style": "mapbox://styles/mapbox/light-v9", "row_limit": 5000,
    "adhoc_filters": [], "autozoom": True, "js_columns": [], "time_range": "No filter",
    "js_tooltip": "", "js_onclick_href": "", "js_data_mutator": "", "filter_nulls": True,
}  # fmt: skip

CHARTS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "table": (SALES, {
        "query_mode": "aggregate", "groupby": ["country"], "metrics": [SUM, PIECES],
        "percent_metrics": [SUM], "adhoc_filters": [ALWAYS], "row_limit": 1000, "show_totals": True,
        "order_desc": True, "table_timestamp_format": "smart_date", "show_cell_bars": True,
        "color_pn": True, "temporal_columns_lookup": {"order_date": True}, "server_page_length": 10,
        "column_config": {"SUM(sales)": {"d3NumberFormat": ",.0f", "columnWidth": 120}},
        "conditional_formatting": [
            {"operator": ">", "targetValue": 500000, "column": "SUM(sales)", "colorScheme": "#ACE1C4"}
        ],
    }),
    "ag-grid-table": (SALES, {
        "query_mode": "raw", "all_columns": ["order_date", "country", "sales"],
        "adhoc_filters": [ALWAYS], "order_by_cols": ['["sales", false]'], "row_limit": 100,
    }),
    "pivot_table_v2": (SALES, {
        "groupbyRows": ["country"], "groupbyColumns": ["status"], "metrics": [SUM],
        "metricsLayout": "COLUMNS", "aggregateFunction": "Sum", "rowTotals": True, "colTotals": True,
        "rowOrder": "value_z_to_a", "colOrder": "key_a_to_z", "valueFormat": "SMART_NUMBER",
        "date_format": "smart_date", "row_limit": 10000, "order_desc": True,
        "adhoc_filters": [ALWAYS], "temporal_columns_lookup": {"order_date": True},
    }),
    "time_table": (SALES, {
        "granularity_sqla": "order_date", "time_grain_sqla": "P1M", "groupby": ["product_line"],
        "metrics": [SUM], "adhoc_filters": [], "time_range": "No filter", "url": "",
        "column_collection": [
            {"key": "a", "label": "Year", "colType": "time", "timeLag": 12, "comparisonType": "perc",
             "d3format": ".1%"},
            {"key": "b", "label": "Line", "colType": "spark", "width": "", "height": ""},
            {"key": "c", "label": "Mean", "colType": "avg", "timeLag": 3, "d3format": ",.0f"},
            {"key": "d", "label": "Share", "colType": "contrib", "d3format": ".1%"},
        ],
    }),
    "big_number": (SALES, {
        "x_axis": "order_date", "time_grain_sqla": "P1M", "metric": SUM, "compare_lag": 1,
        "compare_suffix": "MoM", "show_trend_line": True, "start_y_axis_at_zero": True,
        "adhoc_filters": [SINCE_2003], "aggregation": "LAST_VALUE", "y_axis_format": "$,.2f",
        "rolling_type": "None", "color_picker": RED,
    }),
    "big_number_total": (SALES, {
        "metric": PIECES, "subheader": "pieces", "y_axis_format": "SMART_NUMBER",
        "adhoc_filters": [ALWAYS], "time_format": "smart_date", "header_font_size": 0.4,
    }),
    "pop_kpi": (SALES, {
        "metric": SUM, "adhoc_filters": [SINCE_2003], "time_compare": "1 year ago",
        "comparison_color_enabled": True, "comparison_color_scheme": "Green",
        "y_axis_format": ",d", "row_limit": 10000,
    }),
    "gauge_chart": (SALES, {
        "groupby": ["deal_size"], "metric": SUM, "row_limit": 10, "sort_by_metric": True,
        "start_angle": 225, "end_angle": -45, "number_format": "SMART_NUMBER", "min_val": 0,
        "max_val": 7000000, "show_pointer": True, "split_number": 10, "intervals": "2000000,5000000",
        "interval_color_indices": "1,2", "value_formatter": "{value}", "adhoc_filters": [ALWAYS],
    }),
    "funnel": (SALES, {
        "groupby": ["status"], "metric": SUM, "sort_by_metric": True, "row_limit": 10,
        "percent_calculation_type": "first_step", "label_type": "key_percent", "show_labels": True,
        "number_format": "SMART_NUMBER", "adhoc_filters": [ALWAYS], "color_scheme": "d3Category10",
    }),
    "bullet": (SALES, {
        "metric": SUM, "granularity_sqla": "order_date", "time_range": "No filter",
        "ranges": "5000000,8000000", "range_labels": "low,high", "markers": "7000000",
        "marker_labels": "goal", "marker_lines": "6000000", "adhoc_filters": [],
    }),
    "echarts_timeseries": (SALES, OVER_TIME | {"seriesType": "line"}),
    "echarts_timeseries_line": (SALES, OVER_TIME | {
        "time_compare": ["1 year ago"], "rolling_type": "mean", "rolling_periods": 3,
        "min_periods": 1, "markerEnabled": True, "zoomable": True,
    }),
    "echarts_timeseries_smooth": (SALES, OVER_TIME | {"rolling_type": "cumsum"}),
    "echarts_timeseries_step": (SALES, OVER_TIME | {
        "seriesType": "middle", "resample_rule": "1M", "resample_method": "zerofill",
    }),
    "echarts_timeseries_bar": (SALES, OVER_TIME | {
        "x_axis": "country", "orientation": "horizontal", "stack": "Stack", "only_total": True,
        "show_value": True, "contributionMode": "row", "x_axis_sort_asc": False,
    }),
    "echarts_timeseries_scatter": (SALES, OVER_TIME | {"logAxis": True, "limit": 3}),
    "echarts_area": (SALES, OVER_TIME | {
        "stack": "Expand", "forecastEnabled": False, "opacity": 0.2, "series_limit": 3,
        "group_others_when_limit_reached": True,
    }),
    "mixed_timeseries": (SALES, OVER_TIME | {
        "metrics_b": [PIECES], "groupby_b": [], "adhoc_filters_b": [SINCE_2003], "seriesType": "bar",
        "seriesTypeB": "line", "yAxisIndexB": 1, "y_axis_format_secondary": "SMART_NUMBER",
        "stack": True, "yAxisTitleSecondary": "pieces",
    }),
    "waterfall": (SALES, {
        "x_axis": "quarter", "groupby": ["deal_size"], "metric": SUM, "show_total": True,
        "increase_color": RED, "decrease_color": RED, "adhoc_filters": [ALWAYS], "row_limit": 1000,
        "time_grain_sqla": "P1M", "y_axis_format": "SMART_NUMBER", "show_legend": True,
    }),
    "gantt_chart": (PLAN, {
        "start_time": "starts", "end_time": "ends", "y_axis": "task", "series": "team",
        "tooltip_columns": ["task"], "tooltip_metrics": [], "row_limit": 100, "adhoc_filters": [],
        "subcategories": True, "order_by_cols": ['["starts", true]'],
    }),
    "compare": (SALES, {
        "granularity_sqla": "order_date", "time_grain_sqla": "P1M", "metrics": [SUM],
        "groupby": ["deal_size"], "time_range": "No filter", "limit": 3, "order_desc": True,
        "y_axis_format": ".1%", "row_limit": 10000,
    }),
    "time_pivot": (SALES, {
        "granularity_sqla": "order_date", "metric": SUM, "freq": "AS", "time_range": "No filter",
        "adhoc_filters": [], "show_legend": True, "y_axis_format": "SMART_NUMBER",
    }),
    "pie": (SALES, {
        "groupby": ["country", "deal_size"], "metric": SUM, "sort_by_metric": True, "row_limit": 12,
        "donut": True, "innerRadius": 30, "outerRadius": 70, "label_type": "key_value_percent",
        "show_labels": True, "labels_outside": True, "show_labels_threshold": 5, "show_total": True,
        "number_format": "SMART_NUMBER", "adhoc_filters": [ALWAYS], "date_format": "smart_date",
    }),
    "sunburst_v2": (SALES, {
        "columns": ["country", "deal_size"], "metric": SUM, "secondary_metric": PIECES,
        "row_limit": 1000, "sort_by_metric": True, "linear_color_scheme": "superset_seq_1",
        "adhoc_filters": [ALWAYS], "show_labels": True, "label_type": "key",
    }),
    "treemap_v2": (SALES, {
        "groupby": ["country", "deal_size"], "metric": SUM, "row_limit": 100, "show_labels": True,
        "show_upper_labels": True, "label_type": "key_value", "adhoc_filters": [ALWAYS],
        "number_format": "SMART_NUMBER", "color_scheme": "bnbColors",
    }),
    "tree_chart": (TREE, {
        "id": "id", "parent": "parent", "name": "name", "metric": "count", "row_limit": 1000,
        "root_node_id": "1", "layout": "orthogonal", "orient": "LR", "symbol": "emptyCircle",
        "symbolSize": 7, "roam": True, "adhoc_filters": [], "node_label_position": "left",
    }),
    "partition": (SALES, {
        "groupby": ["country", "deal_size"], "metrics": [SUM], "time_series_option": "not_time",
        "granularity_sqla": "order_date", "time_range": "No filter", "partition_limit": "5",
        "partition_threshold": "0.05", "log_scale": False, "equal_date_size": True, "row_limit": 1000,
    }),
    "rose": (SALES, {
        "granularity_sqla": "order_date", "time_grain_sqla": "P1Y", "metrics": [SUM],
        "groupby": ["deal_size"], "time_range": "No filter", "number_format": "SMART_NUMBER",
        "rose_area_proportion": True, "adhoc_filters": [],
    }),
    "radar": (SALES, {
        "groupby": ["deal_size"], "metrics": [SUM, PIECES], "row_limit": 10, "is_circle": False,
        "column_config": {"pieces": {"radarMetricMaxValue": 60000}}, "show_labels": True,
        "label_type": "value", "adhoc_filters": [ALWAYS], "number_format": "SMART_NUMBER",
    }),
    "word_cloud": (SALES, {
        "series": "country", "metric": SUM, "row_limit": 100, "size_from": 10, "size_to": 70,
        "rotation": "square", "sort_by_metric": True, "adhoc_filters": [ALWAYS],
    }),
    "para": (SALES, {
        "series": "country", "metrics": [SUM, PIECES], "secondary_metric": SUM, "limit": 20,
        "granularity_sqla": "order_date", "time_range": "No filter", "include_series": True,
        "show_datatable": False, "linear_color_scheme": "blue_white_yellow", "row_limit": 1000,
    }),
    "histogram_v2": (SALES, {
        "column": "sales", "groupby": ["deal_size"], "bins": 12, "cumulative": False,
        "normalize": False, "row_limit": 10000, "adhoc_filters": [ALWAYS], "show_value": True,
        "x_axis_title": "sales", "y_axis_title": "orders",
    }),
    "box_plot": (SALES, {
        "columns": ["order_date"], "groupby": ["product_line"], "metrics": [SUM],
        "time_grain_sqla": "P1M", "whiskerOptions": "Tukey", "adhoc_filters": [ALWAYS],
        "temporal_columns_lookup": {"order_date": True}, "number_format": "SMART_NUMBER",
    }),
    "horizon": (SALES, {
        "granularity_sqla": "order_date", "time_grain_sqla": "P1M", "metrics": [SUM],
        "groupby": ["product_line"], "horizon_color_scale": "overall", "series_height": "25",
        "time_range": "No filter", "order_desc": True,
    }),
    "heatmap_v2": (SALES, {
        "x_axis": "status", "groupby": "country", "metric": SUM, "normalize_across": "x",
        "sort_x_axis": "value_desc", "sort_y_axis": "alpha_asc", "show_values": True,
        "show_percentage": True, "linear_color_scheme": "superset_seq_1", "row_limit": 10000,
        "adhoc_filters": [ALWAYS], "value_bounds": [None, None], "y_axis_format": "SMART_NUMBER",
    }),
    "bubble_v2": (SALES, {
        "entity": "country", "series": "territory", "x": SUM, "y": PIECES, "size": SUM,
        "max_bubble_size": "25", "row_limit": 1000, "opacity": 0.6, "logYAxis": True,
        "x_axis_title": "money", "adhoc_filters": [ALWAYS], "tooltipSizeFormat": "SMART_NUMBER",
    }),
    "bubble": (SALES, {
        "entity": "country", "series": "territory", "x": SUM, "y": PIECES, "size": SUM,
        "max_bubble_size": "25", "limit": 50, "granularity_sqla": "order_date",
        "time_range": "No filter", "x_axis_format": "SMART_NUMBER", "y_log_scale": False,
    }),
    "cal_heatmap": (SALES, {
        "granularity_sqla": "order_date", "domain_granularity": "month",
        "subdomain_granularity": "day", "metrics": [SUM], "time_range": "2004-01-01 : 2005-01-01",
        "linear_color_scheme": "superset_seq_1", "cell_size": 10, "show_legend": True, "steps": 10,
    }),
    "paired_ttest": (SALES, {
        "granularity_sqla": "order_date", "time_grain_sqla": "P1M", "metrics": [SUM, PIECES],
        "groupby": ["deal_size"], "time_range": "No filter", "significance_level": 0.05,
        "pvalue_precision": 6, "liftvalue_precision": 4, "limit": 10, "order_desc": True,
    }),
    "sankey_v2": (LINKS, {
        "source": "channel_1", "target": "channel_2", "metric": "count", "row_limit": 30,
        "sort_by_metric": True, "adhoc_filters": [], "color_scheme": "supersetColors",
    }),
    "graph_chart": (LINKS, {
        "source": "channel_1", "target": "channel_2", "metric": "count", "row_limit": 60,
        "layout": "force", "edgeSymbol": "none,arrow", "draggable": True, "roam": True,
        "selectedMode": "single", "showSymbolThreshold": 0, "baseNodeSize": 20, "baseEdgeWidth": 3,
        "edgeLength": 400, "gravity": 0.3, "repulsion": 1000, "friction": 0.2, "adhoc_filters": [],
    }),
    "chord": (LINKS, {
        "groupby": "channel_1", "columns": "channel_2", "metric": "count", "row_limit": 100,
        "sort_by_metric": True, "y_axis_format": "SMART_NUMBER", "adhoc_filters": [],
    }),
    "world_map": (WORLD, {
        "entity": "country_code", "country_fieldtype": "cca3", "metric": "sum__SP_POP_TOTL",
        "secondary_metric": "sum__SP_RUR_TOTL", "show_bubbles": True, "max_bubble_size": "25",
        "granularity_sqla": "year", "time_range": "2014-01-01 : 2014-01-02", "color_by": "metric",
        "linear_color_scheme": "schemeYlOrBr", "row_limit": 50000,
    }),
    "country_map": (PLACES, {
        "select_country": "france", "entity": "region", "metric": "count",
        "linear_color_scheme": "schemePuBu", "number_format": "SMART_NUMBER", "adhoc_filters": [],
    }),
    "mapbox": (PLACES, {
        "all_columns_x": "lon", "all_columns_y": "lat", "clustering_radius": "60", "row_limit": 5000,
        "groupby": [], "mapbox_label": ["count"], "pandas_aggfunc": "sum", "point_radius": "Auto",
        "point_radius_unit": "Pixels", "global_opacity": 1, "mapbox_color": "rgb(0, 122, 135)",
        "viewport_latitude": 10, "viewport_longitude": 5, "viewport_zoom": 1, "render_while_dragging": True,
    }),
    "cartodiagram": (PLACES, {
        "selected_chart": '{"viz_type":"pie"}', "geom_column": "shape", "geom_format": "geojson",
        "layer_configs": [], "map_view": {"mode": "FIT_DATA"},
    }),
    "deck_scatter": (PLACES, DECK | {
        "spatial": LATLON, "dimension": "deal_size", "color_scheme": "supersetColors",
        "point_radius_fixed": {"type": "metric", "value": PIECES}, "point_unit": "square_m",
        "min_radius": 2, "max_radius": 250, "multiplier": 10, "color_picker": RED,
    }),
    "deck_hex": (PLACES, DECK | {
        "spatial": LATLON, "size": "count", "grid_size": 200, "extruded": True, "js_agg_function": "sum",
        "color_picker": RED,
    }),
    "deck_grid": (PLACES, DECK | {
        "spatial": LATLON, "size": "count", "grid_size": 400, "extruded": True, "color_picker": RED,
    }),
    "deck_screengrid": (PLACES, DECK | {
        "spatial": LATLON, "size": "count", "grid_size": 40, "color_picker": RED,
    }),
    "deck_heatmap": (PLACES, DECK | {
        "spatial": LATLON, "size": "count", "intensity": 1, "radius_pixels": 30,
        "aggregation": "SUM", "linear_color_scheme": "dark_blue",
    }),
    "deck_contour": (PLACES, DECK | {
        "spatial": LATLON, "size": "count", "cellSize": "300", "aggregation": "SUM",
        "contours": [{"lowerThreshold": 1, "color": RED, "strokeWidth": 2}],
    }),
    "deck_arc": (PLACES, DECK | {
        "start_spatial": LATLON, "end_spatial": {"type": "latlong", "latCol": "lat2", "lonCol": "lon2"},
        "color_picker": RED, "target_color_picker": RED, "stroke_width": 1, "dimension": "deal_size",
    }),
    "deck_path": (PLACES, DECK | {
        "line_column": "path", "line_type": "json", "color_picker": RED, "line_width": 150,
        "reverse_long_lat": False,
    }),
    "deck_polygon": (PLACES, DECK | {
        "line_column": "area", "line_type": "json", "metric": PIECES, "fill_color_picker": RED,
        "stroke_color_picker": RED, "filled": True, "stroked": True, "extruded": False,
        "opacity": 80, "num_buckets": "5", "linear_color_scheme": "blue_white_yellow",
        "point_radius_fixed": {"type": "fix", "value": 100}, "toggle_polygons": True,
        "table_filter": False, "legend_position": "tr", "reverse_long_lat": False,
    }),
    "deck_geojson": (PLACES, DECK | {
        "geojson": "shape", "fill_color_picker": RED, "stroke_color_picker": RED, "filled": True,
        "stroked": True, "extruded": False, "point_radius_scale": 100, "line_width": 1,
    }),
    "deck_multi": (PLACES, DECK | {"deck_slices": []}),
    "handlebars": (SALES, {
        "query_mode": "aggregate", "groupby": ["country"], "metrics": [SUM], "row_limit": 5,
        "handlebarsTemplate": "<ul>{{#each data}}<li>{{country}}: {{SUM(sales)}}</li>{{/each}}</ul>",
        "styleTemplate": ".x {color: red}", "adhoc_filters": [ALWAYS],
    }),
}  # fmt: skip
