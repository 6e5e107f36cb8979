"""What stands in a tile: a drawing, an error with retry, one of the empty states, a skeleton."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from dash import dcc, html
from dash.development.base_component import Component

from dashapp.charts import brushes
from dashapp.charts.base import Drawing, Empty, Grid, Number, Plot, Text
from dashapp.errors import AppError, Forbidden, Invalid, NotFound, QueryCancelled, QueryTooCostly
from dashapp.query.result import Result
from dashapp.ui import grids, ids
from dashapp.ui.attrs import HIDDEN, attrs
from dashapp.ui.texts import t

GRAPH_CONFIG: Any = {
    "displayModeBar": False,
    "responsive": True,
    "doubleClick": "reset",
    # Outlines of the world come from here, not from Plotly's own server.
    "topojsonURL": "/assets/vendor/topojson-4.0.0/",
}
SKELETONS = {"numbers": "number", "parts": "ring", "tables": "lines", "text": "lines"}
ICONS = {
    "no_rows": "bi-inbox",
    "not_configured": "bi-sliders",
    "forbidden": "bi-lock",
    "not_found": "bi-question-circle",
    "cancelled": "bi-stop-circle",
    "choose": "bi-funnel",
    "failed": "bi-exclamation-triangle",
}


def skeleton(family: str) -> Component:
    """A grey picture in the shape of a family of charts; it appears after 150 ms."""
    shape = SKELETONS.get(family, "bars")
    return html.Div(className=f"skeleton {shape}", **HIDDEN)


def state(icon: str, message: str, *, retry: bool = False, failed: bool = False) -> Component:
    """A sentence in the middle of a tile, with a button to try again where that may help."""
    parts: list[Component] = [html.I(className=f"bi {ICONS[icon]}", **HIDDEN), html.Div(message)]
    if retry:
        parts.append(html.Button(t("Try again"), type="button", **attrs({"data-act": "refresh"})))
    return html.Div(parts, className="state failed" if failed else "state", role="status")


def failed(error: AppError) -> Component:
    """A refusal as a sentence."""
    if isinstance(error, Forbidden):
        return state("forbidden", error.message)
    if isinstance(error, NotFound):
        return state("not_found", error.message)
    if isinstance(error, QueryCancelled):
        return state("cancelled", t("Cancelled."), retry=True)
    if isinstance(error, Invalid) and "required" in error.detail:
        return state("choose", error.message)
    if isinstance(error, QueryTooCostly):
        return state("choose", costly(error))
    return state("failed", error.message, retry=True, failed=True)


def costly(error: QueryTooCostly) -> str:
    """The refusal; with the figures for those who are told."""
    if "cost" not in error.detail:
        return error.message
    cost, most = (f"{float(error.detail[name]):,.0f}" for name in ("cost", "most"))
    unit = t("rows") if error.detail.get("unit") == "rows" else t("planner cost")
    figures = t("Expected: {cost}, allowed: {most} ({unit}).", cost=cost, most=most, unit=unit)
    return f"{error.message} {figures}"


def tile(
    key: str,
    dataset: str,
    drawing: Drawing | None,
    error: AppError | None,
    results: Mapping[str, Result],
    zone: str,
) -> tuple[Component, Component | str]:
    """Body and foot of a tile: what was drawn, or why not.

    With both a drawing and an error, the drawing is the last good one and says how old it is.
    """
    if drawing is None:
        return failed(error or AppError(t("This tile has nothing to show."))), ""
    is_paged = isinstance(drawing, Grid) and drawing.paged  # The rest comes while one scrolls.
    drawn = body(key, dataset, drawing)
    if error is not None:
        as_of = min((r.as_of for r in results.values()), default=None)
        return html.Div([drawn, late(error, as_of, zone)], className="with-age"), ""
    told = foot(results, zone, is_whole=is_paged)
    if isinstance(drawing, Plot) and (lacks := thinned(drawing)):
        note = html.Span(lacks["note"], className="is-thinned")
        told = html.Span([note, html.Span([" · ", told], className="how")])
    return drawn, told


def late(error: AppError, as_of: datetime | None, zone: str) -> Component:
    """Why this is not today's picture, how old it is, and a button to try again."""
    age = (
        t("Data of {time}.", time=f"{as_of.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}")
        if as_of
        else ""
    )
    return html.Div(
        [
            html.I(className=f"bi {ICONS['failed']}", **HIDDEN),
            html.Span(f"{error.message} {age}", title=error.message),
            html.Button(t("Try again"), type="button", **attrs({"data-act": "refresh"})),
        ],
        className="late", role="status",
    )  # fmt: skip


def body(key: str, dataset: str, drawing: Drawing) -> Component:
    """A drawing as a component; `dataset` is the uuid that its clicks refer to."""
    if isinstance(drawing, Plot):
        return plot(key, dataset, drawing)
    if isinstance(drawing, Grid):
        return grids.table(ids.grid(key), dataset, drawing)
    if isinstance(drawing, Number):
        return number(drawing, key)
    if isinstance(drawing, Text):
        return markdown(drawing.markdown)
    if isinstance(drawing, Empty):
        return state(drawing.reason, drawing.message)
    raise TypeError(f"There is no component for {type(drawing).__name__}.")


def figure(dataset: str, drawing: Plot) -> dict[str, Any]:
    """A figure; what its marks stand for, and along what it is brushed, is in `layout.meta`."""
    clicks = [{"column": c.column, "grain": c.grain, "bin": c.bin} for c in drawing.clicks]
    meta: dict[str, Any] = {"clicks": clicks, "dataset": dataset}
    layout = {**drawing.figure.get("layout", {}), "meta": meta}
    if drawing.brush is not None:  # Dragging brushes instead of zooming.
        meta["brush"] = brushes.meta(drawing.brush)
        layout["dragmode"] = False
    if drawing.thinned is not None:
        meta["thinned"] = thinned(drawing)
    return {"data": drawing.figure["data"], "layout": layout}


def thinned(drawing: Plot) -> dict[str, Any] | None:
    """Which part of its axis a plot shows closely, whether all points of it are there, in words too."""
    found = drawing.thinned
    if found is None:
        return None
    is_exact = found.drawn == found.of
    drawn, points = f"{found.drawn:,}", f"{found.of:,}"
    if found.window is None:
        note = t("{drawn} of {points} points; zoom for all", drawn=drawn, points=points)
    elif is_exact:
        note = t("all {points} points of this part", points=points)
    else:
        note = t("{drawn} of {points} points of this part", drawn=drawn, points=points)
    return {"window": found.window, "exact": is_exact, "note": note}


def plot(key: str, dataset: str, drawing: Plot) -> Component:
    """A figure as a component; one that can be brushed can be focused, for arrow keys."""
    reachable: dict[str, Any] = {} if drawing.brush is None else {"tabIndex": "0"}
    return html.Div(
        dcc.Graph(
            id=ids.graph(key), figure=figure(dataset, drawing), config=GRAPH_CONFIG,
            responsive=True, style={"height": "100%", "width": "100%"},
        ),
        role="img", **attrs(label=drawing.summary), **reachable,
    )  # fmt: skip


def number(drawing: Number, key: str | None = None) -> Component:
    """One large value, its change and a small trend; in the tile `key` the next one replaces it."""
    own: dict[str, Any] = {"id": ids.value(key)} if key else {}
    below: dict[str, Any] = {"id": ids.trend(key)} if key else {}
    style: dict[str, Any] = {"--number-size": drawing.size}
    if drawing.tone:
        style["color"] = drawing.tone
    first: list[Component] = [html.Div(drawing.value, className="number-value", style=style)]
    if drawing.change:
        first.append(html.Div(drawing.change, className=f"number-change {drawing.change_is}"))
    if drawing.note:
        first.append(html.Div(drawing.note, className="number-note"))
    parts: list[Component] = [html.Div(first, className="number-head", **own)]
    if drawing.trend:
        trend = dcc.Graph(
            figure=drawing.trend, responsive=True, style={"height": "100%"},
            config={"staticPlot": True, "displayModeBar": False, "responsive": True}, **below,
        )  # fmt: skip
        parts.append(html.Div(trend, className="number-trend", **HIDDEN))
    shape = "number has-trend" if drawing.trend else "number"
    return html.Div(parts, className=shape, role="group", **attrs(label=drawing.summary))


def markdown(text: str) -> Component:
    """Markdown whose HTML is shown as text and whose links open apart."""
    return dcc.Markdown(text, className="text-body", link_target="_blank")


def foot(results: Mapping[str, Result], zone: str, *, is_whole: bool = False) -> Component | str:
    """How a tile's answer came about: rows, who answered, how long, how old."""
    if not results:
        return ""
    mark = approximate(results)
    if any(r.late for r in results.values()):
        told = aged(results, zone)
        return told if mark is None else html.Span([mark, " · ", told])
    rows = sum(r.rows for r in results.values())
    slowest = max(results.values(), key=lambda r: r.seconds)
    if "warehouse" in {r.rung for r in results.values()}:
        how = f"{duration(slowest.seconds)} · {rung('warehouse')}"
    else:
        as_of = min(r.as_of for r in results.values())
        how = f"{rung(slowest.rung)} · {clock(as_of, zone)}"
    parts: list[Component | str] = [how]
    if not is_whole and any(r.truncated for r in results.values()):
        cut = html.Span(t("cut at {rows} rows", rows=f"{rows:,}"), className="is-cut")
        parts = [cut, f" · {how}"]
    if mark is not None:
        return html.Span([mark, html.Span([" · ", *parts], className="how")])
    return html.Span(parts) if len(parts) > 1 else how


def approximate(results: Mapping[str, Result]) -> Component | None:
    """How far the numbers of a tile may be off; None where they are exact."""
    error = max((e for r in results.values() for e in r.errors.values()), default=0.0)
    if not error:
        return None
    why = t("Approximate; “Why this number?” computes it exactly.")
    return html.Span(f"≈ {margin(error)}", className="is-approximate", title=why)


def margin(error: float) -> str:
    """How far an approximate number may be off, in percent."""
    return f"± {max(1, round(error * 100))} %"


def aged(results: Mapping[str, Result], zone: str) -> Component:
    """How old an answer past its age is, and why it is shown."""
    is_down = any(r.late == "down" for r in results.values())
    why = t("the database does not answer") if is_down else t("a newer answer is being fetched")
    at = min(r.as_of for r in results.values()).astimezone(ZoneInfo(zone))
    is_today = at.date() == datetime.now(at.tzinfo).date()
    age = t("data of {time}", time=f"{at:%H:%M}" if is_today else f"{at:%Y-%m-%d %H:%M}")
    return html.Span(
        [html.I(className="bi bi-clock-history", **HIDDEN), f" {age} · {why}"],
        className="is-late is-down" if is_down else "is-late", role="status",
    )  # fmt: skip


def duration(seconds: float) -> str:
    """A duration in the unit that suits it."""
    return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"


def clock(at: datetime, zone: str) -> str:
    """A time of day in the viewer's zone."""
    return at.astimezone(ZoneInfo(zone)).strftime("%H:%M:%S")


def rung(name: str) -> str:
    """Who answered, in words."""
    names = {
        "memory": t("memory"), "redis": "Redis", "disk": t("disk"), "warehouse": t("database"),
        "derived": t("from another answer"), "rollup": t("from a rollup"),
    }  # fmt: skip
    return names[name]
