"""Bars along members, time or numbers."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from pydantic import Field

from dashapp.charts import brushes
from dashapp.charts.along import AxisKind, TimeOptions
from dashapp.charts.annotations import over
from dashapp.charts.asks import DATA, LOOK, metric_title
from dashapp.charts.axes import SHARE, Style, layout, references, value_axis
from dashapp.charts.bars import (
    Pose,
    bar,
    bar_layout,
    earlier_bar,
    forecast_bar,
    shares,
    totals,
)
from dashapp.charts.base import ChartKind, Drawing, Empty, Look, Plot, Tables
from dashapp.charts.lines import earlier_total, unseen_total
from dashapp.charts.places import place_axis
from dashapp.charts.plotting import NO_ROWS, Floats
from dashapp.charts.time import ask
from dashapp.charts.traces import Mark, labelled, marks, summary, targets
from dashapp.charts.wide import Wide, widen
from dashapp.specs import DatasetSpec, Dimension, QuerySpec


class Bar(ChartKind):
    """Metrics by members of a dimension, or over time, as bars."""

    slug, title, family, icon = "bar", "Bar chart", "categories", "bar-chart"
    description = "Compare members, or buckets of time; grouped, stacked or as shares."

    class Options(TimeOptions):
        """Bars, and how they stand."""

        members_other: bool = Field(
            False,
            title="Rest as Other",
            description="Sum up the members beyond the limit as one bar.",
            json_schema_extra=DATA,
        )
        stack: Literal["grouped", "stacked", "percent"] = Field(
            "grouped",
            title="Stack",
            description="Beside each other, on top of each other, or as shares of the whole.",
            json_schema_extra=LOOK,
        )
        horizontal: bool = Field(
            False,
            title="Lying",
            description="Bars from left to right; good for long names.",
            json_schema_extra=LOOK,
        )
        totals: bool = Field(
            False,
            title="Totals",
            description="Write the sum over each stack.",
            json_schema_extra=LOOK,
        )
        label_least: float = Field(
            0,
            ge=0,
            le=1,
            title="Least share of labels",
            description="Value labels only on parts that are at least this share of their stack.",
            json_schema_extra=LOOK,
        )

        @property
        def scaled(self) -> bool:
            """Bars stand side by side unless a scale of numbers is asked for."""
            return self.x_scale == "numbers"

    @classmethod
    def queries(cls, options: Options, dataset: DatasetSpec) -> dict[str, QuerySpec]:
        """One row per member (or bucket) and series."""
        return ask(options, dataset, options.members_other)

    @classmethod
    def figure(cls, options: Options, tables: Tables, dataset: DatasetSpec, look: Look) -> Drawing:
        """Bars per series, earlier periods beside them, totals over stacks."""
        axis, kind = options.axis(dataset)
        wide = widen(tables["main"], axis, options.series, options.names, dataset, look)
        lying = options.horizontal
        wide = labelled(options.shaped(wide, kind), options.label_length, lying=lying)
        drawn = marks(wide, options, dataset, look, options)
        if not any(np.isfinite(wide.cells(m.column)[m.row]).any() for m in drawn):
            return Empty("no_rows", NO_ROWS)
        unified = options.tooltip == "all"
        pose = Pose(options.stack, lying, options.value_labels, unified, options.label_least)
        traces = cls._traces(options, wide, drawn, pose)
        page = cls._page(options, wide, drawn, pose, (axis, kind), dataset, look)
        if lying:
            page["margin"]["r"] = 20  # Room for the last tick.
        else:
            added = over(options.annotations, wide, axis, tables, dataset, look)
            traces += added.traces
            page |= added.axes
            page["shapes"] = [*added.shapes, *page.get("shapes", [])]
        page["showlegend"] = bool(
            options.legend_place(sum(t.get("showlegend", True) for t in traces))
        )
        title = metric_title(options.metrics[0], dataset) if len(options.metrics) == 1 else ""
        told = summary(wide, drawn, axis, title or cls.title, look)
        clicks = targets(axis, () if unified else options.series)
        brush = None if options.zoom else brushes.along(wide, axis, pose.place)
        return Plot({"data": traces, "layout": page}, clicks, told, brush)

    @classmethod
    def _traces(
        cls, options: Options, wide: Wide, drawn: list[Mark], pose: Pose
    ) -> list[dict[str, Any]]:
        values = [wide.cells(m.column)[m.row] for m in drawn]
        parts = shares(values) if pose.stack != "grouped" else [None] * len(values)
        found = []
        for mark, y, part in zip(drawn, values, parts, strict=True):
            for place, told in reversed(list(enumerate(options.earlier(mark.metric)))):
                if pose.stack == "grouped" and wide.has(told[0]):
                    found.append(earlier_bar(wide, mark, told, pose, place))
            length = part if pose.stack == "percent" else None
            found.append(bar(wide, mark, y, pose, length, part))
            ahead = forecast_bar(wide, mark, pose) if options.forecast else None
            if ahead and pose.stack != "percent":
                found.append(ahead)
        if pose.stack == "stacked":
            found += cls._over_stacks(options, wide, drawn, values, pose)
        if pose.unified and options.tooltip_total and len(drawn) > 1 and not pose.horizontal:
            found.append(unseen_total(wide, drawn, not options.log))
        return found

    @classmethod
    def _over_stacks(
        cls, options: Options, wide: Wide, drawn: list[Mark], values: list[Floats], pose: Pose
    ) -> list[dict[str, Any]]:
        """What earlier periods added up to, and the sums of the present one."""
        found = []
        for place, offset in enumerate(options.compare if options.compare_values else ()):
            columns = [f"{m.metric} ({offset})" for m in drawn]
            if not pose.horizontal and all(wide.has(c) for c in columns):
                found.append(earlier_total(wide, drawn, columns, offset, place))
        if options.totals:
            found.append(totals(wide, values, drawn[0], pose))
        return found

    @classmethod
    def _page(
        cls,
        options: Options,
        wide: Wide,
        drawn: list[Mark],
        pose: Pose,
        axis: tuple[Dimension, AxisKind],
        dataset: DatasetSpec,
        look: Look,
    ) -> dict[str, Any]:
        percent, lying = pose.stack == "percent", pose.horizontal
        ticks = Style(SHARE, None, look.locale) if percent else drawn[0].style
        values = value_axis(ticks, log=options.log, low=options.low, high=options.high)
        values["fixedrange"] = True
        if percent:
            values |= {"range": [0, 1], "autorange": False}
        places = place_axis(options, wide, axis, dataset, look, lying=lying)
        several = len(drawn) > 1 or options.compare_values
        title = metric_title(options.metrics[0], dataset) if len(options.metrics) == 1 else ""
        shown = options.y_title or (title if options.axis_titles else "")
        if lying and shown and not several:
            values["title"] = {"text": "", "standoff": 4}
        side = "y" if lying else "x"
        return layout(
            look,
            heading=shown,
            legend=options.legend_place(2 if several or options.annotations else 1),
            entries=[m.name for m in drawn],
            # A click means one bar, not all of a bucket, unless all are told.
            hovermode=f"{side} unified" if pose.unified else "closest",
            xaxis=values if lying else places,
            yaxis=places if lying else values,
            **bar_layout(pose, len(drawn), wide.shape[1]),
            **references(options.references, "x" if lying else "y"),
        )
