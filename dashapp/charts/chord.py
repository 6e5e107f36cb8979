"""Flows among members around a circle: the chord diagram."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from pydantic import Field

from dashapp.charts.asks import DATA, LOOK
from dashapp.charts.axes import Style, layout, style
from dashapp.charts.base import ChartKind, Drawing, Empty, Look, Plot, Tables
from dashapp.charts.colors import assign, faded
from dashapp.charts.links import GHOST, LinkOptions, Links, bare_axes, links_of
from dashapp.charts.plotting import NO_ROWS, Floats, safe, shorten, typed
from dashapp.charts.values import Plain
from dashapp.specs import DatasetSpec, QuerySpec, metric_name

_GAP: Final = 0.02  # Between arcs, in radians, while they are few.
_INNER, _OUTER = 0.93, 1.0  # Radii of an arc; ribbons end at the inner one.
_STEP: Final = 0.05  # Radians between two points of an arc.
_LABEL: Final = 0.12  # Height of a name, while the radius is 1.
_TOP: Final = 0.15  # Arcs so close to the top or bottom have their name above or below.
_LETTERS: Final = 14  # Of a name.
_NARROW, _LETTER = 340, 5.4  # Width in px of a tile that names still fit into, and of a letter.
_TOUCH: Final = (0.86, 0.72, 0.55)  # Radii at which a ribbon's ends are hovered.

Polygon = tuple[Sequence[float | None], Sequence[float | None]]


class Chord(ChartKind):
    """How much flows between members, as ribbons inside a circle."""

    slug, title, family, icon = "chord", "Chord diagram", "relations", "record-circle"
    description = "How much flows between members, as ribbons inside a circle."

    class Options(LinkOptions):
        """Ends, metric, and how many members."""

        nodes: int = Field(
            40,
            ge=2,
            le=80,
            title="Most members",
            description="Those that most flows through are kept.",
            json_schema_extra=DATA,
        )
        labels: bool = Field(
            True,
            title="Names",
            description="Write names at arcs that have room for them.",
            json_schema_extra=LOOK,
        )

    @classmethod
    def queries(cls, options: Options, dataset: DatasetSpec) -> dict[str, QuerySpec]:
        """One row per pair, the largest first."""
        return {"main": options.links_query(dataset)}

    @classmethod
    def figure(cls, options: Options, tables: Tables, dataset: DatasetSpec, look: Look) -> Drawing:
        """An arc per member, as long as what flows in and out; a ribbon per pair."""
        if options.source is None or options.target is None or options.metric is None:
            return Empty("not_configured", "Choose where links start and end, and a metric.")
        name = metric_name(options.metric)
        links = links_of(tables["main"], options.ends, name, dataset, look).largest(
            options.nodes, options.nodes**2
        )
        if not len(links.values):
            return Empty("no_rows", NO_ROWS)
        sizes = links.weights
        order = sorted(range(len(sizes)), key=lambda i: (-sizes[i], links.names[i]))
        links = links.among(order)
        written = style(
            options.metric, dataset, look, links.values, options.format, options.currency
        )
        circle = _Circle(links)
        given = assign(links.members, look)
        colors = [given[m] for m in links.members]
        place = "" if options.legend == "auto" else options.legend_place(2)
        traces = [*circle.ribbons(colors), *circle.arcs(colors, bool(place))]
        traces += circle.touches(written)
        if options.labels and not place:
            traces.append(circle.names())
        page = layout(look, legend=place, entries=links.names, hovermode="closest", **bare_axes())
        beside = circle.beside() if options.labels and not place else _OUTER + 0.05
        page["xaxis"]["range"], page["yaxis"]["range"] = [-beside, beside], [-1.12, 1.12]
        page["hoverdistance"] = 30
        page["margin"] |= {"l": 2, "r": 2, "t": 2 if not place else 8, "b": 2}
        told = links.summary(options.told(dataset), written)
        return Plot({"data": traces, "layout": page}, options.clicks(), told)


class _Circle:
    """Where arcs and ribbons lie: angles clockwise from the top, in radians."""

    def __init__(self, links: Links) -> None:
        self.links = links
        count = len(links.members)
        self.flows = np.zeros((count, count))
        self.flows[links.source, links.target] = links.values
        both = self.flows + self.flows.T
        np.fill_diagonal(both, np.diag(self.flows))
        self.both = both
        gap = min(_GAP, 0.6 * np.pi / count) if count > 1 else 0.0
        scale = (2 * np.pi - gap * count) / both.sum()
        widths = both * scale
        self.starts = np.concatenate(([0.0], np.cumsum(widths.sum(axis=1) + gap)[:-1]))
        self.ends = self.starts + widths.sum(axis=1)
        # Ribbons leave an arc in the order in which they meet the others, so that few cross.
        self.spans = np.zeros((count, count, 2))
        for i in range(count):
            around = [(i - 1 - k) % count for k in range(count)]
            edge = self.starts[i]
            for j in around:
                self.spans[i, j] = edge, edge + widths[i, j]
                edge += widths[i, j]

    def arcs(self, colors: list[str], in_legend: bool) -> list[dict[str, Any]]:
        """A filled arc per member."""
        found = []
        for i, color in enumerate(colors):
            angles = _angles(self.starts[i], self.ends[i])
            x = [*_x(angles, _OUTER), *_x(angles[::-1], _INNER + 0.01)]
            y = [*_y(angles, _OUTER), *_y(angles[::-1], _INNER + 0.01)]
            found.append(
                _filled((x, y), color, safe(shorten(self.links.names[i], 32)))
                | {"showlegend": in_legend, "legendgroup": str(i)}
            )
        return found

    def ribbons(self, colors: list[str]) -> list[dict[str, Any]]:
        """A trace per member with its ribbons to those that are smaller."""
        found = []
        for i, color in enumerate(colors):
            xs, ys = list[float | None](), list[float | None]()
            for j in range(i, len(colors)):
                if self.both[i, j] <= 0:
                    continue
                x, y = self._ribbon(i, j)
                xs += [*x, None]
                ys += [*y, None]
            if xs:
                polygon = (xs[:-1], ys[:-1])
                found.append(_filled(polygon, faded(color, 0.45), "") | {"legendgroup": str(i)})
        return found

    def _ribbon(self, i: int, j: int) -> Polygon:
        first = _angles(*self.spans[i, j])
        x, y = list(_x(first, _INNER)), list(_y(first, _INNER))
        if i != j:
            second = _angles(*self.spans[j, i])
            across = _curve(first[-1], second[0])
            x += [*across[0], *_x(second, _INNER)]
            y += [*across[1], *_y(second, _INNER)]
            back = _curve(second[-1], first[0])
        else:
            back = _curve(first[-1], first[0], 0.55)
        return [*x, *back[0]], [*y, *back[1]]

    def touches(self, written: Style) -> list[dict[str, Any]]:
        """Marks that are not seen: on arcs they tell a member's flow, on ribbons a pair's."""
        angles, radii, texts, rows = list[float](), list[float](), list[str](), list[Any]()
        names, members = [safe(n) for n in self.links.names], self.links.members
        starts = set(self.links.source.tolist())
        out, into = self.flows.sum(axis=1), self.flows.sum(axis=0)
        for i, name in enumerate(names):
            told = f"<b>{name}</b><br>out {_said(out[i], written)}, in {_said(into[i], written)}"
            along = _angles(self.starts[i], self.ends[i], 0.12)
            angles += along.tolist()
            radii += [(_INNER + _OUTER) / 2] * len(along)
            texts += [told] * len(along)
            rows += [[members[i]] if i in starts else None] * len(along)
            for j in np.flatnonzero(self.both[i] > 0).tolist():
                lines = [
                    f"{names[a]} → {names[b]}: <b>{_said(self.flows[a, b], written)}</b>"
                    for a, b in dict.fromkeys(((i, j), (j, i)))
                    if self.flows[a, b] > 0
                ]
                pair: list[Plain] = [members[i], members[j]]
                if self.flows[i, j] <= 0:
                    pair.reverse()
                angles += [float(self.spans[i, j].mean())] * len(_TOUCH)
                radii += list(_TOUCH)
                texts += ["<br>".join(lines)] * len(_TOUCH)
                rows += [pair] * len(_TOUCH)
        at, far = np.array(angles), np.array(radii)
        return [{
            "type": "scatter", "mode": "markers", "name": "", "showlegend": False,
            "x": typed(far * np.sin(at)), "y": typed(far * np.cos(at)), "hovertext": texts,
            "hovertemplate": "%{hovertext}<extra></extra>", "customdata": rows, **GHOST,
        }]  # fmt: skip

    def beside(self) -> float:
        """How far names reach in a narrow tile, where the radius is 1."""
        longest = max(min(len(name), _LETTERS) for name in self.links.names) * _LETTER + 6
        return _NARROW / 2 / ((_NARROW / 2 - longest) / 1.04)

    def names(self) -> dict[str, Any]:
        """Names beside arcs that are long enough for them."""
        middle = (self.starts + self.ends) / 2
        shown = list[int]()
        for i in np.argsort(self.starts - self.ends, kind="stable").tolist():
            across, up = np.sin(middle[i]), np.cos(middle[i])
            side = 0 if abs(across) <= _TOP else np.sign(across)
            if all(
                (0 if abs(np.sin(middle[j])) <= _TOP else np.sign(np.sin(middle[j]))) * side < 0
                or abs(np.cos(middle[j]) - up) > _LABEL
                for j in shown
            ):
                shown.append(i)
        at = middle[shown]
        sides = np.sin(at)
        where = np.where(sides > _TOP, "middle right", np.where(sides < -_TOP, "middle left", ""))
        over = np.where(np.cos(at) > 0, "top center", "bottom center")
        return {
            "type": "scatter", "mode": "text", "name": "", "showlegend": False,
            "x": typed(1.04 * np.sin(at)), "y": typed(1.04 * np.cos(at)),
            "text": [safe(shorten(self.links.names[i], _LETTERS)) for i in shown],
            "textposition": [a or b for a, b in zip(where.tolist(), over.tolist(), strict=True)],
            "textfont": {"size": 10}, "hoverinfo": "skip", "cliponaxis": False,
        }  # fmt: skip


def _said(value: float, written: Style) -> str:
    return safe(written.text(float(value)))


def _filled(polygon: Polygon, color: str, name: str) -> dict[str, Any]:
    x, y = (np.array([np.nan if v is None else v for v in side]) for side in polygon)
    return {
        "type": "scatter", "mode": "lines", "name": name, "x": typed(x), "y": typed(y),
        "fill": "toself", "fillcolor": color, "line": {"width": 0}, "hoverinfo": "skip",
        "showlegend": False,
    }  # fmt: skip


def _angles(start: float, end: float, step: float = _STEP) -> Floats:
    """Angles from start to end, close enough for a round arc."""
    return np.linspace(start, end, max(2, int((end - start) / step) + 2))


def _x(angles: Floats, radius: float) -> list[float]:
    return [round(float(v), 4) for v in radius * np.sin(angles)]


def _y(angles: Floats, radius: float) -> list[float]:
    return [round(float(v), 4) for v in radius * np.cos(angles)]


def _curve(start: float, end: float, pull: float = 0.0) -> tuple[list[float], list[float]]:
    """A curve from one angle to another, bent towards the middle of the circle."""
    t = np.linspace(0, 1, 14)[1:-1]
    middle = (start + end) / 2
    x = _INNER * ((1 - t) ** 2 * np.sin(start) + t**2 * np.sin(end))
    y = _INNER * ((1 - t) ** 2 * np.cos(start) + t**2 * np.cos(end))
    bend = 2 * t * (1 - t) * pull
    return (
        [round(float(v), 4) for v in x + bend * np.sin(middle)],
        [round(float(v), 4) for v in y + bend * np.cos(middle)],
    )
