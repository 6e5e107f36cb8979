"""Who hangs on whom: the tree."""

from __future__ import annotations

from typing import Any, Final, Literal

import numpy as np
from pydantic import Field

from dashapp.charts.asks import DATA, LOOK, click_target, dimension_title, metric_title
from dashapp.charts.axes import GREY, Style, layout, style
from dashapp.charts.base import ChartKind, Drawing, Empty, Look, Plot, Tables
from dashapp.charts.branches import Branches, grown, placed
from dashapp.charts.colors import faded
from dashapp.charts.links import bare_axes, many
from dashapp.charts.plot_options import PlotOptions, needs
from dashapp.charts.plotting import NO_ROWS, Encoded, Floats, encode, floats, safe, shorten, typed
from dashapp.charts.values import Plain
from dashapp.charts.wide import words
from dashapp.specs import DatasetSpec, Dimension, Order, QuerySpec, metric_name
from dashapp.specs.query import Metric

Direction = Literal["right", "left", "down", "up"]
Side = Literal["left", "top", "right", "bottom"]
Symbol = Literal["circle", "circle-open", "square", "triangle-up", "diamond", "none"]

_POSITIONS: Final[dict[str, str]] = {
    "left": "middle left", "right": "middle right", "top": "top center", "bottom": "bottom center",
}  # fmt: skip
_NAME: Final = 22  # Characters of a name that are written.
_WAY: Final = 8  # Nodes on the way from the top that hover tells.
_NAMED: Final = 60  # Names that fit into a column of a tile.


class Tree(ChartKind):
    """Nodes under their parents, from left to right or around a middle."""

    slug, title, family, icon = "tree", "Tree", "relations", "diagram-3"
    description = "Who hangs on whom: nodes under their parents."

    class Options(PlotOptions):
        """Which columns make the tree, and where it grows."""

        node: Dimension | None = Field(
            None,
            title="Node",
            description="Column that identifies a node.",
            json_schema_extra=DATA | {"widget": "dimension"},
        )
        parent: Dimension | None = Field(
            None,
            title="Parent",
            description="Column with the node above; empty at the top.",
            json_schema_extra=DATA | {"widget": "dimension"},
        )
        name: Dimension | None = Field(
            None,
            title="Name",
            description="Column with what a node is called; the node itself by default.",
            json_schema_extra=DATA | {"widget": "dimension"},
        )
        metric: Metric | None = Field(
            None,
            title="Metric",
            description="Told with each node.",
            json_schema_extra=DATA | {"widget": "metric"},
        )
        root: str | None = Field(
            None,
            max_length=500,
            title="Top node",
            description="Only this node and what hangs on it.",
            json_schema_extra=DATA,
        )
        nodes: int = Field(
            300,
            ge=1,
            le=1000,
            title="Most nodes",
            description="Those close to the top are kept.",
            json_schema_extra=DATA,
        )
        radial: bool = Field(
            False, title="Radial", description="Grow around the top.", json_schema_extra=LOOK
        )
        direction: Direction = Field(
            "right",
            title="Direction",
            description="Where the tree grows, unless it is radial.",
            json_schema_extra=LOOK,
        )
        symbol: Symbol = Field(
            "circle", title="Symbol", description="Mark of a node.", json_schema_extra=LOOK
        )
        symbol_size: float = Field(
            8,
            ge=1,
            le=60,
            title="Size of symbols",
            description="In pixels.",
            json_schema_extra=LOOK,
        )
        branch_labels: Side = Field(
            "top",
            title="Names of branches",
            description="Where names of nodes with children stand.",
            json_schema_extra=LOOK,
        )
        leaf_labels: Side = Field(
            "right",
            title="Names of leaves",
            description="Where names of nodes without children stand.",
            json_schema_extra=LOOK,
        )
        roam: bool = Field(
            True, title="Zoom", description="Drag to move, zoom in.", json_schema_extra=LOOK
        )

    @classmethod
    def queries(cls, options: Options, dataset: DatasetSpec) -> dict[str, QuerySpec]:
        """One row per node."""
        if options.node is None or options.parent is None:
            needs(options.node, "node", "Choose the column of nodes.")
            needs(options.parent, "parent", "Choose the column of the nodes above.")
            raise AssertionError
        asked = (options.node, options.parent, options.name)
        dimensions = {d.name: d for d in asked if d is not None}
        metrics = () if options.metric is None else (options.metric,)
        order = options.order or tuple(Order(by=name) for name in dimensions)
        query = options.base_query(dataset, tuple(dimensions.values()), metrics, order=order)
        return {"main": query}

    @classmethod
    def figure(cls, options: Options, tables: Tables, dataset: DatasetSpec, look: Look) -> Drawing:
        """Nodes level by level, curved lines to their parents."""
        if options.node is None or options.parent is None:
            return Empty("not_configured", "Choose the columns of nodes and of their parents.")
        table = tables["main"]
        if not table.num_rows:
            return Empty("no_rows", NO_ROWS)
        columns = [encode(table, d.name) for d in (options.node, options.parent)]
        ids, parents = (_cells(c) for c in columns)
        tree = grown(ids, parents, options.root, options.nodes)
        if not tree.nodes:
            none = (
                "No node is at the top." if options.root is None else "There is no such top node."
            )
            return Empty("no_rows", none)
        named = options.name or options.node
        spoken = encode(table, named.name)
        names_of = words(spoken.members(), named, dataset, look)
        names = [names_of[spoken.codes[i]] for i in tree.nodes]
        values = written = None
        if options.metric is not None:
            values = floats(table, metric_name(options.metric))[tree.nodes]
            written = style(options.metric, dataset, look, values, options.format, options.currency)
        told = _Told(names, [ids[i] for i in tree.nodes], values, written,
                     metric_title(options.metric, dataset) if options.metric else "")  # fmt: skip
        traces = cls._traces(options, tree, told, look)
        page = layout(look, hovermode="closest", **bare_axes(options.roam, options.radial))
        page["dragmode"] = "pan" if options.roam else False
        longest = max(len(shorten(name, _NAME)) for name in names)
        cls._room(options, page, 0.05 + 0.025 * longest)
        title = dimension_title(options.node, dataset)
        clicks = (click_target(options.node),)
        return Plot({"data": traces, "layout": page}, clicks, _summary(title, tree, told))

    @classmethod
    def _traces(
        cls, options: Options, tree: Branches, told: _Told, look: Look
    ) -> list[dict[str, Any]]:
        along, deep = placed(tree)
        x, y = _turned(options, along, deep, len(along))
        color = look.palette[0]
        leaves = tree.leaves
        sides = [options.leaf_labels if leaf else options.branch_labels for leaf in leaves]
        if options.radial:
            sides = ["right" if v >= 0 else "left" for v in x.tolist()]
        crowded = sum(leaves) > _NAMED
        line_x, line_y = _lines(options, tree, along, deep)
        lines = {
            "type": "scatter", "mode": "lines", "name": "", "showlegend": False,
            "x": typed(line_x), "y": typed(line_y), "hoverinfo": "skip",
            "line": {"width": 1.2, "color": faded(GREY, 0.7)},
        }  # fmt: skip
        nodes = {
            "type": "scatter", "mode": "markers+text", "name": "", "showlegend": False,
            "x": typed(x), "y": typed(y),
            "marker": {
                "size": options.symbol_size, "color": color,
                "symbol": "circle" if options.symbol == "none" else options.symbol,
                "opacity": 0 if options.symbol == "none" else 1,
            },
            "text": [
                "" if leaf and crowded else safe(shorten(name, _NAME))
                for name, leaf in zip(told.names, leaves, strict=True)
            ],
            "textposition": [_POSITIONS[s] for s in sides],
            "textfont": {"size": 11 if sum(leaves) <= 24 else 9}, "cliponaxis": False,
            "hovertext": told.hovers(tree), "hovertemplate": "%{hovertext}<extra></extra>",
            "customdata": [[i] for i in told.ids],
        }  # fmt: skip
        return [lines, nodes]

    @classmethod
    def _room(cls, options: Options, page: dict[str, Any], name: float) -> None:
        """Ranges that leave room for names beyond the outermost nodes."""
        if options.radial:
            page["xaxis"]["range"], page["yaxis"]["range"] = [-1.5, 1.5], [-1.15, 1.15]
            return
        wide = [-0.06, 1.08]
        if options.direction in ("right", "left"):
            before = name if options.leaf_labels == "left" else 0.1
            after = name if options.leaf_labels == "right" else 0.1
            page["xaxis"]["range"] = [-before, 1 + after]
            page["yaxis"]["range"] = wide
        else:
            page["xaxis"]["range"] = wide
            page["yaxis"]["range"] = [-0.15, 1.1]


def _cells(column: Encoded) -> list[Plain]:
    """The raw value of each row."""
    members = column.members()
    return [members[i] for i in column.codes.tolist()]


class _Told:
    """Nodes in words, with their raw ids and values."""

    def __init__(
        self, names: list[str], ids: list[Plain], values: Floats | None, written: Style | None,
        title: str,
    ) -> None:  # fmt: skip
        self.names, self.ids, self.values = names, ids, values
        self.written, self.title = written, title

    def hovers(self, tree: Branches) -> list[str]:
        """The way from the top to each node, and its value."""
        ways = list[list[str]]()
        for name, above in zip(self.names, tree.parents, strict=True):
            way = [*ways[above][-_WAY:], name] if above >= 0 else [name]
            ways.append(way)
        paths = [safe(" › ".join(("…", *w[1:]) if len(w) > _WAY else w)) for w in ways]
        if self.values is None or self.written is None:
            return paths
        return [
            f"{path}<br>{safe(self.title)}: <b>{safe(self.written.text(value))}</b>"
            for path, value in zip(paths, self.values.tolist(), strict=True)
        ]


def _turned(
    options: Tree.Options, along: Floats, deep: Floats, count: int
) -> tuple[Floats, Floats]:
    """Where points of a tree of `count` nodes stand on the plane."""
    if options.radial:
        angle = 2 * np.pi * (along * (1 - 1 / count) + 0.5 / count)
        return deep * np.sin(angle), deep * np.cos(angle)
    match options.direction:
        case "right":
            return deep, 1 - along
        case "left":
            return 1 - deep, 1 - along
        case "down":
            return along, 1 - deep
        case "up":
            return along, deep


def _lines(
    options: Tree.Options, tree: Branches, along: Floats, deep: Floats
) -> tuple[Floats, Floats]:
    """Curves from each node to its parent, apart from each other by gaps."""
    below = np.array([i for i, p in enumerate(tree.parents) if p >= 0], dtype=np.int64)
    if not len(below):
        return np.zeros(0), np.zeros(0)
    above = np.array(tree.parents, dtype=np.int64)[below]
    t = np.linspace(0, 1, 14)
    ease = t * t * (3 - 2 * t)
    start = along[above]
    if options.radial:  # The middle has no angle of its own.
        start = np.where(deep[above] == 0, along[below], start)
    curve = start[:, None] + (along[below] - start)[:, None] * ease
    level = deep[above][:, None] + (deep[below] - deep[above])[:, None] * t
    x, y = _turned(options, curve, level, len(along))
    gap = np.full((len(below), 1), np.nan)
    return np.hstack((x, gap)).ravel(), np.hstack((y, gap)).ravel()


def _summary(title: str, tree: Branches, told: _Told) -> str:
    tops = [n for n, above in zip(told.names, tree.parents, strict=True) if above < 0]
    under = f"under {tops[0]}" if len(tops) == 1 else f"in {len(tops):,} trees"
    rest = f" {many(tree.left_out, 'other')} left out." if tree.left_out else ""
    return (
        f"{title}: {many(len(tree.nodes), 'node')} {under}, "
        f"{many(max(tree.depths) + 1, 'level')}, {sum(tree.leaves):,} without children.{rest}"
    )
