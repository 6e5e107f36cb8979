"""Gantt charts: tasks as bars from their start to their end."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
from pydantic import Field

from dashapp.charts import formats
from dashapp.charts.asks import (
    DATA,
    LOOK,
    click_target,
    dimension_title,
    metric_format,
    metric_title,
)
from dashapp.charts.axes import GREY, layout
from dashapp.charts.base import ChartKind, Drawing, Empty, Look, Plot, Tables
from dashapp.charts.colors import assign
from dashapp.charts.lanes import Lanes, Task
from dashapp.charts.plot_options import PlotOptions, needs
from dashapp.charts.plotting import (
    NO_ROWS,
    Floats,
    encode,
    floats,
    is_time,
    milliseconds,
    safe,
    shorten,
    typed,
)
from dashapp.charts.values import Plain
from dashapp.charts.wide import words
from dashapp.errors import Invalid
from dashapp.specs import DatasetSpec, Dimension, Order, QuerySpec, metric_name
from dashapp.specs.query import Metric

MOST_TASKS: Final = 2_000
_DAY_MS: Final = 86_400_000.0
_CLOCK = r"^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$"


class Gantt(ChartKind):
    """Tasks along time."""

    slug, title, family, icon = "gantt", "Gantt chart", "schedule", "calendar2-range"
    description = "What runs from when to when, one row per task."

    class Options(PlotOptions):
        """Where tasks begin and end, what their rows are, and what is told about them."""

        start: Dimension | None = Field(
            None,
            title="Start",
            description="Column of time with the beginning.",
            json_schema_extra=DATA | {"widget": "dimension"},
        )
        end: Dimension | None = Field(
            None,
            title="End",
            description="Column of time with the end.",
            json_schema_extra=DATA | {"widget": "dimension"},
        )
        rows: Dimension | None = Field(
            None,
            title="Rows",
            description="One row per member of this dimension.",
            json_schema_extra=DATA | {"widget": "dimension"},
        )
        color: Dimension | None = Field(
            None,
            title="Colour",
            description="Members of this dimension have their own colours.",
            json_schema_extra=DATA | {"widget": "dimension"},
        )
        tooltips: tuple[Dimension, ...] = Field(
            (),
            max_length=10,
            title="More to tell",
            description="Dimensions that hover tells too.",
            json_schema_extra=DATA | {"widget": "dimensions"},
        )
        metrics: tuple[Metric, ...] = Field(
            (),
            max_length=10,
            title="Metrics to tell",
            description="Metrics that hover tells too.",
            json_schema_extra=DATA | {"widget": "metrics"},
        )
        rows_limit: int = Field(
            50,
            ge=1,
            le=500,
            title="Most rows",
            description="The first of the answer are drawn.",
            json_schema_extra=DATA,
        )
        lanes: Literal["overlap", "free", "color"] = Field(
            "free",
            title="Within a row",
            description="Tasks lie over each other, move below each other where they overlap "
            "(free), or each colour has its own line.",
            json_schema_extra=LOOK,
        )
        labels: Literal["none", "rows", "color"] = Field(
            "none",
            title="Labels",
            description="What is written on the bars.",
            json_schema_extra=LOOK,
        )
        today: bool = Field(
            False,
            title="Today",
            description="A line across the plot at the present time.",
            json_schema_extra=LOOK,
        )
        day_from: str | None = Field(
            None,
            pattern=_CLOCK,
            title="First day from",
            description='Time of day at which the axis begins, such as "08:00".',
            json_schema_extra=LOOK,
        )
        day_to: str | None = Field(
            None,
            pattern=_CLOCK,
            title="Last day to",
            description='Time of day at which the axis ends, such as "18:00".',
            json_schema_extra=LOOK,
        )
        time_format: str | None = Field(
            None,
            max_length=50,
            title="Time format",
            description='d3 format of times in tooltips, such as "%b %-d"; as fine as they are '
            "if empty.",
            json_schema_extra=LOOK | {"widget": "time_format"},
        )

        def dimensions(self) -> tuple[Dimension, ...]:
            """All that is asked for, each once."""
            if self.start is None or self.end is None or self.rows is None:
                needs(self.start, "start", "Choose the column of the start.")
                needs(self.end, "end", "Choose the column of the end.")
                needs(self.rows, "rows", "Choose the dimension of the rows.")
                raise AssertionError
            more = ((self.color,) if self.color else ()) + self.tooltips
            named = {d.name: d for d in (self.start, self.end, self.rows, *more)}
            return tuple(named.values())

    @classmethod
    def queries(cls, options: Options, dataset: DatasetSpec) -> dict[str, QuerySpec]:
        """One row per task, in the order of their starts."""
        dimensions = options.dimensions()
        first = dict.fromkeys(d.name for d in (options.start, options.rows) if d)
        order = options.order or tuple(Order(by=name) for name in first)
        query = options.base_query(dataset, dimensions, options.metrics, order=order)
        return {"main": query}

    @classmethod
    def figure(cls, options: Options, tables: Tables, dataset: DatasetSpec, look: Look) -> Drawing:
        """Bars, rows from top to bottom as the answer names them."""
        if options.start is None or options.end is None or options.rows is None:
            return Empty("not_configured", "Choose a start, an end and what the rows are.")
        table = tables["main"].slice(0, MOST_TASKS)
        start, end = _moments(table, options.start, look), _moments(table, options.end, look)
        drawn = np.flatnonzero(np.isfinite(start) & np.isfinite(end))
        if not len(drawn):
            return Empty("no_rows", NO_ROWS)
        table, start, end = table.take(drawn), start[drawn], end[drawn]
        start, end = np.minimum(start, end), np.maximum(start, end)
        rows, names = _told(table, options.rows, dataset, look)
        colored, shades = _told(table, options.color, dataset, look) if options.color else ([], [])
        tasks = [
            Task(row, shades[i] if shades else "", start[i], end[i]) for i, row in enumerate(names)
        ]
        lanes = Lanes.of(tasks, options.lanes, options.rows_limit)
        hover = _hover(table, tasks, options, dataset, look)
        members = [rows, colored] if options.color else [rows]
        clicks = [list(row) for row in zip(*members, strict=True)]
        traces = _traces(options, lanes, tasks, hover, clicks, colored, look)
        page = layout(
            look,
            legend=options.legend_place(len(traces)) if options.color else "",
            entries=[t["name"] for t in traces],
            barmode="overlay",
            hovermode="closest",
            xaxis=_axis(start, end, options),
            yaxis=lanes.axis(),
            shapes=_today(look) if options.today else [],
            uniformtext={"minsize": 10, "mode": "hide"},
        )
        targets = tuple(click_target(d) for d in (options.rows, options.color) if d)
        return Plot(
            {"data": traces, "layout": page}, targets, _summary(options, dataset, tasks, look)
        )


def _moments(table: pa.Table, dimension: Dimension, look: Look) -> Floats:
    """A column's times in ms on the viewer's clock."""
    if dimension.name not in table.column_names:
        return np.full(table.num_rows, np.nan)
    column = table.column(dimension.name).combine_chunks()
    if pa.types.is_null(column.type):
        return np.full(table.num_rows, np.nan)
    if not is_time(column):
        raise Invalid(f"“{dimension.name}” holds no times.")
    return milliseconds(column, look.zone)


def _told(
    table: pa.Table, dimension: Dimension, dataset: DatasetSpec, look: Look
) -> tuple[list[Plain], list[str]]:
    """A column's raw members and their words, row by row."""
    found = encode(table, dimension.name)
    known = found.members()
    texts = words(known, dimension, dataset, look)
    codes = found.codes.tolist()
    return [known[i] for i in codes], [texts[i] for i in codes]


def _hover(
    table: pa.Table, tasks: list[Task], options: Gantt.Options, dataset: DatasetSpec, look: Look
) -> list[str]:
    """What is told of each task."""
    lines = [
        [f"<b>{safe(shorten(t.row, 60))}</b>"] + ([safe(shorten(t.color, 60))] if t.color else [])
        for t in tasks
    ]
    times = [_moment(ms) for t in tasks for ms in (t.start, t.end)]
    grain = formats.finest(times)
    for place, own in enumerate(lines):
        first, last = (
            formats.time(m, options.time_format, grain, look.locale)
            for m in times[2 * place : 2 * place + 2]
        )
        own.append(safe(f"{first} – {last}"))
    for dimension in options.tooltips:
        title = dimension_title(dimension, dataset)
        for own, text in zip(lines, _told(table, dimension, dataset, look)[1], strict=True):
            own.append(safe(f"{title}: {shorten(text, 80)}"))
    for metric in options.metrics:
        title, (fmt, currency) = metric_title(metric, dataset), metric_format(metric, dataset)
        fmt = options.format or fmt
        for own, value in zip(lines, floats(table, metric_name(metric)).tolist(), strict=True):
            told = formats.number(value, fmt, currency, look.locale) or "–"
            own.append(safe(f"{title}: {told}"))
    return ["<br>".join(own) for own in lines]


def _traces(
    options: Gantt.Options,
    lanes: Lanes,
    tasks: list[Task],
    hover: list[str],
    clicks: list[list[Plain]],
    colored: list[Plain],
    look: Look,
) -> list[dict[str, Any]]:
    """One trace of bars per colour."""
    given = assign(dict.fromkeys(colored), look)
    found = []
    for member in dict.fromkeys(colored) if colored else [None]:
        at = [
            i
            for i in range(len(tasks))
            if lanes.places[i] is not None and (not colored or colored[i] == member)
        ]
        if not at:
            continue
        color = given[member] if colored else look.palette[0]
        name = safe(shorten(tasks[at[0]].color, 32))
        trace: dict[str, Any] = {
            "type": "bar", "orientation": "h", "name": name, "width": 0.72,
            "y": typed([float(lanes.places[i] or 0) for i in at]),
            "base": typed([tasks[i].start for i in at]),
            "x": typed([max(tasks[i].end - tasks[i].start, lanes.least_ms) for i in at]),
            "marker": {"color": color, "line": {"width": 0}, "cornerradius": 3},
            "customdata": [clicks[i] for i in at], "hovertext": [hover[i] for i in at],
            "hovertemplate": "%{hovertext}<extra></extra>",
        }  # fmt: skip
        if options.labels != "none":
            texts = [tasks[i].row if options.labels == "rows" else tasks[i].color for i in at]
            trace |= {
                "text": [safe(shorten(t, 30)) for t in texts], "textposition": "inside",
                "insidetextanchor": "start", "textfont": {"size": 11},
            }  # fmt: skip
        found.append(trace)
    return found


def _axis(start: Floats, end: Floats, options: Gantt.Options) -> dict[str, Any]:
    axis: dict[str, Any] = {
        "type": "date", "automargin": True, "showgrid": True, "zeroline": False, "ticks": "",
    }  # fmt: skip
    low, high = float(start.min()), float(end.max())
    if options.day_from:
        low = low - low % _DAY_MS + _clock_ms(options.day_from)
    if options.day_to:
        high = high - high % _DAY_MS + _clock_ms(options.day_to)
    if (options.day_from or options.day_to) and low < high:
        axis |= {"range": [low, high], "autorange": False}
    return axis


def _clock_ms(text: str) -> float:
    found = time.fromisoformat(text)
    return (found.hour * 3600 + found.minute * 60 + found.second) * 1000.0


def _today(look: Look) -> list[dict[str, Any]]:
    now = datetime.now(ZoneInfo(look.zone)).replace(tzinfo=None).isoformat(timespec="minutes")
    return [{
        "type": "line", "xref": "x", "yref": "paper", "x0": now, "x1": now, "y0": 0, "y1": 1,
        "line": {"color": GREY, "width": 1.5, "dash": "5px,4px"},
    }]  # fmt: skip


def _moment(ms: float) -> datetime:
    found: datetime = np.datetime64(int(ms), "ms").astype("datetime64[us]").item()
    return found


def _summary(options: Gantt.Options, dataset: DatasetSpec, tasks: list[Task], look: Look) -> str:
    first, last = min(t.start for t in tasks), max(t.end for t in tasks)
    rows = len({t.row for t in tasks})
    title = dimension_title(options.rows, dataset) if options.rows else "Rows"
    times = [formats.time(_moment(m), None, "day", look.locale) for m in (first, last)]
    return f"{len(tasks)} tasks in {rows} rows ({title}) from {times[0]} to {times[1]}."
