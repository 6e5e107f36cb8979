"""The calendar heat map: days as cells in their weeks, coloured by a metric."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from pydantic import Field

from dashapp.charts import formats
from dashapp.charts.asks import DATA, LOOK, click_target, metric_title
from dashapp.charts.axes import Style, layout, style
from dashapp.charts.base import ChartKind, Drawing, Empty, Look, Plot, Tables
from dashapp.charts.calendar_grid import Calendar, Domain, lay
from dashapp.charts.colors import mix, scale
from dashapp.charts.plot_options import needs
from dashapp.charts.plotting import NO_ROWS, Floats, safe, typed
from dashapp.charts.timed import TimedOptions
from dashapp.charts.wide import Wide, widen
from dashapp.specs import DatasetSpec, Order, QuerySpec, metric_name
from dashapp.specs.query import Metric

MOST_CELLS: Final = 10_000
_GAP = 0.2  # Room between the calendars of several metrics, for their names.


class CalendarHeatmap(ChartKind):
    """A metric on a calendar."""

    slug, title, family, icon = "calendar_heatmap", "Calendar heat map", "time", "calendar3"
    description = "Days, hours or months on a calendar, coloured by a metric."

    class Options(TimedOptions):
        """Which metrics, and how the calendar is cut."""

        metrics: tuple[Metric, ...] = Field(
            (),
            max_length=6,
            title="Metrics",
            description="A calendar for each.",
            json_schema_extra=DATA | {"widget": "metrics"},
        )
        domain: Domain = Field(
            "month",
            title="Blocks",
            description="What stands apart on the calendar: months, or nothing within a year.",
            json_schema_extra=LOOK,
        )
        color_scale: str = Field(
            "greens",
            max_length=50,
            title="Colours",
            description="Scale from low to high.",
            json_schema_extra=LOOK | {"widget": "color_scale"},
        )
        reverse_colors: bool = Field(
            False,
            title="Reverse colours",
            description="The scale from high to low.",
            json_schema_extra=LOOK,
        )
        steps: int = Field(
            0,
            ge=0,
            le=20,
            title="Colour steps",
            description="So many colours in even steps; 0 for a smooth scale.",
            json_schema_extra=LOOK,
        )
        cell_labels: bool = Field(
            False,
            title="Values in cells",
            description="Write the value in each cell.",
            json_schema_extra=LOOK,
        )
        color_bar: bool = Field(
            True, title="Scale", description="Show the scale of colours.", json_schema_extra=LOOK
        )
        time_format: str | None = Field(
            None,
            max_length=50,
            title="Time format",
            description='d3 format such as "%b %-d"; by the grain if empty.',
            json_schema_extra=LOOK | {"widget": "time_format"},
        )

    @classmethod
    def queries(cls, options: Options, dataset: DatasetSpec) -> dict[str, QuerySpec]:
        """One row per cell, in order of time."""
        needs(options.metrics, "metrics", "Choose at least one metric.")
        time = options.time_dimension(dataset)
        order = options.order or (Order(by=time.name),)
        return {"main": options.base_query(dataset, (time,), options.metrics, order=order)}

    @classmethod
    def figure(cls, options: Options, tables: Tables, dataset: DatasetSpec, look: Look) -> Drawing:
        """A calendar per metric, one below the other."""
        time = options.time_dimension(dataset)
        names = [metric_name(m) for m in options.metrics]
        wide = widen(tables["main"], time, (), names, dataset, look)
        if wide.ms is None or not any(np.isfinite(wide.cells(n)).any() for n in names):
            return Empty("no_rows", NO_ROWS)
        wide = wide.keep(np.arange(max(0, wide.shape[1] - MOST_CELLS), wide.shape[1]))
        ms = wide.ms if wide.ms is not None else np.zeros(0)
        calendar = lay(ms, options.grain, options.domain, dataset.week_start, look.locale)
        page = layout(look, hovermode="closest", **_axes(calendar, len(names)))
        traces, told = [], []
        for place, metric in enumerate(options.metrics):
            cells = wide.cells(names[place])[0]
            written = style(metric, dataset, look, cells, options.format, options.currency)
            title = metric_title(metric, dataset)
            traces.append(_trace(options, wide, calendar, cells, place, len(names), written, look))
            told.append(_summary(title, wide, cells, options, written, look))
            if options.axis_titles or len(names) > 1:
                page["annotations"].append(_name(title, place, len(names), calendar.in_weeks))
                page["margin"]["t"] = 40 if calendar.in_weeks else 24
        return Plot({"data": traces, "layout": page}, (click_target(time),), " ".join(told))


def _trace(
    options: CalendarHeatmap.Options,
    wide: Wide,
    calendar: Calendar,
    values: Floats,
    place: int,
    count: int,
    written: Style,
    look: Look,
) -> dict[str, Any]:
    """The cells of one metric; days without a row have none."""
    rows, columns = calendar.shape
    z = np.full(calendar.shape, np.nan)
    z[calendar.rows, calendar.columns] = values
    hover = [[""] * columns for _ in range(rows)]
    clicks: list[list[list[Any] | None]] = [[None] * columns for _ in range(rows)]
    for at, (row, column) in enumerate(
        zip(calendar.rows.tolist(), calendar.columns.tolist(), strict=True)
    ):
        hover[row][column] = safe(_moment(wide, at, options, look))
        clicks[row][column] = [wide.values[at]]
    axis = str(place + 1) if place else ""
    trace: dict[str, Any] = {
        "type": "heatmap", "z": typed(z), "x": list(range(columns)), "y": list(range(rows)),
        "xaxis": f"x{axis}", "yaxis": f"y{axis}", "xgap": 1.5, "ygap": 1.5,
        "hoverongaps": False, "hovertext": hover, "customdata": clicks,
        "ids": [[f"{r},{c}" for c in range(columns)] for r in range(rows)],
        "hovertemplate": f"%{{hovertext}}<br><b>{written.hover('z')}</b><extra></extra>",
        **_colors(options, values, place, count, written),
    }  # fmt: skip
    if options.cell_labels:
        trace["texttemplate"] = written.hover("z")
    return trace


def _moment(wide: Wide, at: int, options: CalendarHeatmap.Options, look: Look) -> str:
    ms = float(wide.ms[at]) if wide.ms is not None else 0.0
    moment = np.datetime64(int(ms), "ms").astype("datetime64[us]").item()
    return formats.time(moment, options.time_format, options.grain, look.locale)


def _colors(
    options: CalendarHeatmap.Options, values: Floats, place: int, count: int, written: Style
) -> dict[str, Any]:
    colors = scale(options.color_scale, options.reverse_colors)
    if options.steps:
        colors = _stepped(colors, options.steps)
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    share = 1 / count
    bar = {
        "thickness": 8, "outlinewidth": 0, "nticks": 4, "xpad": 4, "ypad": 0, "ticks": "",
        "tickfont": {"size": 11}, "lenmode": "fraction", "len": share * 0.85,
        "y": 1 - share * (place + 0.5), "yanchor": "middle",
    }  # fmt: skip
    return {
        "colorscale": colors, "zmin": low, "zmax": high if high > low else low + 1,
        "showscale": options.color_bar, "colorbar": bar | written.ticks(),
    }  # fmt: skip


def _stepped(colors: list[list[float | str]], steps: int) -> list[list[float | str]]:
    """A scale of even steps instead of a smooth one."""
    stops = [str(c) for _, c in colors]
    found: list[list[float | str]] = []
    for step in range(steps):
        at = step / max(1, steps - 1) * (len(stops) - 1)
        low = min(int(at), len(stops) - 2)
        color = mix(stops[low], stops[low + 1], at - low)
        found += [[step / steps, color], [(step + 1) / steps, color]]
    return found


def _axes(calendar: Calendar, count: int) -> dict[str, Any]:
    """A pair of axes per metric, from top to bottom."""
    found: dict[str, Any] = {}
    height = (1 - _GAP * (count - 1)) / count
    for place in range(count):
        key = str(place + 1) if place else ""
        top = 1 - place * (height + _GAP)
        common = {
            "showgrid": False, "zeroline": False, "ticks": "", "fixedrange": True,
            "automargin": True, "tickangle": 0, "tickmode": "array", "showline": False, "tickfont": {"size": 11},
        }  # fmt: skip
        found[f"xaxis{key}"] = common | {
            "anchor": f"y{key}", "range": [-0.5, calendar.shape[1] - 0.5], "constrain": "domain",
            "tickvals": list(calendar.across), "side": "top" if calendar.in_weeks else "bottom",
            "ticktext": [safe(t) for t in calendar.across.values()],
        }  # fmt: skip
        named = {k: v for k, v in calendar.down.items() if v}
        found[f"yaxis{key}"] = common | {
            "anchor": f"x{key}", "range": [calendar.shape[0] - 0.5, -0.5],
            "domain": [max(0.0, top - height), top], "constrain": "domain",
            "tickvals": list(named), "ticktext": [safe(t) for t in named.values()],
            "ticksuffix": " ",
        }  # fmt: skip
    return found


def _name(title: str, place: int, count: int, is_below: bool) -> dict[str, Any]:
    """A metric's name over its calendar."""
    height = (1 - _GAP * (count - 1)) / count
    return {
        "text": safe(title), "xref": "paper", "yref": "paper", "x": 0, "xanchor": "left",
        "y": 1 - place * (height + _GAP), "yanchor": "bottom", "yshift": 18 if is_below else 4, "showarrow": False,
        "font": {"size": 12},
    }  # fmt: skip


def _summary(
    title: str,
    wide: Wide,
    values: Floats,
    options: CalendarHeatmap.Options,
    written: Style,
    look: Look,
) -> str:
    if not np.isfinite(values).any():
        return f"{title}: no values."
    most, least = int(np.nanargmax(values)), int(np.nanargmin(values))
    told = [
        f"{written.text(float(values[at]))} ({_moment(wide, at, options, look)})"
        for at in (most, least)
    ]
    return f"{title} on {len(values)} cells of a calendar: highest {told[0]}, lowest {told[1]}."
