"""What kinds of maps have in common: their view, their colours, and how layers become a figure."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pyarrow as pa
from pydantic import Field

from dashapp.charts.asks import DATA, LOOK, dimension_title, metric_title
from dashapp.charts.axes import Style, caption, layout, style
from dashapp.charts.base import ChartKind, ClickTarget, Drawing, Empty, Look, Plot, Tables
from dashapp.charts.maps import marks, view
from dashapp.charts.maps.view import View
from dashapp.charts.plot_options import PlotOptions
from dashapp.charts.plotting import NO_ROWS, Floats, encode, floats, safe, shorten
from dashapp.charts.values import Plain
from dashapp.charts.wide import words
from dashapp.settings import settings
from dashapp.specs import DatasetSpec, Dimension, QuerySpec, metric_name
from dashapp.specs.query import Metric

MOST_MARKS: Final = 5_000
NOWHERE: Final = "None of the rows lies anywhere on the map."


class MapOptions(PlotOptions):
    """The part of the world that is shown, and what is told at a mark."""

    latitude: float | None = Field(
        None, ge=-85, le=85, title="Middle, latitude", description="The data's by default.",
        json_schema_extra=LOOK,
    )  # fmt: skip
    longitude: float | None = Field(
        None, ge=-360, le=360, title="Middle, longitude", description="The data's by default.",
        json_schema_extra=LOOK,
    )  # fmt: skip
    zoom: float | None = Field(
        None, ge=0, le=22, title="Zoom",
        description="0 shows the world, 10 a city; fits the data by default.",
        json_schema_extra=LOOK,
    )  # fmt: skip
    opacity: float = Field(
        0.75, ge=0.05, le=1, title="Opacity", description="Of the marks.", json_schema_extra=LOOK
    )

    def view(self, lon: Floats, lat: Floats) -> View:
        """The chosen view; what is not chosen follows from where the data lie."""
        fitted = view.fit(lon, lat)
        if self.latitude is None and self.longitude is None and self.zoom is None:
            return fitted
        return view.around(
            fitted.lat if self.latitude is None else self.latitude,
            fitted.lon if self.longitude is None else self.longitude,
            fitted.zoom if self.zoom is None else self.zoom,
        )


class TooltipOptions(MapOptions):
    """Dimensions that are told at a mark."""

    labels: tuple[Dimension, ...] = Field(
        (), max_length=8, title="Tooltip",
        description="Dimensions told at a mark; a click on it filters by them.",
        json_schema_extra=DATA | {"widget": "dimensions"},
    )  # fmt: skip


class ScaleOptions(MapOptions):
    """Colours that follow from values."""

    color_scale: str = Field(
        "blues", max_length=50, title="Colours", description="Scale from low to high.",
        json_schema_extra=LOOK | {"widget": "color_scale"},
    )  # fmt: skip
    reverse_colors: bool = Field(
        False, title="Reverse colours", description="The scale from high to low.",
        json_schema_extra=LOOK,
    )  # fmt: skip
    color_low: float | None = Field(
        None, title="Colours from", description="Lowest value of the scale; the data's if empty.",
        json_schema_extra=LOOK,
    )  # fmt: skip
    color_high: float | None = Field(
        None, title="Colours to", description="Highest value of the scale; the data's if empty.",
        json_schema_extra=LOOK,
    )  # fmt: skip

    def colors(self) -> list[list[float | str]]:
        """The scale as Plotly takes it."""
        return marks.scaled(self.color_scale, self.reverse_colors)

    def ends(self, values: Floats) -> tuple[float, float]:
        """The scale's ends."""
        return marks.ends(values, self.color_low, self.color_high)


@dataclass(frozen=True)
class Layer:
    """Marks that lie at `lon` and `lat` (degrees), drawn once the view is known.

    `draw` gives traces; `told` says in a sentence what they show, `heading` names the values.
    """

    lon: Floats
    lat: Floats
    draw: Callable[[View], list[dict[str, Any]]]
    told: Callable[[], str]
    clicks: tuple[ClickTarget, ...] = ()
    heading: str = ""
    entries: list[str] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether nothing lies anywhere."""
        return not bool(np.isfinite(self.lon).any())


class MapKind(ChartKind):
    """A kind whose marks lie on a map; several can be drawn on one (`MapLayers`)."""

    family = "maps"
    needs_full_plotly = True

    @classmethod
    @abstractmethod
    def ask(cls, options: Any, dataset: DatasetSpec) -> QuerySpec:
        """The one question; Invalid while something is missing."""

    @classmethod
    @abstractmethod
    def layer(cls, options: Any, table: pa.Table, dataset: DatasetSpec, look: Look) -> Layer:
        """The marks of an answer."""

    @classmethod
    def queries(cls, options: Any, dataset: DatasetSpec) -> dict[str, QuerySpec]:
        """One question."""
        return {"main": cls.ask(options, dataset)}

    @classmethod
    def figure(cls, options: Any, tables: Tables, dataset: DatasetSpec, look: Look) -> Drawing:
        """The map."""
        if not tables["main"].num_rows:
            return Empty("no_rows", NO_ROWS)
        return compose(options, [cls.layer(options, tables["main"], dataset, look)], look)


def compose(options: MapOptions, layers: Sequence[Layer], look: Look) -> Drawing:
    """Layers on one map. Marks of the first that can be clicked stand for values."""
    found = [one for one in layers if not one.is_empty]
    if not found:
        return Empty("no_rows", NOWHERE)
    lon, lat = (np.concatenate([getattr(one, at) for one in found]) for at in ("lon", "lat"))
    shown = options.view(lon, lat)
    clicking = next((one for one in found if one.clicks), found[0])
    traces: list[dict[str, Any]] = []
    has_bar = False
    for one in found:
        for trace in one.draw(shown):
            if one is not clicking:
                trace.pop("customdata", None)
            if trace.get("showscale") and has_bar:
                trace["showscale"] = False
            has_bar = has_bar or bool(trace.get("showscale"))
            traces.append(trace)
    entries = [e for one in found for e in one.entries]
    url = settings().map_tiles_url
    below = {"geo": shown.geo()}
    if url:
        below = {"map": shown.tiles(url, settings().map_tiles_attribution)}
        traces = [marks.on_tiles(t) for t in traces]
    drawn = page(options, below, traces, look, heading=found[0].heading, entries=entries)
    return Plot(drawn, clicking.clicks, " ".join(one.told() for one in found))


def page(
    options: PlotOptions,
    below: dict[str, Any],
    traces: list[dict[str, Any]],
    look: Look,
    *,
    heading: str = "",
    entries: Sequence[str] = (),
) -> dict[str, Any]:
    """The figure of traces over what lies `below` them: outlines or pictures.

    `heading` names the values, `entries` are the names in the legend.
    """
    legend = options.legend_place(len(entries))
    drawn = layout(look, legend=legend, entries=entries, **below)
    drawn["margin"] = {"l": 0, "r": 0, "t": 26 if legend == "top" else 0, "b": 0, "pad": 0}
    if heading and options.axis_titles and not legend:
        drawn["annotations"].append(caption(heading, inside=True))
    if legend:
        drawn["legend"]["itemsizing"] = "constant"
    return {"data": traces, "layout": drawn}


class Rows:
    """The rows of an answer: their dimensions in words, their metrics, and what hover shows."""

    def __init__(self, table: pa.Table, dataset: DatasetSpec, look: Look, fmt: str | None) -> None:
        self.table, self.dataset, self.look, self.format = table, dataset, look, fmt
        self.lines: list[list[str]] = [[] for _ in range(table.num_rows)]
        self._clicks: list[list[Plain]] = []

    def dimension(self, dimension: Dimension) -> tuple[list[Plain], list[str]]:
        """Raw and spoken members, row by row; they are told at the mark and click."""
        found = encode(self.table, dimension.name)
        raw = found.members()
        spoken = words(raw, dimension, self.dataset, self.look)
        title = safe(dimension_title(dimension, self.dataset))
        texts = [f"{title}: <b>{safe(shorten(s, 80))}</b>" for s in spoken]
        codes = found.codes.tolist()
        for row, code in enumerate(codes):
            self.lines[row].append(texts[code])
        self._clicks.append([raw[c] for c in codes])
        return self._clicks[-1], [spoken[c] for c in codes]

    def metric(self, metric: Metric) -> tuple[Floats, Style]:
        """A metric's values, row by row; they are told at the mark."""
        values = floats(self.table, metric_name(metric))
        written = style(metric, self.dataset, self.look, values, self.format)
        title = safe(metric_title(metric, self.dataset))
        for row, value in enumerate(values.tolist()):
            self.lines[row].append(f"{title}: <b>{safe(written.text(value))}</b>")
        return values, written

    def hover(self) -> list[str]:
        """What is told at each row's mark."""
        return ["<br>".join(found) for found in self.lines]

    def clicks(self) -> list[list[Plain]]:
        """What each row's mark stands for."""
        return [list(row) for row in zip(*self._clicks, strict=True)]
