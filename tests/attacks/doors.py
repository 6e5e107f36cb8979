"""The whole server over the market, and people who post to it what no page of ours would."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

import callbacks
import pages
from dashapp import cache
from dashapp.factory import create_server
from dashapp.jobs import celery_app
from dashapp.services import embed, sources
from dashapp.services.embed import TokenRequest
from dashapp.ui import ids
from dashapp.viewer import SYSTEM
from models import Dashboard, EmbedConfig, db
from tests.services import market
from tests.web import server as doors

TILES = ("total", "regions", "products", "days", "stores", "list")


@contextmanager
def market_server(folder: Path, kind: str = "sqlite", **chosen: Any) -> Iterator[Flask]:
    """The real pages over the market; anna looks, eve edits, adam administers."""
    with doors.serving(folder, **chosen) as plain:
        cache.reset()
        sources.forget()
        for name, role in (("anna", "viewer"), ("ben", "viewer"), ("eve", "editor")):
            doors.make_user(plain, name, role)  # type: ignore[arg-type]
        doors.make_user(plain, "adam", "admin")
        with plain.app_context():
            market.open_market(kind)
        app = create_server(pages.PAGES, callbacks.WIRINGS, celery_app())
        app.testing = False
        yield app
        with app.app_context():
            db.session.remove()
            db.engine.dispose()
        market.forget()


def guest_token(app: Flask, slug: str = "market", **claims: Any) -> str:
    """A token for a dashboard, which may be embedded from then on."""
    with app.app_context():
        row = db.session.scalars(sa.select(Dashboard).where(Dashboard.slug == slug)).one()
        if not db.session.query(EmbedConfig).filter_by(dashboard_id=row.id).count():
            db.session.add(EmbedConfig(dashboard=row, allowed_origins=[doors.PARENT]))
            db.session.commit()
        return embed.mint(SYSTEM, TokenRequest(dashboard=slug, **claims)).token


@dataclass
class Caller:
    """A browser that posts callbacks by hand."""

    client: FlaskClient
    headers: Mapping[str, str] = field(default_factory=dict)
    slug: str = "market"

    @classmethod
    def person(cls, app: Flask, name: str) -> Caller:
        """Somebody who is signed in."""
        client = doors.enter(app, name)
        token = doors.cookie(client, "_csrf_token")
        return cls(client, {"X-CSRFToken": token, "Origin": "http://localhost"})

    @classmethod
    def guest(cls, app: Flask, slug: str = "market", **claims: Any) -> Caller:
        """A guest with a token and no cookie."""
        token = guest_token(app, slug, **claims)
        return cls(app.test_client(), {"X-Guest-Token": token, "Origin": "http://localhost"}, slug)

    def post(
        self, output: str, inputs: list[Any], state: list[Any], *, key: Any = "k", tiles: Any = ()
    ) -> TestResponse:
        """Call what has this text in its output, with these values."""
        declared = self._declared(output)
        body: dict[str, Any] = {"output": declared["output"], "changedPropIds": []}
        body["outputs"] = _outputs(declared["output"], key, tiles)
        for name, values in (("inputs", inputs), ("state", state)):
            body[name] = [
                _filled(prop, value, key, tiles)
                for prop, value in zip(declared[name], values, strict=True)
            ]
        return self.client.post("/_dash-update-component", json=body, headers=dict(self.headers))

    def _declared(self, output: str) -> dict[str, Any]:
        answer = self.client.get("/_dash-dependencies", headers=dict(self.headers))
        found = [
            one
            for one in answer.json or ()
            if output in one["output"] and not one.get("clientside_function")
        ]
        exact = [one for one in found if one["output"] == output]
        (one,) = exact or found
        return dict(one)

    @property
    def page(self) -> dict[str, str]:
        """The store that names the dashboard."""
        return {"slug": self.slug, "page": "p"}

    def draw(self, *tiles: str, state: Any = None, **ask: Any) -> TestResponse:
        """Ask for tiles."""
        wish = {"seq": 1, "tiles": list(tiles), **ask}
        shown = [ids.tile("body", key, 0) for key in tiles]
        state = [state or {}, self.page, shown]
        return self.post('"part":"body"', [wish], state, key=0, tiles=tiles)

    def options(self, key: str, search: Any = "", parents: Any = None) -> TestResponse:
        """Options of a filter."""
        state = [None, {"key": key}, self.page]
        return self.post('"part":"select"', [search, parents or {}], state, key=key)

    def open(self, act: str, tile: str = "total", state: Any = None) -> TestResponse:
        """What a tile's menu opens."""
        values = [state or {}, self.page, None]
        return self.post("drawer.is_open", [{"act": act, "tile": tile}], values)

    def rows(self, key: str, kind: str = "rows", state: Any = None, **request: Any) -> TestResponse:
        """A page of underlying rows ("rows") or of a long table ("grid")."""
        asked = {"startRow": 0, "endRow": 100, **request}
        output = json.dumps({"key": ["MATCH"], "kind": kind}, separators=(",", ":"))
        return self.post(output, [asked], [state or {}, self.page, {"key": key}], key=key)

    def see(self, path: str) -> TestResponse:
        """A page."""
        return self.client.get(path, headers=dict(self.headers))

    def everything(self, state: Any = None) -> dict[str, TestResponse]:
        """All that the server answers about the dashboard, by name."""
        found = {"tiles": self.draw(*TILES, state=state)}
        path = "embed" if "X-Guest-Token" in self.headers else "dashboards"
        found["page"] = self.see(f"/{path}/{self.slug}")
        found["until"] = self.post("data-until", [self.page], [])
        for key in ("region", "city", "without"):
            found[f"options {key}"] = self.options(key)
        for tile in TILES:
            for act in ("rows", "sql", "table"):
                found[f"{act} of {tile}"] = self.open(act, tile, state)
            found[f"page of {tile}"] = self.rows(tile, "rows", state)
            found[f"long {tile}"] = self.rows(tile, "grid", state)
        found["search"] = self.post("search-results", ["", True], [])
        found["home"] = self.post("home-list", ["", ""], [])
        return found


def _id(text: str, key: Any, tile: str = "") -> Any:
    if not text.startswith("{"):
        return text
    known = {"MATCH": key, "ALL": tile}
    found: dict[str, Any] = json.loads(text)
    return {n: known[v[0]] if isinstance(v, list) else v for n, v in found.items()}


def _filled(prop: Mapping[str, Any], value: Any, key: Any, tiles: Any) -> Any:
    name = prop["property"]
    if '["ALL"]' not in prop["id"]:
        return {"id": _id(prop["id"], key), "property": name, "value": value}
    return [
        {"id": _id(prop["id"], key, tile), "property": name, "value": one}
        for tile, one in zip(tiles, value, strict=True)
    ]


def _outputs(text: str, key: Any, tiles: Any) -> Any:
    """The outputs that a text such as "..a.b...c.d.." names."""
    parts = text.strip(".").split("...") if text.startswith("..") else [text]
    found = []
    for part in parts:
        name, _, prop = part.rpartition(".")
        if '["ALL"]' in name:
            found.append([{"id": _id(name, key, t), "property": prop} for t in tiles])
        else:
            found.append({"id": _id(name, key), "property": prop})
    return found if text.startswith("..") else found[0]
