"""The shape of distributions: the violin plot."""

from __future__ import annotations

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
from dashapp.charts.colors import assign, faded
from dashapp.charts.plot_options import AxisOptions, needs
from dashapp.charts.plotting import NO_ROWS, Floats, encode, floats, typed
from dashapp.charts.traces import labels_of
from dashapp.charts.values import Plain
from dashapp.charts.wide import Ints, Sort, ordered, words
from dashapp.specs import DatasetSpec, Dimension, QuerySpec, SeriesLimit, metric_name
from dashapp.specs.query import Metric

MOST_VALUES: Final = 1_500  # Of one violin; more values do not change its shape.
LARGEST: Final = 1e150  # The browser adds up squares; of larger values they are infinite.


class Violin(ChartKind):
    """How values spread per member, as mirrored densities."""

    slug, title, family, icon = "violin", "Violin plot", "distribution", "soundwave"
    description = "The whole shape of a distribution, one violin per member."

    class Options(AxisOptions):
        """What a violin is made of."""

        by: Dimension | None = Field(
            None,
            title="Violins",
            description="One violin per member of this dimension.",
            json_schema_extra=DATA | {"widget": "dimension"},
        )
        column: str | None = Field(
            None,
            min_length=1,
            max_length=250,
            title="Column",
            description="Raw values of a numeric column, as many as the row limit lets through.",
            json_schema_extra=DATA | {"widget": "number_column"},
        )
        metric: Metric | None = Field(
            None,
            title="Metric",
            description="Instead of a column: one value per member spread over.",
            json_schema_extra=DATA | {"widget": "metric"},
        )
        over: tuple[Dimension, ...] = Field(
            (),
            max_length=3,
            title="Spread over",
            description="With a metric: one value per member of these, such as days.",
            json_schema_extra=DATA | {"widget": "dimensions"},
        )
        members: int = Field(
            12,
            ge=1,
            le=50,
            title="Members",
            description="Most violins; those with the most values are kept.",
            json_schema_extra=DATA,
        )
        sort: Sort = Field(
            "auto",
            title="Sort",
            description="Order of the violins, by their median or their name.",
            json_schema_extra=LOOK,
        )
        box: bool = Field(
            True, title="Box", description="Quartiles inside.", json_schema_extra=LOOK
        )
        mean: bool = Field(
            False, title="Mean", description="A line at the mean.", json_schema_extra=LOOK
        )
        points: Literal["none", "outliers", "all"] = Field(
            "none", title="Points", description="Single values beside.", json_schema_extra=LOOK
        )
        half: bool = Field(
            False, title="Half", description="Only one side of each.", json_schema_extra=LOOK
        )
        horizontal: bool = Field(
            False, title="Lying", description="Values from left to right.", json_schema_extra=LOOK
        )

        @property
        def measure(self) -> Metric:
            """What the values are: the raw column, or the metric."""
            return self.column or self.metric or ""

    @classmethod
    def queries(cls, options: Options, dataset: DatasetSpec) -> dict[str, QuerySpec]:
        """Raw values, or one row per member and member spread over."""
        by = () if options.by is None else (options.by,)
        if options.column is not None:
            columns = tuple(dict.fromkeys((*(d.column for d in by), options.column)))
            return {"main": options.base_query(dataset, columns=columns)}
        if options.metric is None:
            needs(options.metric, "column", "Choose a column, or a metric.")
            raise AssertionError
        over = tuple(d for d in options.over if d.name not in {b.name for b in by})
        needs(over, "over", "Choose what the values are spread over.")
        limit = None
        if by:
            limit = SeriesLimit(dimensions=(by[0].name,), limit=options.members, other=False)
        query = options.base_query(dataset, (*by, *over), (options.metric,), series=limit)
        return {"main": query}

    @classmethod
    def figure(cls, options: Options, tables: Tables, dataset: DatasetSpec, look: Look) -> Drawing:
        """A violin per member, with its box."""
        if not options.measure:
            return Empty("not_configured", "Choose a column, or a metric.")
        groups = _Groups(options, tables["main"], dataset, look)
        if not groups.values:
            return Empty("no_rows", NO_ROWS)
        title = (
            dimension_title(Dimension(column=options.column), dataset)
            if options.column
            else metric_title(options.measure, dataset)
        )
        written = _written(options, groups, dataset, look)
        names = labels_of(groups.names, 22 if options.horizontal or len(groups.names) <= 8 else 14)
        colors = assign(groups.members, look) if options.by else {None: look.palette[0]}
        traces = [
            cls._trace(options, values, name, colors[member], member, written)
            for values, name, member in zip(groups.values, names, groups.members, strict=True)
        ]
        own = dimension_title(options.by, dataset) if options.by and options.axis_titles else ""
        places = category_axis(names, reverse=options.horizontal, title=own)
        values = value_axis(written, log=options.log, low=options.low, high=options.high)
        values["fixedrange"] = True
        page = layout(
            look,
            heading=title if options.axis_titles else "",
            hovermode="closest",
            violingap=0.1,
            violinmode="overlay",
            xaxis=values if options.horizontal else places,
            yaxis=places if options.horizontal else values,
            **references(options.references, "x" if options.horizontal else "y"),
        )
        clicks = () if options.by is None else (click_target(options.by),)
        return Plot({"data": traces, "layout": page}, clicks, groups.summary(title, written))

    @classmethod
    def _trace(
        cls, options: Options, values: Floats, name: str, color: str, member: Plain, written: Style
    ) -> dict[str, Any]:
        value, place = ("x", "y") if options.horizontal else ("y", "x")
        count = len(values)
        return {
            "type": "violin",
            "name": name,
            value: typed(values),
            place: [name] * count,
            "orientation": "h" if options.horizontal else "v",
            "scalemode": "width",
            "width": 0.9,
            "side": "positive" if options.half else "both",
            "spanmode": "hard",
            "points": {"none": False, "outliers": "outliers", "all": "all"}[options.points],
            "jitter": 0.3,
            "pointpos": -0.4 if options.half else 0,
            "marker": {"size": 3, "color": faded(color, 0.6)},
            "box": {"visible": options.box, "width": 0.16, "line": {"width": 1.2}},
            "meanline": {"visible": options.mean},
            "line": {"color": color, "width": 1.2},
            "fillcolor": faded(color, 0.35),
            "hoveron": "violins+points",
            f"{value}hoverformat": written.hover("y").partition("%{y:")[2].partition("}")[0],
            "hoverinfo": "x+y",
            "customdata": [[member]] * count if options.by else None,
            "showlegend": False,
        }


class _Groups:
    """Values per member, in drawing order; members without a value are left out."""

    def __init__(
        self, options: Violin.Options, table: pa.Table, dataset: DatasetSpec, look: Look
    ) -> None:
        name = options.column or metric_name(options.measure)
        values = floats(table, name)
        known = np.abs(values) <= LARGEST
        table, values = table.filter(pa.array(known)), values[known]
        members: list[Plain] = [None]
        codes: Ints = np.zeros(len(values), dtype=np.int64)
        names = [""]
        if options.by is not None and len(values):
            found = encode(table, options.by.column if options.column else options.by.name)
            codes, members = found.codes, found.members()
            names = words(members, options.by, dataset, look)
        counts = np.bincount(codes, minlength=len(members)) if len(values) else np.zeros(1)
        kept = [i for i in np.argsort(-counts, kind="stable").tolist() if counts[i]]
        self.left_out = max(0, len(kept) - options.members)
        parts = {i: np.sort(values[codes == i]) for i in kept[: options.members]}
        medians = np.array([float(np.percentile(parts[i], 50)) for i in parts])
        order = ordered([members[i] for i in parts], [names[i] for i in parts], options.sort,
                        medians)  # fmt: skip
        at = [list(parts)[i] for i in order]
        self.members, self.names = [members[i] for i in at], [names[i] for i in at]
        self.medians = medians[order] if len(order) else medians
        self.counts = [len(parts[i]) for i in at]
        self.values = [_thinned(parts[i]) for i in at]

    def summary(self, title: str, written: Style) -> str:
        """How many violins and values, and which are highest and lowest."""
        top, low = int(np.argmax(self.medians)), int(np.argmin(self.medians))

        def told(i: int) -> str:
            name = f" ({self.names[i]})" if self.names[i] else ""
            return f"{written.text(float(self.medians[i]))}{name}"

        rest = f" {self.left_out} members left out." if self.left_out else ""
        return (
            f"{title}: {sum(self.counts):,} values in {len(self.names)} violins: highest median "
            f"{told(top)}, lowest {told(low)}.{rest}"
        )


def _thinned(values: Floats) -> Floats:
    """At most MOST_VALUES of sorted values that have the same shape: evenly spaced quantiles."""
    if len(values) <= MOST_VALUES:
        return values
    return values[np.linspace(0, len(values) - 1, MOST_VALUES).round().astype(np.int64)]


def _written(options: Violin.Options, groups: _Groups, dataset: DatasetSpec, look: Look) -> Style:
    fmt = options.format
    if options.column is not None and fmt is None:
        fmt = dimension_column(Dimension(column=options.column), dataset).format
    return style(options.measure, dataset, look, np.concatenate(groups.values), fmt)
