"""How often values occur: the histogram."""

from __future__ import annotations

import math
from collections.abc import Sequence
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
from dashapp.charts.axes import SHARE, Style, layout, references, style, value_axis
from dashapp.charts.base import ChartKind, ClickTarget, Drawing, Empty, Look, Plot, Tables
from dashapp.charts.colors import assign, faded
from dashapp.charts.plot_options import (
    AxisOptions,
    is_additive,
    needs,
)
from dashapp.charts.plotting import (
    NO_ROWS,
    Floats,
    clicks_of,
    floats,
    safe,
    typed,
)
from dashapp.charts.values import Plain
from dashapp.charts.wide import Series, widen
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
from dashapp.specs.query import Metric

MOST_VALUES: Final = 20_000  # Distinct values that a histogram without a bin width may ask for.
MOST_BINS: Final = 80
MOST_WIDE: Final = 2_000  # Bins that a width may make; more are narrower than a pixel.
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
        places = _places(wide.values, dimension_title(at, dataset))
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


def _places(values: Sequence[Plain], title: str) -> Floats:
    try:
        return floats(pa.table({"at": pa.array(values, pa.float64())}), "at")
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise Invalid(f"“{title}” has values that are no numbers.") from error


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
