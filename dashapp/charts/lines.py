"""Lines along time, numbers or members; those of earlier periods; and forecasts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np

from dashapp.charts.axes import GREY, Style
from dashapp.charts.colors import faded
from dashapp.charts.plotting import Floats, safe, typed
from dashapp.charts.thinning import Thinning
from dashapp.charts.traces import Mark, along, moments, period_name
from dashapp.charts.wide import Ints, Wide

Shape = Literal["linear", "spline", "hv", "vh", "hvh"]
SHAPES: Final[dict[str, Shape]] = {
    "straight": "linear",
    "smooth": "spline",
    "step": "hv",
    "step before": "vh",
    "step middle": "hvh",
    "points": "linear",
}
DASHES: Final = ("4px,3px", "1px,3px", "8px,3px,1px,3px")  # Of the first, second, third period …
FEW_POINTS: Final = 31  # A line of so few points shows them as dots too.
DOT: Final = 6  # Size of a point's mark, in px.


@dataclass(frozen=True)
class Stroke:
    """How lines are drawn."""

    thinning: Thinning
    shape: Shape = "linear"
    markers: Literal["auto", "always", "never"] = "auto"
    labels: bool = False
    gaps: bool = True  # Whether buckets without a row break the line.
    yaxis: str = "y"
    points: bool = False  # Points without lines.
    size: float = DOT


def line(wide: Wide, mark: Mark, stroke: Stroke) -> dict[str, Any]:
    """A line along time or members."""
    y = wide.cells(mark.column)[mark.row]
    shown = np.ones(len(y), dtype=bool) if stroke.gaps else wide.present[mark.row]
    at = _trimmed(np.flatnonzero(shown), y)
    at = thin(wide, at, y, stroke.thinning)
    trace: dict[str, Any] = {
        "type": "scatter",
        "name": mark.legend,
        "x": along(wide, at),
        "y": typed(y[at]),
        "mode": "lines",
        "line": _line(mark, stroke),
        "hovertemplate": f"{mark.style.hover('y')}<extra>{mark.told}</extra>",
        "customdata": moments(wide, at),
        **_dots(y[at], stroke, mark.color),
    }
    if stroke.yaxis != "y":
        trace["yaxis"] = stroke.yaxis
    if stroke.labels:
        _label(trace, y[at], mark.style)
    return trace


def thin(wide: Wide, at: Ints, y: Floats, thinning: Thinning, *, told: bool = True) -> Ints:
    """Those of the places at which a line with these values is drawn; `told` counts its points."""
    across = None if wide.across is None else wide.across[at]
    return at[thinning.kept(across, y[at], told=[y[at]] if told else ())]


def _line(mark: Mark, stroke: Stroke) -> dict[str, Any]:
    found: dict[str, Any] = {"color": mark.color, "width": 2, "shape": stroke.shape}
    if mark.shade:
        found["dash"] = DASHES[(mark.shade - 1) % len(DASHES)]
    return found


def _trimmed(at: Ints, y: Floats) -> Ints:
    """Places without the empty ones at the end (a forecast's buckets have no value yet)."""
    known = np.flatnonzero(np.isfinite(y[at]))
    return at[: known[-1] + 1] if len(known) else at[:0]


def _dots(y: Floats, stroke: Stroke, color: str) -> dict[str, Any]:
    """Markers, where asked for, where a line has few points, and on points without neighbours."""
    if stroke.points:
        return {"mode": "markers", "marker": {"size": stroke.size, "color": color}}
    wanted = stroke.markers == "always" or (stroke.markers == "auto" and len(y) <= FEW_POINTS)
    if wanted:
        return {"mode": "lines+markers", "marker": {"size": stroke.size, "color": color}}
    known = np.isfinite(y)
    before, after = np.r_[False, known[:-1]], np.r_[known[1:], False]
    alone = known & ~before & ~after
    if not alone.any():
        return {}
    sizes = np.where(alone, 5.0, 0.0)
    return {"mode": "lines+markers", "marker": {"size": typed(sizes), "color": color}}


def _label(trace: dict[str, Any], y: Floats, written: Style) -> None:
    """Write values at the points of a short line, at the last one of a long line."""
    trace["mode"] += "+text"
    trace["textposition"] = "top center"
    trace["textfont"] = {"size": 11}
    trace["cliponaxis"] = False
    told = len(y) if len(y) <= FEW_POINTS else 1
    texts = [safe(written.brief(v)) if np.isfinite(v) else "" for v in y[len(y) - told :].tolist()]
    trace["text"] = [""] * (len(y) - told) + texts


def earlier(
    trace: dict[str, Any],
    wide: Wide,
    mark: Mark,
    periods: Sequence[tuple[str, str]],
    thinning: Thinning,
) -> list[dict[str, Any]]:
    """The same line in earlier periods; of several series, hidden and shown together with it."""
    found = [
        _earlier(trace, wide, mark, told, thinning, place)
        for place, told in enumerate(periods)
        if wide.has(told[0])
    ]
    if mark.of > 1 and found:
        trace["legendgroup"] = mark.legend
        together = {"legendgroup": mark.legend, "showlegend": False}  # Its period is named once.
        found = [one | together for one in found]
    return found


def _earlier(
    trace: dict[str, Any],
    wide: Wide,
    mark: Mark,
    told: tuple[str, str],
    thinning: Thinning,
    place: int,
) -> dict[str, Any]:
    """The same line in an earlier period: dashed and paler, under the present one."""
    column, offset = told
    y = wide.cells(column)[mark.row]
    at = thin(wide, np.flatnonzero(np.isfinite(y)), y, thinning)
    period = safe(period_name(offset))
    name = f"{mark.legend} ({period})"
    points = trace["mode"] == "markers"
    return {
        "type": "scatter",
        "mode": "markers" if points else "lines",
        **({"marker": trace["marker"] | {"color": faded(mark.color, 0.45)}} if points else {}),
        "name": name,
        "legendrank": 1100,
        "x": along(wide, at),
        "y": typed(y[at]),
        "line": trace["line"] | {
            "color": faded(mark.color, 0.7), "dash": DASHES[place % len(DASHES)], "width": 1.5,
        },
        "hovertemplate": f"{mark.style.hover('y')}<extra>{mark.told} ({period})</extra>",
        **({"yaxis": trace["yaxis"]} if "yaxis" in trace else {}),
    }  # fmt: skip


def periods_named(offsets: Sequence[str]) -> list[dict[str, Any]]:
    """Entries of the legend that say which dashes stand for which earlier period."""
    return [
        {
            "type": "scatter", "mode": "lines", "x": [None], "y": [None], "hoverinfo": "skip",
            "name": safe(period_name(offset)), "legendrank": 1100,
            "line": {"color": GREY, "width": 1.5, "dash": DASHES[place % len(DASHES)]},
        }
        for place, offset in enumerate(offsets)
    ]  # fmt: skip


def earlier_total(
    wide: Wide,
    drawn: Sequence[Mark],
    columns: Sequence[str],
    offset: str,
    place: int = 0,
    thinning: Thinning | None = None,
) -> dict[str, Any]:
    """The earlier period's sum over a stack, as a dashed line; whole without `thinning`."""
    parts = np.vstack([wide.cells(c)[m.row] for m, c in zip(drawn, columns, strict=True)])
    at = np.flatnonzero(np.isfinite(parts).any(axis=0))
    total = np.nansum(parts, axis=0)
    at = thin(wide, at, total, thinning) if thinning else at
    name = f"Total ({safe(period_name(offset))})"
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": along(wide, at),
        "y": typed(total[at]),
        "line": {"color": GREY, "width": 2, "dash": DASHES[place % len(DASHES)]},
        "hovertemplate": f"{drawn[0].style.hover('y')}<extra>{name}</extra>",
    }


def forecast(wide: Wide, mark: Mark, yaxis: str = "y") -> list[dict[str, Any]]:
    """The band and the dashed line of a forecast, joined to the last known value."""
    parts = [wide.cells(f"{mark.metric} {p}")[mark.row] for p in ("low", "high", "forecast")]
    known = wide.cells(mark.column)[mark.row]
    ahead = np.flatnonzero(np.isfinite(parts[2]) & ~np.isfinite(known))
    past = np.flatnonzero(np.isfinite(known))
    if not len(ahead):
        return []
    low, high, middle = (p[ahead] for p in parts)
    if len(past):
        ahead = np.r_[past[-1], ahead]
        low, high, middle = (np.r_[known[past[-1]], p] for p in (low, high, middle))
    x, name = along(wide, ahead), f"{mark.legend} (forecast)"
    common = {"type": "scatter", "mode": "lines", "x": x, "showlegend": False, "yaxis": yaxis}
    clear = {"width": 0, "color": mark.color}
    return [
        common | {"y": typed(low), "line": clear, "hoverinfo": "skip", "name": name},
        common | {
            "y": typed(high), "line": clear, "hoverinfo": "skip", "name": name,
            "fill": "tonexty", "fillcolor": faded(mark.color, 0.18),
        },
        common | {
            "y": typed(middle), "name": name,
            "line": {"color": mark.color, "width": 2, "dash": "3px,3px"},
            "hovertemplate": f"{mark.style.hover('y')}<extra>{name}</extra>",
        },
    ]  # fmt: skip


def unseen_total(
    wide: Wide, drawn: Sequence[Mark], at_zero: bool = False, thinning: Thinning | None = None
) -> dict[str, Any]:
    """The sum of all series at each place (at fewer with `thinning`), for hover only."""
    parts = np.vstack([wide.cells(m.column)[m.row] for m in drawn])
    at = np.flatnonzero(np.isfinite(parts).any(axis=0))
    if thinning:
        at = thin(wide, at, np.nansum(parts, axis=0), thinning, told=False)
    # The line lies on the lowest mark or at zero, so that it never widens the axis.
    floor = np.zeros(len(at))
    if len(at) and not at_zero:
        floor = np.nanmin(parts[:, at], axis=0)
    return {
        "type": "scatter",
        "mode": "lines",
        "name": "Total",
        "showlegend": False,
        "x": along(wide, at),
        "y": typed(floor),
        "text": [safe(drawn[0].style.text(v)) for v in np.nansum(parts[:, at], axis=0).tolist()],
        "line": {"width": 0, "color": GREY},
        "hovertemplate": "<b>%{text}</b><extra>Total</extra>",
    }
