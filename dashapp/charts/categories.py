"""Kinds along members: bars and bubbles."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from pydantic import Field

from dashapp.charts.asks import DATA, LOOK, dimension_column, dimension_title, metric_title
from dashapp.charts.axes import (
    SHARE,
    Style,
    category_axis,
    layout,
    references,
    time_axis,
    value_axis,
)
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
from dashapp.charts.plot_options import MemberOptions, TimeOptions, needs
from dashapp.charts.plotting import NO_ROWS, Floats
from dashapp.charts.traces import (
    Mark,
    arranged,
    axis_labels,
    earlier_total,
    marks,
    summary,
    targets,
)
from dashapp.charts.wide import Wide, widen
from dashapp.specs import DatasetSpec, Dimension, Order, QuerySpec, SeriesLimit


class Bar(ChartKind):
    """Metrics by members of a dimension, or over time, as bars."""

    slug, title, family, icon = "bar", "Bar chart", "categories", "bar-chart"
    description = "Compare members, or buckets of time; grouped, stacked or as shares."

    class Options(TimeOptions, MemberOptions):
        """Bars, and how they stand."""

        x: Dimension | None = Field(
            None,
            title="Along the axis",
            description="Dimension with one bar per member; time if empty.",
            json_schema_extra=DATA | {"widget": "dimension"},
        )
        members: int = Field(
            50,
            ge=1,
            le=500,
            title="Members",
            description="Most members along the axis; the largest are kept.",
            json_schema_extra=DATA,
        )
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

        def axis(self, dataset: DatasetSpec) -> tuple[Dimension, bool]:
            """The dimension along the axis, and whether it is time."""
            if self.x is None:
                return self.time_dimension(dataset), True
            timely = dimension_column(self.x, dataset).type in ("time", "date")
            if not (timely or self.x.grain):
                return self.x, False
            grain = self.grain if "grain" in self.model_fields_set else self.x.grain or self.grain
            return self.x.model_copy(update={"grain": grain}), True

    @classmethod
    def queries(cls, options: Options, dataset: DatasetSpec) -> dict[str, QuerySpec]:
        """One row per member (or bucket) and series."""
        needs(options.metrics, "metrics", "Choose at least one metric.")
        axis, is_time = options.axis(dataset)
        limit = options.series_part()
        if limit is None and not is_time:
            limit = SeriesLimit(
                dimensions=(axis.name,),
                limit=options.members,
                by=options.series_by,
                descending=options.sort != "smallest",
                other=options.members_other,
            )
        order = options.order
        if not order:
            order = (
                (Order(by=axis.name),)
                if is_time
                else (Order(by=options.names[0], descending=True),)
            )
        query = options.base_query(
            dataset,
            (axis, *options.series),
            options.metrics,
            series=limit,
            order=order,
            post=options.steps(axis, is_time),
        )
        return {"main": query}

    @classmethod
    def figure(cls, options: Options, tables: Tables, dataset: DatasetSpec, look: Look) -> Drawing:
        """Bars per series, earlier period beside them, totals over stacks."""
        axis, _ = options.axis(dataset)
        wide = widen(tables["main"], axis, options.series, options.names, dataset, look)
        wide = arranged(wide, options, [options.drawn(n) for n in options.names])
        drawn = marks(wide, options, dataset, look)
        if not any(np.isfinite(wide.cells(m.column)[m.row]).any() for m in drawn):
            return Empty("no_rows", NO_ROWS)
        pose = Pose(options.stack, options.horizontal, options.value_labels)
        traces = cls._traces(options, wide, drawn, pose, look)
        title = metric_title(options.metrics[0], dataset) if len(options.metrics) == 1 else ""
        page = cls._page(options, wide, drawn, pose, axis, title, dataset, look)
        if options.horizontal:
            page["margin"]["r"] = 20  # Room for the last tick.
        page["showlegend"] = bool(
            options.legend_place(sum(t.get("showlegend", True) for t in traces))
        )
        told = summary(wide, drawn, axis, title or cls.title, look)
        return Plot({"data": traces, "layout": page}, targets(axis, options.series), told)

    @classmethod
    def _traces(
        cls, options: Options, wide: Wide, drawn: list[Mark], pose: Pose, look: Look
    ) -> list[dict[str, Any]]:
        values = [wide.cells(m.column)[m.row] for m in drawn]
        lengths: list[Floats | None] = [None] * len(values)
        if pose.stack == "percent":
            lengths = list(shares(values))
        found = []
        for mark, y, length in zip(drawn, values, lengths, strict=True):
            column = options.earlier(mark.metric)
            if column and options.compare and pose.stack == "grouped" and wide.has(column):
                found.append(earlier_bar(wide, mark, column, options.compare, pose))
            found.append(bar(wide, mark, y, pose, length))
            ahead = forecast_bar(wide, mark, pose) if options.forecast else None
            if ahead and pose.stack != "percent":
                found.append(ahead)
        past = [c for c in map(options.earlier, options.names) if c and wide.has(c)]
        if pose.stack == "stacked" and not pose.horizontal and past and options.compare:
            columns = [options.earlier(m.metric) or "" for m in drawn]
            found.append(earlier_total(wide, drawn, columns, options.compare, look))
        if options.totals and pose.stack == "stacked":
            found.append(totals(wide, values, drawn[0], pose))
        return found

    @classmethod
    def _page(
        cls,
        options: Options,
        wide: Wide,
        drawn: list[Mark],
        pose: Pose,
        axis: Dimension,
        title: str,
        dataset: DatasetSpec,
        look: Look,
    ) -> dict[str, Any]:
        percent = pose.stack == "percent"
        ticks = Style(SHARE, None, look.locale) if percent else drawn[0].style
        values = value_axis(ticks, log=options.log, low=options.low, high=options.high)
        values["fixedrange"] = True
        if percent:
            values |= {"range": [0, 1], "autorange": False}
        name = dimension_title(axis, dataset) if options.axis_titles else ""
        places = (
            time_axis(wide.ms, axis.grain, look.locale)
            if wide.ms is not None
            else category_axis(
                axis_labels(wide, lying=pose.horizontal), reverse=pose.horizontal, title=name
            )
        )
        if wide.ms is not None and pose.horizontal:
            places["autorange"] = "reversed"
        several = len(drawn) > 1 or options.compare_values
        shown = title if options.axis_titles else ""
        if pose.horizontal and shown and not several:
            values["title"] = {"text": "", "standoff": 4}
        return layout(
            look,
            heading=shown,
            legend=options.legend_place(2 if several else 1),
            entries=[m.name for m in drawn],
            hovermode="closest",  # A click means one bar, not all of a bucket.
            xaxis=values if pose.horizontal else places,
            yaxis=places if pose.horizontal else values,
            **bar_layout(pose, len(drawn), wide.shape[1]),
            **references(options.references, "x" if pose.horizontal else "y"),
        )
