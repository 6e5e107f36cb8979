"""Parts of parts as nested rectangles: the treemap."""

from __future__ import annotations

from typing import Any

import numpy as np

from dashapp.charts import nested, nested_look
from dashapp.charts.asks import metric_title
from dashapp.charts.axes import caption, style
from dashapp.charts.base import ChartKind, Drawing, Empty, Look, Tables
from dashapp.charts.plotting import NO_ROWS
from dashapp.specs import DatasetSpec, QuerySpec


class Treemap(ChartKind):
    """A metric's parts in a hierarchy of dimensions, as nested rectangles."""

    slug, title, family, icon = "treemap", "Treemap", "parts", "grid-1x2"
    description = "Parts of parts: many members in levels, sized by a metric."
    needs_full_plotly = True

    class Options(nested.NestedOptions):
        """Levels, size and colour."""

    @classmethod
    def queries(cls, options: Options, dataset: DatasetSpec) -> dict[str, QuerySpec]:
        """One row per innermost member, largest first."""
        return {"main": nested.question(options, dataset)}

    @classmethod
    def figure(cls, options: Options, tables: Tables, dataset: DatasetSpec, look: Look) -> Drawing:
        """Nested rectangles; outer ones are as large as what they hold."""
        if options.metric is None or not options.levels:
            return Empty("not_configured", "Choose levels and a metric.")
        nodes = nested.nest(nested.rows(options, tables, dataset, look))
        if not nodes.names:
            return Empty("no_rows", NO_ROWS)
        written = style(
            options.metric, dataset, look, np.array(nodes.sizes), options.format, options.currency
        )
        tint = nested_look.colors(nodes, options.color_scale, look, "darker")
        many = len(options.levels) > 1
        found = nested_look.trace("treemap", nodes, options, written, tint) | {
            "tiling": {"packing": "squarify", "pad": 2},
            "pathbar": {"visible": False},
            "textposition": "top left" if many else "middle center",
        }
        found["marker"] |= {
            "cornerradius": 3,
            "pad": {"t": 18 if many else 2, "l": 2, "r": 2, "b": 2},
        }
        page = nested_look.page(look)
        if many and options.axis_titles:  # In the root's empty head.
            title = metric_title(options.metric, dataset)
            page["annotations"].append(caption(title, inside=True))
        data: list[dict[str, Any]] = [found]
        if nested_look.colored(nodes):
            shades = nested_look.shade_style(options, nodes, dataset, look)
            nested_look.told_shades(found, nodes, nested_look.shade_title(options, dataset), shades)
            data.append(nested_look.legend(nodes, options.color_scale, shades))
        told = nested_look.told(options, nodes, dataset, written)
        return nested_look.plot(options, data, page, told)
