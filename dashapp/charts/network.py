"""Who is connected with whom: the network."""

from __future__ import annotations

from typing import Any, Final, Literal

import numpy as np
import pyarrow as pa
from pydantic import Field

from dashapp.charts.asks import DATA, LOOK
from dashapp.charts.axes import GREY, Style, layout, style
from dashapp.charts.base import ChartKind, Drawing, Empty, Look, Plot, Tables
from dashapp.charts.colors import assign, faded
from dashapp.charts.forces import circular, force
from dashapp.charts.links import GHOST, LinkOptions, Links, bare_axes, links_of
from dashapp.charts.plotting import NO_ROWS, Floats, encode, safe, shorten, typed
from dashapp.charts.values import Plain
from dashapp.charts.wide import words
from dashapp.specs import DatasetSpec, Dimension, QuerySpec, metric_name

_WIDTHS: Final = 4  # Classes of widths of links; a trace each.
_NAMED: Final = 24  # Names that are written at most; hover tells all.
_CLEAR: Final = (0.34, 0.1)  # Room of a name across and up, as shares of the plane.
_LETTERS: Final = 16  # Of a name.
_NARROW, _LETTER = 300, 5.4  # Width in px of a tile that names still fit into, and of a letter.


class Network(ChartKind):
    """Members as nodes, links between them as lines."""

    slug, title, family, icon = "network", "Network", "relations", "diagram-2"
    description = "Who is connected with whom: members as nodes, links as lines."

    class Options(LinkOptions):
        """Ends, groups, and how the nodes stand."""

        source_group: Dimension | None = Field(
            None,
            title="Group of From",
            description="Dimension that colours the nodes where links start.",
            json_schema_extra=DATA | {"widget": "dimension"},
        )
        target_group: Dimension | None = Field(
            None,
            title="Group of To",
            description="Dimension that colours the nodes where links end.",
            json_schema_extra=DATA | {"widget": "dimension"},
        )
        nodes: int = Field(
            150,
            ge=2,
            le=300,
            title="Most nodes",
            description="Those that most flows through are kept.",
            json_schema_extra=DATA,
        )
        place: Literal["force", "circle"] = Field(
            "force",
            title="Layout",
            description="Connected nodes close to each other, or all on a circle.",
            json_schema_extra=LOOK,
        )
        sized_by: Literal["value", "links"] = Field(
            "value",
            title="Size of nodes",
            description="What flows through them, or how many links they have.",
            json_schema_extra=LOOK,
        )
        node_size: float = Field(
            14, ge=2, le=100, title="Size of a middling node", description="In pixels; the "
            "largest is four times as wide as the smallest.", json_schema_extra=LOOK,
        )  # fmt: skip
        link_width: float = Field(
            2, ge=0.1, le=30, title="Width of a middling link", description="In pixels; the "
            "widest is four times as wide as the narrowest.", json_schema_extra=LOOK,
        )  # fmt: skip
        arrows: bool = Field(
            True, title="Arrows", description="Show where links lead.", json_schema_extra=LOOK
        )
        label_from: float = Field(
            0,
            ge=0,
            title="Names from",
            description="Write names of nodes that at least so much flows through.",
            json_schema_extra=LOOK,
        )
        roam: bool = Field(
            True, title="Zoom", description="Drag to move, zoom in.", json_schema_extra=LOOK
        )
        gravity: float = Field(
            0.3, ge=0.01, le=2, title="Gravity", description="Pull to the middle.",
            json_schema_extra=LOOK,
        )  # fmt: skip
        repulsion: float = Field(
            1.0, ge=0.05, le=5, title="Repulsion", description="How strongly nodes push each other.",
            json_schema_extra=LOOK,
        )  # fmt: skip

        @property
        def groups(self) -> tuple[Dimension, ...]:
            """Dimensions asked for beside the ends."""
            return tuple(d for d in (self.source_group, self.target_group) if d is not None)

    @classmethod
    def queries(cls, options: Options, dataset: DatasetSpec) -> dict[str, QuerySpec]:
        """One row per link (and groups of its ends), the largest first."""
        extra = {d.name: d for d in options.groups}
        return {"main": options.links_query(dataset, tuple(extra.values()))}

    @classmethod
    def figure(cls, options: Options, tables: Tables, dataset: DatasetSpec, look: Look) -> Drawing:
        """Lines under nodes, arrows in the middle of lines, names at the largest nodes."""
        if options.source is None or options.target is None or options.metric is None:
            return Empty("not_configured", "Choose where links start and end, and a metric.")
        table, name = tables["main"], metric_name(options.metric)
        links = links_of(table, options.ends, name, dataset, look).largest(options.nodes)
        if not len(links.values):
            return Empty("no_rows", NO_ROWS)
        groups = _groups(options, table, links, dataset, look)
        written = style(
            options.metric, dataset, look, links.values, options.format, options.currency
        )
        plane = _Plane(options, links, written)
        named = list(dict.fromkeys(groups)) if options.groups else []
        place = options.legend_place(len(named))
        traces = [*plane.lines(), *plane.middles()]
        if named:
            colors = assign(named, look)
            traces += [
                plane.nodes([i for i, g in enumerate(groups) if g == one], colors[one], one)
                for one in named
            ]
        else:
            traces.append(plane.nodes(list(range(len(links.members))), look.palette[0], ""))
        page = layout(look, legend=place, entries=named, hovermode="closest",
                      **bare_axes(options.roam, options.place == "circle"))  # fmt: skip
        page["dragmode"] = "pan" if options.roam else False
        page["xaxis"]["range"], page["yaxis"]["range"] = plane.reach(), [-1.12, 1.22]
        if place:
            page["legend"]["itemsizing"] = "constant"
        told = links.summary(options.told(dataset), written)
        return Plot({"data": traces, "layout": page}, options.clicks(), told)


class _Plane:
    """Nodes and links in their places."""

    def __init__(self, options: Network.Options, links: Links, written: Style) -> None:
        self.options, self.links, self.written = options, links, written
        count = len(links.members)
        self.weights = links.weights
        self.degrees = np.bincount(links.source, minlength=count) + np.bincount(
            links.target, minlength=count
        )
        self.at = (
            circular(count)
            if options.place == "circle"
            else force(count, links.source, links.target, links.values, options.gravity,
                       options.repulsion)
        )  # fmt: skip
        by = self.weights if options.sized_by == "value" else self.degrees.astype(np.float64)
        self.sizes = _spread(by, options.node_size)
        self.paleness = round(min(0.5, max(0.18, 40 / len(links.values))), 2)
        self.named = self._named()

    def reach(self) -> list[float]:
        """Ends of the axis from left to right: names at the edge have room in a narrow tile."""
        low, high = -1.12, 1.12
        for i in self.named:
            half = min(len(self.links.names[i]), _LETTERS) * _LETTER / _NARROW
            low, high = min(low, self.at[i, 0] - half), max(high, self.at[i, 0] + half)
        return [round(float(low), 3), round(float(high), 3)]

    def lines(self) -> list[dict[str, Any]]:
        """Links in classes of like widths."""
        widths = _spread(self.links.values, self.options.link_width)
        edges = np.linspace(widths.min(), widths.max() + 1e-9, _WIDTHS + 1)
        classes = np.clip(np.searchsorted(edges, widths, side="right") - 1, 0, _WIDTHS - 1)
        found = []
        for level in np.unique(classes).tolist():
            rows = np.flatnonzero(classes == level)
            start, end = self.at[self.links.source[rows]], self.at[self.links.target[rows]]
            gap = np.full(len(rows), np.nan)
            found.append({
                "type": "scatter", "mode": "lines", "name": "", "showlegend": False,
                "x": typed(np.column_stack((start[:, 0], end[:, 0], gap)).ravel()),
                "y": typed(np.column_stack((start[:, 1], end[:, 1], gap)).ravel()),
                "line": {"width": round(float(widths[rows].mean()), 2), "color": faded(GREY, self.paleness)},
                "hoverinfo": "skip",
            })  # fmt: skip
        return found

    def middles(self) -> list[dict[str, Any]]:
        """Marks on links that tell what flows; arrows, or not seen."""
        links = self.links
        apart = np.flatnonzero(links.source != links.target)
        if not len(apart):
            return []
        start, end = self.at[links.source[apart]], self.at[links.target[apart]]
        # Two points per link: the arrow at the second one looks away from the first.
        at = start[:, None, :] + (end - start)[:, None, :] * np.array([0.5, 0.58])[None, :, None]
        rows, names = links.clicks(), [safe(n) for n in links.names]
        told = [
            f"{names[s]} → {names[t]}<br><b>{safe(self.written.text(v))}</b>"
            for s, t, v in zip(
                links.source[apart].tolist(),
                links.target[apart].tolist(),
                links.values[apart].tolist(),
                strict=True,
            )
        ]
        seen: dict[str, Any] = GHOST
        if self.options.arrows:
            size = min(9.0, 5 + self.options.link_width)
            seen = {"marker": {
                "symbol": "arrow", "size": [0, size] * len(apart), "color": faded(GREY, 0.9),
                "angleref": "previous", "line": {"width": 0},
            }}  # fmt: skip
        return [{
            "type": "scatter", "mode": "markers", "name": "", "showlegend": False,
            "x": typed(at[:, :, 0].ravel()), "y": typed(at[:, :, 1].ravel()),
            "hovertext": [text for text in told for _ in (0, 1)],
            "hovertemplate": "%{hovertext}<extra></extra>",
            "customdata": [rows[i] for i in apart.tolist() for _ in (0, 1)], **seen,
        }]  # fmt: skip

    def nodes(self, places: list[int], color: str, name: str) -> dict[str, Any]:
        """The nodes of one group."""
        links = self.links
        starts = set(links.source.tolist())
        told = [
            f"<b>{safe(links.names[i])}</b>" + (f" · {safe(name)}" if name else "")
            + f"<br>{safe(self.written.text(float(self.weights[i])))}, {self.degrees[i]:,} link"
            + ("s" if self.degrees[i] != 1 else "")
            for i in places
        ]  # fmt: skip
        return {
            "type": "scatter", "mode": "markers+text", "name": safe(shorten(name, 32)),
            "showlegend": bool(name), "x": typed(self.at[places, 0]), "y": typed(self.at[places, 1]),
            "marker": {"size": typed(self.sizes[places]), "color": color,
                       "line": {"width": 1, "color": faded("#ffffff", 0.55)}},
            "text": [safe(shorten(links.names[i], _LETTERS)) if i in self.named else "" for i in places],
            "textposition": "top center", "textfont": {"size": 10}, "cliponaxis": False,
            "hovertext": told, "hovertemplate": "%{hovertext}<extra></extra>",
            "customdata": [[links.members[i]] if i in starts else None for i in places],
        }  # fmt: skip

    def _named(self) -> frozenset[int]:
        """Nodes whose names stand clear of each other; larger nodes go first."""
        kept = list[int]()
        for i in np.argsort(-self.sizes, kind="stable").tolist():
            if len(kept) >= _NAMED or self.weights[i] < self.options.label_from:
                continue
            far = np.abs(self.at[kept] - self.at[i]) if kept else np.ones((1, 2))
            if bool(((far[:, 0] > _CLEAR[0]) | (far[:, 1] > _CLEAR[1])).all()):
                kept.append(i)
        return frozenset(kept)


def _spread(values: Floats, middle: float) -> Floats:
    """Sizes from 0.4 to 1.6 times `middle`, growing with the square root of the values."""
    roots = np.sqrt(values)
    span = np.ptp(roots)
    shares = (roots - roots.min()) / span if span else np.full(len(roots), 0.5)
    return np.asarray(middle * (0.4 + 1.2 * shares))


def _groups(
    options: Network.Options, table: pa.Table, links: Links, dataset: DatasetSpec, look: Look
) -> list[str]:
    """The group of each node in words: the first one it occurs with; "" where none is asked for."""
    found: dict[Plain, str] = {}
    for end, group in zip(options.ends, (options.source_group, options.target_group), strict=True):
        if group is None:
            continue
        at, of = encode(table, end.name), encode(table, group.name)
        members, names = at.members(), words(of.members(), group, dataset, look)
        for code, place in zip(at.codes.tolist(), of.codes.tolist(), strict=True):
            found.setdefault(members[code], names[place])
    return [found.get(m, "") for m in links.members]
