"""The time pivot: weeks, months or years laid over each other, the present one strong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from dashapp.charts import formats
from dashapp.charts.asks import DATA, LOOK, click_target, metric_title
from dashapp.charts.axes import GREY, SPIKE, Style, layout, style, value_axis
from dashapp.charts.base import ChartKind, Drawing, Empty, Look, Plot, Tables
from dashapp.charts.colors import faded
from dashapp.charts.plot_options import needs
from dashapp.charts.plotting import NO_ROWS, Floats, clicks_of, safe, typed
from dashapp.charts.thinning import thinned
from dashapp.charts.timed import TimedOptions
from dashapp.charts.wide import widen
from dashapp.specs import DatasetSpec, Grain, Order, QuerySpec, metric_name
from dashapp.specs.query import Metric

Times = npt.NDArray[np.datetime64]
Period = Literal["day", "week", "4 weeks", "month", "quarter", "year", "52 weeks"]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: Final[tuple[Weekday, ...]] = (
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
)  # fmt: skip
_WEEKS: Final[dict[str, int]] = {"week": 1, "4 weeks": 4, "52 weeks": 52}
_NAMED: Final[dict[Period, Grain]] = {
    "day": "day", "month": "month", "quarter": "quarter", "year": "year",
}  # fmt: skip
# How places within a period are told along the axis.
_TICKS: Final[dict[Period, str]] = {
    "day": "%H:%M", "week": "%a", "4 weeks": "%b %-d", "month": "%-d", "quarter": "%b %-d",
    "year": "%b", "52 weeks": "%b",
}  # fmt: skip
_DAY = np.timedelta64(1, "D")
_POINTS: Final = 8_000  # Of all periods together.
_EPOCH_WEEKDAY = 3  # 1970 began on a Thursday.


class TimePivot(ChartKind):
    """Periods laid over each other."""

    slug, title, family, icon = "time_pivot", "Time pivot", "time", "layers"
    description = "Each week, month or year as a line over the same axis; the latest stands out."

    class Options(TimedOptions):
        """One metric, cut into periods."""

        metric: Metric | None = Field(
            None,
            title="Metric",
            description="What is drawn.",
            json_schema_extra=DATA | {"widget": "metric"},
        )
        period: Period = Field(
            "year",
            title="Period",
            description="What is laid over each other.",
            json_schema_extra=DATA,
        )
        week_start: Weekday = Field(
            "monday",
            title="Weeks begin on",
            description="First day of periods that are made of weeks.",
            json_schema_extra=DATA,
        )
        most: int = Field(
            12,
            ge=1,
            le=200,
            title="Periods",
            description="Most periods drawn; the latest are kept.",
            json_schema_extra=DATA,
        )
        color: str | None = Field(
            None,
            pattern=r"^#[0-9a-fA-F]{6}$",
            title="Colour",
            description="Of the latest period, as #rrggbb; the palette's first by default.",
            json_schema_extra=LOOK | {"widget": "color"},
        )
        from_zero: bool = Field(
            False,
            title="From zero",
            description="Let the values' axis begin at zero.",
            json_schema_extra=LOOK,
        )

    @classmethod
    def queries(cls, options: Options, dataset: DatasetSpec) -> dict[str, QuerySpec]:
        """One row per bucket of time, in its order."""
        if options.metric is None:
            needs(options.metric, "metric", "Choose a metric.")
            raise AssertionError
        time = options.time_dimension(dataset)
        order = options.order or (Order(by=time.name),)
        return {"main": options.base_query(dataset, (time,), (options.metric,), order=order)}

    @classmethod
    def figure(cls, options: Options, tables: Tables, dataset: DatasetSpec, look: Look) -> Drawing:
        """A line per period, older ones paler."""
        if options.metric is None:
            return Empty("not_configured", "Choose a metric.")
        time, name = options.time_dimension(dataset), metric_name(options.metric)
        wide = widen(tables["main"], time, (), (name,), dataset, look)
        if wide.ms is None or not len(wide.ms) or not np.isfinite(wide.cells(name)).any():
            return Empty("no_rows", NO_ROWS)
        y = wide.cells(name)[0]
        folded = fold(wide.ms, options.period, WEEKDAYS.index(options.week_start))
        written = style(options.metric, dataset, look, y, options.format, options.currency)
        starts = np.unique(folded.starts)[::-1][: options.most]
        traces, told = [], list[tuple[str, float]]()
        for age, start in enumerate(starts):
            at = np.flatnonzero(folded.starts == start)
            at = at[thinned(y[at], max(200, _POINTS // len(starts)))]
            label = _label(start, options.period, look)
            trace = _line(folded.within[at], y[at], age, len(starts), label, written)
            color = options.color or look.palette[0]
            if age == 0:
                trace["line"] = {"color": color, "width": 3}
                trace["marker"] = {"color": color, "size": 6}
            moments = [_moment(wide.ms[i], options.grain, look) for i in at.tolist()]
            trace["hovertext"] = [safe(f"{label} · {m}") for m in moments]
            trace["customdata"] = clicks_of([wide.values[i] for i in at.tolist()])
            traces.append(trace)
            known = y[at][np.isfinite(y[at])]
            told.append((label, float(known[-1]) if len(known) else float("nan")))
        title = metric_title(options.metric, dataset)
        few = options.legend != "auto" or len(traces) <= 6
        page = layout(
            look,
            heading=title if options.axis_titles else "",
            legend=options.legend_place(len(traces)) if few else "",
            entries=[t["name"] for t in traces],
            hovermode="closest",
            xaxis=_axis(options.period),
            yaxis=value_axis(written, from_zero=options.from_zero) | {"fixedrange": True},
        )
        # The latest period is drawn last, so that it lies over the others.
        figure = {"data": traces[::-1], "layout": page}
        return Plot(figure, (click_target(time),), _summary(title, told, options, written))


@dataclass(frozen=True)
class Folded:
    """Times as the start of their period, and where they lie on the latest period's axis."""

    starts: Times
    within: Floats  # ms on the axis of the latest period


def fold(ms: Floats, period: Period, weekday: int) -> Folded:
    """Times (ms on a wall clock) laid into the latest period that they have.

    Periods of several weeks are counted back from the latest week; `weekday` is 0 for Monday.
    """
    times = ms.astype("datetime64[ms]")
    starts = _starts(times, period, weekday).astype("datetime64[ms]")
    within = (times - starts + starts.max()).astype(np.int64).astype(np.float64)
    return Folded(starts, within)


def _starts(times: Times, period: Period, weekday: int) -> Times:
    days = times.astype("datetime64[D]")
    if period in ("day", "year", "month"):
        unit = {"day": "D", "year": "Y", "month": "M"}[period]
        return times.astype(f"datetime64[{unit}]")
    if period == "quarter":
        months = times.astype("datetime64[M]").astype(np.int64)
        return (months - months % 3).astype("datetime64[M]")
    numbers = days.astype(np.int64)
    first = numbers - (numbers + _EPOCH_WEEKDAY - weekday) % 7
    length = 7 * _WEEKS[period]
    end = first.max() + 7
    found: Times = (end - ((end - 1 - first) // length + 1) * length).astype("datetime64[D]")
    return found


def _line(x: Floats, y: Floats, age: int, count: int, label: str, written: Style) -> dict[str, Any]:
    share = 1 - (age - 1) / max(1, count - 1) if age else 1.0
    return {
        "type": "scatter",
        "mode": "lines+markers" if age == 0 and len(x) <= 31 else "lines",
        "name": safe(label),
        "x": typed(x),
        "y": typed(y),
        "line": {"color": faded(GREY, round(0.25 + 0.55 * share, 3)), "width": 1.5},
        "legendrank": 1000 + age,
        "hovertemplate": f"%{{hovertext}}<br><b>{written.hover('y')}</b><extra></extra>",
    }


def _axis(period: Period) -> dict[str, Any]:
    axis: dict[str, Any] = {
        "type": "date", "automargin": True, "showgrid": False, "zeroline": False, "ticks": "",
        "tickformat": _TICKS[period], **SPIKE, "showspikes": False, "fixedrange": True,
    }  # fmt: skip
    return axis | ({"dtick": 86_400_000} if period == "week" else {})


def _label(start: np.datetime64, period: Period, look: Look) -> str:
    moment = start.astype("datetime64[us]").item()
    text = formats.time(moment, None, _NAMED.get(period, "day"), look.locale)
    return f"from {text}" if period in _WEEKS else text


def _moment(ms: float, grain: Grain | None, look: Look) -> str:
    moment = np.datetime64(int(ms), "ms").astype("datetime64[us]").item()
    return formats.time(moment, None, grain, look.locale)


def _summary(
    title: str, told: list[tuple[str, float]], options: TimePivot.Options, written: Style
) -> str:
    label, last = told[0]
    value = written.text(last if np.isfinite(last) else None)
    return (
        f"{title}, {len(told)} periods ({options.period}) laid over each other: {label} at {value}."
    )
