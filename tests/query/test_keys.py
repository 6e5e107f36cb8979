import random
import unicodedata
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest

from dashapp.query.keys import fingerprint, key
from dashapp.settings import Settings, using
from dashapp.specs import DatabaseSpec, DatasetSpec, RowRule, Source

ONE, TWO = UUID(int=1), UUID(int=2)


@pytest.fixture(autouse=True)
def _server(tmp_path: Path):
    with using(Settings(secret_key="kX9wq2Lr7vT4mB8zN1cY6pD3sH5gJ0fA", data_dir=tmp_path)):
        yield


def make_source(dataset=None, database=None):
    about = {"uuid": ONE, "name": "sales", "database": TWO, "table": "sales"}
    where = {"uuid": TWO, "name": "db", "kind": "sqlite", "url": "sqlite://"}
    return Source(
        dataset=DatasetSpec(**about | (dataset or {})),
        database=DatabaseSpec(**where | (database or {})),
    )


SCOPE = {"version": "v", "fingerprint": "f", "zone": "UTC", "locale": "en"}


def make_key(content=None, kind="answer", source=None, **more):
    return key(kind, content, source=source or make_source(), **SCOPE | more)


COMPOSED, SPLIT = (unicodedata.normalize(form, "Zürich") for form in ("NFC", "NFD"))
DIFFERENT = [
    None, True, False, 0, 1, -1, 1.0, 0.0, -0.0, 0.5, float("nan"), float("inf"), 2**53, 2**53 + 1,
    "", "0", "1", "true", "null", "None", "1.0", COMPOSED, SPLIT, "zürich", "a|b", "a,b", "\ud800",
    [], [None], [[]], ["a", "b"], ["a|b"], ["a,b"], ["a", "b", ""], [["a"], "b"], ["float", "1.0"],
    {}, {"a": 1}, {"a": "1"}, {"a": True}, {"a": None}, {"a": {}}, {"b": 1}, {"a": 1, "b": 2},
    [["a", 1], ["b", 2]], ["map", [["a", 1]]], ["list", []], [1, 2], ["1", "2"], [12], "[1,2]",
    datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 1, tzinfo=UTC).date(),
    "2024-01-01T00:00:00+00:00", "2024-01-01", ONE, str(ONE), Decimal("1"), Decimal("1.0"),
    datetime(2024, 1, 1, tzinfo=UTC).time(),
]  # fmt: skip


def test_whatever_differs_has_another_key():
    keys = [make_key(content) for content in DIFFERENT]
    assert len(set(keys)) == len(DIFFERENT)


def test_a_key_is_its_kind_and_a_digest():
    assert make_key("x").startswith("answer:")
    assert len(make_key("x")) == len("answer:") + 64


def test_order_of_names_does_not_matter_and_order_of_lists_does():
    assert make_key({"a": 1, "b": [1, 2]}) == make_key({"b": (1, 2), "a": 1})
    assert make_key([1, 2]) != make_key([2, 1])


SCOPES = [
    {"kind": "steps"},
    {"fingerprint": "g"},
    {"zone": "Europe/Berlin"},
    {"locale": "de"},
    {"version": "w"},
    {"source": make_source({"version": 2})},
    {"source": make_source({"uuid": TWO})},
    {"source": make_source(database={"version": 2})},
    {"source": make_source(database={"uuid": ONE})},
    {"source": make_source({"table": "other"})},
    {"source": make_source({"schema_name": "main"})},
    {"source": make_source({"table": None, "sql": "SELECT 1"})},
    {"source": make_source({"zone": "Asia/Tokyo"})},
    {"source": make_source({"week_start": "sunday"})},
    {"source": make_source({"time_column": "t"})},
]


def test_every_part_of_the_scope_makes_another_key():
    keys = [make_key("x")] + [make_key("x", **scope) for scope in SCOPES]
    keys.append(key("answer", "x", source=None, **SCOPE))
    assert len(set(keys)) == len(SCOPES) + 2


@pytest.mark.parametrize("content", [{1, 2}, object(), b"bytes", {1: "a"}, [{"a": {2: 1}}]])
def test_what_has_no_clear_text_is_refused(content):
    with pytest.raises(TypeError):
        make_key(content)


RULES = [
    RowRule(clause="region = 'EU'"),
    RowRule(clause="region = 'US'"),
    RowRule(clause="region = 'EU'", group="g"),
    RowRule(clause="region = 'EU'", table="t"),
    RowRule(clause="region = 'EU'", table="t", schema_name="s"),
    RowRule(clause="region = 'EU'", schema_name="t", table="s"),
]


def test_equal_rules_in_any_order_have_one_fingerprint():
    shuffled = RULES * 2
    random.Random(3).shuffle(shuffled)
    assert fingerprint(shuffled) == fingerprint(RULES)


def test_other_rules_have_another_fingerprint():
    sets = [[], *([rule] for rule in RULES), RULES[:2], RULES[1:], RULES]
    assert len({fingerprint(rules) for rules in sets}) == len(sets)


def test_a_fingerprint_says_nothing_without_the_secret(tmp_path):
    here = fingerprint(RULES)
    with using(Settings(secret_key="another secret 0123456789 abcdefghij", data_dir=tmp_path)):
        assert fingerprint(RULES) != here
