"""Options that plotted kinds share: series, time and what is computed along it, axes, looks."""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import Field

from dashapp.charts.asks import ANALYSIS, DATA, LOOK, Asks
from dashapp.charts.axes import Reference
from dashapp.charts.base import ChartKind
from dashapp.charts.wide import Sort
from dashapp.errors import Invalid
from dashapp.specs import (
    DatasetSpec,
    Dimension,
    Grain,
    SeriesLimit,
    SimpleMetric,
    metric_name,
)
from dashapp.specs.post import (
    Compare,
    Contribution,
    Cumulative,
    Forecast,
    PostStep,
    Resample,
    Rolling,
)
from dashapp.specs.query import Metric

SORTS: Final[dict[str, str]] = {
    "auto": "Text by size, everything else in its own order",
    "largest": "Largest first",
    "smallest": "Smallest first",
    "name": "By name",
    "name descending": "By name, backwards",
    "query": "As the question orders them",
}


class PlotOptions(Asks, ChartKind.Options):
    """What every plotted kind lets one set."""

    legend: Literal["auto", "top", "right", "hidden"] = Field(
        "auto",
        title="Legend",
        description="Where the names of the series stand; hidden for a single one by default.",
        json_schema_extra=LOOK,
    )
    axis_titles: bool = Field(
        True, title="Axis titles", description="Name the axes.", json_schema_extra=LOOK
    )
    format: str | None = Field(
        None,
        max_length=50,
        title="Number format",
        description='d3 format such as ",.1f" or ".1%"; the metric\'s own by default.',
        json_schema_extra=LOOK | {"widget": "number_format"},
    )

    def legend_place(self, drawn: int) -> str:
        """Where the legend goes for that many entries; "" for nowhere."""
        if self.legend == "hidden" or (self.legend == "auto" and drawn < 2):
            return ""
        return "top" if self.legend == "auto" else self.legend


class SeriesOptions(PlotOptions):
    """Metrics, split into series by the members of dimensions."""

    metrics: tuple[Metric, ...] = Field(
        (),
        max_length=20,
        title="Metrics",
        description="What is drawn.",
        json_schema_extra=DATA | {"widget": "metrics"},
    )
    series: tuple[Dimension, ...] = Field(
        (),
        max_length=3,
        title="Series",
        description="One series per member of these dimensions.",
        json_schema_extra=DATA | {"widget": "dimensions"},
    )
    series_limit: int = Field(
        10,
        ge=1,
        le=100,
        title="Series limit",
        description="Most series; the largest are kept.",
        json_schema_extra=DATA,
    )
    series_by: Metric | None = Field(
        None,
        title="Rank series by",
        description="Metric that says which series are the largest; the first by default.",
        json_schema_extra=DATA | {"widget": "metric"},
    )
    other: bool = Field(
        True,
        title="Other",
        description="Sum up the members beyond the limit as “Other” instead of dropping them.",
        json_schema_extra=DATA,
    )

    @property
    def names(self) -> tuple[str, ...]:
        """The metrics' names in the answer."""
        return tuple(metric_name(m) for m in self.metrics)

    def series_part(self) -> SeriesLimit | None:
        """The limit on series, if there are any."""
        if not self.series:
            return None
        names = tuple(d.name for d in self.series)
        return SeriesLimit(
            dimensions=names, limit=self.series_limit, by=self.series_by, other=self.other
        )


class AxisOptions(PlotOptions):
    """The axis of values."""

    log: bool = Field(
        False,
        title="Logarithmic",
        description="Values on a logarithmic axis.",
        json_schema_extra=LOOK,
    )
    low: float | None = Field(
        None,
        title="Axis from",
        description="Lower end of the values' axis; by the data if empty.",
        json_schema_extra=LOOK,
    )
    high: float | None = Field(
        None,
        title="Axis to",
        description="Upper end of the values' axis; by the data if empty.",
        json_schema_extra=LOOK,
    )
    references: tuple[Reference, ...] = Field(
        (),
        max_length=10,
        title="Reference lines",
        description="Lines across the plot, for targets and limits.",
        json_schema_extra=LOOK,
    )
    value_labels: bool = Field(
        False,
        title="Value labels",
        description="Write values at their marks.",
        json_schema_extra=LOOK,
    )


class GrainOptions(PlotOptions):
    """Time cut into buckets; a dashboard's grain filter may choose another grain."""

    grain: Grain | None = Field(
        "day",
        title="Time grain",
        description="Width of the buckets of time; none shows times as they are.",
        json_schema_extra=DATA | {"widget": "grain"},
    )


class TimeOptions(SeriesOptions, AxisOptions, GrainOptions):
    """Metrics over time, and what can be computed along it."""

    time: str | None = Field(
        None,
        min_length=1,
        max_length=250,
        title="Time",
        description="Column along the axis; the dataset's time column by default.",
        json_schema_extra=DATA | {"widget": "time_column"},
    )
    compare: str | None = Field(
        None,
        min_length=1,
        max_length=50,
        title="Compare with",
        description='Draw an earlier period too: "1 year", "28 days", "previous period".',
        json_schema_extra=ANALYSIS | {"widget": "offset"},
    )
    compare_show: Literal["values", "difference", "change", "ratio"] = Field(
        "values",
        title="Show comparison as",
        description="Earlier values beside today's, or instead the difference, change or ratio.",
        json_schema_extra=ANALYSIS,
    )
    fill: Literal["none", "null", "zero", "forward", "backward", "linear"] = Field(
        "none",
        title="Missing buckets",
        description="Buckets without rows: joined over (none), gaps (null), or filled.",
        json_schema_extra=ANALYSIS,
    )
    rolling: Literal["none", "mean", "sum", "std", "min", "max", "median"] = Field(
        "none",
        title="Rolling window",
        description="Draw the mean (or another figure) of a moving window of buckets.",
        json_schema_extra=ANALYSIS,
    )
    rolling_window: int = Field(
        7, ge=2, le=10_000, title="Window", description="Buckets.", json_schema_extra=ANALYSIS
    )
    rolling_min: int = Field(
        1,
        ge=0,
        le=10_000,
        title="Least buckets",
        description="Windows with fewer values are left empty.",
        json_schema_extra=ANALYSIS,
    )
    cumulative: bool = Field(
        False, title="Cumulative", description="Add values up.", json_schema_extra=ANALYSIS
    )
    share: Literal["none", "bucket", "total"] = Field(
        "none",
        title="Share",
        description="Values as a share of their bucket's total, or of the grand total.",
        json_schema_extra=ANALYSIS,
    )
    forecast: int = Field(
        0,
        ge=0,
        le=1000,
        title="Forecast",
        description="Buckets to look ahead; 0 for none.",
        json_schema_extra=ANALYSIS,
    )
    forecast_interval: float = Field(
        0.8,
        gt=0,
        lt=1,
        title="Forecast interval",
        description="Share of outcomes inside the band.",
        json_schema_extra=ANALYSIS,
    )
    forecast_season: int | None = Field(
        None,
        ge=2,
        le=400,
        title="Season",
        description="Buckets per season; guessed if empty.",
        json_schema_extra=ANALYSIS,
    )

    def time_dimension(self, dataset: DatasetSpec) -> Dimension:
        """The axis of time; Invalid if neither chart nor dataset says which column it is."""
        column = self.time or self.time_column or dataset.time_column
        if column is None:
            raise Invalid(
                "This chart needs a time column; choose one here or on the dataset.",
                {"time": "Choose a time column."},
            )
        return Dimension(column=column, grain=self.grain)

    def drawn(self, metric: str) -> str:
        """Name of the column that is drawn for a metric: its own, or the comparison's."""
        if self.compare and self.compare_show != "values":
            return f"{metric} {self.compare_show} ({self.compare})"
        return metric

    def earlier(self, metric: str) -> str | None:
        """Name of the column with the earlier period's values, if they are asked for."""
        return f"{metric} ({self.compare})" if self.compare_values else None

    @property
    def compare_values(self) -> bool:
        """Whether the earlier period is drawn beside the present one."""
        return self.compare is not None and self.compare_show == "values"

    def steps(self, axis: Dimension, is_time: bool = True) -> tuple[PostStep, ...]:
        """What is computed along the axis, in the order in which it makes sense.

        Along members only comparisons and shares make sense.
        """
        names, at = self.names, axis.name
        found: list[PostStep] = []
        if self.compare:
            time = at if is_time else None
            found.append(
                Compare(time=time, metrics=names, offset=self.compare, show=self.compare_show)
            )
            names += tuple(self.earlier(n) or self.drawn(n) for n in names)
        if is_time:
            found += self._along_time(axis, names)
        if self.share != "none":
            within = (at,) if self.share == "bucket" else ()
            found.append(Contribution(metrics=names, within=within))
        if self.forecast and is_time:
            found.append(
                Forecast(
                    time=at,
                    metrics=self.names,
                    periods=self.forecast,
                    interval=self.forecast_interval,
                    season=self.forecast_season,
                )
            )
        return tuple(found)

    def _along_time(self, time: Dimension, names: tuple[str, ...]) -> list[PostStep]:
        at = time.name
        found: list[PostStep] = []
        if self.fill != "none" and time.grain:
            found.append(Resample(time=at, metrics=names, grain=time.grain, fill=self.fill))
        if self.rolling != "none":
            found.append(
                Rolling(
                    time=at,
                    metrics=names,
                    how=self.rolling,
                    window=self.rolling_window,
                    min_periods=self.rolling_min,
                )
            )
        if self.cumulative:
            found.append(Cumulative(time=at, metrics=names))
        return found


class MemberOptions(PlotOptions):
    """Members of a dimension along an axis or around a circle."""

    members: int = Field(
        25,
        ge=1,
        le=500,
        title="Members",
        description="Most members shown; the largest are kept.",
        json_schema_extra=DATA,
    )
    sort: Sort = Field(
        "auto",
        title="Sort",
        description="; ".join(f"{k}: {v.lower()}" for k, v in SORTS.items()) + ".",
        json_schema_extra=LOOK,
    )


def needs(what: Any, field: str, sentence: str) -> None:
    """Refuse, as Invalid, a chart whose `field` is not chosen yet."""
    if not what:
        raise Invalid(sentence, {field: sentence})


def is_additive(metric: Metric, dataset: DatasetSpec) -> bool:
    """Whether the metric's values of parts add up to the whole's: sums and counts."""
    saved = dataset.metric(metric) if isinstance(metric, str) else None
    definition = saved.definition if saved else metric
    return isinstance(definition, SimpleMetric) and definition.aggregate in ("sum", "count")
