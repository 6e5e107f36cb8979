"""Kinds that lay members out in a grid: the heat map."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final, Literal

import numpy as np
from pydantic import Field

from dashapp.charts import brushes
from dashapp.charts.asks import (
    ANALYSIS,
    DATA,
    LOOK,
    dimension_column,
    dimension_title,
    metric_title,
)
from dashapp.charts.axes import SHARE, Style, category_axis, layout, style, time_axis
from dashapp.charts.base import ChartKind, Drawing, Empty, Look, Plot, Tables
from dashapp.charts.colors import DIVERGING, scale
from dashapp.charts.formats import hover
from dashapp.charts.plot_options import GrainOptions, needs
from dashapp.charts.plotting import NO_ROWS, Floats, clicks_of, safe, typed
from dashapp.charts.traces import labels_of, targets
from dashapp.charts.wide import Series, Sort, Wide, ordered, widen, words
from dashapp.specs import DatasetSpec, Dimension, Order, QuerySpec, metric_name
from dashapp.specs.post import Rank
from dashapp.specs.query import Metric

MOST_CELLS: Final = 20_000
RANK: Final = "rank"
# Room for cells on a phone; a character takes about six px.
_ROOM_PX: Final = 300
_CHARACTER_PX: Final = 6
_MOST_WRITTEN: Final = 2_500  # Cells with a value in them: more have no room on any screen.


class Heatmap(ChartKind):
    """A metric by two dimensions, as colours in a grid."""

    slug, title, family, icon = "heatmap", "Heat map", "distribution", "grid-3x3"
    description = "Where a metric is high and low across two dimensions."

    class Options(GrainOptions):
        """What lies along the two axes, and how cells are coloured."""

        x: Dimension | None = Field(
            None,
            title="Across",
            description="Dimension from left to right.",
            json_schema_extra=DATA | {"widget": "dimension"},
        )
        y: Dimension | None = Field(
            None,
            title="Down",
            description="Dimension from top to bottom.",
            json_schema_extra=DATA | {"widget": "dimension"},
        )
        metric: Metric | None = Field(
            None,
            title="Metric",
            description="What colours a cell.",
            json_schema_extra=DATA | {"widget": "metric"},
        )
        normalize: Literal["none", "x", "y", "all"] = Field(
            "none",
            title="Colour by",
            description="The value, or its share of its column (x), its row (y) or everything.",
            json_schema_extra=LOOK,
        )
        rank: Literal["none", "x", "y", "all"] = Field(
            "none",
            title="Rank",
            description="Work out where a cell stands (0 to 1) in its column (x), its row (y) "
            "or everything.",
            json_schema_extra=ANALYSIS,
        )
        rank_colors: bool = Field(
            False,
            title="Colour by rank",
            description="Spread the colours evenly over the cells.",
            json_schema_extra=LOOK,
        )
        share: Literal["none", "x", "y", "all"] = Field(
            "none",
            title="Share in tooltips",
            description="A cell's share of its column (x), its row (y) or everything.",
            json_schema_extra=LOOK,
        )
        columns_limit: int | None = Field(
            100,
            ge=1,
            le=500,
            title="Most columns",
            description="The largest are kept; buckets of time the latest. As many as can be "
            "drawn if empty.",
            json_schema_extra=DATA,
        )
        rows_limit: int | None = Field(
            50,
            ge=1,
            le=500,
            title="Most rows",
            description="The largest are kept. As many as can be drawn if empty.",
            json_schema_extra=DATA,
        )
        x_sort: Sort = Field("auto", title="Order across", json_schema_extra=LOOK)
        y_sort: Sort = Field("auto", title="Order down", json_schema_extra=LOOK)
        color_scale: str = Field(
            "blues",
            max_length=50,
            title="Colours",
            description="Scale from low to high.",
            json_schema_extra=LOOK | {"widget": "color_scale"},
        )
        reverse_colors: bool = Field(
            False,
            title="Reverse colours",
            description="The scale from high to low.",
            json_schema_extra=LOOK,
        )
        color_low: float | None = Field(
            None,
            title="Colours from",
            description="Lowest value of the scale; by the data if empty.",
            json_schema_extra=LOOK,
        )
        color_high: float | None = Field(
            None,
            title="Colours to",
            description="Highest value of the scale; by the data if empty.",
            json_schema_extra=LOOK,
        )
        color_bar: bool = Field(
            True, title="Colour bar", description="Say what colours mean.", json_schema_extra=LOOK
        )
        cell_labels: Literal["auto", "always", "never"] = Field(
            "auto",
            title="Values in cells",
            description="By default in small maps; always: wherever the screen has room.",
            json_schema_extra=LOOK,
        )

        @property
        def within(self) -> tuple[str, ...]:
            """Dimensions whose members a cell's rank is measured in."""
            at = {"x": self.x, "y": self.y}.get(self.rank)
            return (at.name,) if at else ()

        def axis(self, dimension: Dimension, dataset: DatasetSpec) -> Dimension:
            """A dimension with the grain that applies to it."""
            timely = dimension_column(dimension, dataset).type in ("time", "date")
            if not (timely or dimension.grain):
                return dimension
            own = "grain" in self.model_fields_set
            grain = self.grain if own else dimension.grain or self.grain
            return dimension.model_copy(update={"grain": grain})

    @classmethod
    def queries(cls, options: Options, dataset: DatasetSpec) -> dict[str, QuerySpec]:
        """One row per cell."""
        if options.x is None or options.y is None or options.metric is None:
            needs(options.x, "x", "Choose the dimension across.")
            needs(options.y, "y", "Choose the dimension down.")
            needs(options.metric, "metric", "Choose the metric of the cells.")
            raise AssertionError
        axes = (options.axis(options.x, dataset), options.axis(options.y, dataset))
        order = options.order or tuple(Order(by=d.name) for d in axes)
        post = []
        if options.rank != "none":
            name = metric_name(options.metric)
            post.append(
                Rank(
                    metric=name,
                    within=options.within,
                    descending=False,
                    percent=True,
                    ties="mean",
                    name=RANK,
                )  # fmt: skip
            )
        query = options.base_query(dataset, axes, (options.metric,), order=order, post=tuple(post))
        return {"main": query}

    @classmethod
    def figure(cls, options: Options, tables: Tables, dataset: DatasetSpec, look: Look) -> Drawing:
        """Cells with their scale; nothing where the answer has no row."""
        if options.x is None or options.y is None or options.metric is None:
            return Empty("not_configured", "Choose two dimensions and a metric.")
        x, y = options.axis(options.x, dataset), options.axis(options.y, dataset)
        name = metric_name(options.metric)
        whole = widen(tables["main"], x, (y,), (name,), dataset, look, MOST_CELLS)
        wide = _arranged(whole, name, options)
        if wide.ms is not None:
            wide = replace(wide, texts=words(wide.values, x, dataset, look))
        rows = _rows(wide, wide.cells(name), y, dataset, look, options)
        cells = wide.cells(name)[rows]
        if not np.isfinite(cells).any():
            return Empty("no_rows", NO_ROWS)
        written = style(options.metric, dataset, look, cells, options.format, options.currency)
        ranks = wide.cells(RANK)[rows] if options.rank != "none" else None
        trace = cls._trace(options, wide, cells, ranks, rows, written)
        title = metric_title(options.metric, dataset)
        page = cls._page(options, wide, rows, x, y, dataset, look, title)
        told = _summary(title, wide, rows, cells, written) + _left_out(whole, cells)
        figure = {"data": [trace], "layout": page}
        return Plot(figure, targets(x, (y,)), told, brushes.along(wide, x))

    @classmethod
    def _trace(
        cls,
        options: Options,
        wide: Wide,
        cells: Floats,
        ranks: Floats | None,
        rows: list[int],
        written: Style,
    ) -> dict[str, Any]:
        ranked = ranks is not None and options.rank_colors
        shown = ranks if ranked and ranks is not None else _normalized(cells, options.normalize)
        is_share = ranked or options.normalize != "none"
        value = f"{hover('z', SHARE)} ({written.hover('text')})" if is_share else written.hover("z")
        if ranked:
            value = f"{written.hover('text')} (rank {hover('z', SHARE)})"
        series = [wide.series[i] for i in rows]
        texts = _texts(wide, options)
        trace: dict[str, Any] = {
            "type": "heatmap",
            "z": typed(shown),
            "x": texts if wide.ms is None else wide.ms.tolist(),
            "y": labels_of([s.name for s in series], 22),
            "hovertext": _hovers(options, wide, series, cells),
            "customdata": [
                clicks_of(wide.values, [s.members[0]] * len(wide.values)) for s in series
            ],
            # Dash drops lists from a clicked cell; its id says where its customdata is.
            "ids": [[f"{r},{c}" for c in range(len(wide.values))] for r in range(len(rows))],
            "hoverongaps": False,
            "xgap": 1 if len(wide.values) <= 60 else 0,
            "ygap": 1 if len(rows) <= 40 else 0,
            "hovertemplate": f"%{{hovertext}}<br><b>{value}</b><extra></extra>",
            **_colors(options, shown, Style(SHARE) if is_share else written),
        }
        if is_share:
            trace["text"] = [[None if np.isnan(v) else float(v) for v in row] for row in cells]
        if _labels_fit(options, cells, written):
            shares = options.normalize != "none" and not ranked
            own = written.hover("text" if ranked else "z")
            # Without a size Plotly fits them to the cells; the page hides what nobody can read.
            trace["texttemplate"] = hover("z", ".0%") if shares else own
        return trace

    @classmethod
    def _page(
        cls,
        options: Options,
        wide: Wide,
        rows: list[int],
        x: Dimension,
        y: Dimension,
        dataset: DatasetSpec,
        look: Look,
        title: str,
    ) -> dict[str, Any]:
        titles = options.axis_titles
        across = (
            time_axis(wide.ms, x.grain, look.locale) | {"fixedrange": True}
            if wide.ms is not None
            else category_axis(
                _texts(wide, options), title=dimension_title(x, dataset) if titles else ""
            )
        )
        down = category_axis(labels_of([wide.series[i].name for i in rows], 22), reverse=True)
        down["ticksuffix"] = " "
        across["showspikes"] = down["showspikes"] = False
        heading = f"{title} by {dimension_title(y, dataset)}" if titles else ""
        return layout(look, heading=heading, hovermode="closest", xaxis=across, yaxis=down)


def _hovers(
    options: Heatmap.Options, wide: Wide, series: list[Series], cells: Floats
) -> list[list[str]]:
    """What a tooltip says above the value: row, column, and the cell's share if asked for."""
    found = [[f"{safe(s.name)} · {safe(t)}" for t in wide.texts] for s in series]
    if options.share == "none":
        return found
    shares = _normalized(cells, options.share)
    of = {"x": "its column", "y": "its row", "all": "everything"}[options.share]
    return [
        [
            text if np.isnan(share) else f"{text}<br>{share:.1%} of {of}"
            for text, share in zip(row, parts, strict=True)
        ]
        for row, parts in zip(found, shares.tolist(), strict=True)
    ]


def _left_out(whole: Wide, cells: Floats) -> str:
    """A sentence on rows and columns beyond the limits; nothing if there are none."""
    rows, columns = whole.shape[0] - cells.shape[0], whole.shape[1] - cells.shape[1]
    parts = [f"{n} {w}{'s' if n > 1 else ''}" for n, w in ((rows, "row"), (columns, "column")) if n]
    return f" {' and '.join(parts)} left out." if parts else ""


def _texts(wide: Wide, options: Heatmap.Options) -> list[str]:
    return labels_of(wide.texts, 14 if len(wide.texts) > 8 else 20)


def _arranged(wide: Wide, metric: str, options: Heatmap.Options) -> Wide:
    """Columns in the order asked for, as many as may be."""
    size = np.nansum(wide.cells(metric), axis=0)
    count = len(size)
    most = options.columns_limit or MOST_CELLS
    if count > most:
        if wide.ms is not None:
            kept = np.arange(count - most, count)
        else:
            kept = np.sort(np.argsort(-size, kind="stable")[:most])
        wide, size = wide.keep(kept), size[kept]
    return wide.sorted(options.x_sort, size)


def _rows(
    wide: Wide,
    cells: Floats,
    y: Dimension,
    dataset: DatasetSpec,
    look: Look,
    options: Heatmap.Options,
) -> list[int]:
    """Places of the rows in the order asked for, as many as may be."""
    most = min(options.rows_limit or MOST_CELLS, max(1, MOST_CELLS // max(1, wide.shape[1])))
    kept = list(range(min(most, len(wide.series))))  # Series come largest first.
    members = [wide.series[i].members[0] for i in kept]
    texts = words(members, y, dataset, look)
    size = np.nansum(cells, axis=1)[kept] if len(kept) else np.zeros(0)
    return [kept[i] for i in ordered(members, texts, options.y_sort, size)]


def _normalized(cells: Floats, how: str) -> Floats:
    """Cells as shares of their column (x), row (y) or all."""
    if how == "none":
        return cells
    axis = {"x": 0, "y": 1, "all": None}[how]
    total = np.nansum(np.abs(cells), axis=axis, keepdims=True)
    return np.asarray(cells / np.where(total == 0, np.nan, total))


def _colors(options: Heatmap.Options, shown: Floats, written: Style) -> dict[str, Any]:
    """Scale and its bar; a diverging one has its middle at zero where values change sign."""
    name = options.color_scale
    low, high = float(np.nanmin(shown)), float(np.nanmax(shown))
    crosses = low < 0 < high and min(-low, high) > 0.1 * max(-low, high)
    if crosses and name == "blues":
        name = "blue-red"
    bar: dict[str, Any] = {
        "thickness": 10, "outlinewidth": 0, "len": 1, "lenmode": "fraction", "nticks": 5,
        "xpad": 6, "ypad": 0, "tickfont": {"size": 11}, "ticks": "",
    }  # fmt: skip
    found: dict[str, Any] = {
        "colorscale": scale(name, options.reverse_colors),
        "colorbar": bar | written.ticks(),
        "showscale": options.color_bar,
    }
    if crosses and name in DIVERGING and options.color_low is None and options.color_high is None:
        end = max(-low, high)
        return found | {"zmin": -end, "zmax": end}
    found["zmin"] = low if options.color_low is None else options.color_low
    found["zmax"] = high if options.color_high is None else options.color_high
    return found


def _longest(cells: Floats, written: Style) -> int:
    """Characters of the longest value."""
    return max(len(written.text(float(v))) for v in (np.nanmin(cells), np.nanmax(cells)))


def _labels_fit(options: Heatmap.Options, cells: Floats, written: Style) -> bool:
    """Whether cells are wide enough on a phone for their longest text, and few enough."""
    if options.cell_labels != "auto":
        return options.cell_labels == "always" and cells.size <= _MOST_WRITTEN
    longest = 4 if options.normalize != "none" else _longest(cells, written)
    rows, columns = cells.shape
    return bool(rows <= 7 and columns * (longest * _CHARACTER_PX + 4) <= _ROOM_PX)


def _summary(title: str, wide: Wide, rows: list[int], cells: Floats, written: Style) -> str:
    def told(place: Any) -> str:
        row, column = divmod(int(place), cells.shape[1])
        where = f"{wide.series[rows[row]].name}, {wide.texts[column]}"
        return f"{written.text(float(cells[row, column]))} ({where})"

    return (
        f"{title} in {len(rows)} rows and {cells.shape[1]} columns: highest "
        f"{told(np.nanargmax(cells))}, lowest {told(np.nanargmin(cells))}."
    )
