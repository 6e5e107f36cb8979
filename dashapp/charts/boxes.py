"""How a metric's values spread per member: the box plot."""

from __future__ import annotations

from typing import Any

import numpy as np
from pydantic import Field, model_validator

from dashapp.charts.asks import (
    DATA,
    LOOK,
    click_target,
    dimension_column,
    dimension_title,
    metric_title,
)
from dashapp.charts.axes import Style, category_axis, layout, references, style, value_axis
from dashapp.charts.base import ChartKind, Drawing, Empty, Look, Plot, Tables
from dashapp.charts.colors import assign, faded
from dashapp.charts.plot_options import AxisOptions, GrainOptions, needs
from dashapp.charts.plotting import NO_ROWS, safe, typed
from dashapp.charts.quartiles import Boxes, boxes_of, summary
from dashapp.charts.traces import labels_of
from dashapp.charts.wide import Sort
from dashapp.specs import DatasetSpec, Dimension, QuerySpec, SeriesLimit, metric_name
from dashapp.specs.post import BoxPlot as BoxPlotStep
from dashapp.specs.post import Quartiles, Whiskers
from dashapp.specs.query import Metric


class BoxPlot(ChartKind):
    """How a metric's values spread per member: quartiles, whiskers and outliers."""

    slug, title, family, icon = "box_plot", "Box plot", "distribution", "align-middle"
    description = "Median, quartiles and outliers of a metric, one box per member."

    class Options(AxisOptions, GrainOptions):
        """What a box is made of."""

        by: tuple[Dimension, ...] = Field(
            (),
            max_length=2,
            title="Boxes",
            description="One box per member of these dimensions.",
            json_schema_extra=DATA | {"widget": "dimensions"},
        )
        metrics: tuple[Metric, ...] = Field(
            (),
            max_length=10,
            title="Metrics",
            description="What is computed per member spread over; one colour each.",
            json_schema_extra=DATA | {"widget": "metrics"},
        )
        over: tuple[Dimension, ...] = Field(
            (),
            max_length=3,
            title="Spread over",
            description="A box holds one value per member of these, such as days; the "
            "dataset's time by default.",
            json_schema_extra=DATA | {"widget": "dimensions"},
        )
        column: str | None = Field(
            None,
            min_length=1,
            max_length=250,
            title="Column",
            description="Raw values of a numeric column instead of a metric.",
            json_schema_extra=DATA | {"widget": "number_column"},
        )
        members: int | None = Field(
            25,
            ge=1,
            le=500,
            title="Members",
            description="Most boxes per metric; those of the largest sums are kept.",
            json_schema_extra=DATA,
        )
        ranked_by: Metric | None = Field(
            None,
            title="Rank members by",
            description="Metric that says which are the largest; the first by default.",
            json_schema_extra=DATA | {"widget": "metric"},
        )
        sort: Sort = Field(
            "auto",
            title="Sort",
            description="Order of the boxes, by their median or their name.",
            json_schema_extra=LOOK,
        )
        whiskers: Whiskers = Field(
            "tukey",
            title="Whiskers",
            description="Reach of the whiskers: “tukey” for 1.5 times the box, “min/max” for "
            "all values, or two percentiles such as 2/98.",
            json_schema_extra=LOOK | {"suggestions": ["tukey", "min/max", "2/98", "9/91"]},
        )
        quartiles: Quartiles = Field(
            "linear",
            title="Quartiles",
            description="Between two values: on the line between them, or halfway (midpoint).",
            json_schema_extra=LOOK,
        )
        empty: bool = Field(
            True,
            title="Empty member",
            description="Draw a box for rows without a member.",
            json_schema_extra=DATA,
        )
        outliers: bool = Field(
            True, title="Outliers", description="Dots beyond the whiskers.", json_schema_extra=LOOK
        )
        horizontal: bool = Field(
            False, title="Lying", description="Boxes from left to right.", json_schema_extra=LOOK
        )

        @model_validator(mode="before")
        @classmethod
        def _listed(cls, values: Any) -> Any:
            """One metric may be written as `metric`."""
            if isinstance(values, dict) and values.get("metric") and not values.get("metrics"):
                values = values | {"metrics": (values["metric"],)}
            if isinstance(values, dict):
                values = {k: v for k, v in values.items() if k != "metric"}
            return values

        @property
        def measures(self) -> tuple[Metric, ...]:
            """What boxes are made of: the raw column, or the metrics."""
            return (self.column,) if self.column is not None else self.metrics

        def spread(self, dataset: DatasetSpec) -> tuple[Dimension, ...]:
            """The dimensions over which a box spreads, times cut to the grain that applies."""
            over = self.over
            if not over and dataset.time_column:
                over = (Dimension(column=dataset.time_column),)
            own = "grain" in self.model_fields_set
            return tuple(
                d.model_copy(update={"grain": self.grain if own or not d.grain else d.grain})
                if dimension_column(d, dataset).type in ("time", "date")
                else d
                for d in over
            )

    @classmethod
    def queries(cls, options: Options, dataset: DatasetSpec) -> dict[str, QuerySpec]:
        """Quartiles per box, over a metric per member spread over, or over raw values."""
        by = tuple(d.name for d in options.by)
        names = tuple(metric_name(m) for m in options.measures)
        step = BoxPlotStep(
            by=tuple(d.column for d in options.by) if options.column else by,
            metrics=names,
            whiskers=options.whiskers,
            quartiles=options.quartiles,
            empty=options.empty,
        )
        if options.column is not None:
            columns = tuple(dict.fromkeys((*(d.column for d in options.by), options.column)))
            return {"main": options.base_query(dataset, columns=columns, post=(step,))}
        needs(options.metrics, "metrics", "Choose a metric, or a column.")
        over = tuple(d for d in options.spread(dataset) if d.name not in by)
        needs(over, "over", "Choose what the values are spread over.")
        limit = None
        if options.by and options.members:
            limit = SeriesLimit(
                dimensions=by, limit=options.members, by=options.ranked_by, other=False
            )
        query = options.base_query(
            dataset, (*options.by, *over), options.metrics, series=limit, post=(step,)
        )
        return {"main": query}

    @classmethod
    def figure(cls, options: Options, tables: Tables, dataset: DatasetSpec, look: Look) -> Drawing:
        """Boxes per member and metric with their outliers as dots."""
        if not options.measures:
            return Empty("not_configured", "Choose a metric, or a column.")
        boxes = boxes_of(
            tables["main"],
            tuple((d, d.column if options.column else d.name) for d in options.by),
            metric_name(options.measures[0]),
            (options.members, options.sort),
            dataset,
            look,
        )
        if not len(boxes.median):
            return Empty("no_rows", NO_ROWS)
        titles = {metric_name(m): cls._title(options, m, dataset) for m in options.measures}
        written = style(
            options.measures[0], dataset, look, boxes.median, options.format, options.currency
        )
        spoken = list(dict.fromkeys(boxes.names))
        names = labels_of(spoken, 22 if options.horizontal or len(spoken) <= 8 else 14)
        at = dict(zip(spoken, names, strict=True))
        colors = assign(titles, look) if len(titles) > 1 else dict.fromkeys(titles, look.palette[0])
        traces = []
        for metric, title in titles.items():
            own = boxes.of(metric)
            places = [at[n] for n in own.names]
            traces.append(cls._box(options, own, places, written, colors[metric], title))
            if options.outliers and any(own.outliers):
                traces.append(cls._dots(options, own, places, written, colors[metric], title))
        title = next(iter(titles.values())) if len(titles) == 1 else ""
        page = cls._page(options, names, written, title, list(titles.values()), dataset, look)
        page["boxmode"] = "group" if len(titles) > 1 else "overlay"
        page["scattermode"] = page["boxmode"]
        clicks = tuple(click_target(d) for d in options.by)
        told = summary(boxes, titles, len(names), written)
        return Plot({"data": traces, "layout": page}, clicks, told)

    @classmethod
    def _title(cls, options: Options, metric: Metric, dataset: DatasetSpec) -> str:
        if options.column is not None:
            return dimension_title(Dimension(column=options.column), dataset)
        return metric_title(metric, dataset)

    @classmethod
    def _box(
        cls,
        options: Options,
        boxes: Boxes,
        names: list[str],
        written: Style,
        color: str,
        title: str,
    ) -> dict[str, Any]:
        return {
            "type": "box",
            "name": safe(title),
            "offsetgroup": title,
            "alignmentgroup": "boxes",
            "y" if options.horizontal else "x": names,
            "orientation": "h" if options.horizontal else "v",
            "q1": typed(boxes.q1),
            "median": typed(boxes.median),
            "q3": typed(boxes.q3),
            "lowerfence": typed(boxes.low),
            "upperfence": typed(boxes.high),
            "mean": typed(boxes.mean),
            "boxpoints": False,
            "line": {"color": color, "width": 1.5},
            "fillcolor": faded(color, 0.35),
            "whiskerwidth": 0.4,
            "customdata": boxes.clicks if options.by else None,
            f"{'x' if options.horizontal else 'y'}hoverformat": _d3(written),
            "hoverinfo": "x+y",
        }

    @classmethod
    def _dots(
        cls,
        options: Options,
        boxes: Boxes,
        names: list[str],
        written: Style,
        color: str,
        title: str,
    ) -> dict[str, Any]:
        at = [i for i, values in enumerate(boxes.outliers) for _ in values]
        values = np.array([v for values in boxes.outliers for v in values])
        value, place = ("x", "y") if options.horizontal else ("y", "x")
        return {
            "type": "scatter",
            "mode": "markers",
            "name": "Outliers",
            "offsetgroup": title,
            "alignmentgroup": "boxes",
            place: [names[i] for i in at],
            value: typed(values),
            "marker": {"size": 4, "color": faded(color, 0.55)},
            "hovertext": [safe(boxes.names[i]) for i in at],
            "hovertemplate": f"%{{hovertext}}<br><b>{written.hover(value)}</b><extra></extra>",
            "customdata": [boxes.clicks[i] for i in at] if options.by else None,
            "showlegend": False,
        }

    @classmethod
    def _page(
        cls,
        options: Options,
        names: list[str],
        written: Style,
        title: str,
        entries: list[str],
        dataset: DatasetSpec,
        look: Look,
    ) -> dict[str, Any]:
        spoken = " · ".join(dimension_title(d, dataset) for d in options.by)
        places = category_axis(
            names, reverse=options.horizontal, title=spoken if options.axis_titles else ""
        )
        values = value_axis(written, log=options.log, low=options.low, high=options.high)
        values["fixedrange"] = True
        return layout(
            look,
            heading=title if options.axis_titles else "",
            legend=options.legend_place(len(entries)),
            entries=entries,
            hovermode="closest",
            boxgap=0.35,
            xaxis=values if options.horizontal else places,
            yaxis=places if options.horizontal else values,
            **references(options.references, "x" if options.horizontal else "y"),
        )


def _d3(written: Style) -> str:
    """The bare d3 format of a style, for places that take no template."""
    return written.hover("y").partition("%{y:")[2].partition("}")[0]
