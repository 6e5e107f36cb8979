"""How often values occur: the histogram."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal

import numpy as np
import pyarrow as pa
from pydantic import Field, field_validator

from dashapp.charts import brushes
from dashapp.charts.asks import (
    ANALYSIS,
    DATA,
    LOOK,
    click_target,
    dimension_column,
    dimension_title,
    metric_title,
)
from dashapp.charts.axes import SHARE, Style, layout, references, style, value_axis
from dashapp.charts.base import ChartKind, ClickTarget, Drawing, Empty, Look, Plot, Tables
from dashapp.charts.bins import Bins, Counts, counted, cut, nice_width
from dashapp.charts.colors import assign, faded
from dashapp.charts.plot_options import AxisOptions, is_additive, needs
from dashapp.charts.plotting import NO_ROWS, Floats, clicks_of, floats, safe, typed
from dashapp.charts.values import Plain
from dashapp.charts.wide import Series, widen, words
from dashapp.errors import Invalid
from dashapp.specs import (
    DatasetSpec,
    Dimension,
    Filter,
    Order,
    QuerySpec,
    SeriesLimit,
    SimpleMetric,
    metric_name,
)
from dashapp.specs.post import Histogram as HistogramStep
from dashapp.specs.query import Metric

MOST_VALUES: Final = 20_000  # Distinct values that a histogram without a bin width may ask for.
MOST_BINS: Final = 500
_TICKS: Final = 5  # About so many along the bins.
MOST_DRAWN: Final = 50  # Series of equal bins; the largest are drawn.
COUNT: Final = SimpleMetric(aggregate="count", label="count")


class Histogram(ChartKind):
    """How often a column's values occur, in bins; counted in the warehouse."""

    slug, title, family, icon = "histogram", "Histogram", "distribution", "bar-chart-line"
    description = "How a numeric column's values spread, in bins of equal width."

    class Options(AxisOptions):
        """Which column, how wide the bins are, what is counted."""

        column: str | None = Field(
            None,
            min_length=1,
            max_length=250,
            title="Column",
            description="Numeric column that is cut into bins.",
            json_schema_extra=DATA | {"widget": "number_column"},
        )
        bin: float | None = Field(
            None,
            gt=0,
            title="Bin width",
            description="Chosen for about 30 bins if empty; needed for columns with very many "
            "different values.",
            json_schema_extra=DATA,
        )
        bins: int = Field(
            30,
            ge=1,
            le=MOST_BINS,
            title="Bins",
            description="About how many bins, where no width is set; exactly, if they are equal.",
            json_schema_extra=DATA,
        )
        edges: Literal["round", "equal"] = Field(
            "round",
            title="Edges",
            description="Bins of a round width, counted by the database, or equal bins from the "
            "lowest to the highest value, counted over the rows that the row limit lets through.",
            json_schema_extra=DATA,
        )
        series: tuple[Dimension, ...] = Field(
            (),
            max_length=3,
            title="Series",
            description="One colour per member.",
            json_schema_extra=DATA | {"widget": "dimensions"},
        )
        series_limit: int = Field(
            6,
            ge=1,
            le=50,
            title="Series limit",
            description="Most series; the rest becomes “Other”.",
            json_schema_extra=DATA,
        )
        metric: Metric | None = Field(
            None,
            title="Count",
            description="What is summed up per bin; rows by default.",
            json_schema_extra=DATA | {"widget": "metric"},
        )
        value_low: float | None = Field(
            None,
            title="Values from",
            description="Smaller values are left out.",
            json_schema_extra=DATA,
        )
        value_high: float | None = Field(
            None,
            title="Values to",
            description="Larger values are left out.",
            json_schema_extra=DATA,
        )
        normalize: bool = Field(
            False,
            title="Shares",
            description="Shares instead of counts.",
            json_schema_extra=ANALYSIS,
        )
        share_of: Literal["series", "all"] = Field(
            "series",
            title="Shares of",
            description="Each series by itself, or of everything that is shown.",
            json_schema_extra=ANALYSIS,
        )
        cumulative: bool = Field(
            False, title="Cumulative", description="Add bins up.", json_schema_extra=ANALYSIS
        )
        stack: Literal["stacked", "overlaid"] = Field(
            "stacked",
            title="Stack",
            description="Series on top of each other, or see-through over each other.",
            json_schema_extra=LOOK,
        )

        empty: bool = Field(
            True,
            title="Empty member",
            description="Count rows without a member of the series, with equal edges.",
            json_schema_extra=DATA,
        )
        x_title: str = Field(
            "", max_length=200, title="Title across", description="Instead of the column's.",
            json_schema_extra=LOOK,
        )  # fmt: skip
        y_title: str = Field(
            "", max_length=200, title="Title upwards", description="Instead of what is counted.",
            json_schema_extra=LOOK,
        )  # fmt: skip
        x_format: str | None = Field(
            None,
            max_length=50,
            title="Format across",
            description="d3 format of the column's values; its own by default.",
            json_schema_extra=LOOK | {"widget": "number_format"},
        )

        @field_validator("series", mode="before")
        @classmethod
        def _listed(cls, value: Any) -> Any:
            """One dimension may be written without a list."""
            if value is None:
                return ()
            return (value,) if isinstance(value, dict | Dimension) else value

        @property
        def counted(self) -> Metric:
            """What is summed up per bin."""
            return COUNT if self.metric is None else self.metric

        @property
        def dimension(self) -> Dimension:
            """The column in bins, or as it is where the bins follow from the answer."""
            return Dimension(column=self.column or "", bin=self.bin)

    @classmethod
    def queries(cls, options: Options, dataset: DatasetSpec) -> dict[str, QuerySpec]:
        """One row per bin (or distinct value) and series."""
        needs(options.column, "column", "Choose the column that is cut into bins.")
        if options.edges == "equal":
            return {"main": _raw(options, dataset)}
        if options.bin is None and not is_additive(options.counted, dataset):
            needs(options.bin, "bin", "This metric needs a bin width: its values do not add up.")
        at, names = options.dimension, tuple(d.name for d in options.series)
        limit = SeriesLimit(dimensions=names, limit=options.series_limit) if names else None
        query = options.base_query(
            dataset,
            (at, *options.series),
            (options.counted,),
            filters=(Filter(column=at.column, op="is not null"), *_within(options)),
            series=limit,
            order=(Order(by=at.name),),
            limit=MOST_VALUES,
        )
        return {"main": query}

    @classmethod
    def figure(cls, options: Options, tables: Tables, dataset: DatasetSpec, look: Look) -> Drawing:
        """Bars without gaps between bins; empty bins stay empty."""
        table = tables["main"]
        equal = options.edges == "equal"
        if not equal and options.bin is None and table.num_rows >= MOST_VALUES:
            many = f"This column has more than {MOST_VALUES:,} different values; set a bin width."
            return Empty("not_configured", many)
        told = (
            _equal(options, table, dataset, look) if equal else _cut(options, table, dataset, look)
        )
        if told is None:
            return Empty("no_rows", NO_ROWS)
        shown = told.counts if equal else _shown(told.counts, options)
        written = style(
            options.counted, dataset, look, told.counts, options.format, options.currency
        )
        drawn = Style(options.format or SHARE, None, look.locale) if options.normalize else written
        traces = cls._traces(options, told, shown, drawn, look)
        counts = (
            "Count" if options.metric is None or equal else metric_title(options.metric, dataset)
        )
        title = options.y_title or ("Share" if options.normalize and equal else counts)
        place = options.legend_place(len(traces))
        page = cls._page(options, told.bins, drawn, title, place, traces, dataset, look)
        clicks = tuple(click_target(d) for d in options.series)
        if not equal:
            clicks = (ClickTarget(options.dimension.column, None, told.bins.width), *clicks)
        brush = brushes.of_bins(told.bins, options.dimension.column)
        return Plot({"data": traces, "layout": page}, clicks, told.summary(title, drawn), brush)

    @classmethod
    def _traces(
        cls, options: Options, told: Counts, shown: Floats, drawn: Style, look: Look
    ) -> list[dict[str, Any]]:
        bins, series = told.bins, told.series
        members = [s.members[0] if len(s.members) == 1 else s.name for s in series]
        colors: dict[Plain, str] = dict.fromkeys(members, look.palette[0])
        if options.series:
            colors = assign(members, look)
        texts = [safe(t) for t in bins.texts()]
        value = drawn.hover("y")
        if options.normalize and bins.is_cut:
            value += " (%{text})"
        lows = [bins.lows.tolist()] if bins.is_cut else []
        found = []
        for row, one in enumerate(series):
            color = colors[members[row]]
            name = f"{safe(one.name)}: " if one.name else ""
            overlaid = options.stack == "overlaid" and len(series) > 1
            clicks = [*lows, *([m] * len(texts) for m in one.members)]
            trace: dict[str, Any] = {
                "type": "bar",
                "name": safe(one.name),
                "x": typed(bins.lows + bins.width / 2),
                "y": typed(shown[row]),
                "width": bins.width,
                "marker": {"color": faded(color, 0.55) if overlaid else color},
                "hovertext": texts,
                "text": [f"{v:,.12g}" for v in told.counts[row].tolist()],
                "textposition": "none",
                "hovertemplate": f"%{{hovertext}}<br>{name}<b>{value}</b><extra></extra>",
                "customdata": clicks_of(*clicks, has_other=True) if clicks else None,
            }
            if options.value_labels:
                stacked = len(series) > 1 and not overlaid
                template = drawn.hover("y")
                trace |= {
                    "texttemplate": [template if v else "" for v in shown[row].tolist()],
                    "textposition": "inside" if stacked else "outside", "textangle": 0,
                    "cliponaxis": False, "textfont": {"size": 10},
                }  # fmt: skip
            found.append(trace)
        return found

    @classmethod
    def _page(
        cls,
        options: Options,
        bins: Bins,
        drawn: Style,
        title: str,
        place: str,
        traces: list[dict[str, Any]],
        dataset: DatasetSpec,
        look: Look,
    ) -> dict[str, Any]:
        column = dimension_column(options.dimension, dataset)
        own = options.x_title or dimension_title(options.dimension, dataset)
        fmt = options.x_format or column.format or ",.12~g"
        across = value_axis(Style(fmt, None, look.locale), title=own if options.axis_titles else "")
        across |= {"showgrid": False, "zeroline": False, "tickangle": 0}
        # Plotly would write at every bin where its own steps are not twice as wide.
        span = bins.width * len(bins.lows)
        across |= {"tickmode": "linear", "tick0": 0, "dtick": nice_width(0, span, _TICKS)}
        shown = title if options.axis_titles else ""
        return layout(
            look,
            heading=shown,
            legend=place,
            entries=[str(t["name"]) for t in traces],
            hovermode="closest",
            barmode="overlay" if options.stack == "overlaid" else "stack",
            bargap=0,
            uniformtext={"mode": "hide", "minsize": 9},
            barcornerradius=2 if len(bins.lows) <= 40 else 0,
            xaxis=across,
            yaxis=value_axis(drawn, log=options.log, low=options.low, high=options.high)
            | {"fixedrange": True},
            **references(options.references),
        )


def _raw(options: Histogram.Options, dataset: DatasetSpec) -> QuerySpec:
    """Raw rows, counted after the query in equal bins."""
    by = tuple(dict.fromkeys(d.column for d in options.series))
    column = options.column or ""
    step = HistogramStep(
        column=column,
        bins=options.bins,
        by=by,
        normalize=options.normalize,
        share_of="all" if options.share_of == "all" else "member",
        cumulative=options.cumulative,
        empty=options.empty,
    )
    columns = tuple(dict.fromkeys((*by, column)))
    return options.base_query(dataset, columns=columns, filters=_within(options), post=(step,))


def _cut(
    options: Histogram.Options, table: pa.Table, dataset: DatasetSpec, look: Look
) -> Counts | None:
    """Counts per value (or bin of the database), added up in bins."""
    at, name = options.dimension, metric_name(options.counted)
    wide = widen(table, at, options.series, (name,), dataset, look)
    places = _places(wide.values, dimension_title(at, dataset))
    if not np.isfinite(places).any():
        return None
    bins = cut(places, options.bin, options.bins)
    return Counts(bins, wide.series, bins.summed(np.nan_to_num(wide.cells(name)), places))


def _equal(
    options: Histogram.Options, table: pa.Table, dataset: DatasetSpec, look: Look
) -> Counts | None:
    """Equal bins that were counted after the query; the largest series first."""
    if not table.num_rows:
        return None
    bins, members, counts = counted(table, tuple(d.column for d in options.series))
    names = [
        " · ".join(
            words([m], d, dataset, look)[0] for m, d in zip(key, options.series, strict=True)
        )
        for key in members
    ]
    order = np.argsort(-counts.sum(axis=1), kind="stable")[:MOST_DRAWN].tolist()
    return Counts(bins, tuple(Series(members[i], names[i]) for i in order), counts[order])


def _places(values: Sequence[Plain], title: str) -> Floats:
    try:
        return floats(pa.table({"at": pa.array(values, pa.float64())}), "at")
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise Invalid(f"“{title}” has values that are no numbers.") from error


def _within(options: Histogram.Options) -> tuple[Filter, ...]:
    """Conditions on the column: within the bounds asked for."""
    column = options.column or ""
    found = list[Filter]()
    if options.value_low is not None:
        found.append(Filter(column=column, op=">=", value=options.value_low))
    if options.value_high is not None:
        found.append(Filter(column=column, op="<=", value=options.value_high))
    return tuple(found)


def _shown(counts: Floats, options: Histogram.Options) -> Floats:
    found = counts
    if options.normalize:
        one = options.share_of == "series"
        total = counts.sum(axis=1, keepdims=True) if one else counts.sum()
        found = counts / np.where(total == 0, 1, total)
    return np.cumsum(found, axis=1) if options.cumulative else found
