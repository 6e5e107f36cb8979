"""Superset's heat maps in ours, and back."""

from __future__ import annotations

from typing import Any, Final

from dashapp.charts.matrix import Heatmap
from dashapp.services.superset import names, series
from dashapp.services.superset.params import Params, Translated
from dashapp.services.superset.written import Out
from dashapp.specs import Dimension, Order

# Whether an axis is ordered by its members or by its values, and which way.
_SORTS: Final = {
    "alpha_asc": "name", "alpha_desc": "name descending", "value_asc": "smallest",
    "value_desc": "largest",
}  # fmt: skip
_ACROSS: Final = {"heatmap": "all", "heatmap_v2": "all", "x": "x", "y": "y"}


def heatmap(p: Params) -> Translated:
    """Cells by `x_axis` and `groupby`."""
    y = next(iter(p.dimensions("groupby")), None)
    p.get("normalized")
    percent = p.flag("show_percentage", True)
    return _heatmap(p, p.dimension(p.get("x_axis"), p.grain()), y, percent, "value_bounds")


def old_heatmap(p: Params) -> Translated:
    """A heat map as it was before version 2."""
    for key in ("canvas_image_rendering", "sort_by_metric"):
        p.get(key)
    x, y = (next(iter(p.dimensions(f"all_columns_{side}", grain=p.grain())), None) for side in "xy")
    return _heatmap(p, x, y, p.flag("show_perc", True), "y_axis_bounds")


def _heatmap(
    p: Params, x: Dimension | None, y: Dimension | None, percent: bool, bounds: str
) -> Translated:
    metric = p.metric("metric")
    across = p.choice("normalize_across", _ACROSS, "all")
    ends = {f"color_{k}": v for k, v in series.bounds(p, bounds).items()}
    order = []
    for dimension, key in ((x, "sort_x_axis"), (y, "sort_y_axis")):
        text = p.text(key) or ""
        down = not text.endswith("asc")
        if dimension and text.startswith("alpha"):
            order.append(Order(by=dimension.name, descending=down))
        elif metric is not None and text.startswith("value"):
            order.append(p.order(metric, descending=down))
    for key in ("legend_type", "xscale_interval", "yscale_interval"):
        p.get(key)
    if p.time_format("x_axis_time_format", "time_format"):
        p.note("Its time format is not kept; times are told by their grain.")
    options: dict[str, Any] = {
        "x": x,
        "y": y,
        "metric": metric,
        "rank": across,
        "rank_colors": p.flag("normalized"),
        "share": across if percent else "none",
        "x_sort": p.choice("sort_x_axis", _SORTS, "name"),
        "y_sort": p.choice("sort_y_axis", _SORTS, "name"),
        "order": tuple({o.by: o for o in order}.values()),
        "color_scale": p.scale(),
        "color_bar": p.flag("show_legend", True),
        "cell_labels": "always" if p.flag("show_values") else "never",
        **ends,
        **p.number_format("y_axis_format"),
        **p.narrowing(),
    }
    found = {k: v for k, v in options.items() if v is not None}
    grain = x.grain if x else None
    return Translated(
        "heatmap", found | {"grain": grain, "columns_limit": None, "rows_limit": None}
    )


def written_heatmap(options: Heatmap.Options, out: Out) -> tuple[str, dict[str, Any]]:
    """Version 2."""
    x = options.x and options.axis(options.x, out.dataset)
    across = options.rank if options.rank != "none" else options.normalize
    return "heatmap_v2", {
        "x_axis": out.dimension(x),
        "time_grain_sqla": out.grain(x.grain) if x else None,
        "groupby": out.dimension(options.y),
        "metric": out.metric(options.metric),
        "normalize_across": {"x": "x", "y": "y"}.get(across, "heatmap"),
        "normalized": options.rank_colors,
        "sort_x_axis": _swapped(_SORTS, options.x_sort, "alpha_asc"),
        "sort_y_axis": _swapped(_SORTS, options.y_sort, "alpha_asc"),
        "value_bounds": [options.color_low, options.color_high],
        "show_legend": options.color_bar,
        "show_percentage": options.share != "none",
        "show_values": options.cell_labels != "never",
        "linear_color_scheme": names.written_scale(options.color_scale),
        **out.number_format(options),
        **out.narrowing(options),
    }


def _swapped(known: dict[str, str], value: str, fallback: str = "") -> str:
    """Superset's word for one of ours."""
    return next((theirs for theirs, ours in known.items() if ours == value), fallback)
