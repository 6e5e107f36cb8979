"""Import: a file, where its databases go, what would happen to each object, what happened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from uuid import UUID

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from dashapp.ui import ids
from dashapp.ui.attrs import HIDDEN
from dashapp.ui.texts import t

MOST_BYTES = 2_900_000  # As text it is a third longer, and must fit into one request.
ACTIONS = {
    "new": ("bi-plus-circle", "New"), "changed": ("bi-pencil", "Changed"),
    "equal": ("bi-check2", "Unchanged"), "kept": ("bi-shield", "Kept as it is"),
    "refused": ("bi-exclamation-triangle", "Left out"),
}  # fmt: skip
KINDS = {
    "database": "Databases", "dataset": "Datasets", "chart": "Charts", "dashboard": "Dashboards",
    "theme": "Other files", "query": "Other files", "file": "Other files",
}  # fmt: skip


class Line(Protocol):
    """What is told of one object."""

    @property
    def kind(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def uuid(self) -> UUID | None: ...
    @property
    def action(self) -> str: ...
    @property
    def problems(self) -> Sequence[str]: ...
    @property
    def notes(self) -> Sequence[str]: ...


class Source(Protocol):
    """A database of the file."""

    @property
    def name(self) -> str: ...
    @property
    def uuid(self) -> UUID: ...
    @property
    def engine(self) -> str: ...
    @property
    def mapped_to(self) -> str | None: ...
    @property
    def need(self) -> str | None: ...
    @property
    def problem(self) -> str | None: ...


def upload() -> Component:
    """Where a file is dropped or chosen."""
    hint = t("Drop a file here, or choose one")
    more = t(
        "A zip archive of Superset or a YAML bundle, up to 2.9 MB; larger ones with dashapp import."
    )
    return dcc.Upload(
        [
            html.I(className="bi bi-file-earmark-arrow-up", **HIDDEN),
            html.Button(hint, type="button", className="btn btn-link"),
            html.Small(more),
        ],
        id=ids.IMPORT_FILE, className="import-drop", className_active="is-over",
        accept=".zip,.yaml,.yml", max_size=MOST_BYTES, multiple=False,
    )  # fmt: skip


def buttons() -> Component:
    """Look again, and import; shown once there is a file."""
    return html.Div(
        [
            dbc.Button(t("Check again"), id=ids.IMPORT_CHECK, color="secondary", outline=True, size="sm"),
            dbc.Button(t("Import"), id=ids.IMPORT_RUN, color="primary", size="sm", disabled=True),
        ],
        id=ids.IMPORT_ACTIONS, className="import-actions", hidden=True,
    )  # fmt: skip


def sources(found: Sequence[Source], here: Sequence[str]) -> list[Component]:
    """For each database of the file: which one here it is, or its password."""
    if not found:
        return []
    return [html.H2(t("Databases of the file")), *(_source(one, here) for one in found)]


def _source(one: Source, here: Sequence[str]) -> Component:
    key = str(one.uuid)
    options: list[Any] = [{"label": t("As in the file"), "value": ""}]
    options += [{"label": name, "value": name} for name in here]
    select = dbc.Select(
        options=options, value=one.mapped_to or "", id=ids.imported("map", key), size="sm"
    )  # fmt: skip
    secret = dbc.Input(
        type="password", id=ids.imported("secret", key), size="sm", autocomplete="off"
    )  # fmt: skip
    asked = html.Label(
        [html.Span(t("Password of {name}", name=one.name)), secret], hidden=one.need != "secret"
    )
    parts: list[Component] = [
        html.Div([html.Strong(one.name), html.Small(one.engine)], className="import-name"),
        html.Label([html.Span(t("Use for {name}", name=one.name)), select]),
        asked,
    ]
    if one.problem:
        parts.append(html.P(one.problem, className="import-problem"))
    return html.Div(parts, className="import-source")


def report(lines: Sequence[Line], blocked: Sequence[str], done: bool) -> list[Component]:
    """What happens to each object, by kind."""
    made: list[Component] = []
    if blocked:
        made.append(_alert(t("Nothing can be imported yet."), blocked))
    if lines:
        made += [html.H2(t("Imported") if done else t("What would happen")), _counts(lines)]
    groups: dict[str, list[Line]] = {}
    for line in lines:
        groups.setdefault(KINDS.get(line.kind, "Other files"), []).append(line)
    for title, group in groups.items():
        made.append(html.H3(t(title)))
        rows = [_line(line, done) for line in group]
        made.append(html.Ul(rows, className="import-lines"))
    return made


def _counts(lines: Sequence[Line]) -> Component:
    found: dict[str, int] = {}
    for line in lines:
        found[line.action] = found.get(line.action, 0) + 1
    chips = [
        html.Span(f"{found[action]} {t(title)}", className=f"tag import-{action}")
        for action, (_, title) in ACTIONS.items()
        if action in found
    ]
    return html.Div(chips, className="import-counts")


def _line(line: Line, done: bool) -> Component:
    icon, title = ACTIONS[line.action]
    name: Component | str = line.name
    if done and line.kind == "dashboard" and line.action != "refused":
        name = html.A(line.name, href=f"/dashboards/{line.name}")
    head: list[Component | str] = [
        html.I(className=f"bi {icon} import-{line.action}", title=t(title), **HIDDEN),
        html.Span(name, className="import-what"),
        html.Small(t(title), className=f"import-{line.action}"),
    ]
    if not done and line.uuid is not None and line.action in ("kept", "changed"):
        head.append(
            dbc.Checkbox(
                id=ids.imported("overwrite", str(line.uuid)), label=t("Overwrite"),
                value=line.action == "changed",
            )
        )  # fmt: skip
    texts = [html.Li(text, className="import-problem") for text in line.problems]
    texts += [html.Li(text) for text in line.notes]
    return html.Li([html.Div(head, className="import-line"), *([html.Ul(texts)] if texts else [])])


def refused(message: str, fields: Mapping[str, str]) -> list[Component]:
    """Why a file was not taken, problem by problem."""
    return [_alert(message if not fields else t("The file was not imported."), [
        f"{name}: {text}" for name, text in fields.items()
    ])]  # fmt: skip


def _alert(title: str, items: Sequence[str]) -> Component:
    parts: list[Component | str] = [html.Strong(title)]
    if items:
        parts.append(html.Ul([html.Li(item) for item in items]))
    return html.Div(parts, className="import-alert", role="alert")
