"""Countries of the world, coloured by a metric, with bubbles for another one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from pydantic import Field

from dashapp.charts.asks import DATA, LOOK, click_target, metric_title
from dashapp.charts.axes import style
from dashapp.charts.base import ChartKind, Drawing, Empty, Look, Plot, Tables
from dashapp.charts.colors import OTHER_COLOR, assign
from dashapp.charts.maps import countries, marks
from dashapp.charts.maps.countries import Country
from dashapp.charts.maps.layer import NOWHERE, ScaleOptions, page
from dashapp.charts.plot_options import needs
from dashapp.charts.plotting import NO_ROWS, Floats, encode, floats, safe, typed
from dashapp.charts.values import Plain
from dashapp.specs import DatasetSpec, Dimension, Order, QuerySpec, metric_name
from dashapp.specs.query import Metric

# Countries that the outlines of the world do not show apart: they are drawn as small circles.
UNDRAWN: Final = frozenset(
    ["ASC", "BES", "BVT", "CCK", "CXR", "GIB", "GLP", "GUF", "MTQ", "MYT", "REU", "SJM", "TKL", "TUV", "UMI"]
)  # fmt: skip
_DOT: Final = 6


class WorldMap(ChartKind):
    """Countries coloured by a metric; bubbles over them may show another one."""

    slug, title, family, icon = "world_map", "World map", "maps", "globe"
    description = "Countries coloured by a metric, with bubbles for a second one."
    needs_full_plotly = True

    class Options(ScaleOptions):
        """What names the countries, and what is drawn of them."""

        country: Dimension | None = Field(
            None, title="Country", description="Column with countries' codes or names.",
            json_schema_extra=DATA | {"widget": "dimension"},
        )  # fmt: skip
        codes: countries.Codes = Field(
            "auto", title="Countries are written as",
            description="ISO codes of two or three letters, Olympic codes or names.",
            json_schema_extra=DATA,
        )  # fmt: skip
        metric: Metric | None = Field(
            None, title="Colour", description="Metric that colours the countries.",
            json_schema_extra=DATA | {"widget": "metric"},
        )  # fmt: skip
        bubbles: Metric | None = Field(
            None, title="Bubbles", description="Metric drawn as circles in the countries.",
            json_schema_extra=DATA | {"widget": "metric"},
        )  # fmt: skip
        show_bubbles: bool = Field(
            True, title="Show bubbles", description="Otherwise the second metric is only told.",
            json_schema_extra=LOOK,
        )  # fmt: skip
        largest_bubble: float = Field(
            26, ge=4, le=100, title="Largest bubble", description="Diameter in px.",
            json_schema_extra=LOOK,
        )  # fmt: skip
        color_by: Literal["metric", "country"] = Field(
            "metric", title="Colour by", description="The metric, or each country its own colour.",
            json_schema_extra=LOOK,
        )  # fmt: skip

        @property
        def metrics(self) -> tuple[Metric, ...]:
            """The metrics asked for, each once."""
            found = {metric_name(m): m for m in (self.metric, self.bubbles) if m is not None}
            return tuple(found.values())

    @classmethod
    def queries(cls, options: Options, dataset: DatasetSpec) -> dict[str, QuerySpec]:
        """One row per country, largest first."""
        if options.country is None or options.metric is None:
            needs(options.country, "country", "Choose the column that names the countries.")
            needs(options.metric, "metric", "Choose the metric that colours the countries.")
            raise AssertionError
        largest = Order(by=metric_name(options.metric), descending=True)
        query = options.base_query(
            dataset, (options.country,), options.metrics, order=options.order or (largest,)
        )
        return {"main": query}

    @classmethod
    def figure(cls, options: Options, tables: Tables, dataset: DatasetSpec, look: Look) -> Drawing:
        """Countries on the outlines of the world."""
        if options.country is None or options.metric is None:
            return Empty("not_configured", "Choose a column of countries and a metric.")
        if not tables["main"].num_rows:
            return Empty("no_rows", NO_ROWS)
        world = _World(options, options.country, options.metric, tables, dataset, look)
        if not world.at:
            return Empty("no_rows", NOWHERE)
        title = metric_title(options.metric, dataset)
        shown = options.view(np.zeros(0), np.zeros(0))
        drawn = page(options, {"geo": shown.geo()}, world.traces(), look, heading=title)
        return Plot(drawn, (click_target(options.country),), world.told(title))


@dataclass(frozen=True)
class _Row:
    """One country of an answer."""

    country: Country
    member: Plain


class _World:
    """The rows of an answer that are countries; of two for one country the first counts."""

    def __init__(
        self,
        options: WorldMap.Options,
        named: Dimension,
        metric: Metric,
        tables: Tables,
        dataset: DatasetSpec,
        look: Look,
    ) -> None:
        self.options, self.dataset, self.look, self.metric = options, dataset, look, metric
        table = tables["main"]
        found = encode(table, named.name)
        members = found.members()
        known = [countries.find(m, options.codes, look.locale) for m in members]
        first: dict[str, int] = {}
        for row, code in enumerate(found.codes.tolist()):
            if (country := known[code]) is not None:
                first.setdefault(country.code3, row)
        self.at = list(first.values())
        picked = [(known[c], members[c]) for c in found.codes[self.at].tolist()]
        self.rows = [_Row(country, member) for country, member in picked if country is not None]
        self.unknown = sum(c is None for c in known)
        self.values = floats(table, metric_name(metric))[self.at]
        self.bubbles = self._second(table)
        self.written = style(metric, dataset, look, self.values, options.format)

    def _second(self, table: Any) -> Floats | None:
        bubbles = self.options.bubbles
        return None if bubbles is None else floats(table, metric_name(bubbles))[self.at]

    def traces(self) -> list[dict[str, Any]]:
        """Countries, circles for those without an outline, then bubbles, the largest first."""
        outlined = np.array([r.country.code3 not in UNDRAWN for r in self.rows])
        found = [self._countries(np.flatnonzero(outlined)), self._dots(np.flatnonzero(~outlined))]
        if self.bubbles is not None and self.options.show_bubbles:
            found.append(self._bubbles(self.bubbles))
        return [trace for trace in found if trace is not None]

    def _countries(self, at: Any) -> dict[str, Any]:
        colored = self._colored(at)
        trace = {
            "type": "choropleth", "locationmode": "ISO-3",
            "locations": [self.rows[i].country.code3 for i in at.tolist()],
            "marker": {"line": {"color": marks.EDGE, "width": 0.5}, "opacity": 0.92},
            "showscale": False,
            **colored,
        }  # fmt: skip
        if self.options.color_by == "metric":
            trace |= {"showscale": True, "colorbar": marks.color_bar(self.written)}
        return self._tell(trace, at)

    def _dots(self, at: Any) -> dict[str, Any] | None:
        if not len(at):
            return None
        colored = self._colored(at)
        marker = {
            "size": _DOT, "color": colored["z"], "colorscale": colored["colorscale"],
            "cmin": colored["zmin"], "cmax": colored["zmax"],
            "line": {"color": marks.EDGE, "width": 0.5},
        }  # fmt: skip
        return self._tell(self._placed(at) | {"marker": marker}, at)

    def _bubbles(self, sizes: Floats) -> dict[str, Any] | None:
        at = np.flatnonzero(np.isfinite(sizes))
        at = at[np.argsort(-np.abs(sizes[at]), kind="stable")]
        if not len(at):
            return None
        width = marks.diameters(sizes[at], self.options.largest_bubble, 2)
        color = self.look.palette[1 % len(self.look.palette)]
        marker = {"size": typed(width), "color": color, "opacity": 0.55}
        marker["line"] = {"color": color, "width": 1}
        return self._tell(self._placed(at) | {"marker": marker}, at)

    def _placed(self, at: Any) -> dict[str, Any]:
        placed = [self.rows[i].country for i in at.tolist()]
        return {
            "type": "scattergeo", "mode": "markers", "showlegend": False,
            "lon": [c.lon for c in placed], "lat": [c.lat for c in placed],
        }  # fmt: skip

    def _colored(self, at: Any) -> dict[str, Any]:
        """Values and scale: the metric's, or one step per country."""
        if self.options.color_by == "metric":
            low, high = self.options.ends(self.values)
            return {
                "z": typed(self.values[at]), "zmin": low, "zmax": high,
                "colorscale": self.options.colors(),
            }  # fmt: skip
        given = assign([r.member for r in self.rows], self.look)
        colors = list(dict.fromkeys(given.values())) or [OTHER_COLOR]
        count = len(colors)
        scale = [[(i + end) / count, c] for i, c in enumerate(colors) for end in (0, 1)]
        places = [colors.index(given[self.rows[i].member]) + 0.5 for i in at.tolist()]
        return {"z": typed(places), "zmin": 0, "zmax": count, "colorscale": scale}

    def _tell(self, trace: dict[str, Any], at: Any) -> dict[str, Any]:
        drawn = [(self.metric, self.values, self.written)]
        if self.bubbles is not None and self.options.bubbles is not None:
            second = style(
                self.options.bubbles, self.dataset, self.look, self.bubbles, self.options.format
            )
            drawn.append((self.options.bubbles, self.bubbles, second))
        texts = []
        for i in at.tolist():
            lines = [f"<b>{safe(self.name(i))}</b>"]
            for metric, values, written in drawn:
                title = safe(metric_title(metric, self.dataset))
                lines.append(f"{title}: {safe(written.text(float(values[i])))}")
            texts.append("<br>".join(lines))
        return trace | {
            "customdata": [[self.rows[i].member] for i in at.tolist()],
            "hovertext": texts,
            "hovertemplate": "%{hovertext}<extra></extra>",
        }

    def name(self, at: int) -> str:
        """A country's name in the viewer's language."""
        return countries.title(self.rows[at].country, self.look.locale)

    def told(self, title: str) -> str:
        """How many countries, which are at the ends, and how many names are no country's."""
        told = f"{title} of {len(self.rows)} countries"
        if np.isfinite(self.values).any():
            top, low = int(np.nanargmax(self.values)), int(np.nanargmin(self.values))
            told += (
                f": highest {self.name(top)} ({self.written.text(float(self.values[top]))}), "
                f"lowest {self.name(low)} ({self.written.text(float(self.values[low]))})"
            )
        lost = f" {self.unknown} names are of no country on the map." if self.unknown else ""
        return f"{told}.{lost}"
