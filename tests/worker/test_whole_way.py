"""A download from the click to the file: the real pages, a real worker, in both modes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

import callbacks
import pages
from dashapp import cache, warehouses
from dashapp.factory import create_server
from dashapp.jobs import celery_app, pulse
from dashapp.settings import settings
from dashapp.ui import ids
from models import db
from tests.jobs.browser import until
from tests.jobs.conftest import kill_all, worker
from tests.services.shop import open_shop
from tests.web import server as doors


@pytest.fixture(params=["embedded", "redis"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Flask]:
    """The real pages over the shop; anna and ben may sign in."""
    url = request.getfixturevalue("redis_url") if request.param == "redis" else None
    with doors.serving(tmp_path, redis_url=url) as plain:
        cache.reset()
        doors.make_user(plain, "anna")
        doors.make_user(plain, "ben")
        with plain.app_context():
            open_shop()
        app = create_server(pages.PAGES, callbacks.WIRINGS, celery_app())
        yield app
        with app.app_context():
            db.session.remove()
            db.engine.dispose()
        warehouses.dispose()
        celery_app().backend.close()
        celery_app().close()
        cache.reset()


class Download:
    """A choice in a tile's menu, and the polls that follow."""

    def __init__(self, client: FlaskClient, **asked: str) -> None:
        page = client.get("/dashboards/sales").text
        found = re.search(r'"end_id":"([^"]+)"', page)
        assert found, page[:500]
        self.client, self.handles = client, {"endId": found[1]}
        ask = {"tile": "bars", "what": "rows", "format": "csv"} | asked
        store = {"slug": "sales", "page": "p1"}
        self.body = {
            "output": f"{ids.EXPORT_DONE}.children",
            "outputs": {"id": ids.EXPORT_DONE, "property": "children"},
            "inputs": [{"id": ids.EXPORT_ASK, "property": "data", "value": ask}],
            "state": [
                {"id": ids.FILTERS, "property": "data", "value": {}},
                {"id": ids.PAGE, "property": "data", "value": store},
            ],
            "changedPropIds": [f"{ids.EXPORT_ASK}.data"],
        }
        started = self.send()
        self.handles |= {name: started[name] for name in ("cacheKey", "job")}

    def send(self) -> Any:
        headers = {
            "X-CSRFToken": doors.cookie(self.client, "_csrf_token"), "Origin": "http://localhost",
        }  # fmt: skip
        answer = self.client.post(
            "/_dash-update-component", json=self.body, query_string=self.handles, headers=headers
        )
        assert answer.status_code == 200, answer.text
        return answer.json

    def shown(self) -> str:
        """What the page shows in the end, as JSON."""
        return json.dumps(until(lambda: self.send().get("response"), interval=0.1))


def test_a_file_is_written_by_the_worker_and_fetched_by_its_maker(
    server: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulse, "PATIENCE_S", 60)  # Workers may take long to start.
    anna, ben = doors.enter(server, "anna"), doors.enter(server, "ben")
    with worker(settings(), tmp_path / "worker.log", "app"):
        shown = Download(anna).shown()
    link = re.search(r"/exports/[0-9a-f-]{36}", shown)
    assert link, shown + (tmp_path / "worker.log").read_text()[-3000:]
    answer = anna.get(link[0])
    assert answer.status_code == 200
    assert answer.data.startswith(b'"region","note","amount"\r\n"North","\'=note 0",0\r\n')
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert ben.get(link[0]).status_code == 404
    assert server.test_client().get(link[0]).status_code in (302, 303, 401)


def test_a_worker_killed_before_it_begins_shows_a_sentence(
    server: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulse, "PATIENCE_S", 0.5)
    anna = doors.enter(server, "anna")
    download = Download(anna, format="xlsx")
    with worker(settings(), tmp_path / "worker.log", "app") as pid:
        kill_all(pid)
        assert "its worker ended. Nothing was saved; try again." in download.shown()
