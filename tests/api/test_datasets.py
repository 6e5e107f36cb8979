"""Programs say that the data of a dataset changed."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from models import Dataset, db
from tests.api.conftest import make_key
from tests.web import server as doors


def invalidate(app: Flask, key: str | None, dataset: UUID, **more: str) -> TestResponse:
    headers = {"Authorization": f"Bearer {key}"} if key is not None else {}
    path = f"/api/v1/datasets/{dataset}/invalidate"
    return app.test_client().post(path, json={}, headers=headers | more)


def count(app: Flask) -> int:
    with app.app_context():
        return int(db.session.query(Dataset).one().data_version)


def test_a_program_says_that_data_changed(server: Flask, dataset: UUID) -> None:
    key = make_key(server, "dataset.edit")
    for times in (1, 2):
        answer = invalidate(server, key, dataset)
        assert (answer.status_code, answer.json) == (
            200, {"dataset": str(dataset), "data_version": times},
        )  # fmt: skip
    assert count(server) == 2


def test_who_may_not_change_datasets_may_not_say_so(server: Flask, dataset: UUID) -> None:
    assert invalidate(server, make_key(server, "embed.mint"), dataset).status_code in (403, 404)
    assert invalidate(server, make_key(server, "dashboard.view"), dataset).status_code == 403
    assert invalidate(server, None, dataset).status_code == 401
    assert invalidate(server, "dap_x_y", dataset).status_code == 401
    assert count(server) == 0


def test_a_session_is_no_key(server: Flask, dataset: UUID) -> None:
    doors.make_user(server, "adam", "admin")
    client = doors.enter(server, "adam")
    path = f"/api/v1/datasets/{dataset}/invalidate"
    assert client.post(path, json={}).status_code == 401
    assert count(server) == 0


def test_there_is_no_such_dataset(server: Flask, dataset: UUID) -> None:
    assert invalidate(server, make_key(server, "dataset.edit"), uuid4()).status_code == 404


@pytest.mark.parametrize("method", ["get", "put", "delete", "patch"])
def test_only_posts_change_anything(server: Flask, dataset: UUID, method: str) -> None:
    headers = {"Authorization": f"Bearer {make_key(server, 'dataset.edit')}"}
    path = f"/api/v1/datasets/{dataset}/invalidate"
    answer = getattr(server.test_client(), method)(path, json={}, headers=headers)
    assert answer.status_code in (401, 404, 405)
    assert count(server) == 0
