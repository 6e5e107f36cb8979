"""Points on a map: one circle per row, sized and coloured by metrics and dimensions."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pyarrow as pa
from pydantic import Field

from dashapp.charts.asks import DATA, LOOK, click_target, dimension_title, metric_title
from dashapp.charts.base import Look
from dashapp.charts.colors import OTHER, OTHER_COLOR, assign
from dashapp.charts.maps import marks
from dashapp.charts.maps.asking import placed
from dashapp.charts.maps.clusters import clustered
from dashapp.charts.maps.layer import MOST_MARKS, Layer, MapKind, Rows, ScaleOptions, TooltipOptions
from dashapp.charts.maps.places import Position
from dashapp.charts.maps.view import View
from dashapp.charts.plotting import Floats, encode, floats, safe, typed
from dashapp.charts.said import said
from dashapp.charts.wide import words
from dashapp.specs import DatasetSpec, Dimension, Order, QuerySpec, metric_name
from dashapp.specs.query import Metric

MOST_GROUPS: Final = 12
MOST_ROWS: Final = 100_000  # Points that are put together.


class MapPoints(MapKind):
    """A circle per row, or per group of rows that lie close."""

    slug, title, icon = "map_points", "Map of points", "geo-alt"
    description = "One circle per place, sized and coloured; close ones may be put together."

    class Options(TooltipOptions, ScaleOptions):
        """Where the points lie, and what sizes and colours them."""

        position: Position = Field(
            default_factory=Position, title="Place",
            description="Columns that say where a point lies.",
            json_schema_extra=DATA | {"widget": "position"},
        )  # fmt: skip
        color: Dimension | None = Field(
            None, title="Colour", description="Dimension whose members colour the points.",
            json_schema_extra=DATA | {"widget": "dimension"},
        )  # fmt: skip
        size: Metric | None = Field(
            None, title="Size", description="Metric drawn as the area of a circle.",
            json_schema_extra=DATA | {"widget": "metric"},
        )  # fmt: skip
        color_metric: Metric | None = Field(
            None, title="Colour by metric", description="Metric that colours the points.",
            json_schema_extra=DATA | {"widget": "metric"},
        )  # fmt: skip
        diameter: float = Field(
            8, ge=1, le=200, title="Diameter", description="In px; of the largest where sized.",
            json_schema_extra=LOOK,
        )  # fmt: skip
        least_diameter: float = Field(
            3, ge=1, le=100, title="Least diameter", description="In px.", json_schema_extra=LOOK
        )
        diameter_m: float | None = Field(
            None, gt=0, le=1e7, title="Diameter on the ground",
            description="In metres, as the map first shows it; instead of px.",
            json_schema_extra=LOOK,
        )  # fmt: skip
        point_color: str | None = Field(
            None, pattern=r"^#[0-9a-fA-F]{6}$", title="One colour",
            description="Of points that nothing else colours.",
            json_schema_extra=LOOK | {"widget": "color"},
        )  # fmt: skip
        cluster_px: float = Field(
            0, ge=0, le=300, title="Put together within",
            description="Points so close, in px, are one circle with their number; 0: never.",
            json_schema_extra=LOOK,
        )  # fmt: skip
        limit: int | None = Field(
            5000, ge=1, le=1_000_000, title="Most points",
            description="Beyond 5,000 only those put together are drawn.",
            json_schema_extra=DATA,
        )  # fmt: skip

        @property
        def metrics(self) -> tuple[Metric, ...]:
            """The metrics asked for, each once."""
            found = {metric_name(m): m for m in (self.size, self.color_metric) if m is not None}
            return tuple(found.values())

        @property
        def told(self) -> tuple[Dimension, ...]:
            """Dimensions that are told and clicked: the tooltip's, then the colour's."""
            named = {d.name: d for d in (*self.labels, *((self.color,) if self.color else ()))}
            return tuple(named.values())

    @classmethod
    def ask(cls, options: Options, dataset: DatasetSpec) -> QuerySpec:
        """One row per place and member, or rows as they are where nothing is measured."""
        order = options.order
        if options.size is not None:
            order = order or (Order(by=metric_name(options.size), descending=True),)
        return placed(
            options,
            dataset,
            options.position.required(),
            options.told,
            options.metrics,
            order=order,
            each=True,
        )

    @classmethod
    def layer(cls, options: Options, table: pa.Table, dataset: DatasetSpec, look: Look) -> Layer:
        """Circles by colour, large ones under small ones."""
        lon, lat = options.position.read(table)
        known = np.isfinite(lon)
        most = MOST_ROWS if options.cluster_px else MOST_MARKS
        kept = np.flatnonzero(known)[:most]
        found = _Points(
            options, table.take(pa.array(kept, pa.int64())), dataset, look, lon[kept], lat[kept]
        )
        return Layer(
            found.lon, found.lat, found.traces, lambda: found.summary(int(known.sum())),
            tuple(click_target(d) for d in options.told), found.heading(), found.entries,
        )  # fmt: skip


class _Points:
    """Rows that lie somewhere, as points."""

    def __init__(
        self,
        options: MapPoints.Options,
        table: pa.Table,
        dataset: DatasetSpec,
        look: Look,
        lon: Floats,
        lat: Floats,
    ) -> None:
        self.options, self.table, self.dataset, self.look = options, table, dataset, look
        self.lon, self.lat = lon, lat
        self.rows = Rows(table, dataset, look, options.format)
        for dimension in options.told:
            self.rows.dimension(dimension)
        shown = {metric_name(m): self.rows.metric(m) for m in options.metrics}
        self.sizes = shown[metric_name(options.size)][0] if options.size else None
        self.shades = shown.get(metric_name(options.color_metric)) if options.color_metric else None
        self.hover, self.clicked = self.rows.hover(), self.rows.clicks()
        if not options.told and not options.metrics:
            self.hover = [f"{y:.4f}°, {x:.4f}°" for x, y in zip(lon, lat, strict=True)]
        self.hidden = 0  # Points that are not drawn; known once they are.
        self.groups = self._groups()
        self.entries = [name for name, _, _ in self.groups] if options.color else []

    def _groups(self) -> list[tuple[str, str, Any]]:
        """Name, colour and rows of each trace."""
        color = self.options.color
        if color is None or not len(self.lon):
            one = self.options.point_color or self.look.palette[0]
            return [("", one, np.arange(len(self.lon)))]
        found = encode(self.table, color.name)
        members = found.members()
        given = assign(members, self.look)
        names = words(members, color, self.dataset, self.look)
        counts = np.bincount(found.codes, minlength=len(members))
        order = sorted(range(len(members)), key=lambda i: (-counts[i], names[i]))
        groups = [
            (names[i], given[members[i]], np.flatnonzero(found.codes == i))
            for i in order[:MOST_GROUPS]
        ]
        rest = np.flatnonzero(np.isin(found.codes, order[MOST_GROUPS:]))
        other = (said(OTHER, self.look.locale), OTHER_COLOR, rest)
        return [*groups, other] if len(rest) else groups

    def heading(self) -> str:
        """What the colours' legend shows."""
        if self.options.color_metric is not None:
            return metric_title(self.options.color_metric, self.dataset)
        return ""

    def traces(self, view: View) -> list[dict[str, Any]]:
        """A trace per colour; with clusters one for those, and the points that stand alone."""
        single = np.ones(len(self.lon), dtype=bool)
        found: list[dict[str, Any]] = []
        if self.options.cluster_px:
            groups = clustered(view, self.lon, self.lat, self.options.cluster_px)
            single, self.hidden = groups.alone, groups.hidden
            found = groups.traces(self.options.point_color or self.look.palette[0])
        diameters = self._diameters(view)
        for name, color, at in self.groups:
            at = at[single[at]]
            self.hidden += max(0, len(at) - MOST_MARKS)
            at = at[:MOST_MARKS]
            if len(at):
                found.append(
                    self._trace(name, color, at[np.argsort(-diameters[at], kind="stable")])
                )
                width = diameters[at]
                width = width[np.argsort(-width, kind="stable")]
                found[-1]["marker"]["size"] = typed(width)
        return found

    def _diameters(self, view: View) -> Floats:
        options = self.options
        biggest = options.diameter
        if options.diameter_m is not None:
            biggest = min(
                60.0, max(options.least_diameter, options.diameter_m / view.metres_per_px())
            )
        if self.sizes is None:
            return np.full(len(self.lon), biggest)
        biggest = max(biggest, 24.0) if "diameter" not in options.model_fields_set else biggest
        return marks.diameters(self.sizes, biggest, options.least_diameter)

    def _trace(self, name: str, color: str, at: Any) -> dict[str, Any]:
        places = at.tolist()
        trace = marks.points(
            self.lon[at], self.lat[at], 1.0, color,
            opacity=self.options.opacity, hover=[self.hover[i] for i in places],
            clicks=[self.clicked[i] for i in places] if self.clicked else (),
            name=safe(name), legend=bool(name),
        )  # fmt: skip
        if self.shades is not None:
            values, written = self.shades
            low, high = self.options.ends(values)
            trace["marker"] |= {
                "color": typed(values[at]), "colorscale": self.options.colors(), "cmin": low,
                "cmax": high, "opacity": self.options.opacity, "showscale": not name,
                "colorbar": marks.color_bar(written), "line": {"color": marks.EDGE, "width": 0.5},
            }  # fmt: skip
        return trace

    def summary(self, all_of_them: int) -> str:
        """How many points, of how many."""
        drawn = len(self.lon) - self.hidden
        told = (
            f"{drawn:,} points" if drawn == all_of_them else f"{drawn:,} of {all_of_them:,} points"
        )
        if self.options.color is not None and self.entries:
            title = dimension_title(self.options.color, self.dataset)
            told += f" by {title}: {', '.join(self.entries[:3])}"
        if (
            self.options.size is not None
            and self.sizes is not None
            and np.isfinite(self.sizes).any()
        ):
            top = int(np.nanargmax(self.sizes))
            title = metric_title(self.options.size, self.dataset)
            values = floats(self.table, metric_name(self.options.size))
            told += f"; largest {title} {values[top]:,.6g} at {self.lat[top]:.2f}°, {self.lon[top]:.2f}°"
        return f"{told}."
