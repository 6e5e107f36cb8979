from datetime import UTC, datetime

import pyarrow as pa
import pytest

from dashapp.cache.entry import decode, encode
from tests.cache.factories import make_entry

WORDS = pa.array(["a", "b", None, "ü"] * 100)
TABLES = {
    "plain": pa.table(
        {"n": [1, 2, None], "f": [1.5, None, float("nan")], "b": [True, False, None]}
    ),
    "words": pa.table({"w": WORDS, "n": list(range(400))}),
    "chunks": pa.table({"w": pa.chunked_array([WORDS[:150], WORDS[150:], WORDS])}),
    "distinct": pa.table({"w": [f"word {n}" for n in range(200)]}),
    "no rows": pa.table({"w": pa.array([], pa.string()), "n": pa.array([], pa.int64())}),
    "no chunks": pa.schema([("w", pa.string())]).empty_table(),
    "times": pa.table(
        {
            "t": pa.array([1_700_000_000_000_000], pa.timestamp("us")),
            "z": pa.array([datetime(2024, 2, 29, tzinfo=UTC)], pa.timestamp("us", "UTC")),
            "l": [[1.0, 2.0]],
        }
    ),
    "metadata": pa.table({"n": [1]}).replace_schema_metadata({"theirs": "kept"}),
    "not null": pa.table({"n": [1]}, schema=pa.schema([pa.field("n", pa.int64(), False)])),
    "same names": pa.Table.from_arrays([pa.array([1]), pa.array(["x"])], names=["n", "n"]),
}


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_a_table_comes_back_as_it_went(table):
    entry = make_entry(table=table, sql="SELECT 'ü'", truncated=True, flight="f").living(10)
    back = decode(encode(entry))
    assert back.table.schema.equals(table.schema, check_metadata=True)
    assert str(back.table.to_pydict()) == str(table.to_pydict())
    assert (back.as_of, back.until, back.sql) == (entry.as_of, entry.until, entry.sql)
    assert (back.seconds, back.truncated, back.flight) == (0.5, True, "f")


def test_repeated_words_take_little_room():
    table = pa.table({"w": ["a rather long member of a dimension"] * 10_000})
    assert len(encode(make_entry(table=table))) < table.nbytes / 50


@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.9, 0.999])
def test_a_cut_stream_is_no_entry(share):
    payload = encode(make_entry(table=TABLES["words"]))
    assert decode(payload[: int(len(payload) * share)]) is None


def test_an_arrow_stream_of_somebody_else_is_no_entry():
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, TABLES["plain"].schema) as writer:
        writer.write_table(TABLES["plain"])
    assert decode(memoryview(sink.getvalue())) is None
