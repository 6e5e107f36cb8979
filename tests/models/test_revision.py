"""Every change of what people may see moves the one word, on every engine, for every process."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session, scoped_session, sessionmaker

from models import Base, Group, Tag, User, UserSession, UTCDateTime, make_engine, utcnow
from models.revision import NOTE, RECORDS, WORD, is_moving, word

WATCHED = sorted(set(Base.metadata.tables) - RECORDS)
CHANGE = """
import sys
import sqlalchemy as sa
from models import Tag, make_engine
engine = make_engine(sys.argv[1])
with engine.begin() as connection:
    connection.execute(sa.insert(Tag).values(name="from elsewhere", uuid=__import__("uuid").uuid4()))
"""


@pytest.fixture
def engine(metadata_url: str) -> Iterator[sa.Engine]:
    """An engine whose database has all tables."""
    made = make_engine(metadata_url)
    Base.metadata.create_all(made)
    yield made
    made.dispose()


def now(engine: sa.Engine) -> UUID:
    """The word that everybody reads."""
    with engine.connect() as connection:
        found = connection.scalar(WORD)
    assert isinstance(found, UUID)
    return found


class Moves:
    """Tells whether the word moved since it was asked last."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine, self.last = engine, now(engine)

    def __call__(self) -> bool:
        before, self.last = self.last, now(self.engine)
        return before != self.last


@pytest.fixture
def moved(engine: sa.Engine) -> Moves:
    """Whether the word moved."""
    return Moves(engine)


def value(column: sa.Column[Any]) -> Any:
    """Something that a column takes."""
    if isinstance(column.type, UTCDateTime):
        return utcnow()
    kind = column.type.python_type
    length = getattr(column.type, "length", None)
    made: dict[type, Any] = {
        int: 1, str: uuid4().hex[:length], dict: {}, object: {}, UUID: uuid4()
    }  # fmt: skip
    return made[kind]


def a_row(connection: sa.Connection, table: sa.Table) -> dict[str, Any]:
    """Insert a row with all that it needs; its values."""
    values: dict[str, Any] = {}
    for column in table.columns:
        if column.foreign_keys and (not column.nullable or column.name == "user_id"):
            target = next(iter(column.foreign_keys)).column
            values[column.name] = a_row(connection, target.table)[target.name]
        elif not (column.foreign_keys or column.nullable or column.default):
            values[column.name] = value(column)
    if table.name == "datasets":
        values["table"] = "t"
    values |= KNOWN.get(table.name, {})
    values.pop("id", None) if "id" in table.columns and table.name != "user_sessions" else None
    made = connection.execute(sa.insert(table).values(values))
    key = made.inserted_primary_key
    return values | dict(zip((c.name for c in table.primary_key), key or (), strict=True))


KNOWN: dict[str, dict[str, Any]] = {
    "users": {"role": "viewer"}, "dashboard_grants": {"level": "view"},
    "schedules": {"kind": "alert"}, "jobs": {"state": "done"},
}  # fmt: skip


def where(table: sa.Table, row: dict[str, Any]) -> sa.ColumnElement[bool]:
    return sa.and_(*(column == row[column.name] for column in table.primary_key))


@pytest.mark.parametrize("name", WATCHED)
def test_statements_on_every_watched_table_move_the_word(
    name: str, engine: sa.Engine, moved: Moves
) -> None:
    table = Base.metadata.tables[name]
    with engine.begin() as connection:
        row = a_row(connection, table)
    assert moved()
    same = {c.name: row[c.name] for c in table.columns if c.name in row}
    with engine.begin() as connection:
        connection.execute(sa.update(table).where(where(table, row)).values(same))
    assert moved()
    with engine.begin() as connection:
        connection.execute(sa.delete(table).where(where(table, row)))
    assert moved()


@pytest.mark.parametrize(
    "model",
    sorted((m.class_ for m in Base.registry.mappers), key=lambda m: m.__name__),
    ids=lambda m: m.__name__,
)
def test_objects_of_every_model_move_the_word_unless_they_are_records(
    model: type[Any], engine: sa.Engine, moved: Moves
) -> None:
    table = model.__table__
    is_record = table.name in RECORDS
    if table.name == "revision":
        return
    with engine.begin() as connection:
        row = a_row(connection, table)
    moved()
    with Session(engine) as session:
        found = session.scalars(sa.select(model).where(where(table, row))).one()
        sa.orm.attributes.flag_modified(
            found, next(c.key for c in table.columns if not c.primary_key)
        )
        session.commit()
        assert moved() != is_record
        session.execute(
            sa.update(model)
            .where(where(table, row))
            .values({"id": row["id"]} if "id" in row else row)
        )
        session.commit()
        assert moved() != is_record
        session.delete(session.scalars(sa.select(model).where(where(table, row))).one())
        session.commit()
        assert moved() != is_record


def test_the_word_changes_with_the_change_and_not_before(engine: sa.Engine, moved: Moves) -> None:
    with engine.connect() as connection:
        connection.execute(sa.insert(Tag).values(name="a", uuid=uuid4()))
        assert not moved()
        connection.rollback()
        assert not moved()
        connection.execute(sa.insert(Tag).values(name="a", uuid=uuid4()))
        connection.commit()
        assert moved()
        connection.execute(sa.select(Tag.id))
        connection.commit()
        assert not moved()


def test_members_of_groups_and_savepoints_count(engine: sa.Engine, moved: Moves) -> None:
    with Session(engine) as session:
        ann, team = User(username="ann", name="Ann"), Group(name="team")
        session.add_all([ann, team])
        session.commit()
        assert moved()
        with session.begin_nested():
            team.members.append(ann)
        session.commit()
        assert moved()
        team.members.clear()
        session.commit()
        assert moved()


@pytest.mark.parametrize(
    "text",
    [
        "UPDATE tags SET name = 'b'",
        "  delete from tags",
        "/* who */ -- why\n UPDATE tags SET name = 'c'",
    ],
)
def test_sql_as_text_counts(text: str, engine: sa.Engine, moved: Moves) -> None:
    with engine.begin() as connection:
        connection.execute(sa.text(text))
    assert moved()
    with engine.begin() as connection:
        connection.exec_driver_sql(text)
    assert moved()


def test_a_note_of_the_last_use_does_not_count(engine: sa.Engine, moved: Moves) -> None:
    with engine.begin() as connection:
        connection.execute(
            sa.update(User).values(last_sign_in_at=utcnow()).execution_options(**{NOTE: True})
        )
    assert not moved()
    with Session(engine) as session:
        session.execute(sa.update(UserSession).values(seen_at=utcnow()))
        session.commit()
    assert not moved()


def test_changes_of_another_process_count(
    metadata_url: str, engine: sa.Engine, moved: Moves
) -> None:
    subprocess.run([sys.executable, "-c", CHANGE, metadata_url], check=True)
    assert moved()


def test_a_session_that_changes_something_has_no_word(engine: sa.Engine) -> None:
    session = scoped_session(sessionmaker(engine))
    assert word(session) == now(engine)
    session.add(Tag(name="a"))
    assert word(session) is None
    session.flush()
    assert is_moving(session)
    assert word(session) is None
    session.commit()
    assert word(session) == now(engine)
    session.remove()


def test_writers_that_lock_each_other_s_rows_do_not_deadlock_over_the_word(
    engine: sa.Engine,
) -> None:
    with Session(engine) as session:
        session.add_all([Tag(name=f"t{n}") for n in range(8)])
        session.commit()
        ids = list(session.scalars(sa.select(Tag.id).order_by(Tag.id)))
    words: list[UUID] = []
    errors: list[sa.exc.DBAPIError] = []

    def write(own: int) -> None:
        try:
            for turn in range(10):
                with engine.begin() as connection:
                    for at in (own, 7):  # One row of its own, then one that all want.
                        connection.execute(
                            sa.update(Tag)
                            .where(Tag.id == ids[at])
                            .values(name=f"{own} {at} {turn}")
                        )
                words.append(now(engine))
        except sa.exc.DBAPIError as error:
            errors.append(error)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert len(words) == 40
