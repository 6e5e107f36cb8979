"""Kinds that show how values spread: histogram and box plot."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import pyarrow as pa
from pydantic import Field

from dashapp.charts.asks import (
    ANALYSIS,
    DATA,
    LOOK,
    click_target,
    dimension_column,
    dimension_title,
    metric_title,
)
from dashapp.charts.axes import SHARE, Style, category_axis, layout, references, style, value_axis
from dashapp.charts.base import ChartKind, ClickTarget, Drawing, Empty, Look, Plot, Tables
from dashapp.charts.colors import assign, faded
from dashapp.charts.plot_options import (
    AxisOptions,
    GrainOptions,
    MemberOptions,
    is_additive,
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
from dashapp.charts.wide import Series, ordered, widen, words
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
from dashapp.specs.post import BoxPlot as BoxPlotStep
from dashapp.specs.query import Metric

MOST_VALUES: Final = 20_000  # Distinct values that a histogram without a bin width may ask for.
MOST_BINS: Final = 80
MOST_WIDE: Final = 2_000  # Bins that a width may make; more are narrower than a pixel.
MOST_OUTLIERS: Final = 150  # Per box.
COUNT: Final = SimpleMetric(aggregate="count", label="count")


def nice_width(low: float, high: float, bins: int = 30) -> float:
    """A width of 1, 2 or 5 times a power of ten that cuts the range into about `bins` bins."""
    span = abs(high - low)
    if not span or not math.isfinite(span):
        return 1.0
    rough = span / max(1, bins)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(s for s in (1, 2, 5, 10) if s * power >= rough * (1 - 1e-9))
    return float(f"{step * power:.12g}")


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
            ge=2,
            le=MOST_BINS,
            title="Bins",
            description="About how many bins, where no width is set.",
            json_schema_extra=DATA,
        )
        series: Dimension | None = Field(
            None,
            title="Series",
            description="One colour per member.",
            json_schema_extra=DATA | {"widget": "dimension"},
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
            description="Shares of each series instead of counts.",
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
        if options.bin is None and not is_additive(options.counted, dataset):
            needs(options.bin, "bin", "This metric needs a bin width: its values do not add up.")
        at = options.dimension
        series: tuple[Dimension, ...] = ()
        limit = None
        if options.series is not None:
            series = (options.series,)
            limit = SeriesLimit(dimensions=(options.series.name,), limit=options.series_limit)
        query = options.base_query(
            dataset,
            (at, *series),
            (options.counted,),
            filters=_within(options),
            series=limit,
            order=(Order(by=at.name),),
            limit=MOST_VALUES,
        )
        return {"main": query}

    @classmethod
    def figure(cls, options: Options, tables: Tables, dataset: DatasetSpec, look: Look) -> Drawing:
        """Bars without gaps between bins; empty bins stay empty."""
        table = tables["main"]
        if options.bin is None and table.num_rows >= MOST_VALUES:
            many = f"This column has more than {MOST_VALUES:,} different values; set a bin width."
            return Empty("not_configured", many)
        at, name = options.dimension, metric_name(options.counted)
        series = (options.series,) if options.series else ()
        wide = widen(table, at, series, (name,), dataset, look)
        places = floats(pa.table({"at": pa.array(wide.values, pa.float64())}), "at")
        if not np.isfinite(places).any():
            return Empty("no_rows", NO_ROWS)
        bins = _bins(places, options)
        counts = bins.summed(np.nan_to_num(wide.cells(name)), places)
        shown = _shown(counts, options)
        written = style(options.counted, dataset, look, counts, options.format)
        drawn = Style(SHARE, None, look.locale) if options.normalize else written
        traces = cls._traces(options, bins, wide.series, counts, shown, drawn, written, look)
        title = "Count" if options.metric is None else metric_title(options.metric, dataset)
        place = options.legend_place(len(traces))
        page = cls._page(options, bins, drawn, title, place, traces, dataset, look)
        click = ClickTarget(at.column, None, bins.width)
        clicks = (click, *(click_target(d) for d in series))
        return Plot({"data": traces, "layout": page}, clicks, _told(bins, counts, title, written))

    @classmethod
    def _traces(
        cls,
        options: Options,
        bins: _Bins,
        series: tuple[Series, ...],
        counts: Floats,
        shown: Floats,
        drawn: Style,
        written: Style,
        look: Look,
    ) -> list[dict[str, Any]]:
        members = [s.members[0] if s.members else None for s in series]
        colors: dict[Plain, str] = {None: look.palette[0]}
        if options.series:
            colors = assign(members, look)
        texts = [safe(t) for t in bins.texts()]
        value = drawn.hover("y")
        if options.normalize:
            value += f" ({written.hover('text')})"
        found = []
        for row, one in enumerate(series):
            color = colors[members[row]]
            name = f"{safe(one.name)}: " if one.name else ""
            overlaid = options.stack == "overlaid" and len(series) > 1
            trace: dict[str, Any] = {
                "type": "bar",
                "name": safe(one.name),
                "x": typed(bins.lows + bins.width / 2),
                "y": typed(shown[row]),
                "width": bins.width,
                "marker": {"color": faded(color, 0.55) if overlaid else color},
                "hovertext": texts,
                "text": counts[row].tolist(),
                "textposition": "none",
                "hovertemplate": f"%{{hovertext}}<br>{name}<b>{value}</b><extra></extra>",
                "customdata": clicks_of(
                    bins.lows.tolist(), *([m] * len(texts) for m in one.members), has_other=True
                ),
            }
            if options.value_labels:
                trace |= {
                    "texttemplate": drawn.hover("y"), "textposition": "outside",
                    "cliponaxis": False, "textfont": {"size": 10},
                }  # fmt: skip
            found.append(trace)
        return found

    @classmethod
    def _page(
        cls,
        options: Options,
        bins: _Bins,
        drawn: Style,
        title: str,
        place: str,
        traces: list[dict[str, Any]],
        dataset: DatasetSpec,
        look: Look,
    ) -> dict[str, Any]:
        column = dimension_column(options.dimension, dataset)
        name = dimension_title(options.dimension, dataset) if options.axis_titles else ""
        across = value_axis(Style(column.format or ",.12~g", None, look.locale), title=name)
        across |= {"showgrid": False, "zeroline": False, "nticks": 8, "tickangle": 0}
        shown = title if options.axis_titles else ""
        return layout(
            look,
            heading=shown,
            legend=place,
            entries=[str(t["name"]) for t in traces],
            hovermode="closest",
            barmode="overlay" if options.stack == "overlaid" else "stack",
            bargap=0,
            barcornerradius=2 if len(bins.lows) <= 40 else 0,
            xaxis=across,
            yaxis=value_axis(drawn, log=options.log, low=options.low, high=options.high)
            | {"fixedrange": True},
            **references(options.references),
        )


def _within(options: Histogram.Options) -> tuple[Filter, ...]:
    """Conditions on the column: it has a value, within the bounds asked for."""
    column = options.column or ""
    found = [Filter(column=column, op="is not null")]
    if options.value_low is not None:
        found.append(Filter(column=column, op=">=", value=options.value_low))
    if options.value_high is not None:
        found.append(Filter(column=column, op="<=", value=options.value_high))
    return tuple(found)


@dataclass(frozen=True)
class _Bins:
    """Bins of equal width from the lowest to the highest, empty ones included."""

    lows: Floats
    width: float

    def summed(self, cells: Floats, places: Floats) -> Floats:
        """Cells (series by place) added up per bin."""
        known = np.isfinite(places)
        at = np.floor(places[known] / self.width + 1e-9) - round(self.lows[0] / self.width)
        found = np.zeros((len(cells), len(self.lows)))
        for row, values in enumerate(cells):
            np.add.at(found[row], at.astype(np.int64), values[known])
        return found

    def texts(self) -> list[str]:
        """Bins in words, lower end included, upper end not."""
        return [f"{low:.12g} – {low + self.width:.12g}" for low in self.lows.tolist()]


def _bins(places: Floats, options: Histogram.Options) -> _Bins:
    """Bins that cover all places: of the width asked for, or a nice one."""
    known = places[np.isfinite(places)]
    low, high = float(known.min()), float(known.max())
    width = options.bin or nice_width(low, high, options.bins)
    if options.bin is None and bool((known == np.round(known)).all()):
        width = max(1.0, width)
    if (high - low) / width > MOST_WIDE:
        raise Invalid(
            f"Bins of {width:g} are too narrow for values from {low:g} to {high:g}.",
            {"bin": f"At least {nice_width(low, high, MOST_WIDE):g}."},
        )
    first, last = math.floor(low / width + 1e-9), math.floor(high / width + 1e-9)
    lows = np.round(np.arange(first, last + 1) * width, 12)
    return _Bins(lows, width)


def _shown(counts: Floats, options: Histogram.Options) -> Floats:
    found = counts
    if options.normalize:
        total = counts.sum(axis=1, keepdims=True)
        found = counts / np.where(total == 0, 1, total)
    return np.cumsum(found, axis=1) if options.cumulative else found


def _told(bins: _Bins, counts: Floats, title: str, written: Style) -> str:
    whole = counts.sum(axis=0)
    top = int(np.argmax(whole))
    return (
        f"{title} in {len(bins.lows)} bins from {bins.lows[0]:.12g} to "
        f"{bins.lows[-1] + bins.width:.12g}: most in {bins.texts()[top]} "
        f"({written.text(float(whole[top]))})."
    )


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
