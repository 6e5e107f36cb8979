"""Redis with short patience: when it fails it is left alone for a while, and nobody waits."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

import redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as Disconnected
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as TooSlow
from redis.retry import Retry

log = logging.getLogger(__name__)
T = TypeVar("T")

PATIENCE_S = 0.15  # For one small command; what a page loses at most when Redis hangs.
BULK_PATIENCE_S = 1.0  # For a value of megabytes.
BULK_BYTES = 1024 * 1024
# How long a failing Redis is left alone: shortly at first, since a busy machine looks like one.
FIRST_PAUSE_S, LAST_PAUSE_S = 0.25, 5.0
MOST_CONNECTIONS = 1024

# Of several keys: each value that is a string of at most ARGV[1] bytes (only the first ARGV[2]
# bytes if that is not 0). A value of another type or size is no value.
READ = """
local values = {}
for i, key in ipairs(KEYS) do
  local size = redis.pcall('strlen', key)
  values[i] = false
  if type(size) == 'number' and size > 0 and size <= tonumber(ARGV[1]) then
    if ARGV[2] == '0' then values[i] = redis.call('get', key)
    else values[i] = redis.call('getrange', key, 0, tonumber(ARGV[2]) - 1) end
  end
end
return values
"""


class RedisUnavailable(Exception):
    """Redis did not do it; go on without. Never leaves the cache."""


class Link:
    """A pool of connections behind a circuit breaker; safe between threads.

    After a failure nothing is sent for a while, which doubles with each further failure; then
    one caller tries again while the others still go without.
    """

    def __init__(self, url: str) -> None:
        self._quick = _client(url, PATIENCE_S)
        self._bulk = _client(url, BULK_PATIENCE_S)
        self._read = self._quick.register_script(READ)
        self._lock = threading.Lock()
        self._failures = 0
        self._tripped_at = self._closed_until = 0.0

    def call(self, ask: Callable[[redis.Redis], Any], size_bytes: int = 0) -> Any:
        """What `ask` answers; `size_bytes` says how much it sends. Raises RedisUnavailable."""
        began = self._enter()
        try:
            answer = ask(self._bulk if size_bytes > BULK_BYTES else self._quick)
        except (Disconnected, TooSlow, OSError) as error:
            self._trip(error, began)
            raise RedisUnavailable from error
        except RedisError as error:  # It answers, but refuses: full, read-only, wrong type.
            self._recover(began)
            raise RedisUnavailable from error
        self._recover(began)
        return answer

    def read(self, keys: list[str], most_bytes: int, count: int = 0) -> list[bytes | None]:
        """Values of at most `most_bytes` (their first `count` bytes if not 0), in one round trip."""
        return list(
            self.call(lambda client: self._read(keys=keys, args=[most_bytes, count], client=client))
        )

    def close(self) -> None:
        """Close all connections."""
        self._quick.close()
        self._bulk.close()

    def _enter(self) -> float:
        """When this call began. Raises RedisUnavailable while Redis is left alone."""
        now = time.monotonic()
        if self._failures:
            with self._lock:
                if now < self._closed_until:
                    raise RedisUnavailable
                self._closed_until = now + LAST_PAUSE_S  # For the others, until we know more.
        return now

    def _trip(self, error: Exception, began: float) -> None:
        with self._lock:
            if began < self._tripped_at:
                return  # Under way when another call failed: one incident, counted once.
            if not self._failures:
                log.warning("Redis does not answer (%s); going on without it.", error)
            self._tripped_at = time.monotonic()
            pause_s = min(LAST_PAUSE_S, FIRST_PAUSE_S * 2**self._failures)
            self._closed_until = self._tripped_at + pause_s
            self._failures = min(self._failures + 1, 10)

    def _recover(self, began: float) -> None:
        if not self._failures:
            return
        with self._lock:
            if not self._failures or began < self._tripped_at:
                return
            self._failures = 0
        log.warning("Redis answers again.")


def _client(url: str, patience_s: float) -> redis.Redis:
    # One retry, and only when the connection broke: that is how a restarted Redis looks.
    return redis.Redis.from_url(
        url,
        protocol=2,
        socket_timeout=patience_s,
        socket_connect_timeout=patience_s,
        retry=Retry(NoBackoff(), 1, supported_errors=(Disconnected,)),
        max_connections=MOST_CONNECTIONS,
    )
