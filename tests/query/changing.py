"""A shop whose data changes under those who ask it."""

from __future__ import annotations

import os
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import duckdb

from dashapp import query, warehouses
from dashapp.specs import Source
from tests.query.asking import Shop, by, context

KEY = "SELECT max(amount) FROM sales"


def execute(shop: Shop, *statements: str) -> None:
    """Write to the file, as somebody else does."""
    warehouses.dispose()
    connect: Any = sqlite3.connect if shop.kind == "sqlite" else duckdb.connect
    connection = connect(str(shop.file))
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def replaced(shop: Shop) -> None:
    """Put another file in the place of the shop's."""
    other = replace(shop, folder=shop.folder / "other")
    other.create()
    execute(other, "DELETE FROM sales WHERE region <> 'EU'")
    os.replace(other.file, shop.file)


def keyed(shop: Shop, sql: str = KEY, every_s: int = 3600, **more: Any) -> Source:
    source = shop.source(**more)
    about = {"refresh_key": sql, "refresh_every_s": every_s}
    return source.model_copy(update={"dataset": source.dataset.model_copy(update=about)})


def invalidated(source: Source, times: int) -> Source:
    at = datetime(2024, 7, 1, 12, times, tzinfo=UTC)
    about = {"data_version": times, "invalidated_at": at}
    return source.model_copy(update={"dataset": source.dataset.model_copy(update=about)})


def ask(source: Source, **more: Any) -> query.Result:
    return query.run(source, by("region"), context(**more))
