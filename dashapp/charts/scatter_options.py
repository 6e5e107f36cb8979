"""What may be set for points between two metrics."""

from __future__ import annotations

from typing import Final

from pydantic import Field

from dashapp.charts.asks import DATA, LOOK
from dashapp.charts.axes import Reference
from dashapp.charts.plot_options import PlotOptions
from dashapp.specs import Dimension, metric_name
from dashapp.specs.query import Metric

MOST_POINTS: Final = 50_000


class ScatterOptions(PlotOptions):
    """What the points are, and where they lie."""

    points: tuple[Dimension, ...] = Field(
        (),
        max_length=3,
        title="Points",
        description="One point per member of these dimensions.",
        json_schema_extra=DATA | {"widget": "dimensions"},
    )
    x: Metric | None = Field(
        None,
        title="Across",
        description="Metric from left to right.",
        json_schema_extra=DATA | {"widget": "metric"},
    )
    y: Metric | None = Field(
        None,
        title="Up",
        description="Metric from bottom to top.",
        json_schema_extra=DATA | {"widget": "metric"},
    )
    size: Metric | None = Field(
        None,
        title="Size",
        description="Metric drawn as the area of a bubble.",
        json_schema_extra=DATA | {"widget": "metric"},
    )
    color: Dimension | None = Field(
        None,
        title="Colour",
        description="Dimension whose members colour the points.",
        json_schema_extra=DATA | {"widget": "dimension"},
    )
    limit: int | None = Field(
        1000,
        ge=1,
        le=MOST_POINTS,
        title="Most points",
        description="The largest by size (or by the metric upwards) are kept; as many as "
        "can be drawn if empty.",
        json_schema_extra=DATA,
    )
    biggest: float = Field(
        34,
        ge=2,
        le=200,
        title="Largest bubble",
        description="Its diameter in pixels.",
        json_schema_extra=LOOK,
    )
    opacity: float = Field(
        0.72,
        ge=0,
        le=1,
        title="Opacity",
        description="From 0, see-through, to 1.",
        json_schema_extra=LOOK,
    )
    x_log: bool = Field(
        False,
        title="Logarithmic across",
        description="The axis from left to right is logarithmic.",
        json_schema_extra=LOOK,
    )
    y_log: bool = Field(
        False,
        title="Logarithmic up",
        description="The axis from bottom to top is logarithmic.",
        json_schema_extra=LOOK,
    )
    x_title: str = Field(
        "", max_length=200, title="Title across", description="Instead of the metric's.",
        json_schema_extra=LOOK,
    )  # fmt: skip
    y_title: str = Field(
        "", max_length=200, title="Title upwards", description="Instead of the metric's.",
        json_schema_extra=LOOK,
    )  # fmt: skip
    x_format: str | None = Field(
        None, max_length=50, title="Format across",
        description="d3 format of the metric across; “Number format” if empty.",
        json_schema_extra=LOOK | {"widget": "number_format"},
    )  # fmt: skip
    size_format: str | None = Field(
        None, max_length=50, title="Format of sizes",
        description="d3 format of the sizes; “Number format” if empty.",
        json_schema_extra=LOOK | {"widget": "number_format"},
    )  # fmt: skip
    x_low: float | None = Field(None, title="Across from", json_schema_extra=LOOK)
    x_high: float | None = Field(None, title="Across to", json_schema_extra=LOOK)
    y_low: float | None = Field(None, title="Up from", json_schema_extra=LOOK)
    y_high: float | None = Field(None, title="Up to", json_schema_extra=LOOK)
    x_references: tuple[Reference, ...] = Field(
        (),
        max_length=10,
        title="Upright lines",
        description="Reference lines at values across.",
        json_schema_extra=LOOK,
    )
    y_references: tuple[Reference, ...] = Field(
        (),
        max_length=10,
        title="Level lines",
        description="Reference lines at values upwards.",
        json_schema_extra=LOOK,
    )
    point_labels: bool = Field(
        False,
        title="Names",
        description="Write members' names at their points, if they are few.",
        json_schema_extra=LOOK,
    )
    trend: bool = Field(
        False,
        title="Trend line",
        description="The straight line that fits all points best.",
        json_schema_extra=LOOK,
    )

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        """All dimensions asked for: the points', then the colour's if it is another one."""
        extra = self.color and self.color.name not in {d.name for d in self.points}
        return (*self.points, *((self.color,) if self.color and extra else ()))

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """The metrics asked for, each once."""
        found = {metric_name(m): m for m in (self.x, self.y, self.size) if m is not None}
        return tuple(found.values())
