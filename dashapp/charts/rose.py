"""Roses: periods around a circle, the series of each stacked outwards."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from pydantic import Field

from dashapp.charts import formats
from dashapp.charts.asks import LOOK, metric_title
from dashapp.charts.axes import BELOW_LEGEND_PX, CLEAR, GREY, layout, time_text
from dashapp.charts.base import ChartKind, Drawing, Empty, Look, Plot, Tables
from dashapp.charts.colors import faded
from dashapp.charts.plotting import NO_ROWS, Floats, safe, typed
from dashapp.charts.timed import TimedSeriesOptions
from dashapp.charts.traces import customdata, marks, summary, targets
from dashapp.charts.wide import widen
from dashapp.specs import DatasetSpec, QuerySpec

MOST_SECTORS: Final = 366
_MOST_NAMES: Final = 12  # More names around a circle would lie over each other.


class Rose(ChartKind):
    """Stacked sectors around a circle, one per period (Nightingale)."""

    slug, title, family, icon = "rose", "Rose", "time", "flower1"
    description = "A sector per period around a circle, its series stacked outwards."
    needs_full_plotly = True

    class Options(TimedSeriesOptions):
        """Metrics over time, and what of a sector tells the value."""

        area: bool = Field(
            True,
            title="Area tells the value",
            description="Areas are in proportion to values; otherwise lengths are.",
            json_schema_extra=LOOK,
        )
        time_format: str | None = Field(
            None,
            max_length=50,
            title="Time format",
            description='d3 format such as "%b %Y"; by the grain if empty.',
            json_schema_extra=LOOK | {"widget": "time_format"},
        )

    @classmethod
    def queries(cls, options: Options, dataset: DatasetSpec) -> dict[str, QuerySpec]:
        """One row per period and series."""
        return {"main": options.question(dataset)}

    @classmethod
    def figure(cls, options: Options, tables: Tables, dataset: DatasetSpec, look: Look) -> Drawing:
        """Sectors clockwise from the top; negative values have no sector."""
        time = options.time_dimension(dataset)
        wide = widen(tables["main"], time, options.series, options.names, dataset, look)
        wide = wide.keep(np.arange(max(0, wide.shape[1] - MOST_SECTORS), wide.shape[1]))
        drawn = marks(wide, options, dataset, look)
        values = [wide.cells(m.column)[m.row] for m in drawn]
        if wide.ms is None or not any(np.nanmax(v, initial=0.0) > 0 for v in values):
            return Empty("no_rows", NO_ROWS)
        count = len(wide.ms)
        theta = np.arange(count) * 360.0 / count
        names = [_name(ms, options, look) for ms in wide.ms.tolist()]
        inner, traces, at = np.zeros(count), list[dict[str, Any]](), np.arange(count)
        for mark, cells in zip(drawn, values, strict=True):
            outer = inner + np.maximum(np.nan_to_num(cells), 0.0)
            base, end = _radius(inner, options.area), _radius(outer, options.area)
            texts = [
                f"{safe(n)}<br>{mark.told} <b>{safe(mark.style.text(v))}</b>"
                for n, v in zip(names, np.nan_to_num(cells).tolist(), strict=True)
            ]
            traces.append({
                "type": "barpolar", "name": mark.legend, "theta": typed(theta),
                "width": [360.0 / count] * count, "base": typed(base), "r": typed(end - base),
                "marker": {"color": mark.color, "line": {"width": 0.5, "color": CLEAR}},
                "customdata": customdata(wide, mark.row, at), "hovertext": texts,
                "hovertemplate": "%{hovertext}<extra></extra>",
            })  # fmt: skip
            inner = outer
        title = metric_title(options.metrics[0], dataset) if len(options.metrics) == 1 else ""
        page = layout(
            look,
            heading=title if options.axis_titles else "",
            legend=options.legend_place(len(traces)),
            entries=[m.name for m in drawn],
            barmode="overlay",
            polar=_circle(theta, names, float(_radius(inner, options.area).max())),
        )
        top = BELOW_LEGEND_PX if "legend" in page else 22
        page["margin"] |= {"b": 22, "l": 40, "r": 40, "t": max(top, page["margin"]["t"])}
        told = summary(wide, drawn, time, title or cls.title, look)
        return Plot({"data": traces, "layout": page}, targets(time, options.series), told)


def _radius(total: Floats, area: bool) -> Floats:
    return np.asarray(np.sqrt(total)) if area else total


def _name(ms: float, options: Rose.Options, look: Look) -> str:
    if options.time_format:
        moment = np.datetime64(int(ms), "ms").astype("datetime64[us]").item()
        return formats.time(moment, options.time_format, None, look.locale)
    return time_text(ms, "day" if options.grain == "week" else options.grain, look.locale)


def _circle(theta: Floats, names: list[str], outer: float) -> dict[str, Any]:
    """The polar axes: as many names as there is room for, no rings in the way."""
    step = max(1, -(-len(names) // _MOST_NAMES))
    shown = list(range(0, len(names), step))
    return {
        "bgcolor": CLEAR,
        "radialaxis": {"visible": False, "range": [0, outer]},
        "angularaxis": {
            "direction": "clockwise", "rotation": 90, "showgrid": False, "showline": True,
            "linecolor": faded(GREY, 0.4), "ticks": "", "tickmode": "array",
            "tickvals": [float(theta[i]) for i in shown],
            "ticktext": [safe(names[i]) for i in shown], "tickfont": {"size": 11},
        },
    }  # fmt: skip
