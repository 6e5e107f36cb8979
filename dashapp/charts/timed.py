"""Options of kinds that lie along time but draw no plain line."""

from __future__ import annotations

from pydantic import Field

from dashapp.charts.asks import DATA
from dashapp.charts.plot_options import GrainOptions, SeriesOptions, needs
from dashapp.errors import Invalid
from dashapp.specs import DatasetSpec, Dimension, Order, QuerySpec


class TimedOptions(GrainOptions):
    """A column of time, cut to a grain."""

    time: str | None = Field(
        None,
        min_length=1,
        max_length=250,
        title="Time",
        description="Column of time; the dataset's time column by default.",
        json_schema_extra=DATA | {"widget": "time_column"},
    )

    def time_dimension(self, dataset: DatasetSpec) -> Dimension:
        """The dimension of time; Invalid if neither chart nor dataset says which column it is."""
        column = self.time or self.time_column or dataset.time_column
        if column is None:
            raise Invalid(
                "This chart needs a time column; choose one here or on the dataset.",
                {"time": "Choose a time column."},
            )
        return Dimension(column=column, grain=self.grain)


class TimedSeriesOptions(SeriesOptions, TimedOptions):
    """Metrics over time, split into series."""

    def question(self, dataset: DatasetSpec) -> QuerySpec:
        """One row per bucket of time and series; Invalid if nothing is chosen to draw."""
        needs(self.metrics, "metrics", "Choose at least one metric.")
        time = self.time_dimension(dataset)
        return self.base_query(
            dataset,
            (time, *self.series),
            self.metrics,
            series=self.series_part(),
            order=self.order or (Order(by=time.name),),
        )
