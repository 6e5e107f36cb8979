"""Steps that work on a query's answer, in order, after the warehouse is done."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from dashapp.specs.base import Tagged

Name = Annotated[str, Field(min_length=1, max_length=250)]


class Pivot(Tagged):
    """Wide form: one row per `index`, one column per member of `columns` and metric.

    A column is named after its members joined by ", "; with several metrics the metric's name
    comes first. `index` and `columns` together must be all dimensions.
    """

    step: Literal["pivot"] = "pivot"
    index: tuple[Name, ...]
    columns: tuple[Name, ...]
    metrics: tuple[Name, ...]


class Cumulative(Tagged):
    """Running sum, product, minimum or maximum of metrics along the time dimension."""

    step: Literal["cumulative"] = "cumulative"
    time: Name
    metrics: tuple[Name, ...]
    how: Literal["sum", "prod", "min", "max"] = "sum"


class Rolling(Tagged):
    """Moving window over the time dimension within each series."""

    step: Literal["rolling"] = "rolling"
    time: Name
    metrics: tuple[Name, ...]
    how: Literal["mean", "sum", "std", "min", "max", "median"] = "mean"
    window: int = Field(7, ge=1, le=10_000, description="Rows in the window.")
    min_periods: int = Field(1, ge=0)


class Resample(Tagged):
    """Regular time steps within each series; gaps are filled as asked."""

    step: Literal["resample"] = "resample"
    time: Name
    metrics: tuple[Name, ...]
    grain: Literal["second", "minute", "hour", "day", "week", "month", "quarter", "year"]
    fill: Literal["null", "zero", "forward", "backward", "linear"] = "null"
    how: Literal["sum", "mean", "median", "min", "max", "first", "last"] = "sum"


class Compare(Tagged):
    """Adds the metrics of an earlier period, aligned on the time dimension.

    Runs the query again with the range moved back by `offset` ("1 year", "28 days",
    "previous period") and adds columns "metric (offset)"; `show` says what else:
    the difference, the relative change ("change"), or the ratio, as columns
    "metric difference (offset)" and so on, instead of the earlier values.
    """

    step: Literal["compare"] = "compare"
    time: Name | None = Field(None, description="Time dimension to align on, if there is one.")
    metrics: tuple[Name, ...]
    offset: str = Field("1 year", max_length=50)
    show: Literal["values", "difference", "change", "ratio"] = "values"


class Contribution(Tagged):
    """Each value as a share (0 to 1) of the column's total, or of its row's total."""

    step: Literal["contribution"] = "contribution"
    metrics: tuple[Name, ...]
    over: Literal["column", "row"] = "column"
    within: tuple[Name, ...] = Field((), description="Totals per member of these dimensions.")
    suffix: str = Field("", max_length=50, description="Empty replaces the metric.")


class Rank(Tagged):
    """Rank (1 = best), or share of rank when `percent`, of a metric within `within`."""

    step: Literal["rank"] = "rank"
    metric: Name
    within: tuple[Name, ...] = ()
    descending: bool = True
    percent: bool = False
    name: Name = "rank"


class Forecast(Tagged):
    """Adds `periods` future steps with an interval, per series.

    Columns "metric forecast", "metric low", "metric high". Exponential smoothing
    (Holt-Winters, statsmodels), offline and deterministic.
    """

    step: Literal["forecast"] = "forecast"
    time: Name
    metrics: tuple[Name, ...]
    periods: int = Field(12, ge=1, le=1000)
    interval: float = Field(0.8, gt=0, lt=1, description="Share of outcomes inside the band.")
    season: int | None = Field(
        None, ge=2, le=400, description="Steps per season; guessed if empty."
    )


class Histogram(Tagged):
    """Counts of a numeric raw column in `bins` equal bins: columns `bin_from`, `bin_to`, `count`."""

    step: Literal["histogram"] = "histogram"
    column: Name
    bins: int = Field(20, ge=1, le=500)
    by: tuple[Name, ...] = ()
    normalize: bool = False
    cumulative: bool = False


class BoxPlot(Tagged):
    """Quartiles, mean, whiskers and outliers of each metric per `by`.

    Columns: `by`..., `metric`, `min`, `q1`, `median`, `q3`, `max`, `mean`, `count`,
    `outliers` (list). Whiskers: "tukey" 1.5 IQR, "min/max", or percentiles "2/98", "9/91".
    """

    step: Literal["boxplot"] = "boxplot"
    by: tuple[Name, ...]
    metrics: tuple[Name, ...]
    whiskers: Literal["tukey", "min/max", "2/98", "9/91"] = "tukey"


class Sort(Tagged):
    """Orders rows by columns of the answer, empty values last."""

    step: Literal["sort"] = "sort"
    by: tuple[tuple[Name, bool], ...] = Field(description="Pairs (name, descending).")


class Rename(Tagged):
    """Gives columns of the answer other names."""

    step: Literal["rename"] = "rename"
    names: tuple[tuple[Name, Name], ...] = Field(description="Pairs (old, new).")


class Select(Tagged):
    """Keeps only these columns, in this order."""

    step: Literal["select"] = "select"
    columns: tuple[Name, ...]


PostStep = Annotated[
    Pivot
    | Cumulative
    | Rolling
    | Resample
    | Compare
    | Contribution
    | Rank
    | Forecast
    | Histogram
    | BoxPlot
    | Sort
    | Rename
    | Select,
    Field(discriminator="step"),
]
