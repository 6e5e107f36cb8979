"""The gallery's index: a small picture of every chart kind, by family."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import dash_ag_grid as dag
from dash import dcc, html
from dash.development.base_component import Component

from dashapp.charts.base import ChartKind, Drawing, Grid, Number, Plot, Text
from dashapp.errors import AppError
from dashapp.ui import cards, grids, ids
from dashapp.ui.attrs import HIDDEN, attrs
from dashapp.ui.texts import t

STATIC: Final[Any] = {**cards.GRAPH_CONFIG, "staticPlot": True}
# A table of a button is a picture: the keyboard passes it over.
LINES: Final[dict[str, Any]] = {
    "rowHeight": 17, "headerHeight": 18, "tooltipShowDelay": 10_000_000,
    "suppressCellFocus": True, "suppressHeaderFocus": True,
}  # fmt: skip


def family_title(family: str) -> str:
    """The name of a family of charts."""
    names = {
        "numbers": t("Numbers"), "time": t("Time"), "categories": t("Categories"),
        "parts": t("Parts"), "distribution": t("Distribution"), "relations": t("Relations"),
        "schedule": t("Schedule"), "maps": t("Maps"), "tables": t("Tables"), "text": t("Text"),
    }  # fmt: skip
    return names[family]


def index(families: Sequence[str]) -> Component:
    """A heading and an empty row of pictures per family; they are drawn one family at a time."""
    rows: list[Component] = []
    for family in families:
        rows += [
            html.H2(family_title(family)),
            html.Div(
                cards.skeleton(family), id=ids.thumbnails(family), className="gallery-row",
                **attrs(label=family_title(family)),
            ),
        ]  # fmt: skip
    return html.Nav(rows, className="gallery-index", **attrs(label=t("Kinds of charts")))


def thumbnails(
    shown: Sequence[tuple[type[ChartKind], str, Drawing | AppError]],
) -> list[Component]:
    """Pictures of kinds; each leads to the tile of that key."""
    return [
        html.Button(
            [
                html.Span(picture(drawing), className="gallery-picture", **HIDDEN),
                html.Strong(kind.title),
                html.Small(kind.description),
            ],
            type="button", className="gallery-card",
            **attrs({"data-jump": key, "data-tab": kind.family}),
        )
        for kind, key, drawing in shown
    ]  # fmt: skip


def picture(drawing: Drawing | AppError) -> Component:
    """A drawing that was made small, without any reaction."""
    if isinstance(drawing, AppError):
        return cards.failed(drawing)
    if isinstance(drawing, Plot):
        return dcc.Graph(
            figure=drawing.figure, config=STATIC, responsive=True,
            style={"height": "100%", "width": "100%"},
        )  # fmt: skip
    if isinstance(drawing, Grid):
        return dag.AgGrid(
            columnDefs=drawing.columns, rowData=drawing.rows, columnSize="sizeToFit",
            dashGridOptions={**grids.common_options(), **LINES},
            style={"height": "100%", "width": "100%"},
        )  # fmt: skip
    if isinstance(drawing, Number):
        return cards.number(drawing)
    if isinstance(drawing, Text):
        return cards.markdown(drawing.markdown)
    return cards.state(drawing.reason, drawing.message)
