"""Redis hung, killed, full, back again: answers keep coming and nobody waits long."""

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
import redis

from dashapp import cache
from dashapp.cache import redis as link_module
from dashapp.settings import using
from tests import servers
from tests.cache.factories import make_entry, make_settings, value_of

PAUSE_S = 0.5


@pytest.fixture
def own_redis(tmp_path, monkeypatch) -> Iterator:
    """A Redis that this test may maltreat: its process; settings are in force."""
    monkeypatch.setattr(link_module, "LAST_PAUSE_S", PAUSE_S)
    monkeypatch.setattr(link_module, "PATIENCE_S", 10)
    try:
        with (
            servers.redis_server("--maxmemory", "8mb", "--maxmemory-policy", "noeviction") as (
                url,
                process,
            ),
            using(make_settings(tmp_path, url)),
        ):
            yield process
            cache.reset()
    except servers.Unavailable as error:
        pytest.skip(str(error))


def page(tiles=30):
    """What a page of tiles does; returns its answers."""

    def tile(number):
        landed = cache.single_flight(f"tile {number}", lambda: make_entry(number), ttl_s=60)
        return value_of(landed.entry)

    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(tile, range(tiles)))


def write(name, content):
    with cache.files().writer(name) as file:
        file.write(content)


def everything_works():
    assert page() == list(range(30))
    cache.flags().set("f", 60)
    assert cache.flags().has("f")
    assert cache.flags().increment("c", 60) >= 1


def test_a_hung_redis_costs_nobody_much_and_is_used_again_after(own_redis, caplog, monkeypatch):
    monkeypatch.setattr(link_module, "PATIENCE_S", 0.5)
    os.kill(own_redis.pid, signal.SIGSTOP)
    asked = counted_calls()
    started = time.monotonic()
    everything_works()
    assert cache.files().size("a") is None
    spent = time.monotonic() - started
    # A ratio, not a time: 90 calls of full patience would be many times as long.
    assert spent < link_module.PATIENCE_S * len(asked) / 3
    os.kill(own_redis.pid, signal.SIGCONT)
    time.sleep(PAUSE_S + 0.1)
    cache.results().put("k", make_entry(5), 60)
    cache.reset()
    assert cache.results().get("k").rung == "redis"
    assert [r.message[:24] for r in caplog.records] == [
        "Redis does not answer (T",
        "Redis answers again.",
    ]


def counted_calls():
    """Every use of Redis from now on, in a list."""
    link = cache._stores().link
    asked, call = [], link.call
    link.call = lambda *args, **more: asked.append(1) or call(*args, **more)
    return asked


def test_while_the_breaker_is_open_nothing_is_sent(own_redis):
    own_redis.kill()
    own_redis.wait()
    everything_works()
    link = cache._stores().link
    link._quick.connection_pool.reset()

    def forbidden(*_):
        raise AssertionError("sent")

    with pytest.raises(link_module.RedisUnavailable):
        link.call(forbidden)


def test_a_killed_redis_is_missed_by_nobody_and_its_successor_is_found(own_redis):
    everything_works()
    own_redis.kill()
    own_redis.wait()
    everything_works()
    with pytest.raises(cache.FileLost):
        write("a", b"1")
    cache.results().put("k", make_entry(5), 60)
    assert cache.results().get("k").rung == "memory"


def test_a_restarted_redis_is_used_at_once(own_redis):
    link = cache._stores().link
    everything_works()
    with client_of(link) as client:
        client.client_kill_filter(_type="normal", skipme=True)
    cache.results().put("k", make_entry(5), 60)
    cache.reset()
    assert cache.results().get("k").rung == "redis"


def client_of(link):
    return redis.Redis(
        **{name: link._quick.connection_pool.connection_kwargs[name] for name in ("host", "port")}
    )


def fill(client):
    for size in (100_000, 1000, 10):
        with suppress(redis.RedisError):
            for number in range(1000):
                client.set(f"ballast {size} {number}", b"x" * size)


def test_a_full_redis_refuses_and_nobody_notices(own_redis):
    with client_of(cache._stores().link) as client:
        fill(client)
    everything_works()
    assert cache.results().put("k", make_entry(5), 60) is False
    assert cache.results().get("k").rung == "memory"
    with pytest.raises(cache.FileLost, match="full"):
        write("a", b"x" * 3_000_000)
    with client_of(cache._stores().link) as client:
        assert client.keys("dashapp:file:*") == []
        client.flushall()
    cache.results().put("k", make_entry(5), 60)
    cache.reset()
    assert cache.results().get("k").rung == "redis"


def test_a_wrong_password_is_like_no_redis(own_redis, tmp_path):
    url = str(cache.settings().redis_url.get_secret_value()).replace("//", "//:wrong@")
    with using(make_settings(tmp_path, url)):
        everything_works()


def test_a_redis_that_dies_during_a_build_loses_only_the_sharing(own_redis):
    def build():
        own_redis.kill()
        own_redis.wait()
        return make_entry(5)

    assert value_of(cache.single_flight("k", build, ttl_s=60).entry) == 5
    assert cache.single_flight("k", build, ttl_s=60).rung == "built" or cache.results().get("k")
