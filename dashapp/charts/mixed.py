"""Bars and lines together, on one axis of values or two."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import numpy as np
from pydantic import Field

from dashapp.charts import brushes
from dashapp.charts.along import XOptions
from dashapp.charts.annotations import Layers, layers_field, over, questions
from dashapp.charts.asks import DATA, LOOK
from dashapp.charts.axes import Reference, caption, layout, references, value_axis
from dashapp.charts.bars import Pose, bar_layout
from dashapp.charts.base import ChartKind, Drawing, Empty, Look, Plot, Tables
from dashapp.charts.layers import Drawn, Layer, traces_of
from dashapp.charts.places import place_axis
from dashapp.charts.plot_options import needs
from dashapp.charts.plotting import NO_ROWS
from dashapp.charts.thinning import Thinning
from dashapp.charts.time import LineShape
from dashapp.charts.traces import Mark, labelled, marks, summary, targets
from dashapp.charts.wide import Wide, widen
from dashapp.specs import DatasetSpec, Order, QuerySpec, SeriesLimit

Which = Literal["bars", "lines"]


class Mixed(ChartKind):
    """Bars and lines over the same time or members; two questions."""

    slug, title, family, icon = "mixed", "Bars and lines", "time", "bar-chart-steps"
    description = "Two kinds of metrics over one axis, such as amounts as bars and a rate as line."

    class Options(XOptions):
        """What lies along the axis, and the two layers over it."""

        bars: Layer = Field(
            Layer(),
            title="First layer",
            description="Bars, if nothing else is said.",
            json_schema_extra=DATA,
        )
        lines: Layer = Field(
            Layer(),
            title="Second layer",
            description="Lines, if nothing else is said.",
            json_schema_extra=DATA,
        )
        stack: Literal["grouped", "stacked"] = Field(
            "stacked",
            title="Stack",
            description="Bars of several series beside or on top of each other.",
            json_schema_extra=LOOK,
        )
        second_axis: bool = Field(
            True,
            title="Second axis",
            description="The second layer has an axis of its own, on the right.",
            json_schema_extra=LOOK,
        )
        shape: LineShape = Field(
            "straight",
            title="Line",
            description="How points are joined.",
            json_schema_extra=LOOK,
        )
        markers: Literal["auto", "always", "never"] = Field(
            "auto", title="Markers", description="Dots on the points.", json_schema_extra=LOOK
        )
        value_labels: bool = Field(
            False,
            title="Value labels",
            description="Write values at the bars.",
            json_schema_extra=LOOK,
        )
        references: tuple[Reference, ...] = Field(
            (),
            max_length=10,
            title="Reference lines",
            description="Lines across the plot, for targets and limits.",
            json_schema_extra=LOOK,
        )
        annotations: Layers = layers_field()

        @property
        def scaled(self) -> bool:
            """Bars stand side by side unless a scale of numbers is asked for."""
            return self.x_scale == "numbers"

        def drawn(self, name: Which) -> Drawn:
            """How a layer is drawn."""
            layer, first = getattr(self, name), name == "bars"
            shape = layer.draw
            if shape == "auto":
                shape = "bars" if first else self.shape
            right = layer.axis == "right" or (
                layer.axis == "auto" and not first and self.second_axis
            )
            stack = layer.stack
            if stack is None:
                stack = shape == "bars" and self.stack == "stacked"
            labels = layer.value_labels or (self.value_labels and shape == "bars")
            markers = layer.markers or self.markers
            return Drawn(layer, name, shape, "y2" if right else "y", stack, markers, labels)

    @classmethod
    def queries(cls, options: Options, dataset: DatasetSpec) -> dict[str, QuerySpec]:
        """ "main" asks for the first layer, "lines" for the second."""
        needs(options.bars.metrics, "bars", "Choose at least one metric for the bars.")
        needs(options.lines.metrics, "lines", "Choose at least one metric for the lines.")
        axis, _ = options.axis(dataset)
        time = (options.time_column, options.time_range)
        return {
            "main": cls._query(options, options.bars, dataset),
            "lines": cls._query(options, options.lines, dataset),
            **questions(options.annotations, axis, time, dataset),
        }

    @classmethod
    def _query(cls, options: Options, layer: Layer, dataset: DatasetSpec) -> QuerySpec:
        axis, kind = options.axis(dataset)
        limit = layer.as_series(None).series_part()
        if limit is None and not layer.series and kind == "members" and options.members:
            limit = SeriesLimit(
                dimensions=(axis.name,),
                limit=min(options.members, 1000),
                by=options.bars.metrics[0],
                other=False,
            )
        query = options.base_query(
            dataset,
            (axis, *layer.series),
            layer.metrics,
            filters=layer.filters,
            having=options.having + layer.having,
            time_range=layer.time_range or options.time_range,
            series=limit,
            order=layer.order or options.order or (Order(by=axis.name),),
            limit=layer.limit or options.limit,
            post=layer.steps(
                axis, layer.names, layer.series, kind == "time", options.runs_along(dataset)
            ),
        )
        return query.model_copy(update={"where": query.where + layer.where})

    @classmethod
    def figure(cls, options: Options, tables: Tables, dataset: DatasetSpec, look: Look) -> Drawing:
        """The first layer behind, the second in front."""
        axis, kind = options.axis(dataset)
        first, second = options.drawn("bars"), options.drawn("lines")
        under, upper = (
            widen(tables[name], axis, d.layer.series, d.layer.names, dataset, look)
            for name, d in (("main", first), ("lines", second))
        )
        columns = [c for n in options.bars.names for c, _ in options.bars.told(n)]
        under = labelled(options.arranged(under, kind, columns), options.label_length)
        upper = _like(upper, under)
        bars = marks(under, options.bars.as_series(options.format), dataset, look, options.bars)
        shifted = replace(look, palette=_unused(look.palette, bars))
        above = options.lines.as_series(options.format)
        lines = marks(upper, above, dataset, shifted, options.lines)
        if not any(_has_values(w, m) for w, ms in ((under, bars), (upper, lines)) for m in ms):
            return Empty("no_rows", NO_ROWS)
        thinning = Thinning(look, len(bars) * (not first.is_bars) + len(lines))
        traces = traces_of(first, under, bars, thinning)
        traces += traces_of(second, upper, lines, thinning)
        # Where bars lie over lines the lines would be hidden.
        traces.sort(key=lambda t: t["type"] != "bar")
        longer = under if under.shape[1] >= upper.shape[1] else upper
        added = over(options.annotations, longer, axis, tables, dataset, look, thinning)
        page = cls._page(options, (first, bars), (second, lines), longer, dataset, look)
        page |= added.axes
        page["shapes"] = [*added.shapes, *page.get("shapes", [])]
        traces += added.traces
        entries = sum(t.get("showlegend", True) for t in traces)
        legend = options.legend_place(entries)
        page = layout(look, legend=legend, **page)
        told = (
            summary(under, bars, axis, _title(bars, "Bars"), look),
            summary(upper, lines, axis, _title(lines, "Lines"), look),
        )
        figure = {"data": traces, "layout": page}
        words = " ".join(t for t in told if t)
        brush = None if options.zoom else brushes.along(longer, axis)
        return Plot(figure, targets(axis, ()), words, brush, thinned=thinning.told)

    @classmethod
    def _page(
        cls,
        options: Options,
        first: tuple[Drawn, list[Mark]],
        second: tuple[Drawn, list[Mark]],
        wide: Wide,
        dataset: DatasetSpec,
        look: Look,
    ) -> dict[str, Any]:
        """Axes, captions and grouping."""
        bars = [m for drawn, found in (first, second) if drawn.is_bars for m in found]
        stacked = all(d.stack for d, _ in (first, second) if d.is_bars)
        pose = Pose("stacked" if stacked else "grouped")
        page: dict[str, Any] = {
            "xaxis": place_axis(options, wide, options.axis(dataset), dataset, look),
            "hovermode": "closest" if options.tooltip == "one" else "x unified",
            "hoverdistance": 20 if options.tooltip == "one" else -1,
            **bar_layout(pose, max(1, len(bars)), wide.shape[1]),
            **references(options.references),
        }
        sides = {drawn.yaxis: (drawn, found) for drawn, found in (second, first)}
        left, right = sides.get("y"), sides.get("y2")
        page["yaxis"] = _values(*(left or first)) | {"fixedrange": True}
        if right is not None:
            page["yaxis2"] = _values(*right) | {
                "side": "right", "showgrid": left is None, "zeroline": False, "fixedrange": True,
                "tickmode": "auto", "overlaying": "y",
                "rangemode": "normal" if right[0].layer.log else "tozero",
            }  # fmt: skip
        page["annotations"] = page.get("annotations", []) + _captions(options, left, right)
        return page


def _unused(palette: tuple[str, ...], bars: list[Mark]) -> tuple[str, ...]:
    """The palette with the colours that no bar has first."""
    used = {m.color for m in bars}
    return tuple(sorted(palette, key=lambda c: c in used))


def _values(drawn: Drawn, found: list[Mark]) -> dict[str, Any]:
    layer = drawn.layer
    return value_axis(found[0].style, log=layer.log, low=layer.low, high=layer.high)


def _captions(
    options: Mixed.Options,
    left: tuple[Drawn, list[Mark]] | None,
    right: tuple[Drawn, list[Mark]] | None,
) -> list[dict[str, Any]]:
    """Titles over the two axes of values, where charts give them any."""
    found = []
    title = options.y_title or (left[0].layer.axis_title if left else "")
    if title:
        found.append(caption(title, inside=True))
    if right and right[0].layer.axis_title:
        found.append(
            caption(right[0].layer.axis_title, inside=True)
            | {"x": 1, "xanchor": "right", "xshift": -4}
        )
    return found


def _has_values(wide: Wide, mark: Mark) -> bool:
    return bool(np.isfinite(wide.cells(mark.column)[mark.row]).any())


def _title(drawn: list[Mark], otherwise: str) -> str:
    return drawn[0].name if len(drawn) == 1 else otherwise


def _like(wide: Wide, other: Wide) -> Wide:
    """The members of the other layer in its order; of times and numbers all."""
    if wide.ms is not None:
        return wide
    if other.numbers is not None:
        return wide.on_numbers()
    places = {v: i for i, v in enumerate(wide.values)}
    shared = [(places[v], label) for v, label in zip(other.values, other.labels, strict=True)
              if v in places]  # fmt: skip
    kept = wide.keep([place for place, _ in shared])
    return replace(kept, labels=[label for _, label in shared])
