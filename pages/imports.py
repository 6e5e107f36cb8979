"""Import of bundles: a file, a report, a button."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from dashapp.ui import ids, imports, shell
from dashapp.ui.attrs import attrs
from dashapp.ui.page import Page, Visit
from dashapp.ui.texts import t


def layout(visit: Visit) -> Component:
    """An empty form; everything else follows from the file."""
    about = t(
        "Dashboards with their charts, datasets and databases, from Superset or from another "
        "Dashapp. You first see what would happen; then all of it is imported, or nothing."
    )
    return shell.page(
        visit.viewer,
        [
            html.Div(
                [
                    html.H1(t("Import")),
                    html.P(about, className="import-about"),
                    imports.upload(),
                    html.Div(id=ids.IMPORT_NAME, className="import-file"),
                    html.Div(id=ids.IMPORT_SOURCES),
                    imports.buttons(),
                    html.Div(id=ids.IMPORT_REPORT, **attrs({"aria-live": "polite"})),
                ],
                className="imports",
            )
        ],
    )  # fmt: skip


PAGE = Page("/imports", layout, "Import", permission="bundle.import")
