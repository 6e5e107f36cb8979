"""A metadata database for tests, and short ways to fill it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import Flask

from dashapp.permissions import granted
from dashapp.services import querylog
from dashapp.services.secrets import seal
from dashapp.viewer import Role, Viewer
from models import (
    Chart,
    Dashboard,
    Database,
    Dataset,
    DatasetColumn,
    RowRule,
    User,
    db,
)


@contextmanager
def metadata(url: str) -> Iterator[Flask]:
    """An application whose context is open and whose metadata database has all tables."""
    app = Flask("metadata")
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    db.init_app(app)
    with app.app_context():
        db.create_all()
        try:
            yield app
        finally:
            db.session.remove()
            querylog.flush()
            db.engine.dispose()


@contextmanager
def statements() -> Iterator[list[str]]:
    """Collects the statements that the metadata database gets."""
    seen: list[str] = []

    def note(*args: Any) -> None:
        seen.append(args[2])

    sa.event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", note)


def add(*rows: Any) -> Any:
    """Save rows; answers the first."""
    db.session.add_all(rows)
    db.session.commit()
    return rows[0]


def user(username: str = "ann", role: Role = "viewer", **values: Any) -> User:
    """A person who is saved."""
    row: User = add(User(username=username, name=username.title(), role=role, **values))
    return row


def person(user_id: int = 1, role: Role = "viewer", groups: tuple[int, ...] = ()) -> Viewer:
    """A viewer with the rights of a role."""
    return Viewer(
        kind="user",
        name=f"person {user_id}",
        user_id=user_id,
        role=role,
        permissions=granted(role),
        groups=frozenset(groups),
    )


def database(name: str = "shop", url: str = "sqlite:////tmp/none.db") -> Database:
    """A database with a sealed URL, saved."""
    row = Database(name=name, kind="sqlite", url_encrypted="")
    row.url_encrypted = seal(row, "url_encrypted", url)
    add(row)
    return row


def dataset(on: Database, table: str | None = "orders", **values: Any) -> Dataset:
    """A dataset with one column, saved."""
    row = Dataset(name=table or "query", database=on, table=table, **values)
    row.columns = [DatasetColumn(name="region", position=0)]
    add(row)
    return row


def rule(on: Dataset, clause: str = "region = 'EU'", **values: Any) -> RowRule:
    """A row rule, saved."""
    row: RowRule = add(RowRule(name=clause, dataset=on, clause=clause, **values))
    return row


def layout(*charts: UUID, filters: tuple[UUID, ...] = ()) -> dict[str, Any]:
    """A layout of one tab with these charts, and a filter per dataset."""
    return {
        "format": 1,
        "tabs": [
            {
                "key": "t",
                "items": [
                    {"item": "tile", "key": f"c{n}", "y": n, "chart": str(chart)}
                    for n, chart in enumerate(charts)
                ],
            }
        ],
        "filters": [
            {"key": f"f{n}", "title": "F", "kind": "select", "dataset": str(d), "column": "region"}
            for n, d in enumerate(filters)
        ],
    }


def dashboard(slug: str = "sales", *charts: Chart, **values: Any) -> Dashboard:
    """A dashboard with these charts, saved."""
    filters = values.pop("filters", ())
    row = Dashboard(
        slug=slug, title=slug, layout=layout(*(c.uuid for c in charts), filters=filters), **values
    )
    add(row)
    return row


def chart(on: Dataset | None = None, **values: Any) -> Chart:
    """A chart, saved."""
    row: Chart = add(Chart(name="chart", kind="bar", dataset=on, **values))
    return row
