"""Values of filters as nobody would choose them: bound, refused in a sentence, never a crash (G4, Q7)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import duckdb
import pytest
from pydantic import SecretStr, ValidationError

from dashapp import query, warehouses
from dashapp.errors import AppError
from dashapp.query.result import Result
from dashapp.settings import Settings
from dashapp.specs import (
    ColumnSpec,
    DatabaseSpec,
    DatasetSpec,
    Filter,
    QuerySpec,
    SimpleMetric,
    Source,
)
from dashapp.specs.dataset import ColumnType

VALUES = [
    "", " ", "'", "' OR 1=1--", "'; DROP TABLE t--", "%", "_", "\\", "/", "\x00", ":x", "%s", "?1", "$1",
    "{}", "{{ 1 }}", "9" * 400, "-" + "9" * 400, "9" * 5000, "1e400", "nan", "-inf", "1_000", "١٢", "0x10",
    "é" * 10_000, "\u202e", "\U0001f600", "\ufdd0", 1e308, -1e308, 5e-324, 2**63, -(2**63) - 1, 2**53 + 1,
    1.5, -0.0, True, None, "true", "0001-01-01", "0001-01-01T00:00:00+14:00", "9999-12-31",
    "9999-12-31T23:59:59.999999-14:00", "2024-02-30", "2024-W01-1", "2024-01-01T25:00",
    "2024-03-31T02:30:00", "last 7 days", "last 999999 years", "9999", "0000",
]  # fmt: skip
TYPES: dict[str, ColumnType] = {
    "t": "text", "i": "integer", "n": "number", "b": "boolean", "d": "date", "ts": "time", "tz": "time",
    "o": "other", "calc": "text",
}  # fmt: skip
SHAPES: list[dict[str, Any]] = [
    {"op": "in"}, {"op": "not in"}, {"op": "in", "grain": "second"}, {"op": "in", "grain": "week"},
    {"op": "in", "grain": "year"}, {"op": "in", "bin": 10.0}, {"op": "in", "bin": 5e-324},
    {"op": "between"}, {"op": "contains"}, {"op": "like"}, {"op": "time range"},
]  # fmt: skip
ROW = ("a", 1, 1.5, True, "9999-12-31", "0001-01-01 00:00:00", "2024-01-01 00:00:00+00:00", b"x")


@pytest.fixture(params=["sqlite", "duckdb"])
def source(request: pytest.FixtureRequest, chosen: Settings) -> Iterator[Source]:
    """A table of one row with a column of each type."""
    kind = request.param
    folder = chosen.data_dir / "warehouses"
    folder.mkdir(parents=True)
    path, table = folder / f"a.{kind}", "create table t (t {0}, i bigint, n double precision, b "
    table = table.format("text") + "boolean, d date, ts timestamp, tz {}, o blob)"
    if kind == "sqlite":
        lite = sqlite3.connect(path)
        lite.execute(table.format("timestamp"))
        lite.execute("insert into t values (?, ?, ?, ?, ?, ?, ?, ?)", ROW)
        lite.commit()
        lite.close()
    else:
        with duckdb.connect(str(path)) as duck:
            duck.execute(table.format("timestamptz"))
            duck.execute("insert into t values (?, ?, ?, ?, ?, ?, ?, ?)", ROW)
    columns = tuple(
        ColumnSpec(
            name=name, type=type, zoned=name == "tz",
            expression="upper(t)" if name == "calc" else None,
        )
        for name, type in TYPES.items()
    )  # fmt: skip
    database = DatabaseSpec(
        uuid=uuid4(), name="a", kind=kind, url=SecretStr(f"{kind}:///a.{kind}")
    )  # fmt: skip
    dataset = DatasetSpec(
        uuid=uuid4(), name="t", database=database.uuid, table="t", columns=columns,
        time_column="ts", zone="America/New_York",
    )  # fmt: skip
    yield Source(dataset=dataset, database=database)
    warehouses.dispose()


def asked(source: Source, filters: list[Filter], zone: str = "Asia/Tokyo") -> list[Any]:
    """How many rows each filter keeps, or its error."""
    count = SimpleMetric(aggregate="count", label="c")
    context = query.Context(zone=zone, now=datetime.now(UTC), ttl_s=0)
    specs = [
        QuerySpec(dataset=source.dataset.uuid, metrics=(count,), filters=(one,)) for one in filters
    ]
    found = query.run_many([(source, spec, context) for spec in specs])
    return [r.table["c"][0].as_py() if isinstance(r, Result) else r for r in found]


def filters(column: str, value: Any) -> Iterator[Filter]:
    """Every filter of a column that one value makes."""
    for shape in SHAPES:
        many: Any = {"in": (value,), "not in": (value,), "between": (value, None)}
        content = {"column": column, "value": many.get(shape["op"], value), **shape}
        try:
            yield Filter.model_validate(content)
        except ValidationError:
            continue


@pytest.mark.parametrize("column", TYPES)
def test_any_value_of_a_filter_is_a_value_or_refused_in_a_sentence(
    source: Source, column: str
) -> None:
    made = [one for value in VALUES for one in filters(column, value)]
    for one, found in zip(made, asked(source, made), strict=True):
        if isinstance(found, AppError):
            assert len(found.message) < 400, one
            assert not any(word in found.message for word in ("SELECT", "Traceback", "/tmp")), one
        else:
            assert found in (0, 1), one
    assert asked(source, [Filter(column="t", op="=", value="a")]) == [1]


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York", "Pacific/Kiritimati", "UTC"])
def test_for_ever_and_the_first_day_can_be_clicked(source: Source, zone: str) -> None:
    clicked = [
        Filter(column="d", op="in", value=("9999-12-31",)),
        Filter(column="d", op="in", value=("9999-12-01",), grain="month"),
        Filter(column="d", op="in", value=("9999-01-01",), grain="year"),
        Filter(column="d", op="between", value=("9999-12-31", None)),
        Filter(column="d", op="between", value=(None, "9999-12-31")),
        Filter(column="ts", op="between", value=("0001-01-01", "9999-12-31")),
        Filter(column="ts", op="time range", value="9998-01-01 : "),
    ]
    assert asked(source, clicked, zone)[:-2] == [1, 1, 1, 1, 1]
    assert asked(source, clicked, zone)[-1] == 0
