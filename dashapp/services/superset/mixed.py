"""Superset's mixed charts: two questions over one axis, the second's parameters end in `_b`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from dashapp.errors import Invalid
from dashapp.services.superset import overlays, series
from dashapp.services.superset.params import Params, Translated

DRAWN: Final[dict[str, str]] = {
    "bar": "bars", "line": "straight", "scatter": "points", "smooth": "smooth",
    "start": "step before", "middle": "step middle", "end": "step",
}  # fmt: skip
NO_FILTER: Final = "No filter"
# The order of series is the largest first; axes begin where their values do.
_QUIET: Final = (
    "truncateYAxis", "truncateYAxisSecondary", "sort_series_type", "sort_series_ascending",
    "show_value", "show_valueB",
)  # fmt: skip
_NARROWING: Final = ("filters", "where", "having", "limit")


def mixed(p: Params) -> Translated:
    """Two layers over one axis."""
    second = _second(p)
    placed, of_members = series.axis(p)
    first_layer, second_layer = _layer(p, "", not of_members), _layer(second, "B", not of_members)
    found: dict[str, Any] = dict(placed)
    for key in ("time_column", "time_range"):
        if key in first_layer:
            found[key] = first_layer.pop(key)
        own = second_layer.pop(key, None)
        if key == "time_range" and own != found.get(key):
            second_layer[key] = own or NO_FILTER
        elif key == "time_column":
            found.setdefault(key, own)
    if of_members:
        metrics = first_layer["metrics"]
        found |= series.sorting(p, placed["x"], metrics, bool(first_layer["series"]))
    shared = series.looks(p) | overlays.layers(p)
    for key in ("format", "currency", "low", "high", "log"):
        if key in shared:
            first_layer[key] = shared.pop(key)
    second_layer |= _second_format(p)
    second_layer |= series.bounds(p, "y_axis_bounds_secondary")
    second_layer["log"] = p.flag("logAxisSecondary")
    second_layer["axis_title"] = (p.text("yAxisTitleSecondary") or "")[:100]
    for key in _QUIET:
        p.get(key)
    _mark_used(p)
    found |= shared | {"bars": first_layer, "lines": second_layer}
    return Translated("mixed", {k: v for k, v in found.items() if v is not None or k == "grain"})


def _second_format(p: Params) -> dict[str, str]:
    """Format and currency of the right axis."""
    money = {"currency_format": p.get("currency_format_secondary")}
    return replace(p, values=dict(p.values) | money).number_format("y_axis_format_secondary")


def _second(p: Params) -> Params:
    """The parameters of the second question: those with `_b`, then those without."""
    own = {k[:-2]: v for k, v in p.values.items() if k.endswith("_b")}
    return replace(p, values=dict(p.values) | own)


def _mark_used(p: Params) -> None:
    p.used.update(k for k in p.values if k.endswith("_b") and k[:-2] in p.used)


def _layer(p: Params, suffix: str, is_time: bool) -> dict[str, Any]:
    metrics = p.metrics("metrics")
    if not metrics:
        raise Invalid("One of its two questions has no metric.")
    found = {
        k: v for k, v in p.narrowing().items() if k in (*_NARROWING, "time_column", "time_range")
    }
    found |= p.series() | {"metrics": metrics, "order": p.ranked(*metrics)}
    if not p.flag("order_desc", True):
        found["series_smallest"] = True
    found |= series.analysis(p, is_time)
    found["draw"] = p.choice(f"seriesType{suffix}", DRAWN, "straight")
    found["axis"] = "right" if p.whole(f"yAxisIndex{suffix}") == 1 else "left"
    found["stack"] = bool(p.get(f"stack{suffix}"))
    found["area"] = p.flag(f"area{suffix}")
    found |= series.opacity(p, f"opacity{suffix}") if found["area"] else {}
    shown = p.flag(f"markerEnabled{suffix}")
    found["markers"] = "always" if shown else "never"
    found |= series.marker_size(p, f"markerSize{suffix}") if shown else {}
    found["value_labels"] = p.flag(f"show_value{suffix}")
    for key in (f"only_total{suffix}", f"opacity{suffix}", f"markerSize{suffix}"):
        p.get(key)
    return found
