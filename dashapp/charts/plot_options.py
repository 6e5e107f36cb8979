"""Options that plotted kinds share: series, time and what is computed along it, axes, looks."""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import Field

from dashapp.charts.asks import DATA, LOOK, Asks
from dashapp.charts.axes import Reference
from dashapp.charts.base import ChartKind
from dashapp.errors import Invalid
from dashapp.specs import (
    DatasetSpec,
    Dimension,
    Grain,
    SeriesLimit,
    SimpleMetric,
    metric_name,
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

    legend: Literal["auto", "top", "bottom", "left", "right", "hidden"] = Field(
        "auto",
        title="Legend",
        description="Where the names of the series stand; hidden for a single one by default.",
        json_schema_extra=LOOK,
    )
    palette: str | None = Field(
        None,
        max_length=50,
        title="Palette",
        description="Colours of this chart; those of the dashboard by default.",
        json_schema_extra=LOOK | {"widget": "palette"},
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
    currency: str | None = Field(
        None,
        pattern=r"^[A-Z]{3}$",
        title="Currency",
        description="ISO code such as EUR; the metric's own by default.",
        json_schema_extra=LOOK | {"widget": "currency"},
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
    series_limit: int | None = Field(
        10,
        ge=1,
        le=1000,
        title="Series limit",
        description="Most series; the largest are kept. Empty for all.",
        json_schema_extra=DATA,
    )
    series_smallest: bool = Field(
        False,
        title="Smallest series",
        description="Keep the smallest series instead of the largest.",
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
        if not self.series or self.series_limit is None:
            return None
        return SeriesLimit(
            dimensions=tuple(d.name for d in self.series),
            limit=self.series_limit,
            by=self.series_by,
            descending=not self.series_smallest,
            other=self.other,
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


def needs(what: Any, field: str, sentence: str) -> None:
    """Refuse, as Invalid, a chart whose `field` is not chosen yet."""
    if not what:
        raise Invalid(sentence, {field: sentence})


def is_additive(metric: Metric, dataset: DatasetSpec) -> bool:
    """Whether the metric's values of parts add up to the whole's: sums and counts."""
    saved = dataset.metric(metric) if isinstance(metric, str) else None
    definition = saved.definition if saved else metric
    return isinstance(definition, SimpleMetric) and definition.aggregate in ("sum", "count")
