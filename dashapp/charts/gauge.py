"""Gauges: values on round scales, one ring per member."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from pydantic import Field, model_validator

from dashapp.charts import formats
from dashapp.charts.asks import DATA, LOOK, Asks, click_target, metric_title
from dashapp.charts.axes import Style, layout, style
from dashapp.charts.base import ChartKind, Drawing, Empty, Look, Plot, Tables
from dashapp.charts.colors import assign
from dashapp.charts.dial import Dial, Shade
from dashapp.charts.formats import NumberFormat
from dashapp.charts.plot_options import needs
from dashapp.charts.plotting import NO_ROWS, Floats, clicks_of, encode, floats, safe, shorten
from dashapp.charts.values import Plain
from dashapp.charts.wide import words
from dashapp.specs import DatasetSpec, Dimension, Order, QuerySpec, Spec, metric_name
from dashapp.specs.query import Metric


class Band(Spec):
    """A stretch of a scale up to a value, with its colour."""

    to: float = Field(title="Up to", description="Where the stretch ends.")
    color: str | None = Field(
        None,
        pattern=r"^#[0-9a-fA-F]{6}$",
        title="Colour",
        description="Written as #rrggbb; the palette's next by default.",
        json_schema_extra={"widget": "color"},
    )
    label: str = Field("", max_length=60, title="Label", description="What the stretch means.")


class Gauge(ChartKind):
    """Values on a round scale."""

    slug, title, family, icon = "gauge", "Gauge", "numbers", "speedometer2"
    description = "A value on a round scale, or one ring per member of a dimension."
    needs_full_plotly = True

    class Options(Asks, ChartKind.Options):
        """One metric, its scale, and how the scale is drawn."""

        metric: Metric | None = Field(
            None,
            title="Metric",
            description="The value shown.",
            json_schema_extra=DATA | {"widget": "metric"},
        )
        dimensions: tuple[Dimension, ...] = Field(
            (),
            max_length=3,
            title="Rings",
            description="One ring per member of these dimensions; a single one without.",
            json_schema_extra=DATA | {"widget": "dimensions"},
        )
        rings: int = Field(
            10,
            ge=1,
            le=20,
            title="Most rings",
            description="The first of the answer are drawn, the largest by default.",
            json_schema_extra=DATA,
        )
        low: float | None = Field(
            None,
            title="Scale from",
            description="Lower end; zero, or the least value below it, by default.",
            json_schema_extra=LOOK,
        )
        high: float | None = Field(
            None,
            title="Scale to",
            description="Upper end; a round number above all values by default.",
            json_schema_extra=LOOK,
        )
        start_angle: float = Field(
            225,
            ge=-360,
            le=360,
            title="Begins at",
            description="Degrees, counter-clockwise from the right; 180 for a half circle.",
            json_schema_extra=LOOK,
        )
        end_angle: float = Field(
            -45,
            ge=-360,
            le=360,
            title="Ends at",
            description="Degrees; 0 for a half circle.",
            json_schema_extra=LOOK,
        )
        splits: int = Field(
            5,
            ge=1,
            le=20,
            title="Parts of the scale",
            description="How many parts its ticks cut it into.",
            json_schema_extra=LOOK,
        )
        ticks: bool = Field(
            True, title="Ticks", description="Write values at the scale.", json_schema_extra=LOOK
        )
        bands: tuple[Band, ...] = Field(
            (),
            max_length=12,
            title="Bands",
            description="Stretches of the scale in their own colours, from low to high.",
            json_schema_extra=LOOK,
        )
        bands_color_value: bool = Field(
            True,
            title="Values take their band's colour",
            description="Rings in the colour of the band that they end in.",
            json_schema_extra=LOOK,
        )
        pointer: bool = Field(
            False,
            title="Pointer",
            description="A needle that points at a single value.",
            json_schema_extra=LOOK,
        )
        format: NumberFormat | None = Field(
            None,
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
        palette: str | None = Field(
            None,
            max_length=50,
            title="Palette",
            description="Colours of this chart; those of the dashboard by default.",
            json_schema_extra=LOOK | {"widget": "palette"},
        )
        template: str = Field(
            "{value}",
            max_length=60,
            title="Text of the value",
            description='Words around "{value}", such as "{value} km/h".',
            json_schema_extra=LOOK,
        )

        @model_validator(mode="after")
        def _turns(self) -> Gauge.Options:
            if not 0 < abs(self.end_angle - self.start_angle) <= 360:
                raise ValueError("A scale turns by more than 0 and at most 360 degrees.")
            if self.low is not None and self.high is not None and self.low >= self.high:
                raise ValueError("A scale ends above where it begins.")
            return self

    @classmethod
    def queries(cls, options: Options, dataset: DatasetSpec) -> dict[str, QuerySpec]:
        """One row per ring, the largest value first."""
        if options.metric is None:
            needs(options.metric, "metric", "Choose a metric.")
            raise AssertionError
        largest = Order(by=metric_name(options.metric), descending=True)
        query = options.base_query(
            dataset,
            options.dimensions,
            (options.metric,),
            order=options.order or ((largest,) if options.dimensions else ()),
            limit=options.limit or (options.rings if options.dimensions else 1),
        )
        return {"main": query}

    @classmethod
    def figure(cls, options: Options, tables: Tables, dataset: DatasetSpec, look: Look) -> Drawing:
        """Rings around the value; the legend names them."""
        if options.metric is None:
            return Empty("not_configured", "Choose a metric.")
        table = tables["main"].slice(0, options.rings if options.dimensions else 1)
        values = floats(table, metric_name(options.metric))
        if not np.isfinite(values).any():
            return Empty("no_rows", NO_ROWS, NO_ROWS)
        written = style(options.metric, dataset, look, values, options.format, options.currency)
        title = metric_title(options.metric, dataset)
        members = [_members(table, d) for d in options.dimensions]
        names = _names(members, options.dimensions, dataset, look) or [title]
        dial = Dial.of(options, values)
        colors = _colors(options, dial, values, members, names, look)
        told = [options.template.replace("{value}", written.text(v)) for v in _known(values)]
        legends = [
            f"{safe(shorten(n, 24))} <b>{safe(t)}</b>" for n, t in zip(names, told, strict=True)
        ]
        rings = dial.rings(values, colors, legends)
        for place, row in enumerate(clicks_of(*members) if members else []):
            rings[place]["customdata"] = [row]
        shaded = [
            Shade(b.to, b.color or look.palette[i % len(look.palette)], safe(b.label))
            for i, b in enumerate(options.bands)
        ]
        traces = [*dial.tracks(len(values)), *dial.shades(shaded), *rings]
        if len(values) == 1:
            traces += [dial.needle(float(values[0]))] if options.pointer else []
            traces.append(dial.middle(options.template, float(values[0]), written))
        many = len(values) > 1
        page = layout(
            look,
            legend="top" if many else "",
            entries=names,
            polar=dial.page(_ticks(dial, written) if options.ticks else None),
            barmode="overlay",
        )
        edge = 30 if options.ticks else 6
        page["margin"] |= {"l": edge, "r": edge, "t": 18, "b": 18 if options.ticks else 6}
        clicks = tuple(click_target(d) for d in options.dimensions)
        return Plot(
            {"data": traces, "layout": page}, clicks, _summary(title, names, told, dial, written)
        )


def _ticks(dial: Dial, written: Style) -> list[str]:
    """Values at the scale, without digits that say nothing."""
    marks = dial.marks()
    if written.is_percent:
        fmt = ".0%" if all((100 * m).is_integer() for m in marks) else written.format
        return [formats.number(m, fmt, None, written.locale) for m in marks]
    short = ",.3~s" if max(map(abs, marks)) >= 10_000 else ",~r" if _are_whole(marks) else None
    return [
        formats.number(m, short or written.format, written.currency, written.locale).replace(
            "G", "B"
        )
        for m in marks
    ]


def _are_whole(marks: list[float]) -> bool:
    return all(m.is_integer() for m in marks)


def _known(values: Floats) -> list[float | None]:
    return [v if np.isfinite(v) else None for v in values.tolist()]


def _members(table: pa.Table, dimension: Dimension) -> list[Plain]:
    """A member for every row."""
    found = encode(table, dimension.name)
    known = found.members()
    return [known[i] for i in found.codes.tolist()]


def _names(
    members: list[list[Plain]], dimensions: tuple[Dimension, ...], dataset: DatasetSpec, look: Look
) -> list[str]:
    columns = [words(m, d, dataset, look) for m, d in zip(members, dimensions, strict=True)]
    return [" · ".join(parts) for parts in zip(*columns, strict=True)]


def _colors(
    options: Gauge.Options,
    dial: Dial,
    values: Floats,
    members: list[list[Plain]],
    names: list[str],
    look: Look,
) -> list[str]:
    """The band's colour that a value ends in, else the member's own."""
    keys: list[Plain] = members[0] if len(members) == 1 else [*names]
    given: dict[Plain, str] = assign(keys, look) if members else {names[0]: look.palette[0]}
    own = [given[key] for key in keys]
    if not (options.bands and options.bands_color_value):
        return own
    ends = [
        (b.to, b.color or look.palette[i % len(look.palette)]) for i, b in enumerate(options.bands)
    ]
    return [
        next((c for to, c in ends if value <= to), ends[-1][1]) if np.isfinite(value) else color
        for value, color in zip(values.tolist(), own, strict=True)
    ]


def _summary(title: str, names: list[str], told: list[str], dial: Dial, written: Style) -> str:
    spoken = (
        told[0]
        if names == [title]
        else "; ".join(f"{n} {t}" for n, t in zip(names, told, strict=True))
    )
    ends = f"scale from {written.text(dial.low)} to {written.text(dial.high)}"
    return f"{title}: {spoken}; {ends}."
