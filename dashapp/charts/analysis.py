"""What can be computed along an axis: earlier periods, windows, sums, shares, forecasts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import Field, field_validator

from dashapp.charts.asks import ANALYSIS
from dashapp.specs import Dimension, Grain, Spec
from dashapp.specs.post import (
    Change,
    Compare,
    Complete,
    Contribution,
    Cumulative,
    Forecast,
    PostStep,
    Resample,
    Rolling,
)


class Analysis(Spec):
    """What is computed from the metrics along the axis, after the warehouse is done."""

    compare: tuple[str, ...] = Field(
        (),
        max_length=6,
        title="Compare with",
        description='Earlier periods to draw too: "1 year", "28 days", "previous period".',
        json_schema_extra=ANALYSIS | {"widget": "offsets"},
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
    fill_grain: Grain | None = Field(
        None,
        title="Regular steps",
        description="Width of the buckets that are filled; the axis' own by default.",
        json_schema_extra=ANALYSIS | {"widget": "grain"},
    )
    fill_how: Literal["sum", "mean", "median", "min", "max", "first", "last"] = Field(
        "sum",
        title="Values of a step",
        description="What becomes of several buckets that fall into one step.",
        json_schema_extra=ANALYSIS,
    )
    rolling: Literal["none", "mean", "sum", "std", "min", "max", "median"] = Field(
        "none",
        title="Rolling window",
        description="Draw the mean (or another figure) of a moving window of buckets.",
        json_schema_extra=ANALYSIS,
    )
    rolling_window: int = Field(
        7, ge=1, le=10_000, title="Window", description="Buckets.", json_schema_extra=ANALYSIS
    )
    rolling_min: int = Field(
        1,
        ge=0,
        le=10_000,
        title="Least buckets",
        description="Windows with fewer values are left empty.",
        json_schema_extra=ANALYSIS,
    )
    rolling_skip: int = Field(
        0,
        ge=0,
        le=10_000,
        title="Skip buckets",
        description="First buckets to leave out, where windows are not full yet.",
        json_schema_extra=ANALYSIS,
    )
    cumulative: bool = Field(
        False, title="Cumulative", description="Add values up.", json_schema_extra=ANALYSIS
    )
    share: Literal["none", "bucket", "series", "total"] = Field(
        "none",
        title="Share",
        description="Values as a share of the total of their bucket, their series, or all.",
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

    @field_validator("compare", mode="before")
    @classmethod
    def _several(cls, value: Any) -> Any:
        """One offset may stand alone."""
        if value is None:
            return ()
        return (value,) if isinstance(value, str) else value

    @field_validator("compare", mode="after")
    @classmethod
    def _distinct(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if any(not 0 < len(v) <= 50 for v in value):
            raise ValueError("An offset has 1 to 50 characters.")
        return tuple(dict.fromkeys(value))

    def told(self, metric: str) -> tuple[tuple[str, str | None], ...]:
        """Columns that are drawn for a metric, each with the offset it is measured by.

        Its own, or one per comparison that is shown instead.
        """
        if self.compare and self.compare_show != "values":
            return tuple((f"{metric} {self.compare_show} ({o})", o) for o in self.compare)
        return ((metric, None),)

    def earlier(self, metric: str) -> tuple[tuple[str, str], ...]:
        """Columns with the values of earlier periods, with their offsets, if they are asked for."""
        if self.compare_show != "values":
            return ()
        return tuple((f"{metric} ({o})", o) for o in self.compare)

    @property
    def compare_values(self) -> bool:
        """Whether an earlier period is drawn beside the present one."""
        return bool(self.compare) and self.compare_show == "values"

    def steps(
        self,
        axis: Dimension,
        names: tuple[str, ...],
        series: Sequence[Dimension] = (),
        is_time: bool = True,
        in_order: bool = True,
    ) -> tuple[PostStep, ...]:
        """What is computed along the axis, in the order in which it makes sense.

        Windows, sums and shares see every series at every member of the axis, as if the answer
        were a table with one column per series. Windows and running sums need an axis that is
        `in_order`; what is not time has nothing to fill and nothing to foretell.
        """
        at = axis.name
        time = at if is_time else None
        runs = in_order and (self.rolling != "none" or self.cumulative)
        moves = runs or (is_time and self.fill != "none")
        late = self.compare_show if self.compare_show != "values" and moves else None
        found: list[PostStep] = []
        for offset in self.compare:
            show = "values" if late else self.compare_show
            found.append(Compare(time=time, metrics=names, offset=offset, show=show))
        raw = names + tuple(f"{n} ({o})" for o in self.compare for n in names)
        worked = raw if late else self._worked(names)
        found += self._spread(axis, worked, series, is_time, runs)
        if runs:
            found += self._running(at, worked)
        if late:
            found += [Change(metrics=names, offset=o, show=late) for o in self.compare]
        found += self._shares(at, names, series)
        if self.forecast and is_time:
            found.append(
                Forecast(
                    time=at,
                    metrics=names,
                    periods=self.forecast,
                    interval=self.forecast_interval,
                    season=self.forecast_season,
                )
            )
        return tuple(found)

    def _worked(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """The metrics and all that comparisons add."""
        added = [self.told(n) if self.compare_show != "values" else self.earlier(n) for n in names]
        return names + tuple(c for columns in added for c, offset in columns if offset)

    def _spread(
        self,
        axis: Dimension,
        names: tuple[str, ...],
        series: Sequence[Dimension],
        is_time: bool,
        runs: bool,
    ) -> list[PostStep]:
        """Rows for buckets that are missing, of all series or of some."""
        grain = self.fill_grain or axis.grain
        if self.fill != "none" and is_time and grain:
            return [
                Resample(
                    time=axis.name, metrics=names, grain=grain, fill=self.fill, how=self.fill_how
                )
            ]
        if series and (runs or self.share != "none"):
            return [Complete(time=axis.name, metrics=names)]
        return []

    def _running(self, at: str, names: tuple[str, ...]) -> list[PostStep]:
        """Windows, then running sums."""
        found: list[PostStep] = []
        if self.rolling != "none":
            found.append(
                Rolling(
                    time=at,
                    metrics=names,
                    how=self.rolling,
                    window=self.rolling_window,
                    min_periods=min(self.rolling_min, self.rolling_window),
                    skip=self.rolling_skip,
                )
            )
        if self.cumulative:
            found.append(Cumulative(time=at, metrics=names, carry=True))
        return found

    def _shares(
        self, at: str, names: tuple[str, ...], series: Sequence[Dimension]
    ) -> list[PostStep]:
        """Shares of the present period, and of each earlier one by itself."""
        if self.share == "none":
            return []
        within = {"bucket": (at,), "series": tuple(d.name for d in series), "total": ()}
        whole = self.compare_show if self.compare_show != "values" else ""
        groups = [names] + [
            tuple(f"{n} {whole} ({o})" if whole else f"{n} ({o})" for n in names)
            for o in self.compare
        ]
        return [
            Contribution(
                metrics=group,
                within=within[self.share],
                together=self.share != "series",
                zero=bool(series) and self.share != "bucket",
            )
            for group in groups
        ]
