"""Funnels: how many get from one stage of a process to the next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from pydantic import Field

from dashapp.charts import part_labels
from dashapp.charts.asks import DATA, LOOK, click_target, dimension_title, metric_title
from dashapp.charts.axes import SHARE, Style, category_axis, layout, style
from dashapp.charts.base import ChartKind, Drawing, Empty, Look, Plot, Tables
from dashapp.charts.colors import assign, faded, ink
from dashapp.charts.formats import number
from dashapp.charts.plot_options import SORTS, PlotOptions, needs
from dashapp.charts.plotting import NO_ROWS, Floats, floats, safe, shorten, typed, unique
from dashapp.charts.slices import sliced
from dashapp.charts.values import Plain
from dashapp.charts.wide import Sort
from dashapp.errors import Invalid
from dashapp.specs import DatasetSpec, Dimension, Order, QuerySpec, metric_name
from dashapp.specs.query import Metric

_MOST: Final = 50  # Stages; more cannot be read.
_OF: Final[dict[str, str]] = {
    "first": "of the first",
    "previous": "of the one before",
    "total": "of all",
}


class Funnel(ChartKind):
    """Stages of a process, one bar each: members of dimensions, or metrics."""

    slug, title, family, icon = "funnel", "Funnel", "parts", "funnel"
    description = "How many get from one stage of a process to the next."
    needs_full_plotly = True

    class Options(PlotOptions):
        """Which stages, and how they are labelled."""

        dimensions: tuple[Dimension, ...] = Field(
            (),
            max_length=5,
            title="Stages",
            description="One stage per member; without any, each metric is a stage.",
            json_schema_extra=DATA | {"widget": "dimensions"},
        )
        metrics: tuple[Metric, ...] = Field(
            (),
            max_length=30,
            title="Metrics",
            description="How wide a stage is: one metric, or one for each stage.",
            json_schema_extra=DATA | {"widget": "metrics"},
        )
        sort: Sort = Field(
            "largest",
            title="Sort",
            description="; ".join(f"{k}: {v.lower()}" for k, v in SORTS.items()) + ".",
            json_schema_extra=LOOK,
        )
        percent_of: Literal["first", "previous", "total"] = Field(
            "first",
            title="Share of",
            description="Shares are of the first stage, of the one before, or of all together.",
            json_schema_extra=LOOK,
        )
        orientation: Literal["horizontal", "vertical"] = Field(
            "horizontal",
            title="Bars",
            description="Bars below each other, or columns beside each other.",
            json_schema_extra=LOOK,
        )
        labels: part_labels.Labels = Field(
            "value and share",
            title="Labels",
            description="Text on the stages.",
            json_schema_extra=LOOK,
        )
        label_template: str = Field(part_labels.TEMPLATE, **part_labels.TEMPLATE_FIELD)
        tooltip: part_labels.Labels = Field(
            "name, value and share",
            title="Tooltip",
            description="Text under the pointer.",
            json_schema_extra=LOOK,
        )

    @classmethod
    def queries(cls, options: Options, dataset: DatasetSpec) -> dict[str, QuerySpec]:
        """One row per stage, widest first; or one row with all metrics."""
        needs(options.metrics, "metrics", "Choose the metric that says how wide a stage is.")
        if options.dimensions and len(options.metrics) > 1:
            sentence = "A funnel has either stages of a dimension and one metric, or only metrics."
            raise Invalid(sentence, {"metrics": sentence})
        widest = Order(by=metric_name(options.metrics[0]), descending=True)
        order = (options.order or (widest,)) if options.dimensions else ()
        query = options.base_query(dataset, options.dimensions, options.metrics, order=order)
        return {"main": query}

    @classmethod
    def figure(cls, options: Options, tables: Tables, dataset: DatasetSpec, look: Look) -> Drawing:
        """Bars around a middle line, joined to each other."""
        if not options.metrics:
            return Empty("not_configured", "Choose what the stages are and a metric.")
        stages = _stages(options, tables, dataset, look)
        if not stages.names:
            return Empty("no_rows", NO_ROWS)
        written = style(
            options.metrics[0], dataset, look, stages.sizes, options.format, options.currency
        )
        title = metric_title(options.metrics[0], dataset)
        shares = _shares(stages.sizes, options.percent_of)
        texts = [safe(t) for t in unique(shorten(n) for n in stages.names)]
        place = "" if options.legend == "auto" else options.legend_place(len(texts))
        upright = options.orientation == "vertical"
        axis = category_axis(texts, reverse=not upright)
        axis["showticklabels"] = not options.labels.startswith("name")
        empty = {"visible": False, "fixedrange": True}
        page = layout(look, legend=place)
        page |= {"xaxis": axis, "yaxis": empty} if upright else {"xaxis": empty, "yaxis": axis}
        page |= {"funnelgap": 0.08, "funnelmode": "stack"}
        trace = _trace(options, stages, texts, shares, written)
        data = [trace, *_entries(texts, stages)] if place else [trace]
        clicks = tuple(click_target(d) for d in options.dimensions)
        by = ", ".join(dimension_title(d, dataset) for d in options.dimensions)
        first, last = written.text(stages.sizes[0]), written.text(stages.sizes[-1])
        told = (
            f"{f'{title} by {by}' if by else 'Funnel'}, {len(texts)} stages: "
            f"from {stages.names[0]} ({first}) to {stages.names[-1]} ({last})."
        )
        return Plot({"data": data, "layout": page}, clicks, told)


@dataclass(frozen=True)
class _Stages:
    names: list[str]
    sizes: Floats
    colors: list[str]
    clicks: list[list[Plain] | None]


def _stages(options: Funnel.Options, tables: Tables, dataset: DatasetSpec, look: Look) -> _Stages:
    table = tables["main"]
    if options.dimensions:
        found = sliced(
            table, options.dimensions, options.metrics[0], dataset, look, sort=options.sort,
            most=_MOST,
        )  # fmt: skip
        return _Stages(found.names, found.sizes, found.colors, found.clicks)
    sizes = np.array([float(np.nansum(floats(table, metric_name(m)))) for m in options.metrics])
    titles = [metric_title(m, dataset) for m in options.metrics]
    order = [i for i in range(len(titles)) if sizes[i] > 0]
    if options.sort in ("largest", "smallest"):
        order.sort(key=lambda i: sizes[i] * (-1 if options.sort == "largest" else 1))
    colors = assign(titles, look)
    return _Stages([titles[i] for i in order], sizes[order], [colors[titles[i]] for i in order], [])


def _shares(sizes: Floats, of: str) -> Floats:
    """Each stage's share of the first, of the one before, or of all."""
    base = np.full(len(sizes), sizes.sum() if of == "total" else sizes[0])
    if of == "previous":
        base[1:] = sizes[:-1]
    shares: Floats = sizes / base
    return shares


def _trace(
    options: Funnel.Options, stages: _Stages, texts: list[str], shares: Floats, written: Style
) -> dict[str, Any]:
    told = [number(s, SHARE, None, written.locale) for s in shares.tolist()]
    words = [
        {"name": t, "value": safe(written.brief(v)), "share": s}
        for t, v, s in zip(texts, stages.sizes.tolist(), told, strict=True)
    ]
    full = [
        {
            "name": safe(n),
            "value": f"<b>{safe(written.text(v))}</b>",
            "share": f"{s} {_OF[options.percent_of]}",
        }
        for n, v, s in zip(stages.names, stages.sizes.tolist(), told, strict=True)
    ]
    upright = options.orientation == "vertical"
    trace: dict[str, Any] = {
        "type": "funnel",
        "orientation": "v" if upright else "h",
        "x" if upright else "y": texts,
        "y" if upright else "x": typed(stages.sizes),
        "marker": {"color": stages.colors},
        "connector": {"fillcolor": faded(stages.colors[0], 0.18), "line": {"width": 0}},
        "text": [part_labels.written(options.labels, options.label_template, w) for w in words],
        "textinfo": "none" if options.labels == "none" else "text",
        "textposition": "auto",
        "insidetextfont": {"color": [ink(c) for c in stages.colors]},
        "hovertext": [
            part_labels.written(options.tooltip, options.label_template, w) for w in full
        ],
        "hovertemplate": "%{hovertext}<extra></extra>",
        "showlegend": False,
    }
    if options.tooltip == "none":
        trace |= {"hoverinfo": "skip", "hovertemplate": ""}
    if stages.clicks:
        trace["customdata"] = stages.clicks
    return trace


def _entries(texts: list[str], stages: _Stages) -> list[dict[str, Any]]:
    """A legend: one empty mark per stage, because a funnel is one trace."""
    return [
        {
            "type": "scatter", "mode": "markers", "x": [None], "y": [None], "name": text,
            "marker": {"color": color, "symbol": "square", "size": 10}, "hoverinfo": "skip",
        }
        for text, color in zip(texts, stages.colors, strict=True)
    ]  # fmt: skip
