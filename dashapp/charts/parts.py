"""Parts of a whole: pies and donuts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

import numpy as np
from pydantic import Field

from dashapp.charts import part_labels
from dashapp.charts.asks import DATA, LOOK, click_target, dimension_title, metric_title
from dashapp.charts.axes import CLEAR, GREY, SHARE, Style, layout, style
from dashapp.charts.base import ChartKind, Drawing, Empty, Look, Plot, Tables
from dashapp.charts.colors import ink
from dashapp.charts.formats import hover, number
from dashapp.charts.nested_look import middle
from dashapp.charts.petals import petals
from dashapp.charts.plot_options import SORTS, PlotOptions, is_additive, needs
from dashapp.charts.plotting import NO_ROWS, safe, shorten, typed, unique
from dashapp.charts.slices import Slices, sliced
from dashapp.charts.wide import Sort
from dashapp.specs import DatasetSpec, Dimension, Order, QuerySpec, SeriesLimit, metric_name
from dashapp.specs.post import Contribution
from dashapp.specs.query import Metric

_ROOMY: Final = 0.75  # Up to this radius labels beside a pie have room,
_SHORT: Final = 10  # if they are no longer, in letters.
_NAMING: Final = frozenset({"name", "name and share", "name and value", "name, value and share"})


class Pie(ChartKind):
    """A metric's parts by member, as a ring or a pie."""

    slug, title, family, icon = "pie", "Pie and donut", "parts", "pie-chart"
    description = "Shares of a whole, for few members."

    class Options(PlotOptions):
        """Which parts, how they are labelled, and their shape."""

        dimension: Dimension | None = Field(
            None,
            title="Parts",
            description="One slice per member.",
            json_schema_extra=DATA | {"widget": "dimension"},
        )
        more_dimensions: tuple[Dimension, ...] = Field(
            (),
            max_length=5,
            title="Further dimensions",
            description="One slice per combination of members.",
            json_schema_extra=DATA | {"widget": "dimensions"},
        )
        metric: Metric | None = Field(
            None,
            title="Metric",
            description="Size of a slice.",
            json_schema_extra=DATA | {"widget": "metric"},
        )
        members: int | None = Field(
            8,
            ge=1,
            le=1000,
            title="Slices",
            description="Most slices; the largest are kept. Empty for all.",
            json_schema_extra=DATA,
        )
        other: bool = Field(
            True,
            title="Other",
            description="Sum up the members beyond the limit as “Other”.",
            json_schema_extra=DATA,
        )
        other_below: float = Field(
            0,
            ge=0,
            le=100,
            title="Other below",
            description="Slices with a smaller share, in percent, are drawn as “Other”.",
            json_schema_extra=DATA,
        )
        sort: Sort = Field(
            "auto",
            title="Sort",
            description="; ".join(f"{k}: {v.lower()}" for k, v in SORTS.items()) + ".",
            json_schema_extra=LOOK,
        )
        donut: bool = Field(
            True, title="Donut", description="Leave the middle open.", json_schema_extra=LOOK
        )
        inner_radius: int = Field(
            60,
            ge=0,
            le=100,
            title="Inner radius",
            description="Of a donut, in percent of the room.",
            json_schema_extra=LOOK,
        )
        outer_radius: int = Field(
            100,
            ge=10,
            le=100,
            title="Outer radius",
            description="In percent of the room.",
            json_schema_extra=LOOK,
        )
        rose: Literal["none", "area", "radius"] = Field(
            "none",
            title="Rose",
            description="Slices of equal angle, or of their share, as long as they are large.",
            json_schema_extra=LOOK,
        )
        total: bool = Field(
            True,
            title="Total",
            description="Write the sum into the middle of a donut, for sums and counts.",
            json_schema_extra=LOOK,
        )
        labels: part_labels.Labels = Field(
            "share", title="Labels", description="Text on the slices.", json_schema_extra=LOOK
        )
        label_template: str = Field(part_labels.TEMPLATE, **part_labels.TEMPLATE_FIELD)
        label_threshold: float = Field(
            0,
            ge=0,
            le=100,
            title="Label from",
            description="Least share, in percent, that has a label.",
            json_schema_extra=LOOK,
        )
        labels_outside: bool = Field(
            False,
            title="Labels outside",
            description="Write beside the slices instead of on them.",
            json_schema_extra=LOOK,
        )

        @property
        def dimensions(self) -> tuple[Dimension, ...]:
            """All dimensions that make a slice, each once."""
            found = (self.dimension, *self.more_dimensions)
            return tuple({d.name: d for d in found if d is not None}.values())

    @classmethod
    def beyond_cartesian(cls, options: Mapping[str, Any]) -> bool:
        """Roses are drawn around a pole."""
        return bool(options.get("rose", "none") != "none")

    @classmethod
    def queries(cls, options: Options, dataset: DatasetSpec) -> dict[str, QuerySpec]:
        """One row per slice with its share, largest first."""
        if options.dimension is None or options.metric is None:
            needs(options.dimension, "dimension", "Choose what the slices are.")
            needs(options.metric, "metric", "Choose the metric that sizes the slices.")
            raise AssertionError
        name, names = metric_name(options.metric), tuple(d.name for d in options.dimensions)
        limit = None
        if options.members is not None:
            limit = SeriesLimit(dimensions=names, limit=options.members, other=options.other)
        taken = f"{name} share" in names
        query = options.base_query(
            dataset,
            options.dimensions,
            (options.metric,),
            series=limit,
            order=options.order or (Order(by=name, descending=True),),
            post=() if taken else (Contribution(metrics=(name,), suffix=" share"),),
        )
        return {"main": query}

    @classmethod
    def figure(cls, options: Options, tables: Tables, dataset: DatasetSpec, look: Look) -> Drawing:
        """Slices clockwise from the top; only what is above zero can be a part."""
        if options.dimension is None or options.metric is None:
            return Empty("not_configured", "Choose a dimension and a metric.")
        slices = sliced(
            tables["main"],
            options.dimensions,
            options.metric,
            dataset,
            look,
            sort=options.sort,
            most=options.members,
            has_other=options.other and options.members is not None,
            other_below=options.other_below,
        )
        if not slices.names:
            return Empty("no_rows", NO_ROWS)
        written = style(
            options.metric, dataset, look, slices.sizes, options.format, options.currency
        )
        title = metric_title(options.metric, dataset)
        data, more = (
            ([_pie(options, slices, written, title)], {})
            if options.rose == "none"
            else petals(options, slices, written)
        )
        page = _page(options, slices, look) | more
        is_open = options.donut and options.inner_radius > 0 and options.rose == "none"
        if is_open and options.total and is_additive(options.metric, dataset):
            page["annotations"].append(middle(slices.whole, written, title))
        clicks = tuple(click_target(d) for d in options.dimensions)
        told = _told(options.dimensions, slices, written, title, dataset)
        return Plot({"data": data, "layout": page}, clicks, told)


def _page(options: Pie.Options, slices: Slices, look: Look) -> dict[str, Any]:
    place = options.legend_place(len(slices.names))
    if options.legend == "auto" and options.labels_outside and options.labels in _NAMING:
        place = ""
    page = layout(look, legend="right" if options.legend == "auto" and place else place)
    page |= {"uniformtext": {"mode": "hide", "minsize": 10}}
    page["margin"] = {"l": 8, "r": 8, "t": 8, "b": 8}
    return page


def _told(
    dimensions: tuple[Dimension, ...],
    slices: Slices,
    written: Style,
    title: str,
    dataset: DatasetSpec,
) -> str:
    """The slices in a sentence."""
    largest = int(np.argmax(slices.sizes))
    share = number(float(slices.sizes[largest]) / slices.whole, ".0%", None, written.locale)
    by = ", ".join(dimension_title(d, dataset) for d in dimensions)
    return (
        f"{title} by {by}, {len(slices.names)} parts: largest {slices.names[largest]} "
        f"with {share} ({written.text(float(slices.sizes[largest]))})."
    )


def _pie(options: Pie.Options, slices: Slices, written: Style, title: str) -> dict[str, Any]:
    name = written.hover("value")
    words = {"name": "%{label}", "value": "%{text}", "share": "%{percent:.0%}"}
    text = part_labels.written(options.labels, options.label_template, words)
    least = options.label_threshold / 100 * slices.whole
    outer = options.outer_radius / 100
    room = [(1 - outer) / 2, (1 + outer) / 2]
    outside = options.labels_outside
    longest = max(map(len, slices.names)) if options.labels in _NAMING else 0
    found = {
        "type": "pie",
        "labels": [safe(t) for t in unique(shorten(n, 24) for n in slices.names)],
        "values": typed(slices.sizes),
        "hovertext": [safe(n) for n in slices.names],
        "customdata": slices.clicks,
        "marker": {"colors": slices.colors, "line": {"color": CLEAR, "width": 2}},
        "hole": min(0.95, options.inner_radius / options.outer_radius) if options.donut else 0,
        "domain": {"x": room, "y": room},
        "sort": False,
        "direction": "clockwise",
        "text": [safe(written.brief(s)) for s in slices.sizes.tolist()],
        "textinfo": "none" if options.labels == "none" else "text",
        "texttemplate": [text if s >= least else "" for s in slices.sizes.tolist()],
        "textposition": "outside" if outside else "inside",
        "automargin": outside and (outer > _ROOMY or longest > _SHORT),
        "name": safe(title),
        "hovertemplate": (
            f"%{{hovertext}}<br><b>{name}</b> · {hover('percent', SHARE)}<extra></extra>"
        ),
    }
    if outside:
        found["outsidetextfont"] = {"color": GREY}  # The page makes it its own colour of text.
    else:
        found |= {
            "insidetextorientation": "horizontal",
            "insidetextfont": {"color": [ink(c) for c in slices.colors]},
        }
    return found
