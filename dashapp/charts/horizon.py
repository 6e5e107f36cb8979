"""Horizon charts: many series in little height, their values folded into bands of colour."""

from __future__ import annotations

from typing import Any, Final, Literal

import numpy as np
from pydantic import Field

from dashapp.charts.asks import LOOK, metric_title
from dashapp.charts.axes import CLEAR, layout, time_axis
from dashapp.charts.base import ChartKind, Drawing, Empty, Look, Plot, Tables
from dashapp.charts.colors import faded
from dashapp.charts.plotting import NO_ROWS, Floats, safe, shorten, typed
from dashapp.charts.thinning import thinned
from dashapp.charts.timed import TimedSeriesOptions
from dashapp.charts.traces import Mark, along, customdata, marks, summary, targets
from dashapp.charts.wide import Wide, widen
from dashapp.specs import DatasetSpec, QuerySpec

MOST_ROWS: Final = 50
_POINTS: Final = 12_000
_ABOVE, _BELOW = "#2b7ad6", "#d9482b"


class Horizon(ChartKind):
    """Series below each other, values folded into bands."""

    slug, title, family, icon = "horizon", "Horizon chart", "time", "layers-half"
    description = "Many series over time in little height: the darker, the further from zero."

    class Options(TimedSeriesOptions):
        """Metrics over time, and how they are folded."""

        bands: int = Field(
            3,
            ge=1,
            le=6,
            title="Bands",
            description="Into how many bands values are folded.",
            json_schema_extra=LOOK,
        )
        scale: Literal["series", "overall", "change"] = Field(
            "series",
            title="Scale",
            description="Each series on a scale of its own, all on the same one, or each as its "
            "change since its first value.",
            json_schema_extra=LOOK,
        )
        color: str = Field(
            _ABOVE,
            pattern=r"^#[0-9a-fA-F]{6}$",
            title="Colour above zero",
            description="Written as #rrggbb.",
            json_schema_extra=LOOK | {"widget": "color"},
        )
        below_color: str = Field(
            _BELOW,
            pattern=r"^#[0-9a-fA-F]{6}$",
            title="Colour below zero",
            description="Written as #rrggbb.",
            json_schema_extra=LOOK | {"widget": "color"},
        )
        gaps: Literal["zero", "join"] = Field(
            "zero",
            title="Times without a value",
            description="Count as nothing, or are joined over.",
            json_schema_extra=LOOK,
        )

    @classmethod
    def queries(cls, options: Options, dataset: DatasetSpec) -> dict[str, QuerySpec]:
        """One row per bucket and series."""
        return {"main": options.question(dataset)}

    @classmethod
    def figure(cls, options: Options, tables: Tables, dataset: DatasetSpec, look: Look) -> Drawing:
        """A strip per series, all over one axis of time."""
        time = options.time_dimension(dataset)
        wide = widen(tables["main"], time, options.series, options.names, dataset, look)
        drawn = marks(wide, options, dataset, look)[:MOST_ROWS]
        values = [_values(wide, mark, options) for mark in drawn]
        if not any(np.isfinite(wide.cells(m.column)[m.row]).any() for m in drawn):
            return Empty("no_rows", NO_ROWS)
        reach = [float(np.nanmax(np.abs(v), initial=0.0)) or 1.0 for v in values]
        if options.scale == "overall":
            reach = [max(reach)] * len(reach)
        title = metric_title(options.metrics[0], dataset) if len(options.metrics) == 1 else ""
        ms = wide.ms if wide.ms is not None else np.array([])
        axis = time_axis(ms, time.grain, look.locale) | {
            "anchor": f"y{len(drawn)}" if len(drawn) > 1 else "y"
        }
        page = layout(
            look,
            heading=title if options.axis_titles else "",
            hovermode="closest",
            xaxis=axis | {"showspikes": False},
            **_strips(drawn, reach, options),
        )
        traces: list[dict[str, Any]] = []
        for place, (mark, cells) in enumerate(zip(drawn, values, strict=True)):
            axis_name = f"y{place + 1}" if place else "y"
            traces += _bands(wide, cells, reach[place], axis_name, options)
            traces.append(_hover(wide, mark, reach[place], axis_name, options))
        told = summary(wide, drawn, time, title or cls.title, look)
        return Plot({"data": traces, "layout": page}, targets(time, options.series), told)


def _values(wide: Wide, mark: Mark, options: Horizon.Options) -> Floats:
    """What is folded: values, or their change since the first one."""
    y = wide.cells(mark.column)[mark.row]
    known = np.flatnonzero(np.isfinite(y))
    if options.scale == "change" and len(known):
        y = np.asarray(y - y[known[0]], dtype=np.float64)
    if options.gaps == "zero":
        return np.asarray(np.nan_to_num(y))
    if len(known):
        y = np.interp(np.arange(len(y)), known, y[known])
    return np.asarray(np.nan_to_num(y))


def _strips(drawn: list[Mark], reach: list[float], options: Horizon.Options) -> dict[str, Any]:
    """A value axis per series, from top to bottom, named at its left."""
    found, height = {}, 1 / len(drawn)
    for place, mark in enumerate(drawn):
        top = 1 - place * height
        key = f"yaxis{place + 1}" if place else "yaxis"
        found[key] = {
            "domain": [max(0.0, top - height * 0.9), top],
            "range": [0, reach[place] / options.bands],
            "fixedrange": True, "showgrid": False, "zeroline": False, "automargin": True,
            "tickmode": "array", "tickvals": [reach[place] / options.bands / 2],
            "ticktext": [safe(shorten(mark.name, 22))], "ticks": "", "ticksuffix": " ",
        }  # fmt: skip
    return found


def _bands(
    wide: Wide, cells: Floats, reach: float, yaxis: str, options: Horizon.Options
) -> list[dict[str, Any]]:
    """Clear areas over each other: where several lie, the colour is strong."""
    height = reach / options.bands
    at = thinned(cells, _most(wide))
    cells = cells[at]
    found = []
    for color, part in ((options.color, cells), (options.below_color, -cells)):
        for band in range(options.bands):
            folded = np.clip(part - band * height, 0.0, height)
            if not folded.any():
                break
            found.append({
                "type": "scatter", "mode": "lines", "x": along(wide, at), "y": typed(folded),
                "line": {"width": 0, "color": CLEAR, "shape": "hvh"}, "fill": "tozeroy",
                "fillcolor": faded(color, _opacity(options.bands)), "hoverinfo": "skip",
                "yaxis": yaxis, "showlegend": False,
            })  # fmt: skip
    return found


def _most(wide: Wide) -> int:
    """Points per strip: more cannot be told apart, and many strips have fewer each."""
    return max(400, _POINTS // max(1, len(wide.series)))


def _opacity(bands: int) -> float:
    """So that all bands over each other are nearly opaque."""
    return round(float(1 - 0.08 ** (1 / bands)), 3)


def _hover(
    wide: Wide, mark: Mark, reach: float, yaxis: str, options: Horizon.Options
) -> dict[str, Any]:
    """Invisible points in the middle of a strip that tell its values and take clicks."""
    y = wide.cells(mark.column)[mark.row]
    at = np.flatnonzero(np.isfinite(y))
    at = at[thinned(y[at], _most(wide))]
    return {
        "type": "scatter", "mode": "markers", "x": along(wide, at),
        "y": typed(np.full(len(at), reach / options.bands / 2)), "yaxis": yaxis,
        "marker": {"size": 14, "color": CLEAR, "line": {"width": 0}}, "opacity": 0,
        "name": mark.legend, "showlegend": False, "text": y[at].tolist(),
        "customdata": customdata(wide, mark.row, at),
        "hovertemplate": f"%{{x}}<br>{mark.told} <b>{mark.style.hover('text')}</b><extra></extra>",
    }  # fmt: skip
