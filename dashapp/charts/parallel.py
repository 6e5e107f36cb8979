"""Members as lines across several metrics: parallel coordinates."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pyarrow as pa
from pydantic import Field

from dashapp.charts.asks import DATA, LOOK, dimension_title, metric_format, metric_title
from dashapp.charts.axes import layout, smart, style
from dashapp.charts.base import ChartKind, Drawing, Empty, Look, Plot, Tables
from dashapp.charts.colors import assign, scale
from dashapp.charts.plot_options import PlotOptions, needs
from dashapp.charts.plotting import NO_ROWS, Floats, encode, floats, safe, shorten, typed
from dashapp.charts.wide import words
from dashapp.specs import DatasetSpec, Dimension, Order, QuerySpec, metric_name
from dashapp.specs.query import Metric

MOST_LINES: Final = 5_000
_NAMED: Final = 30  # Members whose names fit along an axis.


class Parallel(ChartKind):
    """One line per member across axes of metrics; drag along an axis to pick lines."""

    slug, title, family, icon = (
        "parallel", "Parallel coordinates", "distribution", "distribute-horizontal",
    )  # fmt: skip
    description = "How members compare in many metrics at once, a line each."
    needs_full_plotly = True

    class Options(PlotOptions):
        """What the lines are, and which axes they cross."""

        lines: Dimension | None = Field(
            None,
            title="Lines",
            description="One line per member of this dimension.",
            json_schema_extra=DATA | {"widget": "dimension"},
        )
        metrics: tuple[Metric, ...] = Field(
            (),
            max_length=20,
            title="Axes",
            description="Metrics, an axis each.",
            json_schema_extra=DATA | {"widget": "metrics"},
        )
        color: Metric | None = Field(
            None,
            title="Colour",
            description="Metric that colours the lines; by default each member has its own.",
            json_schema_extra=DATA | {"widget": "metric"},
        )
        color_scale: str = Field(
            "blues",
            max_length=50,
            title="Colours",
            description="Scale of the colour metric.",
            json_schema_extra=LOOK | {"widget": "color_scale"},
        )
        member_axis: bool = Field(
            False,
            title="Axis of members",
            description="The first axis names the members, if they are few.",
            json_schema_extra=LOOK,
        )

        @property
        def asked(self) -> tuple[Metric, ...]:
            """The metrics asked for, each once."""
            given = (*self.metrics, *((self.color,) if self.color is not None else ()))
            return tuple({metric_name(m): m for m in given}.values())

    @classmethod
    def queries(cls, options: Options, dataset: DatasetSpec) -> dict[str, QuerySpec]:
        """One row per member, the largest by the first metric first."""
        if options.lines is None:
            needs(options.lines, "lines", "Choose what the lines are.")
            raise AssertionError
        needs(options.metrics, "metrics", "Choose the axes.")
        first = Order(by=metric_name(options.metrics[0]), descending=True)
        order = options.order or (first,)
        query = options.base_query(dataset, (options.lines,), options.asked, order=order)
        return {"main": query}

    @classmethod
    def figure(cls, options: Options, tables: Tables, dataset: DatasetSpec, look: Look) -> Drawing:
        """Lines across the axes; those without any value are left out."""
        if options.lines is None or not options.metrics:
            return Empty("not_configured", "Choose lines and at least one metric.")
        table = tables["main"]
        names = [metric_name(m) for m in options.metrics]
        known = np.zeros(table.num_rows, dtype=bool)
        for name in names:
            known |= np.isfinite(floats(table, name))
        table = table.filter(pa.array(known))
        whole = table.num_rows
        table = table.slice(0, MOST_LINES)
        if not table.num_rows:
            return Empty("no_rows", NO_ROWS)
        dimensions = [cls._axis(options, m, table, dataset, look) for m in options.metrics]
        if options.member_axis:
            dimensions.insert(0, cls._members(options.lines, table, dataset, look))
        trace = {
            "type": "parcoords",
            "dimensions": dimensions,
            "line": cls._line(options, table, dataset, look),
            "labelfont": {"size": 12},
            "tickfont": {"size": 10},
            "rangefont": {"size": 9, "color": "rgba(0,0,0,0)"},
            "unselected": {"line": {"color": "#8a8f98", "opacity": 0.08}},
        }
        page = layout(look)
        page["margin"] = {"l": 56 if not options.member_axis else 96, "r": 48, "t": 40, "b": 14}
        told = cls._told(options, table, dataset, whole - table.num_rows)
        return Plot({"data": [trace], "layout": page}, (), told)

    @classmethod
    def _axis(
        cls, options: Options, metric: Metric, table: pa.Table, dataset: DatasetSpec, look: Look
    ) -> dict[str, Any]:
        """The axis of one metric; empty values lie at its foot."""
        values = floats(table, metric_name(metric))
        known = values[np.isfinite(values)]
        own = options.format or metric_format(metric, dataset)[0]
        fmt = own if own and own != "smart" else smart(values)
        if len(known) and np.abs(known).max() >= 10_000 and own is None:
            fmt = "~s"
        low = float(known.min()) if len(known) else 0.0
        high = float(known.max()) if len(known) else 1.0
        if low == high:
            low, high = low - 0.5, high + 0.5
        return {
            "label": safe(shorten(metric_title(metric, dataset), _letters(options))),
            "values": typed(np.where(np.isfinite(values), values, low)),
            "range": [low, high],
            "tickformat": fmt.replace("$", ""),
        }

    @classmethod
    def _members(
        cls, lines: Dimension, table: pa.Table, dataset: DatasetSpec, look: Look
    ) -> dict[str, Any]:
        """The axis that names the members, in the order of the answer from the top down."""
        found = encode(table, lines.name)
        spoken = words(found.members(), lines, dataset, look)
        count = len(spoken)
        step = max(1, -(-count // _NAMED))
        places = list(range(0, count, step))
        return {
            "label": safe(shorten(dimension_title(lines, dataset), 14)),
            "values": typed(count - 1 - found.codes.astype(np.float64)),
            "range": [-0.5, count - 0.5],
            "tickvals": [count - 1 - p for p in places],
            "ticktext": [safe(shorten(spoken[p], 14)) for p in places],
        }

    @classmethod
    def _line(
        cls, options: Options, table: pa.Table, dataset: DatasetSpec, look: Look
    ) -> dict[str, Any]:
        """Colours of the lines: by a metric on a scale, or a member's own."""
        if options.color is not None:
            values = floats(table, metric_name(options.color))
            written = style(options.color, dataset, look, values, options.format, options.currency)
            return {
                "color": typed(np.nan_to_num(values, nan=float(np.nanmin(values, initial=0)))),
                "colorscale": scale(options.color_scale),
                "showscale": True,
                "colorbar": {
                    "thickness": 10, "outlinewidth": 0, "len": 1, "nticks": 5, "xpad": 6,
                    "ypad": 0, "ticks": "", "tickfont": {"size": 11}, **written.ticks(),
                },
            }  # fmt: skip
        found = encode(table, (options.lines or Dimension(column="")).name)
        colors = assign(found.members(), look)
        used = list(dict.fromkeys(colors.values()))
        steps = [[(i + at) / len(used), c] for i, c in enumerate(used) for at in (0, 1)]
        of = [used.index(colors[m]) for m in found.members()]
        codes: Floats = np.array(of, dtype=np.float64)[found.codes]
        return {
            "color": typed(codes), "cmin": -0.5, "cmax": len(used) - 0.5,
            "colorscale": steps, "showscale": False,
        }  # fmt: skip

    @classmethod
    def _told(cls, options: Options, table: pa.Table, dataset: DatasetSpec, left_out: int) -> str:
        axes = ", ".join(metric_title(m, dataset) for m in options.metrics)
        title = dimension_title(options.lines or Dimension(column="?"), dataset)
        rest = f" {left_out:,} lines left out." if left_out else ""
        return f"{table.num_rows:,} lines by {title} across {axes}.{rest}"


def _letters(options: Parallel.Options) -> int:
    """Characters of an axis' title, so that neighbours do not touch."""
    return max(5, 48 // len(options.metrics) - 1)
