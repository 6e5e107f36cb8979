"""Parts of a whole: pies and donuts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from pydantic import Field

from dashapp.charts.asks import DATA, LOOK, click_target, dimension_title, metric_title
from dashapp.charts.axes import CLEAR, SHARE, Style, layout, style
from dashapp.charts.base import ChartKind, Drawing, Empty, Look, Plot, Tables
from dashapp.charts.colors import OTHER, assign, ink
from dashapp.charts.formats import hover, number
from dashapp.charts.plot_options import MemberOptions, is_additive, needs
from dashapp.charts.plotting import (
    NO_ROWS,
    Floats,
    clicks_of,
    encode,
    floats,
    safe,
    shorten,
    typed,
    unique,
)
from dashapp.charts.values import Plain
from dashapp.charts.wide import ordered, words
from dashapp.specs import (
    DatasetSpec,
    Dimension,
    Order,
    QuerySpec,
    SeriesLimit,
    metric_name,
)
from dashapp.specs.query import Metric

Labels = Literal["share", "name", "name and share", "value", "name and value", "none"]
_TEXTS: Final[dict[str, str]] = {
    "share": "%{percent:.0%}",
    "name": "%{label}",
    "name and share": "%{label}<br>%{percent:.0%}",
    "value": "VALUE",
    "name and value": "%{label}<br>VALUE",
    "none": "",
}


class Pie(ChartKind):
    """A metric's parts by member, as a ring or a pie."""

    slug, title, family, icon = "pie", "Pie and donut", "parts", "pie-chart"
    description = "Shares of a whole, for few members."

    class Options(MemberOptions):
        """Which parts, and how they are labelled."""

        dimension: Dimension | None = Field(
            None,
            title="Parts",
            description="One slice per member.",
            json_schema_extra=DATA | {"widget": "dimension"},
        )
        metric: Metric | None = Field(
            None,
            title="Metric",
            description="Size of a slice.",
            json_schema_extra=DATA | {"widget": "metric"},
        )
        members: int = Field(
            8,
            ge=1,
            le=50,
            title="Slices",
            description="Most slices; the largest are kept.",
            json_schema_extra=DATA,
        )
        other: bool = Field(
            True,
            title="Other",
            description="Sum up the members beyond the limit as “Other”.",
            json_schema_extra=DATA,
        )
        donut: bool = Field(
            True, title="Donut", description="Leave the middle open.", json_schema_extra=LOOK
        )
        total: bool = Field(
            True,
            title="Total",
            description="Write the sum into the middle of a donut, for sums and counts.",
            json_schema_extra=LOOK,
        )
        labels: Labels = Field(
            "share", title="Labels", description="Text on the slices.", json_schema_extra=LOOK
        )

    @classmethod
    def queries(cls, options: Options, dataset: DatasetSpec) -> dict[str, QuerySpec]:
        """One row per slice, largest first."""
        if options.dimension is None or options.metric is None:
            needs(options.dimension, "dimension", "Choose what the slices are.")
            needs(options.metric, "metric", "Choose the metric that sizes the slices.")
            raise AssertionError
        limit = SeriesLimit(
            dimensions=(options.dimension.name,), limit=options.members, other=options.other
        )
        query = options.base_query(
            dataset,
            (options.dimension,),
            (options.metric,),
            series=limit,
            order=options.order or (Order(by=metric_name(options.metric), descending=True),),
        )
        return {"main": query}

    @classmethod
    def figure(cls, options: Options, tables: Tables, dataset: DatasetSpec, look: Look) -> Drawing:
        """Slices clockwise from the top; only what is above zero can be a part."""
        if options.dimension is None or options.metric is None:
            return Empty("not_configured", "Choose a dimension and a metric.")
        slices = _slices(options, options.dimension, options.metric, tables, dataset, look)
        if not slices.values:
            return Empty("no_rows", NO_ROWS)
        written = style(options.metric, dataset, look, slices.sizes, options.format)
        whole = float(slices.sizes.sum())
        title = metric_title(options.metric, dataset)
        place = options.legend_place(len(slices.values))
        page = layout(look, legend="right" if options.legend == "auto" and place else place)
        if options.donut and options.total and is_additive(options.metric, dataset):
            page["annotations"].append(_middle(whole, written, title))
        page |= {"uniformtext": {"mode": "hide", "minsize": 10}}
        page["margin"] = {"l": 8, "r": 8, "t": 8, "b": 8}
        top = slices.names[int(np.argmax(slices.sizes))]
        told = (
            f"{title} by {dimension_title(options.dimension, dataset)}, "
            f"{len(slices.values)} parts: largest {top} with "
            f"{number(float(slices.sizes.max()) / whole, '.0%', None, look.locale)} "
            f"({written.text(float(slices.sizes.max()))})."
        )
        data = [cls._trace(options, slices, written, title)]
        return Plot({"data": data, "layout": page}, (click_target(options.dimension),), told)

    @classmethod
    def _trace(
        cls, options: Options, slices: _Slices, written: Style, title: str
    ) -> dict[str, Any]:
        name = written.hover("value")
        text = _TEXTS[options.labels].replace("VALUE", name)
        return {
            "type": "pie",
            "labels": [safe(t) for t in unique(shorten(n, 24) for n in slices.names)],
            "values": typed(slices.sizes),
            "hovertext": [safe(n) for n in slices.names],
            "customdata": clicks_of(slices.values, has_other=options.other),
            "marker": {"colors": slices.colors, "line": {"color": CLEAR, "width": 2}},
            "hole": 0.6 if options.donut else 0,
            "sort": False,
            "direction": "clockwise",
            "textinfo": "none" if options.labels == "none" else "text",
            "texttemplate": text,
            "textposition": "inside",
            "insidetextorientation": "horizontal",
            "insidetextfont": {"color": [ink(c) for c in slices.colors]},
            "automargin": True,
            "name": safe(title),
            "hovertemplate": (
                f"%{{hovertext}}<br><b>{name}</b> · {hover('percent', SHARE)}<extra></extra>"
            ),
        }


@dataclass(frozen=True)
class _Slices:
    values: list[Plain]
    names: list[str]
    sizes: Floats
    colors: list[str]


def _slices(
    options: Pie.Options,
    dimension: Dimension,
    metric: Metric,
    tables: Tables,
    dataset: DatasetSpec,
    look: Look,
) -> _Slices:
    table = tables["main"]
    parts = encode(table, dimension.name)
    members = parts.members() if table.num_rows else []
    sizes = np.zeros(len(members))
    np.add.at(
        sizes, parts.codes[: table.num_rows], np.nan_to_num(floats(table, metric_name(metric)))
    )
    names = words(members, dimension, dataset, look)
    order = [i for i in ordered(members, names, options.sort, sizes) if sizes[i] > 0]
    spare = options.other and OTHER in members
    order = _largest(order, sizes, members, options.members + spare)
    colors = assign([members[i] for i in order], look)
    return _Slices(
        [members[i] for i in order],
        [names[i] for i in order],
        sizes[order],
        [colors[members[i]] for i in order],
    )


def _largest(order: list[int], sizes: Floats, members: list[Plain], most: int) -> list[int]:
    """The places kept when there are more than the limit, in the same order."""
    if len(order) <= most:
        return order
    kept = set(sorted(order, key=lambda i: (members[i] != OTHER, -sizes[i]))[:most])
    return [i for i in order if i in kept]


def _middle(whole: float, written: Style, title: str) -> dict[str, Any]:
    """The sum in the middle of a ring, short enough for a small one."""
    text = number(whole, "smart", written.currency, written.locale)
    return {
        "text": f"<b>{safe(text)}</b>", "x": 0.5, "y": 0.5, "xref": "paper", "yref": "paper",
        "xanchor": "center", "yanchor": "middle", "showarrow": False, "font": {"size": 16},
        "hovertext": safe(title),
    }  # fmt: skip
