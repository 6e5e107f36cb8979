"""How a metric's values spread per member: the box plot."""

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
from dashapp.charts.axes import Style, category_axis, layout, references, style, value_axis
from dashapp.charts.base import ChartKind, Drawing, Empty, Look, Plot, Tables
from dashapp.charts.colors import faded
from dashapp.charts.plot_options import (
    AxisOptions,
    GrainOptions,
    MemberOptions,
    needs,
)
from dashapp.charts.plotting import (
    NO_ROWS,
    Floats,
    clicks_of,
    encode,
    floats,
    safe,
    typed,
)
from dashapp.charts.traces import labels_of
from dashapp.charts.values import Plain
from dashapp.charts.wide import ordered, words
from dashapp.specs import (
    DatasetSpec,
    Dimension,
    QuerySpec,
    SeriesLimit,
    metric_name,
)
from dashapp.specs.post import BoxPlot as BoxPlotStep
from dashapp.specs.query import Metric

MOST_OUTLIERS: Final = 150  # Per box.


class BoxPlot(ChartKind):
    """How a metric's values spread per member: quartiles, whiskers and outliers."""

    slug, title, family, icon = "box_plot", "Box plot", "distribution", "align-middle"
    description = "Median, quartiles and outliers of a metric, one box per member."

    class Options(AxisOptions, MemberOptions, GrainOptions):
        """What a box is made of."""

        by: tuple[Dimension, ...] = Field(
            (),
            max_length=2,
            title="Boxes",
            description="One box per member of these dimensions.",
            json_schema_extra=DATA | {"widget": "dimensions"},
        )
        metric: Metric | None = Field(
            None,
            title="Metric",
            description="What is computed per member spread over.",
            json_schema_extra=DATA | {"widget": "metric"},
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
        whiskers: Literal["tukey", "min/max", "2/98", "9/91"] = Field(
            "tukey",
            title="Whiskers",
            description="Reach of the whiskers: 1.5 times the box, all values, or percentiles.",
            json_schema_extra=LOOK,
        )
        outliers: bool = Field(
            True, title="Outliers", description="Dots beyond the whiskers.", json_schema_extra=LOOK
        )
        horizontal: bool = Field(
            False, title="Lying", description="Boxes from left to right.", json_schema_extra=LOOK
        )

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
        if options.column is not None:
            columns = dict.fromkeys((*(d.column for d in options.by), options.column))
            step = BoxPlotStep(
                by=tuple(d.column for d in options.by),
                metrics=(options.column,),
                whiskers=options.whiskers,
            )
            query = options.base_query(dataset, columns=tuple(columns), post=(step,))
            return {"main": query}
        if options.metric is None:
            needs(options.metric, "metric", "Choose a metric, or a column.")
            raise AssertionError
        over = options.spread(dataset)
        needs(over, "over", "Choose what the values are spread over.")
        step = BoxPlotStep(by=by, metrics=(metric_name(options.metric),), whiskers=options.whiskers)
        limit = None
        if options.by:
            limit = SeriesLimit(dimensions=by, limit=options.members, other=False)
        query = options.base_query(
            dataset, (*options.by, *over), (options.metric,), series=limit, post=(step,)
        )
        return {"main": query}

    @classmethod
    def figure(cls, options: Options, tables: Tables, dataset: DatasetSpec, look: Look) -> Drawing:
        """A box per member with its outliers as dots."""
        if options.metric is None and options.column is None:
            return Empty("not_configured", "Choose a metric, or a column.")
        boxes = _boxes(options, tables["main"], dataset, look)
        if not len(boxes.median):
            return Empty("no_rows", NO_ROWS)
        metric: Metric = options.column or options.metric or ""
        title = (
            dimension_title(Dimension(column=options.column), dataset)
            if options.column
            else metric_title(metric, dataset)
        )
        written = style(metric, dataset, look, boxes.median, options.format)
        names = labels_of(boxes.names, 22 if options.horizontal or len(boxes.names) <= 8 else 14)
        color = look.palette[0]
        traces = [cls._box(options, boxes, names, written, color, title)]
        if options.outliers and any(boxes.outliers):
            traces.append(cls._dots(options, boxes, names, written, color))
        page = cls._page(options, names, written, title, dataset, look)
        top = int(np.argmax(boxes.median))
        low = int(np.argmin(boxes.median))
        told = (
            f"{title} in {len(names)} boxes: highest median "
            f"{written.text(float(boxes.median[top]))} ({boxes.names[top]}), lowest "
            f"{written.text(float(boxes.median[low]))} ({boxes.names[low]})."
        )
        clicks = tuple(click_target(d) for d in options.by)
        return Plot({"data": traces, "layout": page}, clicks, told)

    @classmethod
    def _box(
        cls,
        options: Options,
        boxes: _Boxes,
        names: list[str],
        written: Style,
        color: str,
        title: str,
    ) -> dict[str, Any]:
        return {
            "type": "box",
            "name": safe(title),
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
        cls, options: Options, boxes: _Boxes, names: list[str], written: Style, color: str
    ) -> dict[str, Any]:
        at = [i for i, values in enumerate(boxes.outliers) for _ in values]
        values = np.array([v for values in boxes.outliers for v in values])
        value, place = ("x", "y") if options.horizontal else ("y", "x")
        return {
            "type": "scatter",
            "mode": "markers",
            "name": "Outliers",
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
            hovermode="closest",
            boxgap=0.35,
            xaxis=values if options.horizontal else places,
            yaxis=places if options.horizontal else values,
            **references(options.references, "x" if options.horizontal else "y"),
        )


def _d3(written: Style) -> str:
    """The bare d3 format of a style, for places that take no template."""
    return written.hover("y").partition("%{y:")[2].partition("}")[0]


@dataclass(frozen=True)
class _Boxes:
    names: list[str]
    clicks: list[list[Plain] | None]
    low: Floats
    q1: Floats
    median: Floats
    q3: Floats
    high: Floats
    mean: Floats
    outliers: list[list[float]]


def _boxes(options: BoxPlot.Options, table: pa.Table, dataset: DatasetSpec, look: Look) -> _Boxes:
    """Boxes in the order asked for; those without a value are left out."""
    table = table.filter(pa.array(np.isfinite(floats(table, "median"))))
    members: list[list[Plain]] = []
    spoken: list[list[str]] = []
    for dimension in options.by:
        found = encode(table, dimension.column if options.column else dimension.name)
        raw = found.members() if table.num_rows else []
        names = words(raw, dimension, dataset, look)
        members.append([raw[i] for i in found.codes.tolist()])
        spoken.append([names[i] for i in found.codes.tolist()])
    rows = table.num_rows
    names = [" · ".join(parts) for parts in zip(*spoken, strict=True)] or [""] * rows
    median = floats(table, "median")
    first = members[0] if members else [None] * rows
    order = ordered(first, names, options.sort, median)
    if len(order) > options.members:
        kept = set(sorted(order, key=lambda i: -median[i])[: options.members])
        order = [i for i in order if i in kept]
    clicks = clicks_of(*members) if members else [None] * rows
    dots = table.column("outliers").to_pylist() if "outliers" in table.column_names else []
    low, q1, q3, high, mean = (floats(table, n)[order] for n in ("min", "q1", "q3", "max", "mean"))
    return _Boxes(
        names=[names[i] for i in order],
        clicks=[clicks[i] for i in order],
        low=low,
        q1=q1,
        median=median[order],
        q3=q3,
        high=high,
        mean=mean,
        outliers=[_some(dots[i] or []) for i in order] if dots else [[] for _ in order],
    )


def _some(values: list[float]) -> list[float]:
    """At most MOST_OUTLIERS dots: the furthest out on both sides and a regular choice between."""
    if len(values) <= MOST_OUTLIERS:
        return values
    at = np.unique(np.linspace(0, len(values) - 1, MOST_OUTLIERS).astype(int))
    return [values[i] for i in at.tolist()]
