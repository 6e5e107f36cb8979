"""Steps that work on a query's answer, in order, after the warehouse is done."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from dashapp.specs.base import Tagged

Name = Annotated[str, Field(min_length=1, max_length=250)]


def _reach(text: str) -> str:
    low, _, high = text.partition("/")
    if text not in ("tukey", "min/max") and not float(low) < float(high) <= 100:
        raise ValueError("Percentiles of whiskers rise from 0 to 100, such as 2/98.")
    return text


# Reach of a box plot's whiskers: "tukey", "min/max", or two percentiles such as "2/98".
Whiskers = Annotated[
    str,
    Field(pattern=r"^(tukey|min/max|\d{1,3}(\.\d{1,4})?/\d{1,3}(\.\d{1,4})?)$"),
    AfterValidator(_reach),
]
# Quartiles between two values: on the straight line between them, or halfway.
Quartiles = Literal["linear", "midpoint"]


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
    """Running sum, product, minimum or maximum of metrics along the time dimension.

    Cells that are empty stay empty; with `carry` they hold what has run up before them.
    """

    step: Literal["cumulative"] = "cumulative"
    time: Name
    metrics: tuple[Name, ...]
    how: Literal["sum", "prod", "min", "max"] = "sum"
    carry: bool = Field(False, description="Empty cells hold the value so far.")


class Rolling(Tagged):
    """Moving window over the time dimension within each series."""

    step: Literal["rolling"] = "rolling"
    time: Name
    metrics: tuple[Name, ...]
    how: Literal["mean", "sum", "std", "min", "max", "median"] = "mean"
    window: int = Field(7, ge=1, le=10_000, description="Rows in the window.")
    min_periods: int = Field(1, ge=0)
    skip: int = Field(0, ge=0, le=10_000, description="Earliest times left out afterwards.")


class Complete(Tagged):
    """Every series gets a row at every member of `time` that any of them has; new cells are empty.

    Rows come series by series, in order of time.
    """

    step: Literal["complete"] = "complete"
    time: Name
    metrics: tuple[Name, ...]


class Resample(Tagged):
    """Regular time steps within each series; gaps are filled as asked."""

    step: Literal["resample"] = "resample"
    time: Name
    metrics: tuple[Name, ...]
    grain: Literal[
        "second", "5 seconds", "30 seconds", "minute", "5 minutes", "10 minutes", "15 minutes",
        "30 minutes", "hour", "6 hours", "12 hours", "day", "week", "month", "quarter", "year",
    ]  # fmt: skip
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


class Change(Tagged):
    """Replaces the earlier values that `Compare` added by what changed since.

    Columns "metric (offset)" become "metric difference (offset)", "metric change (offset)" or
    "metric ratio (offset)": for comparisons of what other steps have made of both periods.
    """

    step: Literal["change"] = "change"
    metrics: tuple[Name, ...]
    offset: str = Field("1 year", max_length=50)
    show: Literal["difference", "change", "ratio"] = "difference"


class Contribution(Tagged):
    """Each value as a share (0 to 1) of the column's total, or of its row's total.

    `together` measures all metrics by the total of all of them; with `zero` empty values are
    parts of no size instead of staying empty.
    """

    step: Literal["contribution"] = "contribution"
    metrics: tuple[Name, ...]
    over: Literal["column", "row"] = "column"
    within: tuple[Name, ...] = Field((), description="Totals per member of these dimensions.")
    suffix: str = Field("", max_length=50, description="Empty replaces the metric.")
    together: bool = Field(False, description="One total for all metrics.")
    zero: bool = Field(False, description="Empty values count as zero.")


class Rank(Tagged):
    """Rank (1 = best), or share of rank when `percent`, of a metric within `within`."""

    step: Literal["rank"] = "rank"
    metric: Name
    within: tuple[Name, ...] = ()
    descending: bool = True
    percent: bool = False
    ties: Literal["best", "mean"] = Field(
        "best", description="Equal values share the best of their places, or the mean of them."
    )
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
    """Counts of a numeric raw column in `bins` equal bins: columns `bin_from`, `bin_to`, `count`.

    Bins reach from the lowest to the highest value of all rows; the last one is closed.
    """

    step: Literal["histogram"] = "histogram"
    column: Name
    bins: int = Field(20, ge=1, le=500)
    by: tuple[Name, ...] = ()
    normalize: bool = False
    share_of: Literal["member", "all"] = Field(
        "member", description="Shares of each member's values, or of everything that is shown."
    )
    cumulative: bool = False
    empty: bool = Field(True, description="Whether rows whose `by` is empty are counted.")


class BoxPlot(Tagged):
    """Quartiles, mean, whiskers and outliers of each metric per `by`.

    Columns: `by`..., `metric`, `min`, `q1`, `median`, `q3`, `max`, `mean`, `count`,
    `outliers` (list). Whiskers: "tukey" 1.5 IQR, "min/max", or percentiles such as "2/98".
    """

    step: Literal["boxplot"] = "boxplot"
    by: tuple[Name, ...]
    metrics: tuple[Name, ...]
    whiskers: Whiskers = "tukey"
    quartiles: Quartiles = "linear"
    empty: bool = Field(True, description="Whether rows whose `by` is empty make a box.")


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
    | Complete
    | Resample
    | Compare
    | Change
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
