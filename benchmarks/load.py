"""How many cached tiles a server of two web processes gives out, and how much memory that takes."""

from __future__ import annotations

import gzip
import json
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import psutil
import sqlalchemy as sa

from benchmarks.callbacks import nothing
from benchmarks.measure import Times, ms, table
from benchmarks.stage import NAME, serving
from dashapp.charts import KINDS
from dashapp.services import accounts, dashboards
from dashapp.services.dashboards import Opened
from dashapp.settings import Settings
from dashapp.signing import sign
from dashapp.ui import ids
from dashapp.viewer import SYSTEM
from dashapp.web import csrf
from dashapp.web.core import create_core
from models import User, db

PROCESSES, CONNECTIONS, SECONDS = 2, 8, 4.0
CALLS = 2_000
SLUG = "new-york-flights-2013"
GROUPS = (1, 5, 12)
HEAD = (
    "what is asked", "requests per second", "tiles per second", "median ms", "p95 ms",
    "of the processor, ms", "bytes of an answer",
)  # fmt: skip
MEMORY_HEAD = ("when", "web processes, MB (PSS)", "to idle")


class Connection:
    """A connection that is kept open, speaking just enough HTTP to post and to read answers."""

    def __init__(self, base: str) -> None:
        parts = urlsplit(base)
        self._socket = socket.create_connection((str(parts.hostname), int(parts.port or 80)))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._rest = b""

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def ask(self, request: bytes) -> tuple[int, bytes, bytes]:
        """Status, head and body of the answer to a whole request."""
        self._socket.sendall(request)
        while b"\r\n\r\n" not in self._rest:
            self._more()
        head, _, self._rest = self._rest.partition(b"\r\n\r\n")
        length = _length(head)
        while len(self._rest) < length:
            self._more()
        body, self._rest = self._rest[:length], self._rest[length:]
        return int(head[9:12]), head, body

    def _more(self) -> None:
        got = self._socket.recv(262_144)
        if not got:
            raise ConnectionError("The server hung up.")
        self._rest += got


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


@dataclass(frozen=True)
class Browser:
    """A signed-in browser: writes requests with its cookies."""

    base: str
    cookie: str
    token: str

    def get(self, path: str) -> bytes:
        """A request for a page."""
        return self._request("GET", path, b"")

    def call(self, body: dict[str, Any]) -> bytes:
        """A request that runs a callback."""
        return self._request("POST", "/_dash-update-component", json.dumps(body).encode())

    def _request(self, method: str, path: str, body: bytes) -> bytes:
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: {urlsplit(self.base).netloc}\r\n"
            f"Cookie: {self.cookie}\r\nX-CSRFToken: {self.token}\r\nOrigin: {self.base}\r\n"
            f"Accept-Encoding: gzip\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


def run(chosen: Settings) -> str:
    """Two tables: what is given out per second, and the memory of the web processes."""
    chosen = chosen.model_copy(update={"web_workers": PROCESSES})
    with create_core().app_context():
        user = db.session.scalars(sa.select(User).where(User.username == NAME)).one()
        session = str(accounts.open_session(user))
        boards = [dashboards.open(SYSTEM, one.slug) for one in dashboards.listed(SYSTEM)]
    with serving(chosen) as base:
        cookie = f"dashapp={sign('session', session)}; _csrf_token={csrf.token_for(session)}"
        browser = Browser(base, cookie, csrf.token_for(session))
        memory = [("idle", pss())]
        with Connection(base) as line:
            output = _output(line, browser)
            for opened in boards:
                _visit(line, browser, opened, output)
        memory.append((f"all {len(boards)} example dashboards opened", pss()))
        asks = _asks(browser, next(b for b in boards if b.slug == SLUG), output)
        rows = [_measured(base, name, tiles, request) for name, tiles, request in asks]
        with Connection(base) as line:
            for _ in range(CALLS):
                _good(line.ask(asks[-1][2]))
        memory.append((f"{CALLS:,} callbacks more", pss()))
    idle = memory[0][1]
    told = [(name, f"{size:.0f}", f"{size / idle:.2f}×") for name, size in memory]
    return f"{table(HEAD, rows)}\n{table(MEMORY_HEAD, told)}"


def _asks(browser: Browser, opened: Opened, output: str) -> list[tuple[str, int, bytes]]:
    """What is asked: its name, how many tiles it has, the request."""
    keys = [t.key for _, t in opened.layout.tiles() if _is_drawn(opened.chart(t).kind)]
    groups = [
        (f"{n} cached tile{'s' * (n > 1)}", n, browser.call(group(opened, keys[:n], output)))
        for n in GROUPS
    ]
    return [
        ("a route of Flask that does nothing", 0, browser.get("/health")),
        ("a callback that does nothing", 0, browser.call(nothing())),
        *groups,
    ]


def _is_drawn(kind: str) -> bool:
    return KINDS[kind].family != "tables"


def _visit(line: Connection, browser: Browser, opened: Opened, output: str) -> None:
    """Open a dashboard and have all its tiles drawn."""
    _good(line.ask(browser.get(f"/dashboards/{opened.slug}")))
    keys = [tile.key for _, tile in opened.layout.tiles()]
    for at in range(0, len(keys), 20):
        _good(line.ask(browser.call(group(opened, keys[at : at + 20], output))))


def _output(line: Connection, browser: Browser) -> str:
    """The name that Dash gives to the callback of a group of tiles."""
    _, head, body = line.ask(browser.get("/_dash-dependencies"))
    text = gzip.decompress(body) if b"gzip" in head.lower() else body
    return next(
        str(one["output"]) for one in json.loads(text) if '"part":"answered"' in one["output"]
    )


def group(opened: Opened, keys: Sequence[str], output: str) -> dict[str, Any]:
    """What the browser posts to have these tiles drawn, all of one group."""
    bodies = [ids.tile("body", key, 0) for key in keys]
    feet = [ids.tile("foot", key, 0) for key in keys]
    asked, answered = ids.group("ask", 0), ids.group("answered", 0)
    wish = {"seq": 1, "tiles": list(keys), "force": False, "tick": False, "shown": {}}
    changed = json.dumps(asked, separators=(",", ":"), sort_keys=True)
    return {
        "output": output,
        "outputs": [
            [{"id": one, "property": "children"} for one in bodies],
            [{"id": one, "property": "children"} for one in feet],
            {"id": answered, "property": "data"},
        ],
        "inputs": [{"id": asked, "property": "data", "value": wish}],
        "changedPropIds": [f"{changed}.data"],
        "state": [
            {"id": ids.FILTERS, "property": "data", "value": {}},
            {"id": ids.PAGE, "property": "data", "value": {"slug": opened.slug, "page": "bench"}},
            [{"id": one, "property": "id", "value": one} for one in bodies],
        ],
    }


def _good(answer: tuple[int, bytes, bytes]) -> bytes:
    status, _, body = answer
    if status not in (200, 204):
        raise RuntimeError(f"The server answered {status}: {body[:300]!r}")
    return body


def _measured(base: str, name: str, tiles: int, request: bytes) -> tuple[str, ...]:
    """A row: the request again and again, over several connections at once."""
    _loaded(base, request, 0.5)
    before = worked()
    seconds, took, size = _loaded(base, request, SECONDS)
    own = (worked() - before) / len(took)
    per_second, times = len(took) / seconds, Times(tuple(took))
    return (
        name, f"{per_second:,.0f}", f"{per_second * tiles:,.0f}" if tiles else "",
        ms(times.median), ms(times.p95), ms(own), f"{size:,}",
    )  # fmt: skip


def _loaded(base: str, request: bytes, seconds: float) -> tuple[float, list[float], int]:
    """Seconds that passed, those of each request, and the bytes of the last answer."""
    took: list[float] = []
    sizes: list[int] = []
    end = time.perf_counter() + seconds

    def load() -> None:
        with Connection(base) as line:
            while (start := time.perf_counter()) < end:
                body = _good(line.ask(request))
                took.append(time.perf_counter() - start)
            sizes.append(len(body))

    start = time.perf_counter()
    with _together(load):
        pass
    return time.perf_counter() - start, took, sizes[-1]


@contextmanager
def _together(work: Any) -> Iterator[None]:
    threads = [threading.Thread(target=work) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    yield
    for thread in threads:
        thread.join()


def pss() -> float:
    """Memory of the web processes: MB, shared pages counted by their share."""
    return float(sum(process.memory_full_info().pss for process in _web()) / 1024**2)


def worked() -> float:
    """Seconds of processor that the web processes took so far."""
    return float(sum(sum(process.cpu_times()[:2]) for process in _web()))


def _web() -> list[psutil.Process]:
    """The web processes that this one started."""
    started = psutil.Process().children(recursive=True)
    return [process for process in started if "granian" in " ".join(process.cmdline())]
