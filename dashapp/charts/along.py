"""Options of kinds along an axis (lines, areas, bars): what lies along it, and how it looks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from pydantic import Field

from dashapp.charts.analysis import Analysis
from dashapp.charts.annotations import Layers, layers_field
from dashapp.charts.asks import DATA, LOOK, dimension_column
from dashapp.charts.colors import OTHER
from dashapp.charts.plot_options import SORTS, AxisOptions, GrainOptions, SeriesOptions
from dashapp.charts.wide import SizeBy, Sort, Wide, sized
from dashapp.errors import Invalid
from dashapp.specs import DatasetSpec, Dimension, Spec

AxisKind = Literal["time", "numbers", "members"]


class AxisLook(Spec):
    """What is written on the axis and what hover tells."""

    x_title: str = Field(
        "",
        max_length=100,
        title="Title of the axis",
        description="Under the axis; the column's own name by default.",
        json_schema_extra=LOOK,
    )
    y_title: str = Field(
        "",
        max_length=100,
        title="Title of the values",
        description="Name of the values' axis; the metric's by default.",
        json_schema_extra=LOOK,
    )
    time_format: str | None = Field(
        None,
        max_length=50,
        title="Time format",
        description='d3 format of times on the axis, such as "%d %b"; suits the grain by default.',
        json_schema_extra=LOOK | {"widget": "time_format"},
    )
    tooltip_format: str | None = Field(
        None,
        max_length=50,
        title="Time format of tooltips",
        description="d3 format of times in tooltips; suits the grain by default.",
        json_schema_extra=LOOK | {"widget": "time_format"},
    )
    label_angle: int | None = Field(
        None,
        ge=-90,
        le=90,
        title="Label rotation",
        description="Degrees by which labels of the axis are turned; as they fit by default.",
        json_schema_extra=LOOK,
    )
    label_length: int | None = Field(
        None,
        ge=1,
        le=200,
        title="Label length",
        description="Longer labels of members are cut off; as there is room by default.",
        json_schema_extra=LOOK,
    )
    zoom: bool = Field(
        False,
        title="Zoom slider",
        description="A strip under the plot on which a part of the axis is chosen.",
        json_schema_extra=LOOK,
    )
    tooltip: Literal["auto", "all", "one"] = Field(
        "auto",
        title="Tooltip",
        description="All series of a place at once, or one mark; lines and areas show all.",
        json_schema_extra=LOOK,
    )
    tooltip_total: bool = Field(
        False,
        title="Total in tooltip",
        description="Tooltips of all series also tell their sum.",
        json_schema_extra=LOOK,
    )


class XOptions(GrainOptions, AxisLook):
    """What lies along the axis: time, numbers, or members of a dimension."""

    time: str | None = Field(
        None,
        min_length=1,
        max_length=250,
        title="Time",
        description="Column along the axis; the dataset's time column by default.",
        json_schema_extra=DATA | {"widget": "time_column"},
    )
    x: Dimension | None = Field(
        None,
        title="Along the axis",
        description="Dimension along the axis; time if empty.",
        json_schema_extra=DATA | {"widget": "dimension"},
    )
    x_scale: Literal["auto", "numbers", "members"] = Field(
        "auto",
        title="Numbers along the axis",
        description="Numbers at their place on a scale, or as members side by side.",
        json_schema_extra=DATA,
    )
    members: int | None = Field(
        50,
        ge=1,
        le=10_000,
        title="Members",
        description="Most members along the axis; the largest are kept. Empty for all.",
        json_schema_extra=DATA,
    )
    sort: Sort = Field(
        "auto",
        title="Sort",
        description="; ".join(f"{k}: {v.lower()}" for k, v in SORTS.items()) + ".",
        json_schema_extra=LOOK,
    )
    sort_by: SizeBy = Field(
        "sum",
        title="Size of members",
        description="Figure of all series that says which members are the largest.",
        json_schema_extra=LOOK,
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

    def axis(self, dataset: DatasetSpec) -> tuple[Dimension, AxisKind]:
        """The dimension along the axis, and what kind of axis it makes."""
        if self.x is None:
            return self.time_dimension(dataset), "time"
        kind = dimension_column(self.x, dataset).type
        if kind in ("time", "date") or self.x.grain:
            own = "grain" in self.model_fields_set
            grain = self.grain if own else self.x.grain or self.grain
            return self.x.model_copy(update={"grain": grain}), "time"
        is_scale = kind in ("number", "integer") and not self.x.bin and self.scaled
        return self.x, "numbers" if is_scale else "members"

    def runs_along(self, dataset: DatasetSpec) -> bool:
        """Whether the axis has an order to run along: time, numbers, or names by name."""
        axis, kind = self.axis(dataset)
        numeric = dimension_column(axis, dataset).type in ("number", "integer")
        return kind != "members" or numeric or self.sort == "name"

    @property
    def scaled(self) -> bool:
        """Whether numbers along the axis stand at their place on a scale."""
        return self.x_scale != "members"

    def arranged(self, wide: Wide, kind: AxisKind, columns: Sequence[str]) -> Wide:
        """Places along the axis in the order asked for, at most as many as asked for."""
        if kind == "time" and wide.ms is not None:
            return wide.sorted(self.sort, np.empty(0))
        if kind == "numbers":
            return wide.on_numbers()
        cells = np.vstack([wide.cells(c) for c in columns])
        size = sized(cells, self.sort_by, axis=0)
        if self.members is not None and len(size) > self.members:
            sign = 1 if self.sort == "smallest" else -1
            rank = np.argsort(sign * np.nan_to_num(size), kind="stable").tolist()
            rank.sort(key=lambda i: wide.values[i] != OTHER)  # The rest is always told.
            kept = np.sort(np.array(rank[: self.members + (OTHER in wide.values)]))
            wide, size = wide.keep(kept), size[kept]
        return wide.sorted(self.sort, size)


class TimeOptions(SeriesOptions, AxisOptions, XOptions, Analysis):
    """Metrics along time or a dimension, and what can be computed along it."""

    series_sort: Literal["auto", "name", "sum", "mean", "min", "max"] = Field(
        "auto",
        title="Sort series",
        description="By name or by a figure of their values; the largest first by default.",
        json_schema_extra=LOOK,
    )
    series_rising: bool = Field(
        False,
        title="Series rising",
        description="Smallest series (or first names) first.",
        json_schema_extra=LOOK,
    )
    annotations: Layers = layers_field()

    def shaped(self, wide: Wide, kind: AxisKind) -> Wide:
        """The answer as it is drawn: members and series in the order asked for."""
        columns = [c for n in self.names for c, _ in self.told(n)]
        if self.series_sort != "auto":
            wide = wide.ranked(columns, self.series_sort, self.series_rising)
        return self.arranged(wide, kind, columns)
