"""Flows from stage to stage: the Sankey diagram."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final, Literal

import numpy as np
from pydantic import Field

from dashapp.charts.asks import DATA, LOOK
from dashapp.charts.axes import Style, layout, style
from dashapp.charts.base import ChartKind, Drawing, Empty, Look, Plot, Tables
from dashapp.charts.colors import OTHER_COLOR, assign, faded
from dashapp.charts.links import LinkOptions, Links, links_of
from dashapp.charts.plotting import NO_ROWS, safe, shorten, typed, unique
from dashapp.charts.values import Plain
from dashapp.charts.wide import Ints
from dashapp.specs import DatasetSpec, QuerySpec, metric_name

_WHOLE: Final = 60  # Characters of a name that hover tells.
_NARROW, _LETTER = 420, 5.5  # Width in px of a tile that names still fit into, and of a letter.
_DEEPEST: Final = 50  # Stages that are told apart; a loop has no last one.
_NAMED: Final = 24  # Names of one stage.
_SIZES: Final = ((12, 12), (16, 11), (20, 10))  # Nodes of one stage and their names' size in px.
_PAD_PX: Final = 200  # Room for the gaps between nodes of one stage.


class Sankey(ChartKind):
    """How much flows from which member to which, as bands between stages."""

    slug, title, family, icon = "sankey", "Sankey diagram", "relations", "shuffle"
    description = "How much flows from one member to the next, as bands between stages."
    needs_full_plotly = True

    class Options(LinkOptions):
        """Ends, metric, and how nodes stand."""

        nodes: int = Field(
            60,
            ge=2,
            le=300,
            title="Most nodes",
            description="Those that most flows through are kept.",
            json_schema_extra=DATA,
        )
        cycles: Literal["split", "loop"] = Field(
            "split",
            title="Flows that come back",
            description="End at a second node of the same name, or run in a loop.",
            json_schema_extra=LOOK,
        )
        align: Literal["justify", "left", "right", "center"] = Field(
            "justify",
            title="Alignment",
            description="Where nodes stand that the stages leave a choice.",
            json_schema_extra=LOOK,
        )
        upright: bool = Field(
            False, title="Upright", description="Flow from top to bottom.", json_schema_extra=LOOK
        )
        link_color: Literal["source", "target", "grey"] = Field(
            "source",
            title="Bands' colour",
            description="That of the node they come from, of the one they go to, or grey.",
            json_schema_extra=LOOK,
        )
        node_width: int = Field(
            14,
            ge=2,
            le=60,
            title="Width of nodes",
            description="In pixels.",
            json_schema_extra=LOOK,
        )
        labels: bool = Field(
            True, title="Names", description="Write names at nodes.", json_schema_extra=LOOK
        )

    @classmethod
    def queries(cls, options: Options, dataset: DatasetSpec) -> dict[str, QuerySpec]:
        """One row per link, the largest first."""
        return {"main": options.links_query(dataset)}

    @classmethod
    def figure(cls, options: Options, tables: Tables, dataset: DatasetSpec, look: Look) -> Drawing:
        """Nodes in stages, bands between them."""
        if options.source is None or options.target is None or options.metric is None:
            return Empty("not_configured", "Choose where links start and end, and a metric.")
        name = metric_name(options.metric)
        links = links_of(tables["main"], options.ends, name, dataset, look).largest(options.nodes)
        if not len(links.values):
            return Empty("no_rows", NO_ROWS)
        drawn = links if options.cycles == "loop" else _without_cycles(links)
        written = style(
            options.metric, dataset, look, links.values, options.format, options.currency
        )
        told = links.summary(options.told(dataset), written)
        colors = assign(links.members, look)
        page = layout(look)
        page["margin"] |= {"l": 6, "r": 6, "t": 10, "b": 10}
        trace = cls._trace(options, drawn, [colors[m] for m in drawn.members], written)
        return Plot({"data": [trace], "layout": page}, options.clicks(), told)

    @classmethod
    def _trace(
        cls, options: Options, links: Links, colors: list[str], written: Style
    ) -> dict[str, Any]:
        whole = [shorten(n, _WHOLE) for n in links.names]
        names = [safe(n) for n in unique(whole)]
        ends_of = list(zip(links.source.tolist(), links.target.tolist(), strict=True))
        bands_of = [safe(t) for t in unique(f"{whole[s]} → {whole[t]}" for s, t in ends_of)]
        ends = {"source": links.source, "target": links.target}.get(options.link_color)
        bands = [OTHER_COLOR] * len(links.values) if ends is None else [colors[i] for i in ends]
        told = f"%{{customdata}}<br><b>{written.hover('value')}</b><extra></extra>"
        rows: list[list[Plain]] = links.clicks()
        starts = set(links.source.tolist())
        nodes = [[m] if i in starts else None for i, m in enumerate(links.members)]
        crowd = max(8, int(np.sqrt(len(names)) * 4))
        labels, size = _labels(links, options.upright)
        if not options.labels:
            labels = [""] * len(names)
        return {
            "type": "sankey",
            "textfont": {"size": size},
            "orientation": "v" if options.upright else "h",
            "arrangement": "snap",
            "node": {
                "label": labels,
                "color": colors,
                "line": {"width": 0},
                "pad": max(3, min(16, _PAD_PX // crowd)),
                "thickness": options.node_width,
                "align": options.align,
                "customdata": names,
                "hovertemplate": told,
            },
            "link": {
                "source": links.source.tolist(),
                "target": links.target.tolist(),
                "value": typed(links.values),
                "color": [faded(c, 0.38) for c in bands],
                "hovercolor": [faded(c, 0.6) for c in bands],
                "customdata": bands_of,
                "hovertemplate": told,
            },
            # Dash leaves lists out of what was clicked; what hover says leads to the members.
            "meta": {
                "marks": dict(zip(names, nodes, strict=True))
                | dict(zip(bands_of, rows, strict=True))
            },
        }


def _labels(links: Links, upright: bool) -> tuple[list[str], int]:
    """Names as they stand at nodes, and their size in px: the more nodes, the smaller.

    Of a stage with many nodes only the largest are named; upright ones lie side by side.
    """
    stages = _stages(links)
    count = np.bincount(stages)
    most = int(count.max()) * (3 if upright else 1)
    size = next((px for nodes, px in _SIZES if most <= nodes), 9)
    gap = _NARROW / max(1, len(count) - 1)
    letters = 12 if upright else max(8, min(24, int(0.48 * gap / _LETTER)))
    labels = [""] * len(links.names)
    weights = links.weights
    for stage in range(len(count)):
        nodes = np.flatnonzero(stages == stage)
        for i in nodes[np.argsort(-weights[nodes], kind="stable")][:_NAMED].tolist():
            labels[i] = safe(shorten(links.names[i], letters))
    return labels, size


def _stages(links: Links) -> Ints:
    """The stage of each node: how many links lead to it at most; ends stand in the last one."""
    stages = np.zeros(len(links.members), dtype=np.int64)
    apart = links.source != links.target
    source, target = links.source[apart], links.target[apart]
    for _ in range(min(len(stages), _DEEPEST)):
        before = stages.copy()
        np.maximum.at(stages, target, before[source] + 1)
        if np.array_equal(before, stages):
            break
    stages[np.setdiff1d(target, source)] = stages.max()
    return np.asarray(np.unique(stages, return_inverse=True)[1].reshape(-1), dtype=np.int64)


def _without_cycles(links: Links) -> Links:
    """The links with a second node for each end that a flow would come back to."""
    onward: dict[int, set[int]] = {}
    members, names = list(links.members), list(links.names)
    target = links.target.copy()
    copies: dict[int, int] = {}
    for at in np.argsort(-links.values, kind="stable").tolist():
        start, end = int(links.source[at]), int(links.target[at])
        if not _leads(onward, end, start):
            onward.setdefault(start, set()).add(end)
            continue
        if end not in copies:
            copies[end] = len(members)
            members.append(links.members[end])
            names.append(links.names[end])
        target[at] = copies[end]
    return replace(links, members=members, names=names, target=target)


def _leads(onward: dict[int, set[int]], start: int, end: int) -> bool:
    """Whether one gets from `start` to `end`."""
    seen, waiting = {start}, [start]
    while waiting:
        at = waiting.pop()
        if at == end:
            return True
        fresh = onward.get(at, set()) - seen
        seen |= fresh
        waiting += fresh
    return False
