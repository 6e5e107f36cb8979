"""Waterfalls: how a value rises and falls step by step to its total."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import pyarrow as pa
from pydantic import Field

from dashapp.charts.asks import (
    DATA,
    LOOK,
    click_target,
    dimension_column,
    dimension_title,
    metric_title,
)
from dashapp.charts.axes import GREY, Style, category_axis, layout, style, value_axis
from dashapp.charts.base import ChartKind, Drawing, Empty, Look, Plot, Tables
from dashapp.charts.colors import BAD, GOOD
from dashapp.charts.plot_options import GrainOptions, needs
from dashapp.charts.plotting import NO_ROWS, encode, floats, safe, typed
from dashapp.charts.traces import labels_of
from dashapp.charts.values import Plain
from dashapp.charts.wide import words
from dashapp.specs import DatasetSpec, Dimension, Order, QuerySpec, metric_name
from dashapp.specs.query import Metric

Change = Literal["increase", "decrease", "total"]
TOTAL: Final = "Total"
MOST_STEPS: Final = 500
_HEX = r"^#[0-9a-fA-F]{6}$"


class Waterfall(ChartKind):
    """Steps up and down, and where they lead."""

    slug, title, family, icon = "waterfall", "Waterfall", "time", "bar-chart-steps"
    description = "How a value rises and falls step by step to its total."

    class Options(GrainOptions):
        """What the steps are, and how they are coloured."""

        x: Dimension | None = Field(
            None,
            title="Steps",
            description="One step per member of this dimension; the time column by default.",
            json_schema_extra=DATA | {"widget": "dimension"},
        )
        breakdown: Dimension | None = Field(
            None,
            title="Breakdown",
            description="Cuts each step into one per member, with a total after each.",
            json_schema_extra=DATA | {"widget": "dimension"},
        )
        metric: Metric | None = Field(
            None,
            title="Metric",
            description="By how much a step rises or falls.",
            json_schema_extra=DATA | {"widget": "metric"},
        )
        total: bool = Field(
            True,
            title="Total",
            description="A last bar with the sum of all steps.",
            json_schema_extra=LOOK,
        )
        increase_color: str = Field(
            GOOD,
            pattern=_HEX,
            title="Colour of a rise",
            description="Written as #rrggbb.",
            json_schema_extra=LOOK | {"widget": "color"},
        )
        decrease_color: str = Field(
            BAD,
            pattern=_HEX,
            title="Colour of a fall",
            description="Written as #rrggbb.",
            json_schema_extra=LOOK | {"widget": "color"},
        )
        total_color: str = Field(
            GREY,
            pattern=_HEX,
            title="Colour of a total",
            description="Written as #rrggbb.",
            json_schema_extra=LOOK | {"widget": "color"},
        )
        value_labels: bool = Field(
            False,
            title="Value labels",
            description="Write values at their bars.",
            json_schema_extra=LOOK,
        )

        def axis(self, dataset: DatasetSpec) -> Dimension:
            """What the steps are, times with the grain that applies to them."""
            column = self.time_column or dataset.time_column
            chosen = self.x or (Dimension(column=column) if column else None)
            if chosen is None:
                needs(chosen, "x", "Choose the dimension of the steps.")
                raise AssertionError
            timely = dimension_column(chosen, dataset).type in ("time", "date")
            if not (timely or chosen.grain):
                return chosen
            own = "grain" in self.model_fields_set
            grain = self.grain if own else chosen.grain or self.grain
            return chosen.model_copy(update={"grain": grain})

    @classmethod
    def queries(cls, options: Options, dataset: DatasetSpec) -> dict[str, QuerySpec]:
        """One row per step, in the order of the steps."""
        if options.metric is None:
            needs(options.metric, "metric", "Choose a metric.")
            raise AssertionError
        axes = (options.axis(dataset), *((options.breakdown,) if options.breakdown else ()))
        order = options.order or tuple(Order(by=d.name) for d in axes)
        return {"main": options.base_query(dataset, axes, (options.metric,), order=order)}

    @classmethod
    def figure(cls, options: Options, tables: Tables, dataset: DatasetSpec, look: Look) -> Drawing:
        """Floating bars, joined by thin lines."""
        if options.metric is None:
            return Empty("not_configured", "Choose a metric.")
        x = options.axis(dataset)
        title = metric_title(options.metric, dataset)
        table, name = tables["main"].slice(0, MOST_STEPS), metric_name(options.metric)
        if not np.isfinite(floats(table, name)).any():
            return Empty("no_rows", NO_ROWS)
        steps = _steps(table, name, x, options, dataset, look)
        sizes = np.array([abs(s.value) for s in steps])
        written = style(options.metric, dataset, look, sizes, options.format, options.currency)
        texts = labels_of([s.text for s in steps], 14 if len(steps) > 8 else 20)
        colors: dict[Change, str] = {
            "increase": options.increase_color,
            "decrease": options.decrease_color,
            "total": options.total_color,
        }
        traces = [_joints(steps, texts)]
        for change, color in colors.items():
            places = [i for i, s in enumerate(steps) if s.change == change]
            if places:
                traces.append(_bars(change, color, places, steps, texts, written, options))
        across = category_axis(
            texts, title=dimension_title(x, dataset) if options.axis_titles else ""
        )
        page = layout(
            look,
            heading=title if options.axis_titles else "",
            legend=options.legend_place(len(traces) - 1),
            entries=[t["name"] for t in traces[1:]],
            barmode="overlay",
            hovermode="closest",
            bargap=0.25,
            xaxis=across | {"showspikes": False},
            yaxis=value_axis(written, from_zero=True) | {"fixedrange": True},
        )
        clicks = tuple(click_target(d) for d in (x, options.breakdown) if d)
        return Plot({"data": traces, "layout": page}, clicks, _summary(title, steps, written))


@dataclass(frozen=True)
class Step:
    """One bar: where it begins, by how much it goes up or down, and what it stands for."""

    text: str
    base: float
    value: float
    change: Change
    members: tuple[Plain, ...] | None

    @property
    def end(self) -> float:
        """The running total after the step."""
        return self.base + self.value


def _steps(
    table: pa.Table,
    metric: str,
    x: Dimension,
    options: Waterfall.Options,
    dataset: DatasetSpec,
    look: Look,
) -> list[Step]:
    """The bars in their order: changes, and totals after each group or at the end."""
    across, values = encode(table, x.name), np.nan_to_num(floats(table, metric))
    parts = encode(table, options.breakdown.name) if options.breakdown else None
    members, texts = across.members(), words(across.members(), x, dataset, look)
    inner = parts.members() if parts else []
    inside = words(inner, options.breakdown, dataset, look) if options.breakdown else []
    found, running = list[Step](), 0.0
    for place, member in enumerate(members):
        rows = np.flatnonzero(across.codes == place).tolist()
        if parts is None:
            value = float(values[rows].sum())
            found.append(Step(texts[place], running, value, _change(value), (member,)))
            running += value
            continue
        for row in rows:
            at, value = int(parts.codes[row]), float(values[row])
            found.append(Step(inside[at], running, value, _change(value), (member, inner[at])))
            running += value
        found.append(Step(texts[place], 0.0, running, "total", None))
    if parts is None and options.total:
        found.append(Step(TOTAL, 0.0, running, "total", None))
    return found


def _change(value: float) -> Change:
    return "decrease" if value < 0 else "increase"


def _joints(steps: list[Step], texts: list[str]) -> dict[str, Any]:
    """Thin lines from the end of each bar to the next one, under the bars."""
    x: list[str | None] = []
    y: list[float | None] = []
    for place, step in enumerate(steps[:-1]):
        x += [texts[place], texts[place + 1], None]
        y += [step.end, step.end, None]
    return {
        "type": "scatter", "mode": "lines", "x": x, "y": y, "hoverinfo": "skip",
        "line": {"color": GREY, "width": 1}, "showlegend": False,
    }  # fmt: skip


def _bars(
    change: Change,
    color: str,
    places: list[int],
    steps: list[Step],
    texts: list[str],
    written: Style,
    options: Waterfall.Options,
) -> dict[str, Any]:
    chosen = [steps[i] for i in places]
    sign = "" if change == "total" else "+" if change == "increase" else ""
    told = [safe(f"{sign}{written.text(s.value)}") for s in chosen]
    ends = [safe(written.text(s.end)) for s in chosen]
    hover = [
        f"{safe(s.text)}<br><b>{t}</b>" + ("" if change == "total" else f"<br>Total {e}")
        for s, t, e in zip(chosen, told, ends, strict=True)
    ]
    trace: dict[str, Any] = {
        "type": "bar",
        "name": change.capitalize(),
        "x": [texts[i] for i in places],
        "y": typed([s.value for s in chosen]),
        "base": typed([s.base for s in chosen]),
        "marker": {"color": color, "line": {"width": 0}},
        "customdata": [list(s.members) if s.members else None for s in chosen],
        "hovertext": hover,
        "hovertemplate": "%{hovertext}<extra></extra>",
    }
    if options.value_labels:
        short = [safe(f"{sign}{written.brief(s.value)}") for s in chosen]
        trace |= {"text": short, "textposition": "outside", "textfont": {"size": 11},
                  "cliponaxis": False}  # fmt: skip
    return trace


def _summary(title: str, steps: list[Step], written: Style) -> str:
    changes = [s for s in steps if s.change != "total"]
    last = steps[-1].end
    if not changes:
        return f"{title}: {written.text(last)}."
    most, least = max(changes, key=lambda s: s.value), min(changes, key=lambda s: s.value)
    return (
        f"{title} in {len(changes)} steps to {written.text(last)}: largest "
        f"{written.text(most.value)} ({most.text}), smallest {written.text(least.value)} "
        f"({least.text})."
    )
