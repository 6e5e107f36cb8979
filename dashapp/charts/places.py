"""The axis of places: times, numbers or members, with what a chart says about its looks."""

from __future__ import annotations

from typing import Any

import numpy as np

from dashapp.charts.along import AxisKind, XOptions
from dashapp.charts.asks import dimension_title
from dashapp.charts.axes import category_axis, number_axis, time_axis
from dashapp.charts.base import Look
from dashapp.charts.formats import check_format
from dashapp.charts.plotting import safe, shorten
from dashapp.charts.wide import Wide
from dashapp.specs import DatasetSpec, Dimension

_SLIDER = {"visible": True, "thickness": 0.09, "bgcolor": "rgba(138,143,152,0.12)"}


def place_axis(
    options: XOptions,
    wide: Wide,
    axis: tuple[Dimension, AxisKind],
    dataset: DatasetSpec,
    look: Look,
    *,
    lying: bool = False,
) -> dict[str, Any]:
    """The axis along which marks stand; from the top down beside lying bars."""
    dimension, kind = axis
    title = dimension_title(dimension, dataset) if options.axis_titles else ""
    title = options.x_title or title
    if kind == "time" or wide.ms is not None:
        found = _time(options, wide, dimension, look)
        title = options.x_title  # That time is time need not be told.
    elif wide.numbers is not None:
        found = number_axis()
    else:
        found = category_axis(wide.labels, reverse=lying, title=title)
        title = options.x_title
    if wide.across is not None:
        found["uirevision"] = "kept"  # What was zoomed stays when the data changes.
    if title:
        text = safe(shorten(title, 48))
        found["title"] = {"text": text, "standoff": 4, "font": {"size": 12}}
    if lying and wide.ms is not None:
        found["autorange"] = "reversed"
    if options.label_angle is not None:
        found["tickangle"] = options.label_angle
    if options.zoom and not lying:
        found |= {"rangeslider": _SLIDER, "fixedrange": False}
    return found


def _time(options: XOptions, wide: Wide, dimension: Dimension, look: Look) -> dict[str, Any]:
    for written in (options.time_format, options.tooltip_format):
        check_format(written, "time")
    ms = wide.ms if wide.ms is not None else np.array([])
    found = time_axis(ms, dimension.grain, look.locale)
    if options.time_format:
        found |= {"tickformat": options.time_format, "hoverformat": options.time_format}
    if options.tooltip_format:
        found["hoverformat"] = options.tooltip_format
    return found
