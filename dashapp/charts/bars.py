"""Bars of series, along time or members, upright or lying."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np

from dashapp.charts.axes import SHARE
from dashapp.charts.colors import faded
from dashapp.charts.formats import hover
from dashapp.charts.plotting import Floats, safe, typed
from dashapp.charts.traces import Mark, along, customdata, moments, period_name
from dashapp.charts.wide import Ints, Wide

Stack = Literal["grouped", "stacked", "percent"]
ROUND: Final = 3  # Radius of a bar's outer corners, in px.


@dataclass(frozen=True)
class Pose:
    """How bars stand."""

    stack: Stack = "grouped"
    horizontal: bool = False
    labels: bool = False
    unified: bool = False  # Hover shows all series of a place at once.
    least: float = 0.0  # Share of its stack from which on a part has a label.

    @property
    def value(self) -> str:
        """The coordinate that is the value."""
        return "x" if self.horizontal else "y"

    @property
    def place(self) -> Literal["x", "y"]:
        """The coordinate that is the place on the axis."""
        return "y" if self.horizontal else "x"


def shares(values: Sequence[Floats]) -> list[Floats]:
    """Each value as a share (0 to 1) of what stands at its place."""
    total = np.nansum(np.abs(np.vstack(values)), axis=0)
    total[total == 0] = np.nan
    return [v / total for v in values]


def bar(
    wide: Wide,
    mark: Mark,
    y: Floats,
    pose: Pose,
    share: Floats | None = None,
    part: Floats | None = None,
) -> dict[str, Any]:
    """One series of bars; with `share`, its length is that and hover shows both.

    `part` are the shares of stacks by which small parts go without a label.
    """
    at = np.flatnonzero(np.isfinite(y))
    drawn = y if share is None else share
    trace: dict[str, Any] = {
        "type": "bar",
        "name": mark.legend,
        pose.place: along(wide, at, lying=pose.horizontal),
        pose.value: typed(drawn[at]),
        "marker": {
            "color": faded(mark.color, 1 - 0.25 * min(mark.shade, 3)) if mark.shade else mark.color
        },
        "customdata": moments(wide, at) if pose.unified else customdata(wide, mark.row, at),
        "textposition": "none",
    }
    if pose.horizontal:
        trace["orientation"] = "h"
    _hover(trace, wide, mark, pose, at)
    if share is not None:
        trace["hovertemplate"] = trace["hovertemplate"].replace(
            _value(mark, pose), f"{hover(pose.value, SHARE)} ({mark.style.hover('text')})"
        )
        trace["text"] = y[at].tolist()
    if pose.labels:
        _label(trace, mark, y[at], pose, share is not None)
        if part is not None and pose.least > 0:
            shown = (np.nan_to_num(part[at]) >= pose.least).tolist()
            template = trace["texttemplate"]
            trace["texttemplate"] = [template if keep else "" for keep in shown]
    return trace


def _label(trace: dict[str, Any], mark: Mark, y: Floats, pose: Pose, is_share: bool) -> None:
    """Values (or shares) written at the bars."""
    if not is_share:
        trace["text"] = [safe(mark.style.brief(v)) for v in y.tolist()]
    trace["texttemplate"] = hover(pose.value, ".0%") if is_share else "%{text}"
    inside = pose.stack != "grouped"
    trace["textposition"] = "inside" if inside else "outside"
    trace |= {"cliponaxis": False, "textfont": {"size": 11}, "textangle": 0}
    if inside:
        trace["insidetextanchor"] = "middle"


def _value(mark: Mark, pose: Pose) -> str:
    return mark.style.hover(pose.value)


def _hover(trace: dict[str, Any], wide: Wide, mark: Mark, pose: Pose, at: Ints) -> None:
    """Unified hover names the place once; else each mark names its place, whole."""
    if pose.unified:
        trace["hovertemplate"] = f"{_value(mark, pose)}<extra>{mark.told}</extra>"
        return
    if wide.ms is None:
        trace["hovertext"] = [safe(wide.texts[i]) for i in at.tolist()]
        place = "%{hovertext}"
    else:
        place = f"%{{{pose.place}}}"
    name = f"{mark.told}: " if len(wide.series) > 1 or mark.has_title else ""
    trace["hovertemplate"] = f"{place}<br>{name}<b>{_value(mark, pose)}</b><extra></extra>"


def earlier_bar(
    wide: Wide, mark: Mark, told: tuple[str, str], pose: Pose, place: int = 0
) -> dict[str, Any]:
    """An earlier period's bars: paler, the earlier the more, with the present colour as outline."""
    column, offset = told
    y = wide.cells(column)[mark.row]
    name = f"{mark.name} ({period_name(offset)})"
    past = Mark(mark.metric, column, mark.row, name, mark.color, mark.style, True)
    trace = bar(wide, past, y, pose)
    del trace["customdata"]  # A click would filter the present period, not the one drawn.
    trace["legendrank"] = 1100
    trace["marker"] = {
        "color": faded(mark.color, 0.3 / (1 + place)),
        "line": {"color": faded(mark.color, 0.7), "width": 1},
    }
    return trace


def forecast_bar(wide: Wide, mark: Mark, pose: Pose) -> dict[str, Any] | None:
    """Bars ahead of the last known value: paler, with the interval as a whisker."""
    low, high, middle = (
        wide.cells(f"{mark.metric} {part}")[mark.row] for part in ("low", "high", "forecast")
    )
    known = wide.cells(mark.column)[mark.row]
    ahead = np.where(np.isfinite(known), np.nan, middle)
    at = np.flatnonzero(np.isfinite(ahead))
    if not len(at):
        return None
    name = f"{mark.name} (forecast)"
    to_come = Mark(mark.metric, mark.column, mark.row, name, mark.color, mark.style, True)
    trace = bar(wide, to_come, ahead, Pose(pose.stack, pose.horizontal))
    trace["marker"] = {"color": faded(mark.color, 0.4)}
    trace["showlegend"] = False
    trace[f"error_{pose.value}"] = {
        "type": "data",
        "symmetric": False,
        "array": typed((high - middle)[at]),
        "arrayminus": typed((middle - low)[at]),
        "color": mark.color,
        "thickness": 1,
        "width": 2,
    }
    return trace


def totals(wide: Wide, values: Sequence[Floats], mark: Mark, pose: Pose) -> dict[str, Any]:
    """Text over each stack with its sum: a bar of no length, so that text that is wider hides."""
    stack = np.vstack(values)
    at = np.flatnonzero(np.isfinite(stack).any(axis=0))
    return {
        "type": "bar",
        "orientation": "h" if pose.horizontal else "v",
        pose.place: along(wide, at, lying=pose.horizontal),
        pose.value: typed(np.zeros(len(at))),
        "text": [safe(mark.style.brief(v)) for v in np.nansum(stack, axis=0)[at].tolist()],
        "textposition": "outside",
        "textfont": {"size": 11},
        "textangle": 0,
        "cliponaxis": False,
        "hoverinfo": "skip",
        "showlegend": False,
        "name": "Total",
    }


def bar_layout(pose: Pose, traces: int, places: int = 3) -> dict[str, Any]:
    """Layout parts of bars: grouping, gaps, round corners, small labels hidden."""
    return {
        "barmode": "group" if pose.stack == "grouped" else "relative",
        "bargap": 0.6 if places < 3 else 0.25 if traces == 1 or pose.stack != "grouped" else 0.2,
        "bargroupgap": 0.06,
        "barcornerradius": ROUND,
        "uniformtext": {"mode": "hide", "minsize": 9},
    }
