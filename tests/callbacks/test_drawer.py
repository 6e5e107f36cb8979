"""The dialog of a tile, asked as a page asks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import callbacks
import pages
from dashapp.factory import create_server
from dashapp.settings import Settings, using
from models import db
from tests.services import market
from tests.web import server as doors


def test_rows_that_cannot_be_had_say_why_in_a_notice(tmp_path: Path) -> None:
    with using(Settings.model_validate({"data_dir": tmp_path, "secret_key": doors.KEY})):
        app = create_server(pages.PAGES, callbacks.WIRINGS)
        with app.app_context():
            db.create_all()
            market.open_market()
        doors.make_user(app, "anna")
        anna = doors.enter(app, "anna")
        assert len(rows(anna, "total")["rowData"]) == 48
        answer = doors.call(anna, asked("gone")).get_json()
        assert answer["sideUpdate"]["notice"]["data"]["text"].startswith("This tile is no longer")
        assert rows(anna, "gone") == {"rowData": [], "rowCount": 0}
        with app.app_context():
            db.engine.dispose()
        market.forget()


def rows(client: Any, tile: str) -> Any:
    """One page of a tile's underlying rows."""
    [answer] = doors.call(client, asked(tile)).get_json()["response"].values()
    return answer["getRowsResponse"]


def asked(tile: str) -> dict[str, Any]:
    """What a grid posts."""
    grid = {"key": tile, "kind": "rows"}
    name = f'{{"key":"{tile}","kind":"rows"}}'
    return {
        "output": '{"key":["MATCH"],"kind":"rows"}.getRowsResponse',
        "outputs": {"id": grid, "property": "getRowsResponse"},
        "inputs": [{"id": grid, "property": "getRowsRequest", "value": {"startRow": 0, "endRow": 100}}],
        "changedPropIds": [f"{name}.getRowsRequest"],
        "state": [
            {"id": "filter-state", "property": "data", "value": {}},
            {"id": "page", "property": "data", "value": {"slug": "market", "page": "p"}},
            {"id": grid, "property": "id", "value": grid},
        ],
    }  # fmt: skip
