"""Axes, legend and page of a figure: no colours of their own, so that they follow the theme."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from pydantic import Field

from dashapp.charts import formats
from dashapp.charts.asks import metric_format
from dashapp.charts.base import Look
from dashapp.charts.formats_time import pattern
from dashapp.charts.plotting import Floats, safe, shorten
from dashapp.specs import DatasetSpec, Grain, Spec
from dashapp.specs.query import Metric

Scale = Literal["linear", "log"]

# Nothing of a figure is opaque but its marks; CSS colours text, grid and axes.
CLEAR: Final = "rgba(0,0,0,0)"
# The line of unified hover: thin and half clear, instead of Plotly's dashes.
SPIKE: Final[dict[str, Any]] = {
    "spikethickness": 1,
    "spikedash": "solid",
    "spikecolor": "rgba(138,143,152,0.6)",
}
GREY: Final = "#8a8f98"  # Reference lines: readable on white and on near black.

_TICK: Final[dict[Grain | None, str]] = {
    "hour": "%H:%M\n%b %-d",
    "day": "%b %-d\n%Y",
    "week": "%b %-d\n%Y",
    "month": "%b\n%Y",
    "quarter": "Q%q\n%Y",
    "year": "%Y",
}
_SHORT = 10
_BESIDE, _ABOVE = "beside", "above"  # Names of notes in the right margin, or over the plot.
_DECADES: Final = tuple(d * 10.0**k for k in range(-6, 15) for d in (1, 3))
_CHARACTER_PX, _PHONE_PX = 7, 340
_LINE_PX, _PADDING_PX = 19, 10  # Of a legend.
_LINES: Final = 2  # A legend along an edge has so many; the rest is scrolled to.
# The upper margin of plots that have words between them and a legend over them.
BELOW_LEGEND_PX: Final = _LINES * _LINE_PX + _PADDING_PX + 16
_YEAR_MS = 366 * 86_400_000
_FEW = 6  # Up to this many buckets each has its own tick.


class Reference(Spec):
    """A line across the plot at a value of the axis, with a few words."""

    value: float
    label: str = Field("", max_length=100)
    color: str | None = Field(None, pattern=r"^#[0-9a-fA-F]{6}$")


@dataclass(frozen=True)
class Style:
    """How a metric's values are written: d3 format or a name of `formats.NAMED`, and currency."""

    format: str = ",.2~f"
    currency: str | None = None
    locale: str = "en"

    def hover(self, variable: str) -> str:
        """The part of a template that shows `variable` (such as "y" or "marker.size")."""
        return formats.hover(variable, self.format, self.currency, self.locale)

    def text(self, value: float | None) -> str:
        """The value in plain words, for summaries; a dash where there is none."""
        return formats.number(value, self.format, self.currency, self.locale) or "–"

    def brief(self, value: float | None) -> str:
        """The value for a label at its mark: three digits with k, M, B if it is large.

        Labels of like values are equally long, so that all of them fit or none.
        """
        if value is not None and abs(value) >= 10_000 and not self.is_percent:
            return formats.number(value, ".3s", self.currency, self.locale).replace("G", "B")
        return self.text(value)

    def ticks(self) -> dict[str, Any]:
        """Axis properties that write ticks short: 20k, 1.5M, 45%."""
        if self.is_percent:
            return {"tickformat": ",~%"}
        named = self.format if self.format in formats.NAMED else None
        return formats.axis(named, self.currency, self.locale)

    @property
    def is_percent(self) -> bool:
        """Whether values are shares, shown as percent."""
        return self.format.endswith(("%", "p"))


SHARE: Final = ".1%"


def smart(values: Floats) -> str:
    """A d3 format that suits these values: as many digits as tell them apart, no more."""
    finite = np.abs(values[np.isfinite(values)])
    if not len(finite) or bool((finite == np.round(finite)).all()):
        return ",.0f"
    top = float(finite.max())
    if top >= 1000:
        return ",.0f"
    return ",.1f" if top >= 10 else ",.2f" if top >= 1 else ",.3~g"


def style(
    metric: Metric,
    dataset: DatasetSpec,
    look: Look,
    values: Floats,
    override: str | None = None,
    money: str | None = None,
) -> Style:
    """How a metric is written: the chart's own format and currency, the metric's, or what suits."""
    own, currency = metric_format(metric, dataset)
    currency = money or currency
    chosen = override or own
    formats.check_format(chosen, "number")
    if not chosen or chosen == "smart":
        small = np.nanmax(np.abs(values), initial=0) < 1000
        chosen = ",.2f" if currency and small else smart(values)
    return Style(chosen, currency, look.locale)


def value_axis(
    written: Style,
    *,
    log: bool = False,
    low: float | None = None,
    high: float | None = None,
    from_zero: bool = False,
    title: str = "",
) -> dict[str, Any]:
    """An axis of numbers. Bounds are values also on a logarithmic axis."""
    axis: dict[str, Any] = {
        "type": "log" if log else "linear",
        "automargin": True,
        "showgrid": True,
        "zeroline": not log,
        "zerolinewidth": 1,
        "nticks": 6,
        "ticks": "",
        **written.ticks(),
    }
    if log:
        short = Style("smart", written.currency, written.locale)
        axis |= {
            "tickmode": "array",
            "tickvals": list(_DECADES),
            "ticktext": [
                written.text(v) if written.is_percent else short.text(v) for v in _DECADES
            ],
        }
    if from_zero and not log:
        axis["rangemode"] = "tozero"
    if low is not None or high is not None:
        axis["range"] = [_bound(low, log), _bound(high, log)]
        axis["autorange"] = False if None not in axis["range"] else _open(axis["range"])
    if title:
        axis["title"] = _axis_title(title)
    return axis


def _bound(value: float | None, log: bool) -> float | None:
    if value is None or not log:
        return value
    return float(np.log10(value)) if value > 0 else None


def _open(bounds: list[float | None]) -> bool | str:
    """Plotly's name for a range of which one end is left to the data."""
    return {(True, False): "min", (False, True): "max"}.get(
        (bounds[0] is None, bounds[1] is None), True
    )


def category_axis(
    texts: Sequence[str], *, reverse: bool = False, title: str = ""
) -> dict[str, Any]:
    """An axis of members in the given order (`labels`); from the top down with `reverse`."""
    axis: dict[str, Any] = {
        "type": "category",
        "categoryorder": "array",
        "categoryarray": list(texts),
        "automargin": True,
        "showgrid": False,
        "zeroline": False,
        "fixedrange": True,
        "ticks": "",
        **SPIKE,
    }
    if reverse:
        axis["autorange"] = "reversed"
    longest = max((len(t) for t in texts), default=0)
    if title and (reverse or longest <= _SHORT):  # Long labels stand upright and need its room.
        axis["title"] = _axis_title(title)
    return axis


def number_axis(title: str = "") -> dict[str, Any]:
    """An axis along which numbers stand at their place."""
    axis: dict[str, Any] = {
        "type": "linear",
        "automargin": True,
        "showgrid": False,
        "zeroline": False,
        "ticks": "",
        **SPIKE,
    }
    return axis | {"title": _axis_title(title)} if title else axis


def time_axis(ms: Floats, grain: Grain | None, locale: str) -> dict[str, Any]:
    """An axis of times (ms); few buckets have a tick each, many the ticks that fit."""
    axis: dict[str, Any] = {
        "type": "date",
        "automargin": True,
        "showgrid": False,
        "zeroline": False,
        "ticks": "",
        **SPIKE,
        "hoverformat": pattern(grain or "minute", locale),
    }
    buckets = np.unique(ms[np.isfinite(ms)])
    if grain in _TICK and 0 < len(buckets) <= _FEW:
        axis |= {"tickmode": "array", "tickvals": buckets.tolist(), "tickformat": _TICK[grain]}
    elif grain == "year" and 0 < np.ptp(buckets) <= _FEW * 2 * _YEAR_MS:
        axis |= {"tick0": float(buckets[0]), "dtick": "M12", "tickformat": "%Y"}
    return axis


def time_text(ms: float, grain: Grain | None, locale: str) -> str:
    """A bucket's name in words, as hover shows it."""
    moment = np.datetime64(int(ms), "ms").astype("datetime64[us]").item()
    return formats.time(moment, None, grain, locale)


def layout(
    look: Look,
    *,
    heading: str = "",
    legend: str = "",
    entries: Sequence[str] = (),
    **more: Any,
) -> dict[str, Any]:
    """A figure's page: clear, tight, in the page's typeface.

    `heading` names the value axis above the plot, where it costs no width; with a legend it is
    the legend's title. `legend` is "top", "bottom", "left", "right" or nothing, `entries` the names in it. `more`
    is the rest of the layout (axes, barmode, …).
    """
    page: dict[str, Any] = {
        "margin": {"l": 4, "r": 10, "t": 8, "b": 4, "pad": 2},
        "paper_bgcolor": CLEAR,
        "plot_bgcolor": CLEAR,
        "font": {"family": "inherit", "size": 12},
        "separators": formats.separators(look.locale),
        "hoverlabel": {"font": {"family": "inherit", "size": 12}, "namelength": 40},
        "showlegend": bool(legend),
        "annotations": [],
    }
    if legend:
        page["legend"] = _legend(legend, heading, entries)
    elif heading:
        page["margin"]["t"] = 24
        page["annotations"].append(caption(heading))
    annotations = more.pop("annotations", [])
    page |= more
    page["annotations"] = page["annotations"] + annotations
    beside = [len(a["text"]) for a in annotations if a.get("name") == _BESIDE]
    if beside:
        page["margin"]["r"] = 12 + 6 * max(beside)
    if any(a.get("name") == _ABOVE for a in annotations):
        page["margin"]["t"] = max(page["margin"]["t"], BELOW_LEGEND_PX if legend == "top" else 20)
    return page


def _axis_title(text: str) -> dict[str, Any]:
    return {"text": safe(shorten(text, 48)), "standoff": 4, "font": {"size": 12}}


def caption(text: str, inside: bool = False) -> dict[str, Any]:
    """An annotation that names the value axis, above the plot or in its upper left corner."""
    return {
        "text": safe(shorten(text, 48)),
        "xref": "paper", "yref": "paper", "x": 0, "y": 1, "xanchor": "left",
        "yanchor": "top" if inside else "bottom", "xshift": 4 if inside else 0,
        "yshift": 0 if inside else 4, "showarrow": False, "font": {"size": 12},
    }  # fmt: skip


def _legend(where: str, title: str, entries: Sequence[str]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "font": {"size": 12}, "bgcolor": CLEAR, "tracegroupgap": 2, "traceorder": "normal",
        "itemwidth": 30,
        # Series that were switched off stay so when the data changes.
        "uirevision": "kept",
    }  # fmt: skip
    if where == "right":
        found |= {"x": 1.01, "xanchor": "left", "y": 1, "yanchor": "top"}
    elif where == "left":
        found |= {"xref": "container", "x": 0, "xanchor": "left", "y": 1, "yanchor": "top"}
    else:
        edge = {"y": 0, "yanchor": "bottom"} if where == "bottom" else {"y": 1, "yanchor": "top"}
        found |= {"orientation": "h", "xref": "container", "x": 0, "xanchor": "left"}
        found |= {"yref": "container", "maxheight": _LINES * _LINE_PX + _PADDING_PX} | edge
    if title:
        rows = sum(len(e) * _CHARACTER_PX + 46 for e in entries)
        one_line = where in ("top", "bottom") and len(title) * _CHARACTER_PX + rows <= _PHONE_PX
        if one_line or where in ("left", "right") or rows <= _PHONE_PX:
            side = "left" if one_line else "top left"
            found["title"] = {"text": safe(shorten(title, 40)), "side": side, "font": {"size": 12}}
            if side == "top left" and "maxheight" in found:
                found["maxheight"] += _LINE_PX
    return found


def references(lines: Sequence[Reference], axis: Literal["x", "y"] = "y") -> dict[str, Any]:
    """Layout parts (shapes, annotations) of lines across the plot at values of `axis`."""
    shapes, notes = [], []
    across = "x" if axis == "y" else "y"
    for line in lines:
        color = line.color or GREY
        shapes.append({
            "type": "line", f"{axis}ref": axis, f"{across}ref": "paper", f"{axis}0": line.value,
            f"{axis}1": line.value, f"{across}0": 0, f"{across}1": 1, "layer": "above",
            "line": {"color": color, "width": 1.5, "dash": "5px,4px"},
        })  # fmt: skip
        if line.label:
            notes.append(_words(line, axis))
    return {"shapes": shapes, "annotations": notes}


def _words(line: Reference, axis: Literal["x", "y"]) -> dict[str, Any]:
    """What a line says: beside the plot if it is short, so that no mark crosses it."""
    across = "x" if axis == "y" else "y"
    beside = axis == "y" and len(line.label) <= _SHORT
    name = _BESIDE if beside else _ABOVE if axis == "x" else ""
    return {
        "text": safe(line.label), f"{axis}ref": axis, f"{across}ref": "paper",
        axis: line.value, across: 1, "showarrow": False, "font": {"size": 11},
        "xanchor": "center" if axis == "x" else "left" if beside else "right",
        "xshift": 3 if beside else 0, "yanchor": "middle" if beside else "bottom",
        **({"name": name} if name else {}),
    }  # fmt: skip
