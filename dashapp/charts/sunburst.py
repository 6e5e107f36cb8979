"""Parts of parts as rings: the sunburst."""

from __future__ import annotations

from typing import Any

import numpy as np
from pydantic import Field

from dashapp.charts import nested, nested_look
from dashapp.charts.asks import LOOK, metric_title
from dashapp.charts.axes import CLEAR, style
from dashapp.charts.base import ChartKind, Drawing, Empty, Look, Tables
from dashapp.charts.plotting import NO_ROWS
from dashapp.specs import DatasetSpec, QuerySpec


class Sunburst(ChartKind):
    """A metric's parts in a hierarchy of dimensions, one ring per level."""

    slug, title, family, icon = "sunburst", "Sunburst", "parts", "brightness-high"
    description = "Parts of parts as rings: the outermost level lies in the middle."
    needs_full_plotly = True

    class Options(nested.NestedOptions):
        """Levels, size and colour, and what the rings show."""

        labels: nested.Labels = Field(
            "name", title="Labels", description="Text on the rings.", json_schema_extra=LOOK
        )
        label_threshold: float = Field(
            1,
            ge=0,
            le=100,
            title="Label from",
            description="Least share of the whole, in percent, that has a label.",
            json_schema_extra=LOOK,
        )
        depth: int | None = Field(
            None,
            ge=1,
            le=8,
            title="Rings",
            description="Most rings at once; all by default.",
            json_schema_extra=LOOK,
        )
        total: bool = Field(
            False,
            title="Total",
            description="Write the sum into the middle.",
            json_schema_extra=LOOK,
        )

    @classmethod
    def queries(cls, options: Options, dataset: DatasetSpec) -> dict[str, QuerySpec]:
        """One row per innermost member, largest first."""
        return {"main": nested.question(options, dataset)}

    @classmethod
    def figure(cls, options: Options, tables: Tables, dataset: DatasetSpec, look: Look) -> Drawing:
        """Rings from the middle outwards; a branch is as wide as what it holds."""
        if options.metric is None or not options.levels:
            return Empty("not_configured", "Choose levels and a metric.")
        title = metric_title(options.metric, dataset)
        rows = nested.rows(options, tables, dataset, look)
        nodes = nested.nest(rows, root=title if options.total else None)
        if not nodes.names:
            return Empty("no_rows", NO_ROWS)
        written = style(
            options.metric, dataset, look, np.array(nodes.sizes), options.format, options.currency
        )
        tint = nested_look.colors(nodes, options.color_scale, look, "stronger")
        found = nested_look.trace("sunburst", nodes, options, written, tint) | {
            "insidetextorientation": "auto",
            "rotation": 90,
            "leaf": {"opacity": 1},
        }
        found["marker"]["line"] = {"width": 1, "color": "rgba(255,255,255,0.65)"}
        if options.depth is not None:
            found["maxdepth"] = options.depth + 1  # Plotly counts the root.
        page = nested_look.page(look)
        page["margin"] = {"l": 4, "r": 4, "t": 4, "b": 4}
        if options.total:
            found["marker"]["colors"][0], found["texttemplate"][0] = CLEAR, ""
            page["annotations"].append(nested_look.middle(nodes.whole, written, title))
        data: list[dict[str, Any]] = [found]
        if nested_look.colored(nodes):
            shades = nested_look.shade_style(options, nodes, dataset, look)
            nested_look.told_shades(found, nodes, nested_look.shade_title(options, dataset), shades)
            data.append(nested_look.legend(nodes, options.color_scale, shades))
        told = nested_look.told(options, nodes, dataset, written)
        return nested_look.plot(options, data, page, told)
