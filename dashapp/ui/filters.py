"""The filter bar: one control per filter, the chips of what is chosen."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from dashapp.specs import FilterSpec, FilterValue
from dashapp.specs.query import GRAINS, Scalar
from dashapp.ui import ids
from dashapp.ui.attrs import HIDDEN, attrs
from dashapp.ui.texts import t

PROTO = re.compile("__proto__", re.IGNORECASE)
EMPTY = "__empty__"  # a missing value among a dropdown's options; the script knows it too
RANGES = (
    "today", "yesterday", "last 7 days", "last 30 days", "last 90 days", "last 12 months",
    "current week", "current month", "current quarter", "current year",
    "previous week", "previous month", "previous quarter", "previous year",
)  # fmt: skip
Bounds = tuple[float, float] | None


def ranges() -> dict[str, str]:
    """The relative time ranges that the bar offers, with their names."""
    return {
        "today": t("Today"), "yesterday": t("Yesterday"), "last 7 days": t("Last 7 days"),
        "last 30 days": t("Last 30 days"), "last 90 days": t("Last 90 days"),
        "last 12 months": t("Last 12 months"), "current week": t("This week"),
        "current month": t("This month"), "current quarter": t("This quarter"),
        "current year": t("This year"), "previous week": t("Previous week"),
        "previous month": t("Previous month"), "previous quarter": t("Previous quarter"),
        "previous year": t("Previous year"),
    }  # fmt: skip


def grain_names() -> dict[str, str]:
    """The time grains with their names."""
    names = (
        t("Second"),
        t("Minute"),
        t("Hour"),
        t("Day"),
        t("Week"),
        t("Month"),
        t("Quarter"),
        t("Year"),
    )
    return dict(zip(GRAINS, names, strict=True))


def bar(
    specs: tuple[FilterSpec, ...], values: Mapping[str, FilterValue], bounds: Mapping[str, Bounds]
) -> Component:
    """All filters side by side; `values` what is chosen, `bounds` of the range filters."""
    controls = [control(s, values.get(s.key, s.default), bounds.get(s.key)) for s in specs]
    return html.Div(
        [sheet_head(), *controls], id=ids.BAR, className="filter-bar" if specs else "d-none", role="search",
        **attrs(label=t("Filters")),
    )  # fmt: skip


def sheet_head() -> Component:
    """What closes the filters where they are a sheet: on a phone."""
    return html.Div(
        [
            html.Strong(t("Filters")),
            html.Button(
                html.I(className="bi bi-x-lg", **HIDDEN), type="button", className="icon-button",
                **attrs({"data-close-filters": ""}, label=t("Close")),
            ),
        ],
        className="sheet-head",
    )  # fmt: skip


def control(spec: FilterSpec, value: FilterValue, bounds: Bounds) -> Component:
    """One filter: its label and its control."""
    make = {"select": select, "time": time, "grain": grain}
    field = slider(spec, value, bounds) if spec.kind == "range" else make[spec.kind](spec, value)
    mark = (
        [html.Span(" *", className="required", title=t("A choice is needed"))]
        if spec.required
        else []
    )
    label = html.Div([spec.title, *mark], className="filter-label", title=spec.description or "")
    return html.Div(
        [label, *field, dcc.Store(id=ids.filter("asks", spec.key), data={})],
        className=f"filter filter-{spec.kind}", role="group", **attrs(label=spec.title),
    )  # fmt: skip


def select(spec: FilterSpec, value: FilterValue) -> list[Component]:
    """A searchable list; options come from the server as one types."""
    chosen = [option(v) for v in value.values]
    picked: Any = [o["value"] for o in chosen]
    return [
        dcc.Dropdown(
            id=ids.filter("select", spec.key), options=chosen, multi=spec.multiple, searchable=True,
            value=picked if spec.multiple else next(iter(picked), None),
            placeholder=t("Choose …") if spec.required else t("All"),
            clearable=not spec.required, labels=words(),
        )
    ]  # fmt: skip


def words() -> Any:
    """What a list of options says by itself."""
    return {
        "select_all": t("Select all"), "deselect_all": t("Select none"),
        "selected_count": t("{num_selected} selected"), "search": t("Search"),
        "clear_search": t("Clear the search"), "clear_selection": t("Clear the choice"),
        "no_options_found": t("Nothing found."),
    }  # fmt: skip


def option(value: Scalar) -> dict[str, Any]:
    """A member as an option of a dropdown."""
    if value is None:
        return {"label": t("(empty)"), "value": EMPTY}
    label = {True: t("yes"), False: t("no")}[value] if isinstance(value, bool) else str(value)
    # The list's search keeps words as names of an object's properties.
    return {"label": PROTO.sub("__proto\u200b__", label), "value": value}


def slider(spec: FilterSpec, value: FilterValue, bounds: Bounds) -> list[Component]:
    """Two handles and two fields between the least and the greatest value."""
    if bounds is None:
        return [html.Div(t("No values"), className="text-secondary small")]
    low, high = bounds
    chosen = [
        value.low if value.low is not None else low,
        value.high if value.high is not None else high,
    ]
    return [
        dcc.RangeSlider(
            id=ids.filter("range", spec.key), min=low, max=high, value=chosen, marks=None,
            step=step(bounds), allowCross=False, updatemode="mouseup",
        )
    ]  # fmt: skip


def step(bounds: tuple[float, float]) -> float:
    """The distance of a slider's values: 1 between whole numbers, else a round one."""
    low, high = bounds
    if float(low).is_integer() and float(high).is_integer():
        return 1
    return float(10.0 ** math.floor(math.log10((high - low) / 20 or 1)))


def outward(bounds: Bounds) -> Bounds:
    """The bounds at whole steps: what a slider's fields show has few digits."""
    if bounds is None:
        return None
    size = step(bounds)
    low, high = math.floor(bounds[0] / size) * size, math.ceil(bounds[1] / size) * size
    return round(low, 9), round(high, 9)


def time(spec: FilterSpec, value: FilterValue) -> list[Component]:
    """Relative ranges by name, or two dates."""
    names = ranges()
    relative = value.range in names
    if value.range and not relative and ":" not in value.range:
        names = {value.range: value.range, **names}
        relative = True
    options = [{"label": label, "value": key} for key, label in names.items()]
    options.append({"label": t("Between two dates …"), "value": "custom"})
    return [
        dcc.Dropdown(
            id=ids.filter("time", spec.key), options=options, placeholder=t("All time"),
            value=(value.range if relative else "custom") if value.range else None,
            clearable=not spec.required, searchable=True, labels=words(),
        ),
        html.Div(
            dcc.DatePickerRange(
                id=ids.filter("dates", spec.key), display_format="YYYY-MM-DD", clearable=True,
                start_date=None, end_date=None, minimum_nights=0,
            ),
            className="dates", hidden=relative or not value.range,
            id=ids.filter("box", spec.key),
        ),
    ]  # fmt: skip


def grain(spec: FilterSpec, value: FilterValue) -> list[Component]:
    """The time grain of all time axes in scope."""
    names = grain_names()
    options = [{"label": names[g], "value": g} for g in GRAINS if g not in ("second", "minute")]
    return [
        dcc.Dropdown(
            id=ids.filter("grain", spec.key), options=options, value=value.grain,
            placeholder=t("As designed"), searchable=False, clearable=not spec.required,
            labels=words(),
        )
    ]  # fmt: skip
