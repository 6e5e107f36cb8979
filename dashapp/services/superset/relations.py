"""Superset's charts of relations in ours, and back."""

from __future__ import annotations

from typing import Any, Final

from dashapp.charts.chord import Chord
from dashapp.charts.links import LinkOptions
from dashapp.charts.network import Network
from dashapp.charts.sankey import Sankey
from dashapp.charts.tree import Tree
from dashapp.services.superset import series
from dashapp.services.superset.params import Params, Translated, Translator
from dashapp.services.superset.written import Out, Writer
from dashapp.specs import Dimension, Order
from dashapp.specs.query import Metric

_MOST: Final = {"sankey": 150, "chord": 80, "network": 300}  # Nodes that are drawn at most.
_DIRECTIONS: Final = {"LR": "right", "RL": "left", "TB": "down", "BT": "up"}
_SYMBOLS: Final = {
    "emptyCircle": "circle-open", "circle": "circle", "rect": "square", "triangle": "triangle-up",
    "diamond": "diamond", "none": "none", "pin": "circle", "arrow": "triangle-up",
}  # fmt: skip
_SIDES: Final = {side: side for side in ("left", "top", "right", "bottom")}
_REPULSION: Final = 1000  # Superset's usual strength is our 1.


def sankey(p: Params) -> Translated:
    """Flows from `source` to `target`."""
    return _links(p, "sankey", p.get("source"), p.get("target"))


def old_sankey(p: Params) -> Translated:
    """Flows between the two columns of `groupby`."""
    return _links(p, "sankey", *_pair(p))


def sankey_loop(p: Params) -> Translated:
    """Flows that may come back."""
    found = old_sankey(p)
    found.options["cycles"] = "loop"
    return found


def chord(p: Params) -> Translated:
    """Flows from `groupby` to `columns`, around a circle."""
    return _links(p, "chord", _first(p.get("groupby")), _first(p.get("columns")))


def network(p: Params) -> Translated:
    """Links from `source` to `target`, nodes coloured by category."""
    groups = [p.dimension(p.get(key)) for key in ("source_category", "target_category")]
    found = _links(p, "network", p.get("source"), p.get("target"), [d for d in groups if d])
    for key in ("edgeLength", "friction", "draggable", "selectedMode"):
        p.get(key)
    size, width = p.number("baseNodeSize"), p.number("baseEdgeWidth")
    gravity, repulsion = p.number("gravity"), p.number("repulsion")
    options: dict[str, Any] = {
        "source_group": groups[0],
        "target_group": groups[1],
        "place": "circle" if p.text("layout") == "circular" else "force",
        "arrows": (p.text("edgeSymbol") or "none,arrow").endswith("arrow"),
        "roam": p.get("roam", True) not in (False, "false"),
        "label_from": max(0.0, p.number("showSymbolThreshold") or 0.0),
        "node_size": min(max(size, 2.0), 100.0) if size else 20.0,
        "link_width": min(max(width, 0.1), 30.0) if width else 3.0,
        "gravity": min(max(gravity, 0.01), 2.0) if gravity else 0.3,
        "repulsion": min(max(repulsion / _REPULSION, 0.05), 5.0) if repulsion else 1.0,
        "legend": series.legend(p),
    }
    return Translated(
        "network", found.options | {k: v for k, v in options.items() if v is not None}
    )


def directed_force(p: Params) -> Translated:
    """The network of old: links between the two columns of `groupby`."""
    for key in ("link_length", "charge"):
        p.get(key)
    return _links(p, "network", *_pair(p))


def tree(p: Params) -> Translated:
    """Nodes with `id` under those of `parent`."""
    columns = [p.dimension(p.get(key)) for key in ("id", "parent", "name")]
    metric = p.metric("metric")
    size = p.number("symbolSize")
    for key in ("emphasis", "initialTreeDepth"):
        p.get(key)
    options: dict[str, Any] = {
        **dict(zip(("node", "parent", "name"), columns, strict=True)),
        "metric": metric,
        "root": p.text("root_node_id"),
        "nodes": 1000,
        "radial": p.text("layout") == "radial",
        "direction": p.choice("orient", _DIRECTIONS, "right"),
        "symbol": p.choice("symbol", _SYMBOLS, "circle-open"),
        "symbol_size": min(max(size, 1.0), 60.0) if size else 7.0,
        "branch_labels": p.choice("node_label_position", _SIDES, "left"),
        "leaf_labels": p.choice("child_label_position", _SIDES, "bottom"),
        "roam": p.get("roam", True) not in (False, "false"),
        "order": _order(p, metric, [d for d in columns if d]),
        **p.number_format("y_axis_format"),
        **p.narrowing(),
    }
    return Translated("tree", {k: v for k, v in options.items() if v is not None})


def _links(
    p: Params, kind: str, source: Any, target: Any, more: list[Dimension] | None = None
) -> Translated:
    """What all charts of links have in common."""
    ends = [p.dimension(source), p.dimension(target)]
    metric = p.metric("metric")
    options: dict[str, Any] = {
        "source": ends[0],
        "target": ends[1],
        "metric": metric,
        "nodes": _MOST[kind],
        "order": _order(p, metric, [d for d in (*ends, *(more or ())) if d]),
        "palette": p.palette(),
        **p.number_format("y_axis_format", "number_format"),
        **p.narrowing(),
    }
    return Translated(kind, {k: v for k, v in options.items() if v is not None})


def _order(p: Params, metric: Metric | None, dimensions: list[Dimension]) -> tuple[Order, ...]:
    """Superset's order where rows are limited: by the metric if asked for, then by each column."""
    by_metric, limit = p.flag("sort_by_metric"), p.whole("row_limit")
    p.get("order_desc")
    first = (p.order(metric),) if by_metric and metric is not None else ()
    if p.viz_type == "chord" or not limit:
        return first if p.viz_type == "chord" else ()
    return (*first, *(Order(by=name) for name in dict.fromkeys(d.name for d in dimensions)))


def _first(value: Any) -> Any:
    return next(iter(value), None) if isinstance(value, list) else value


def _pair(p: Params) -> tuple[Any, Any]:
    """Both columns of an old chart's `groupby`."""
    value = p.get("groupby", [])
    found = value if isinstance(value, list) else [value]
    if len(found) > 2:
        p.note("Only its first two columns are drawn.")
    return (found + [None, None])[0], (found + [None, None])[1]


def _written(options: LinkOptions, out: Out) -> dict[str, Any]:
    return {
        "source": out.dimension(options.source),
        "target": out.dimension(options.target),
        "metric": out.metric(options.metric),
        "sort_by_metric": any(o.descending for o in options.order[:1]),
        **out.number_format(options),
        **out.palette(options),
        **out.narrowing(options),
    }


def written_sankey(options: Sankey.Options, out: Out) -> tuple[str, dict[str, Any]]:
    """The Sankey diagram, version 2."""
    return "sankey_v2", _written(options, out)


def written_chord(options: Chord.Options, out: Out) -> tuple[str, dict[str, Any]]:
    """The chord diagram, whose ends have other names."""
    found = _written(options, out)
    return "chord", {"groupby": found.pop("source"), "columns": found.pop("target"), **found}


def written_network(options: Network.Options, out: Out) -> tuple[str, dict[str, Any]]:
    """The graph chart."""
    return "graph_chart", {
        **_written(options, out),
        "source_category": out.dimension(options.source_group),
        "target_category": out.dimension(options.target_group),
        "layout": "circular" if options.place == "circle" else "force",
        "edgeSymbol": "none,arrow" if options.arrows else "none,none",
        "roam": options.roam,
        "showSymbolThreshold": options.label_from,
        "baseNodeSize": options.node_size,
        "baseEdgeWidth": options.link_width,
        "gravity": options.gravity,
        "repulsion": options.repulsion * _REPULSION,
        "show_legend": options.legend != "hidden",
    }


def written_tree(options: Tree.Options, out: Out) -> tuple[str, dict[str, Any]]:
    """The tree chart."""
    directions = {ours: theirs for theirs, ours in _DIRECTIONS.items()}
    symbols = {ours: theirs for theirs, ours in reversed(_SYMBOLS.items())}
    return "tree_chart", {
        "id": out.dimension(options.node),
        "parent": out.dimension(options.parent),
        "name": out.dimension(options.name),
        "metric": out.metric(options.metric),
        "sort_by_metric": any(o.descending for o in options.order[:1]),
        "root_node_id": options.root,
        "layout": "radial" if options.radial else "orthogonal",
        "orient": directions[options.direction],
        "symbol": symbols[options.symbol],
        "symbolSize": options.symbol_size,
        "node_label_position": options.branch_labels,
        "child_label_position": options.leaf_labels,
        "roam": options.roam,
        **out.number_format(options),
        **out.narrowing(options),
    }


TRANSLATORS: Final[dict[str, Translator]] = {
    "sankey_v2": sankey,
    "sankey": old_sankey,
    "sankey_loop": sankey_loop,
    "chord": chord,
    "graph_chart": network,
    "directed_force": directed_force,
    "tree_chart": tree,
}
WRITERS: Final[dict[str, Writer]] = {
    "sankey": written_sankey,
    "chord": written_chord,
    "network": written_network,
    "tree": written_tree,
}
