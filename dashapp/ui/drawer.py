"""The dialog over a dashboard: underlying rows, SQL, a tile as a table; and the export panel."""

from __future__ import annotations

from collections.abc import Sequence

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from dashapp.query.pageplan import PagePlan, PageStep
from dashapp.query.result import Result
from dashapp.ui import ids
from dashapp.ui.attrs import attrs
from dashapp.ui.cards import clock, duration, rung
from dashapp.ui.texts import t


def drawer() -> Component:
    """The empty dialog."""
    return dbc.Modal(
        [
            dbc.ModalHeader(dbc.ModalTitle(id=ids.DRAWER_TITLE)),
            dbc.ModalBody(id=ids.DRAWER_BODY),
        ],
        id=ids.DRAWER, is_open=False, size="xl", fullscreen="md-down", scrollable=True,
    )  # fmt: skip


def statements(found: Sequence[tuple[str, Result]], zone: str) -> Component:
    """Each question's SQL with its values, and how it was answered."""
    parts: list[Component] = []
    for name, result in found:
        facts = [
            (t("Rows"), f"{result.rows:,}" + (f" ({t('cut')})" if result.truncated else "")),
            (t("Answered by"), rung(result.rung)),
            (t("Database time"), duration(result.seconds)),
            (t("Read at"), f"{clock(result.as_of, zone)} {zone}"),
        ]
        if len(found) > 1:
            parts.append(html.H3(name, className="h6"))
        parts += [
            html.Div(
                [dcc.Clipboard(content=result.sql, className="float-end p-2", title=t("Copy")),
                 html.Pre(result.sql, className="sql")],
            ),
            html.Div([html.Span([f"{k} ", html.B(v)]) for k, v in facts], className="facts"),
        ]  # fmt: skip
    return html.Div(parts)


HOW = {
    "kept": "Kept", "derived": "From kept answers", "together": "Asked together",
    "alone": "Asked alone",
}  # fmt: skip


def plan(found: PagePlan) -> Component:
    """Which tiles were answered together, by which query, and what that saves."""
    saved = (
        t("{tiles} tiles → {queries} queries, {alone} → {time}", alone=duration(found.alone_s),
          tiles=found.tiles, queries=found.queries, time=duration(found.seconds))
        if found.alone_s is not None
        else t("{tiles} tiles → {queries} queries, {time}", tiles=found.tiles,
               queries=found.queries, time=duration(found.seconds))
    )  # fmt: skip
    again = html.Button(
        t("Measure against one query per tile"), type="button", className="btn btn-sm btn-outline-secondary",
        **attrs({"data-act": "plan-measured"}),
    )  # fmt: skip
    return html.Div([html.P(html.B(saved)), *(_step(step) for step in found.steps), again])


def _step(step: PageStep) -> Component:
    facts = [t(HOW[step.how])]
    if step.sql:
        facts += [t("{count} rows", count=f"{step.rows:,}"), duration(step.seconds)]
    head = html.Div([html.B(", ".join(step.tiles)), html.Div(" · ".join(facts), className="facts")])
    if not step.sql:
        return html.Div(head, className="plan-step")
    return html.Details(
        [html.Summary(head), html.Pre(step.sql, className="sql")], className="plan-step"
    )


def export_panel() -> Component:
    """Progress, cancel and the finished file of the one export that runs."""
    return html.Div(
        [
            html.Div(
                [
                    html.Div(id=ids.EXPORT_TEXT, role="status"),
                    dbc.Progress(id=ids.EXPORT_BAR, value=0, max=100),
                    html.Footer(
                        dbc.Button(t("Cancel"), id=ids.EXPORT_CANCEL, size="sm", color="secondary", outline=True)
                    ),
                ],
                id=ids.EXPORT_RUNNING,
            ),
            html.Div(id=ids.EXPORT_DONE, role="status", hidden=True),
            html.Button(
                html.I(className="bi bi-x-lg"), id=ids.EXPORT_CLOSE, type="button",
                className="icon-button export-close", **attrs(label=t("Close")),
            ),
        ],
        id=ids.EXPORT, className="export-panel", hidden=True,
    )  # fmt: skip


def finished(address: str, filename: str, sentence: str) -> Component:
    """The finished file; the browser saves it at once, the link is there to do it again."""
    link = html.A(
        t("Save again"), href=address, download=filename, className="export-link",
        **attrs({"data-autosave": ""}),
    )  # fmt: skip
    return html.Div([html.P(sentence), link])


def refused(sentence: str) -> Component:
    """Why there is no file."""
    return html.Div([html.I(className="bi bi-exclamation-triangle text-danger me-2"), sentence])
