import os
import pickle
import random
import time
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
import redis

from dashapp import cache
from dashapp.cache import store as store_module
from dashapp.cache.seal import derived_key, seal
from dashapp.settings import using
from tests.cache.factories import SECRET, make_entry, make_settings, value_of


def forget():
    """Be another process: nothing remembered."""
    cache.reset()


def test_an_answer_climbs_from_shared_to_memory(chosen):
    rung = "redis" if chosen.redis_url else "disk"
    assert cache.results().get("k") is None
    assert cache.results().put("k", make_entry(7), 60)
    assert cache.results().get("k").rung == "memory"
    forget()
    found = [cache.results().get("k") for _ in range(2)]
    assert [(f.rung, value_of(f.entry)) for f in found] == [(rung, 7), ("memory", 7)]


def test_many_answers_are_found_at_once(chosen):
    cache.results().put("a", make_entry("a"), 60)
    forget()
    cache.results().put("b", make_entry("b"), 60)
    found = cache.results().get_many({"a": 60, "b": 60, "c": 60})
    assert {key: value_of(f.entry) for key, f in found.items()} == {"a": "a", "b": "b"}


def test_ttl_zero_keeps_nothing(chosen):
    cache.results().put("k", make_entry(), 0)
    assert cache.results().get("k") is None


def test_an_answer_ends_with_its_ttl(chosen):
    cache.results().put("k", make_entry(seconds=0), 0.15)
    time.sleep(0.2)
    assert cache.results().get("k") is None
    forget()
    assert cache.results().get("k") is None


def test_who_accepts_less_age_gets_less(chosen):
    old = make_entry(as_of=datetime.now(UTC) - timedelta(seconds=100))
    cache.results().put("k", old, 3600)
    assert cache.results().get("k", 99) is None
    assert cache.results().get("k", 200) is not None
    forget()
    assert cache.results().get("k", 99) is None
    assert cache.results().get("k", 200) is not None


def test_a_newer_answer_of_another_process_is_noticed(chosen, monkeypatch):
    monkeypatch.setattr(store_module, "RECHECK_S", 0)
    mine = cache.results()
    mine.put("k", make_entry("old"), 60)
    forget()
    cache.results().put("k", make_entry("new"), 60)
    assert value_of(mine.get("k").entry) == "new"
    cache.results().delete("k")
    assert value_of(mine.get("k").entry) == "new"  # Evicted elsewhere, still right here.


def table_of_other():
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, pa.schema([("n", pa.int64())])) as writer:
        writer.write_table(pa.table({"n": [666]}))
    return sink.getvalue().to_pybytes()


def sealed(key, entry, secret=SECRET):
    with using(make_settings("/nonexistent")):
        sealing = cache.ResultStore(0, None, derived_key(secret, "results"))
        return sealing.sealed(key, entry.living(60))


GOOD = sealed("k", make_entry(1))
CORPUS = {
    "pickle": pickle.dumps(print),
    "sealed pickle": seal(derived_key(SECRET, "results"), "k", pickle.dumps([1])),
    "empty": b"",
    "text": b"hello",
    "bare arrow": table_of_other(),
    "sealed foreign arrow": seal(derived_key(SECRET, "results"), "k", table_of_other()),
    "another key's": sealed("other", make_entry(666)),
    "another server's": sealed("k", make_entry(666), "t" * 32),
    "expired": sealed("k", make_entry(666, as_of=datetime.now(UTC) - timedelta(days=1))),
    "head only": GOOD[:40],
    "half": GOOD[: len(GOOD) // 2],
    "longer": GOOD + b"\0",
    "flipped": GOOD[:-9] + bytes([GOOD[-9] ^ 4]) + GOOD[-8:],
}


@pytest.mark.parametrize("value", CORPUS.values(), ids=CORPUS)
def test_a_broken_or_foreign_value_is_a_miss(chosen, value):
    cache.results().put("k", make_entry("good"), 60)
    overwrite(chosen, "k", value)
    forget()
    assert cache.results().get("k") is None
    cache.results().put("k", make_entry("good"), 60)
    forget()
    assert value_of(cache.results().get("k").entry) == "good"


def overwrite(chosen, key, value):
    if chosen.redis_url:
        with redis.Redis.from_url(chosen.redis_url.get_secret_value()) as client:
            client.set(store_module.PREFIX + key, value)
    else:
        folder = chosen.data_dir / "cache" / "results"
        (path,) = (p for p in folder.glob("??/*") if p.is_file())
        path.write_bytes(value)
        later = time.time() + 60
        os.utime(path, (later, later))


@pytest.mark.parametrize("fill", ["rpush", "hset", "sadd", "giant"])
def test_a_value_of_another_type_or_size_is_a_miss(on_redis, fill):
    key = store_module.PREFIX + "k"
    cache.results().put("k", make_entry("good"), 60)
    with redis.Redis.from_url(on_redis.redis_url.get_secret_value()) as client:
        client.delete(key)
        if fill == "giant":
            client.setrange(key, 512 * 1024 * 1024 - 1, b"x")
        else:
            getattr(client, fill)(key, "a", *(["b"] if fill == "hset" else []))
        forget()
        cache.results().put("fine", make_entry("fine"), 60)
        forget()
        found = cache.results().get_many({"k": 60, "fine": 60})
        assert {k: value_of(f.entry) for k, f in found.items()} == {"fine": "fine"}
        cache.results().put("k", make_entry("good"), 60)
        forget()
        assert value_of(cache.results().get("k").entry) == "good"


def test_ten_thousand_mixed_reads_never_get_another_key(chosen):
    dice, results = random.Random(7), cache.results()
    for number in range(200):
        results.put(f"key {number}", make_entry(number), 600)
    for number in dice.choices(range(200), k=10_000):
        if number == 0:
            forget()
        found = cache.results().get(f"key {number}")
        assert value_of(found.entry) == number


def test_a_giant_answer_stays_in_this_process(on_disk, monkeypatch):
    monkeypatch.setattr(store_module, "MOST_BYTES", 1000)
    table = pa.table({"n": random.Random(1).choices(range(10**12), k=2000)})
    assert cache.results().put("k", make_entry(table=table), 60) is False
    assert cache.results().get("k").rung == "memory"
    forget()
    assert cache.results().get("k") is None
