"""Parts of parts as steps beside each other: the icicle, or partition."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final, Literal

import numpy as np
from pydantic import Field

from dashapp.charts import nested, nested_look
from dashapp.charts.asks import ANALYSIS, DATA, LOOK, metric_title
from dashapp.charts.axes import Style, style
from dashapp.charts.base import ChartKind, Drawing, Empty, Look, Tables
from dashapp.charts.plotting import NO_ROWS, encode
from dashapp.errors import Invalid
from dashapp.specs import DatasetSpec, Dimension, Grain, QuerySpec, metric_name
from dashapp.specs.query import Metric

OverTime = Literal["none", "sum", "mean", "difference", "change", "factor"]
_SINCE: Final[dict[str, str]] = {
    "difference": "Difference since the first bucket",
    "change": "Change since the first bucket",
    "factor": "Times the first bucket",
}


class Icicle(ChartKind):
    """A metric's parts in a hierarchy of dimensions, one column or row per level."""

    slug, title, family, icon = "icicle", "Icicle (partition)", "parts", "bar-chart-steps"
    description = "Parts of parts beside each other, or how they changed over time."
    needs_full_plotly = True

    class Options(nested.NestedOptions):
        """Levels, size and colour, what is left out, and what becomes of time."""

        more_metrics: tuple[Metric, ...] = Field(
            (),
            max_length=9,
            title="Further metrics",
            description="Each has parts of its own beside the first one's.",
            json_schema_extra=DATA | {"widget": "metrics"},
        )
        most_inside: int | None = Field(
            None,
            ge=1,
            le=1000,
            title="Most parts of a part",
            description="The largest are kept; all by default.",
            json_schema_extra=LOOK,
        )
        least_inside: float = Field(
            0,
            ge=0,
            le=100,
            title="Least part of a part",
            description="In percent of what holds it; smaller ones are left out.",
            json_schema_extra=LOOK,
        )
        orientation: Literal["horizontal", "vertical"] = Field(
            "horizontal",
            title="Direction",
            description="Levels from left to right, or from the top down.",
            json_schema_extra=LOOK,
        )
        over_time: OverTime = Field(
            "none",
            title="Over time",
            description=(
                "Sum or mean of the buckets of time; or size at the last bucket, and as colour "
                "the difference, change or factor since the first."
            ),
            json_schema_extra=ANALYSIS,
        )
        time: str | None = Field(
            None,
            min_length=1,
            max_length=250,
            title="Time",
            description="Column cut into buckets; the dataset's time column by default.",
            json_schema_extra=ANALYSIS | {"widget": "time_column"},
        )
        grain: Grain | None = Field(
            None,
            title="Time grain",
            description="Width of the buckets; none takes times as they are.",
            json_schema_extra=ANALYSIS | {"widget": "grain"},
        )

        def buckets(self, dataset: DatasetSpec) -> Dimension | None:
            """The dimension of time, if time is looked at."""
            if self.over_time == "none":
                return None
            column = self.time or self.time_column or dataset.time_column
            if column is None:
                raise Invalid(
                    "This chart needs a time column; choose one here or on the dataset.",
                    {"time": "Choose a time column."},
                )
            return Dimension(column=column, grain=self.grain)

        def sizes(self) -> tuple[Metric, ...]:
            """The metrics that have parts, the first one first."""
            found = (self.metric, *self.more_metrics)
            return tuple({metric_name(m): m for m in found if m is not None}.values())

    @classmethod
    def queries(cls, options: Options, dataset: DatasetSpec) -> dict[str, QuerySpec]:
        """One row per innermost member, and per bucket of time if that is looked at."""
        if options.metric is None or not options.levels:
            return {"main": nested.question(options, dataset)}
        named = {metric_name(m): m for m in (*options.sizes(), *options.metrics())}
        asked: dict[str, Any] = {"metrics": tuple(named.values())}
        time = options.buckets(dataset)
        if time is not None:
            asked["dimensions"] = (*options.levels, time)
            if "limit" not in options.model_fields_set:
                asked["limit"] = None  # So many parts, each with all its buckets.
        return {"main": nested.question(options, dataset, **asked)}

    @classmethod
    def figure(cls, options: Options, tables: Tables, dataset: DatasetSpec, look: Look) -> Drawing:
        """Levels beside each other; what holds others is as large as they are together."""
        if options.metric is None or not options.levels:
            return Empty("not_configured", "Choose levels and a metric.")
        data: list[dict[str, Any]] = []
        legends: list[dict[str, Any]] = []
        told: list[str] = []
        sizes = options.sizes()
        for place, metric in enumerate(sizes):
            one = options.model_copy(update={"metric": metric})
            rows = _over_time(one, nested.rows(one, tables, dataset, look), tables, dataset)
            nodes = nested.nest(
                rows, one.most_inside, one.least_inside / 100, metric_title(metric, dataset)
            )
            if not nodes.names:
                continue
            written = style(
                metric, dataset, look, np.array(nodes.sizes), options.format, options.currency
            )
            trace, legend = _drawn(one, nodes, written, dataset, look)
            room = [1 - (place + 1) / len(sizes), 1 - place / len(sizes)]
            data.append(trace | {"domain": {"y": room}})
            legends += legend
            told.append(nested_look.told(one, nodes, dataset, written))
        if not data:
            return Empty("no_rows", NO_ROWS)
        return nested_look.plot(options, data + legends[:1], nested_look.page(look), " ".join(told))


def _drawn(
    options: Icicle.Options,
    nodes: nested.Nodes,
    written: Style,
    dataset: DatasetSpec,
    look: Look,
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The parts of one metric, and the legend of their colours if they have one."""
    diverging = options.over_time in ("difference", "change")
    scale = options.color_scale
    if diverging and "color_scale" not in options.model_fields_set:
        scale = "red-green"
    tint = nested_look.colors(nodes, scale, look, "stronger", diverging)
    found = nested_look.trace("icicle", nodes, options, written, tint) | {
        "tiling": {"orientation": options.orientation[0], "pad": 0},
        "pathbar": {"visible": False},
        "leaf": {"opacity": 1},
        "textposition": "middle left" if options.orientation == "horizontal" else "middle center",
    }
    found["marker"]["line"] = {"width": 1, "color": "rgba(255,255,255,0.65)"}
    if not nested_look.colored(nodes):
        return found, []
    shades = _shades(options, nodes, written, dataset, look)
    title = _SINCE.get(options.over_time) or nested_look.shade_title(options, dataset)
    nested_look.told_shades(found, nodes, title, shades)
    return found, [nested_look.legend(nodes, scale, shades, diverging)]


def _shades(
    options: Icicle.Options, nodes: nested.Nodes, written: Style, dataset: DatasetSpec, look: Look
) -> Style:
    """How the colour is written."""
    if options.over_time == "difference":
        return written
    if options.over_time == "change":
        return Style("+.1%", None, look.locale)
    if options.over_time == "factor":
        return Style(",.2~f", None, look.locale)
    return nested_look.shade_style(options, nodes, dataset, look)


def _over_time(
    options: Icicle.Options, found: nested.Rows, tables: Tables, dataset: DatasetSpec
) -> nested.Rows:
    """What becomes of the buckets of time."""
    time = options.buckets(dataset)
    if time is None or options.over_time == "sum" or not len(found.sizes):
        return found
    along = encode(tables["main"], time.name)
    if options.over_time == "mean":
        parts = np.zeros(len(found.sizes), dtype=np.int64)
        for codes, members in zip(found.codes, found.members, strict=True):
            parts = np.unique(parts * (len(members) or 1) + codes, return_inverse=True)[1]
        buckets = np.bincount(parts)[parts]
        return replace(found, sizes=found.sizes / buckets)
    stamps = [str(m) if m is not None else "" for m in along.members()]
    known = [i for i, s in enumerate(stamps) if s]
    if not known:
        return replace(found, sizes=np.zeros(len(found.sizes)))
    start, end = min(known, key=stamps.__getitem__), max(known, key=stamps.__getitem__)
    before = np.where(along.codes == start, found.sizes, 0.0)
    after = np.where(along.codes == end, found.sizes, 0.0)
    if options.over_time == "difference":
        return replace(found, sizes=after, over=after - before, under=None)
    over = after - before if options.over_time == "change" else after
    return replace(found, sizes=after, over=over, under=before)
