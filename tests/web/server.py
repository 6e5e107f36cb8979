"""A server with tiny pages, to knock at."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from dash import ALL, Input, Output, State, dcc, html
from dash.development.base_component import Component
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from dashapp.errors import AppError, Forbidden, NotFound
from dashapp.factory import create_server
from dashapp.services import accounts, passwords
from dashapp.settings import Settings, using
from dashapp.signing import sign
from dashapp.ui.page import Page, Visit, titled
from dashapp.ui.wiring import Wiring
from dashapp.viewer import SYSTEM, Role, Viewer
from dashapp.web import csrf
from models import Dashboard, EmbedConfig, User, db

KEY = "k3y-for-tests-only-0123456789-abcdefghij"
PASSWORD = "correct horse battery staple"
PARENT = "http://host.example:9000"
HOME = "Welcome </script><script>alert(1)</script>"
REGION = {
    "key": "region", "title": "Region", "kind": "select", "column": "region",
    "dataset": "5c1a0f2e-8d0b-5f6a-9f0e-0d5a5c0b1e57",
}  # fmt: skip
LAYOUT = {"format": 1, "tabs": [{"key": "t", "items": []}], "filters": [REGION]}


def _home(visit: Visit) -> Component:
    figure = {"data": [{"type": "bar", "x": ["a", "b"], "y": [1, 2]}]}
    parts = [
        html.H1(HOME),
        html.Button("Add", id="add"),
        html.Div(id="sum"),
        html.Div(id="own"),
        html.Div(id="echo"),
        dcc.Graph(id="graph", figure=figure),
    ]
    return titled(html.Div(parts), f"Home of {visit.viewer.name}")


def _shelf(visit: Visit) -> Component:
    if visit.params["slug"] == "secret":
        raise Forbidden("This shelf is not for you.")
    if visit.params["slug"] != "books":
        raise NotFound("There is no such shelf.")
    return html.Div([html.Div(id="sum"), html.Button("Add", id="add")])


def _embedded(visit: Visit) -> Component:
    return html.Div([html.Div("Embedded", id="sum"), html.Button("Add", id="add")])


PAGES = (
    Page("/", _home, "Home", permission="dashboard.view"),
    Page("/shelves/<slug>", _shelf, "Shelf"),
    Page("/admin", _home, "Administration", permission="admin.panel"),
    Page("/embed/<dashboard>", _embedded, "Dashboard", "dashboard.view", embedded=True),
)

wiring = Wiring("tests")


def _failed(error: AppError) -> str:
    return error.message


@wiring.callback(
    Output("sum", "children"),
    Input("add", "n_clicks"),
    State({"kind": "part", "key": ALL}, "value"),
    permission="dashboard.view",
    on_error=_failed,
)
def add(viewer: Viewer, clicks: int | None, parts: list[int]) -> str:
    """The sum, and for whom."""
    if clicks == 13:
        raise RuntimeError("the password is hunter2")
    return f"{viewer.kind} {viewer.name}: {(clicks or 0) + sum(parts)}"


@wiring.callback(Output("admin", "children"), Input("add", "n_clicks"), permission="admin.panel")
def administer(viewer: Viewer, clicks: int | None) -> str:
    """For administrators."""
    return "administered"


@wiring.callback(Output("own", "children"), Input("add", "n_clicks"))
def own(viewer: Viewer, clicks: int | None) -> str:
    """For people of every role."""
    return f"own of {viewer.name}"


wiring.clientside(
    "(n) => `clicked ${n || 0}`", Output("echo", "children"), Input("add", "n_clicks")
)


@contextmanager
def serving(folder: Path, **chosen: Any) -> Iterator[Flask]:
    """A server with its own metadata database."""
    values = {"data_dir": folder, "secret_key": KEY, "sign_in_tries": 5} | chosen
    with using(Settings.model_validate(values)):
        app = create_server(PAGES, (wiring,))
        app.testing = False
        with app.app_context():
            db.create_all()
        yield app
        with app.app_context():
            db.session.remove()
            for engine in db.engines.values():
                engine.dispose()


@cache
def password_hash() -> str:
    """The hash of PASSWORD; hashing is slow on purpose."""
    return passwords.hashed(PASSWORD)


def make_user(app: Flask, username: str, role: Role = "viewer") -> None:
    """A person who can sign in with PASSWORD."""
    with app.app_context():
        user = accounts.create_user(SYSTEM, username, name=username.title(), role=role)
        user.password_hash = password_hash()
        db.session.commit()


def enter(app: Flask, username: str) -> FlaskClient:
    """A browser in which this person is signed in."""
    with app.app_context():
        user = db.session.scalars(sa.select(User).where(User.username == username)).one()
        session_id = str(accounts.open_session(user))
    client = app.test_client()
    client.set_cookie("dashapp", sign("session", session_id))
    client.set_cookie("_csrf_token", csrf.token_for(session_id))
    return client


def make_dashboard(app: Flask, slug: str = "sales", **config: bool) -> UUID:
    """A published dashboard with a filter "region", which PARENT may embed."""
    with app.app_context():
        dashboard = Dashboard(slug=slug, title=slug.title(), is_published=True, layout=LAYOUT)
        embed = EmbedConfig(dashboard=dashboard, allowed_origins=[PARENT], **config)
        db.session.add_all([dashboard, embed])
        db.session.commit()
        return dashboard.uuid


def sign_in(
    client: FlaskClient, username: str, password: str = PASSWORD, **form: str
) -> TestResponse:
    """Sign in through the form."""
    client.get("/login")
    token = cookie(client, "_csrf_token")
    data = {"username": username, "password": password, "csrf_token": token} | form
    return client.post("/login", data=data)


def cookie(client: FlaskClient, name: str) -> str:
    """The value of a cookie, empty if there is none."""
    found = client.get_cookie(name)
    return found.value if found else ""


def call_body(output: str = "sum", clicks: Any = 1, parts: Any = ()) -> dict[str, Any]:
    """What the renderer posts to run a callback of ours."""
    body: dict[str, Any] = {
        "output": f"{output}.children",
        "outputs": {"id": output, "property": "children"},
        "inputs": [{"id": "add", "property": "n_clicks", "value": clicks}],
        "changedPropIds": ["add.n_clicks"],
    }
    if output == "sum":
        ids = [{"kind": "part", "key": str(at)} for at in range(len(parts))]
        values = [
            {"id": i, "property": "value", "value": v} for i, v in zip(ids, parts, strict=True)
        ]
        body["state"] = [values]
    return body


def call(client: FlaskClient, body: Any, **headers: str) -> TestResponse:
    """Post a callback as our page does."""
    sent = {"X-CSRFToken": cookie(client, "_csrf_token"), "Origin": "http://localhost"} | headers
    return client.post("/_dash-update-component", json=body, headers=sent)
