"""Lines on a map: arcs from place to place, and paths along points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
from pydantic import Field

from dashapp.charts.asks import DATA, LOOK, click_target, metric_title
from dashapp.charts.base import Look
from dashapp.charts.colors import OTHER, OTHER_COLOR, assign, faded
from dashapp.charts.maps import marks, shapes
from dashapp.charts.maps.asking import placed
from dashapp.charts.maps.layer import Layer, MapKind, Rows, ScaleOptions, TooltipOptions
from dashapp.charts.maps.places import Position
from dashapp.charts.maps.view import View
from dashapp.charts.plot_options import needs
from dashapp.charts.plotting import Floats, encode, safe
from dashapp.charts.said import said
from dashapp.charts.wide import words
from dashapp.specs import DatasetSpec, Dimension, Order, QuerySpec, metric_name
from dashapp.specs.query import Metric

Path = tuple[Floats, Floats]
MOST_LINES: Final = 2_000
MOST_GROUPS: Final = 12
_BEND: Final = 17  # Points of an arc.


class LineOptions(TooltipOptions, ScaleOptions):
    """What colours and widens lines."""

    color: Dimension | None = Field(
        None, title="Colour", description="Dimension whose members colour the lines.",
        json_schema_extra=DATA | {"widget": "dimension"},
    )  # fmt: skip
    metric: Metric | None = Field(
        None, title="Metric", description="Told at a line; draws it wider, or colours it.",
        json_schema_extra=DATA | {"widget": "metric"},
    )  # fmt: skip
    metric_as: str = Field(
        "width", pattern="^(width|colour)$", title="Metric as",
        description="What the metric changes: the width or the colour.",
        json_schema_extra=LOOK,
    )  # fmt: skip
    width: float = Field(
        1.5, ge=0.5, le=30, title="Width", description="In px; of the thinnest where it varies.",
        json_schema_extra=LOOK,
    )  # fmt: skip
    line_color: str | None = Field(
        None, pattern=r"^#[0-9a-fA-F]{6}$", title="One colour",
        description="Of lines that nothing else colours.",
        json_schema_extra=LOOK | {"widget": "color"},
    )  # fmt: skip
    limit: int | None = Field(
        1000, ge=1, le=1_000_000, title="Most lines",
        description="The largest by the metric are kept; at most 2,000 are drawn.", json_schema_extra=DATA,
    )  # fmt: skip

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """The metric, if there is one."""
        return () if self.metric is None else (self.metric,)

    @property
    def told(self) -> tuple[Dimension, ...]:
        """Dimensions that are told and clicked: the tooltip's, then the colour's."""
        named = {d.name: d for d in (*self.labels, *((self.color,) if self.color else ()))}
        return tuple(named.values())

    @property
    def ranked(self) -> tuple[Order, ...]:
        """The chosen order, else the largest first."""
        if self.order or self.metric is None:
            return self.order
        return (Order(by=metric_name(self.metric), descending=True),)


class MapArcs(MapKind):
    """Arcs from one place to another."""

    slug, title, icon = "map_arcs", "Map of arcs", "bezier2"
    description = "What goes from where to where, as arcs along great circles."

    class Options(LineOptions):
        """Where arcs begin and end."""

        start: Position = Field(
            default_factory=Position, title="From", description="Columns of the beginning.",
            json_schema_extra=DATA | {"widget": "position"},
        )  # fmt: skip
        end: Position = Field(
            default_factory=Position, title="To", description="Columns of the end.",
            json_schema_extra=DATA | {"widget": "position"},
        )  # fmt: skip
        end_color: str | None = Field(
            None, pattern=r"^#[0-9a-fA-F]{6}$", title="Colour of the ends",
            description="Of the circles at the ends; the arcs' own by default.",
            json_schema_extra=LOOK | {"widget": "color"},
        )  # fmt: skip

    @classmethod
    def ask(cls, options: Options, dataset: DatasetSpec) -> QuerySpec:
        """One row per pair of places."""
        columns = (*options.start.required("start"), *options.end.required("end"))
        return placed(
            options, dataset, columns, options.told, options.metrics, order=options.ranked
        )

    @classmethod
    def layer(cls, options: Options, table: pa.Table, dataset: DatasetSpec, look: Look) -> Layer:
        """Arcs, and circles at both ends that tell what they are."""
        begins, ends = options.start.read(table), options.end.read(table)
        known = np.flatnonzero(np.isfinite(begins[0]) & np.isfinite(ends[0]))
        kept = known[:MOST_LINES]
        table = table.take(pa.array(kept, pa.int64()))
        paths = [
            arc(*pair) for pair in zip(*(a[kept].tolist() for a in (*begins, *ends)), strict=True)
        ]
        found = Lines(options, table, dataset, look, paths)

        def draw(view: View) -> list[dict[str, Any]]:
            return [*found.traces(), *found.dots(options.end_color)]

        lon = np.concatenate([begins[0][kept], ends[0][kept]])
        lat = np.concatenate([begins[1][kept], ends[1][kept]])
        told = found.told("arcs", len(known))
        return Layer(lon, lat, draw, lambda: told, found.clicks, found.heading, found.entries)


class MapPaths(MapKind):
    """Lines along points."""

    slug, title, icon = "map_paths", "Map of paths", "signpost-split"
    description = "Routes and borders: one line per row, from a column that holds its points."

    class Options(LineOptions):
        """Which column holds the points."""

        line: str | None = Field(
            None, min_length=1, max_length=250, title="Line",
            description="Column whose cells hold the points of a line.",
            json_schema_extra=DATA | {"widget": "column"},
        )  # fmt: skip
        line_written: shapes.Written = Field(
            "json", title="Written as",
            description="JSON [[longitude, latitude], …] or GeoJSON, encoded polyline, geohash.",
            json_schema_extra=DATA,
        )  # fmt: skip
        latitude_first: bool = Field(
            False, title="Latitude first", description="In JSON points.", json_schema_extra=DATA
        )

    @classmethod
    def ask(cls, options: Options, dataset: DatasetSpec) -> QuerySpec:
        """One row per line."""
        needs(options.line, "line", "Choose the column that holds the lines.")
        return placed(
            options, dataset, (options.line or "",), options.told, options.metrics,
            order=options.ranked,
        )  # fmt: skip

    @classmethod
    def layer(cls, options: Options, table: pa.Table, dataset: DatasetSpec, look: Look) -> Layer:
        """A line per row that holds one."""
        cells = encode(table, options.line or "")
        read = [
            shapes.line(m, options.line_written, options.latitude_first) for m in cells.members()
        ]
        rings = [read[c] for c in cells.codes.tolist()]
        known = np.flatnonzero(np.array([len(r) >= 2 for r in rings], dtype=bool))
        kept = known[:MOST_LINES]
        budget = np.cumsum([len(rings[i]) for i in kept.tolist()])
        kept = kept[: int(np.searchsorted(budget, shapes.MOST_POINTS, side="right"))]
        table = table.take(pa.array(kept, pa.int64()))
        paths = [(both[:, 0], both[:, 1]) for both in (np.array(rings[i]) for i in kept.tolist())]
        found = Lines(options, table, dataset, look, paths)
        lon = np.concatenate([p[0] for p in paths]) if paths else np.zeros(0)
        lat = np.concatenate([p[1] for p in paths]) if paths else np.zeros(0)
        told = found.told("paths", len(known))
        return Layer(
            lon, lat, lambda view: found.traces(), lambda: told, found.clicks, found.heading,
            found.entries,
        )  # fmt: skip


@dataclass(frozen=True)
class _Stroke:
    """Lines that are drawn alike."""

    name: str
    color: str
    width: float
    at: list[int]


class Lines:
    """The rows of an answer as lines."""

    def __init__(
        self,
        options: LineOptions,
        table: pa.Table,
        dataset: DatasetSpec,
        look: Look,
        paths: Sequence[Path],
    ) -> None:
        self.options, self.table, self.dataset, self.look = options, table, dataset, look
        self.paths = paths
        rows = Rows(table, dataset, look, options.format)
        for dimension in options.told:
            rows.dimension(dimension)
        self.values: Floats | None = None
        self.heading, self.top = "", ""
        if options.metric is not None:
            self.values, written = rows.metric(options.metric)
            title = metric_title(options.metric, dataset)
            self.heading = title if options.metric_as == "colour" else f"Width: {title}"
            if np.isfinite(self.values).any():
                self.top = f"; highest {title} {written.text(float(np.nanmax(self.values)))}"
        self.hover, self.rows = rows.hover(), rows.clicks()
        self.clicks = tuple(click_target(d) for d in options.told)
        self.strokes, self.entries = self._strokes()

    def _strokes(self) -> tuple[list[_Stroke], list[str]]:
        places = range(len(self.paths))
        groups, entries = self._groups()
        options, values = self.options, self.values
        if values is None:
            return [_Stroke(n, c, options.width, at) for n, c, at in groups], entries
        low, high = options.ends(values)
        share, shades = marks.steps(values, options.color_scale, low, high)
        if options.metric_as == "colour":
            drawn = [
                _Stroke("", shades[step], options.width, [i for i in places if share[i] == step])
                for step in range(marks.STEPS)
            ]
        else:
            drawn = [
                _Stroke(
                    name,
                    color,
                    options.width * (1 + step * 0.7),
                    [i for i in at if share[i] == step],
                )
                for name, color, at in groups
                for step in range(marks.STEPS)
            ]
        return [s for s in drawn if s.at], entries if options.metric_as == "width" else []

    def _groups(self) -> tuple[list[tuple[str, str, list[int]]], list[str]]:
        """Name, colour and lines of each member of the colour's dimension."""
        color = self.options.color
        if color is None or not self.paths:
            one = self.options.line_color or self.look.palette[0]
            return [("", one, list(range(len(self.paths))))], []
        found = encode(self.table, color.name)
        members = found.members()
        given = assign(members, self.look)
        names = words(members, color, self.dataset, self.look)
        counts = np.bincount(found.codes, minlength=len(members))
        order = sorted(range(len(members)), key=lambda i: (-counts[i], names[i]))
        groups = [
            (names[i], given[members[i]], np.flatnonzero(found.codes == i).tolist())
            for i in order[:MOST_GROUPS]
        ]
        rest = np.flatnonzero(np.isin(found.codes, order[MOST_GROUPS:])).tolist()
        groups += [(said(OTHER, self.look.locale), OTHER_COLOR, rest)] if rest else []
        return groups, [name for name, _, _ in groups]

    def traces(self) -> list[dict[str, Any]]:
        """One trace per stroke; a legend entry per name."""
        found, named = [], set[str]()
        for stroke in self.strokes:
            trace = marks.lines(
                [self.paths[i] for i in stroke.at], faded(stroke.color, self.options.opacity),
                stroke.width, hover=[self.hover[i] for i in stroke.at] if any(self.hover) else (),
                clicks=[self.rows[i] for i in stroke.at] if self.rows else (),
                name=safe(stroke.name), legend=bool(stroke.name) and stroke.name not in named,
            )  # fmt: skip
            trace["legendgroup"] = safe(stroke.name)
            named.add(stroke.name)
            found.append(trace)
        return found

    def dots(self, color: str | None) -> list[dict[str, Any]]:
        """Circles at the ends of all lines."""
        found = []
        for stroke in self.strokes:
            ends = [self.paths[i] for i in stroke.at for _ in (0, 1)]
            at = [0, -1] * len(stroke.at)
            lon = np.array([x[i] for (x, _), i in zip(ends, at, strict=True)])
            lat = np.array([y[i] for (_, y), i in zip(ends, at, strict=True)])
            both = [i for i in stroke.at for _ in (0, 1)]
            trace = marks.points(
                lon, lat, 4.5, color or stroke.color, opacity=0.9,
                hover=[self.hover[i] for i in both] if any(self.hover) else (),
                clicks=[self.rows[i] for i in both] if self.rows else (), name=safe(stroke.name),
            )  # fmt: skip
            found.append(trace | {"legendgroup": safe(stroke.name)})
        return found

    def told(self, what: str, all_of_them: int) -> str:
        """How many lines, of how many."""
        drawn = len(self.paths)
        number = f"{drawn:,}" if drawn == all_of_them else f"{drawn:,} of {all_of_them:,}"
        return f"{number} {what}{self.top}."


def arc(lon1: float, lat1: float, lon2: float, lat2: float) -> Path:
    """Points along the great circle between two places, in degrees.

    Spherical linear interpolation of the two unit vectors.
    """
    one, two = _vector(lon1, lat1), _vector(lon2, lat2)
    angle = float(np.arccos(np.clip(one @ two, -1, 1)))
    if angle < 1e-9 or np.pi - angle < 1e-6:
        return np.array([lon1, lon2]), np.array([lat1, lat2])
    share = np.linspace(0, 1, _BEND if angle > 0.02 else 2)[:, None]
    along = (np.sin((1 - share) * angle) * one + np.sin(share * angle) * two) / np.sin(angle)
    lon = np.degrees(np.unwrap(np.arctan2(along[:, 1], along[:, 0])))
    lon += np.round((lon1 - lon[0]) / 360) * 360
    return lon, np.degrees(np.arcsin(np.clip(along[:, 2], -1, 1)))


def _vector(lon: float, lat: float) -> Floats:
    x, y = np.radians(lon), np.radians(lat)
    return np.array([np.cos(y) * np.cos(x), np.cos(y) * np.sin(x), np.sin(y)])
