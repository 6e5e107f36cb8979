"""A queue of files for embedded mode: nothing beside Python, no message lost or read half.

kombu's own file transport writes messages in place, so that a busy reader sees halves, and
deletes a message as it is read, so that a killed worker takes it along. Here a message appears
by a rename, and a reader claims it by another rename and deletes it when the work is acknowledged.
Claims of processes that are gone go back into the queue.
"""

from __future__ import annotations

import logging
import os
import time
import uuid
from functools import cache
from pathlib import Path
from queue import Empty
from typing import Any

import psutil
from kombu.transport import TRANSPORT_ALIASES, virtual
from kombu.utils.json import dumps, loads

NAME = "files"
POLLING_S = 0.02
# How often a reader looks for claims of processes that are gone, seconds.
RECOVERY_S = 2.0

log = logging.getLogger(__name__)


def options(folder: Path) -> dict[str, Any]:
    """Celery's `broker_transport_options` for a queue in `folder`."""
    return {"folder": str(folder), "polling_interval": POLLING_S}


def clear(folder: Path) -> int:
    """Drop every message in `folder`, claimed ones too; how many. Only while nobody uses it."""
    paths = [path for path in folder.glob("**/*") if path.is_file()]
    for path in paths:
        path.unlink(missing_ok=True)
    return sum(path.suffix == ".msg" for path in paths)


@cache
def owner(pid: int) -> str:
    """Mark of a live process that no later process with the same number has."""
    return f"{pid}-{int(psutil.Process(pid).create_time() * 100)}"


def is_alive(mark: str) -> bool:
    """Whether the process of a mark still runs."""
    owner.cache_clear()
    try:
        pid = int(mark.partition("-")[0])
        return owner(pid) == mark and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except (psutil.NoSuchProcess, ValueError):
        return False


class QoS(virtual.QoS):
    """Deletes a message's file as soon as the message is acknowledged or refused."""

    channel: Channel

    def ack(self, delivery_tag: str) -> None:
        """The message is done."""
        super().ack(delivery_tag)  # type: ignore[no-untyped-call]
        self.channel.release(delivery_tag)

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        """The message goes back into the queue, or is dropped."""
        super().reject(delivery_tag, requeue=requeue)  # type: ignore[no-untyped-call]
        self.channel.release(delivery_tag)


class Channel(virtual.Channel):
    """Queues are names in one folder; a message goes to the queue its routing key names."""

    QoS = QoS
    supports_fanout = False

    def __init__(self, connection: Any, **options: Any) -> None:
        super().__init__(connection, **options)  # type: ignore[no-untyped-call]
        self.folder = Path(connection.client.transport_options["folder"])
        self.ready = self.folder / "ready"
        self.claimed = self.folder / "claimed"
        for folder in (self.folder, self.ready, self.claimed):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._claims: dict[str, Path] = {}
        self._recovered_at = 0.0

    def _lookup(self, exchange: str, routing_key: str, default: str | None = None) -> list[str]:
        return [routing_key or default or "celery"]

    def _queue_bind(self, *_args: Any, **_options: Any) -> None:
        pass

    def get_table(self, exchange: str) -> list[Any]:
        """No bindings are kept; see `_lookup`."""
        return []

    def _put(self, queue: str, message: dict[str, Any], **_options: Any) -> None:
        name = f"{time.time_ns():020d}_{uuid.uuid4().hex}.{queue}.msg"
        fresh = self.ready / f".{name}"
        fresh.write_text(dumps(message))  # type: ignore[no-untyped-call]
        fresh.rename(self.ready / name)

    def _waiting(self, queue: str) -> list[str]:
        end = f".{queue}.msg"
        return sorted(
            name for name in os.listdir(self.ready) if name.endswith(end) and name[0] != "."
        )

    def _get(self, queue: str, timeout: float | None = None) -> dict[str, Any]:
        self._recover()
        for name in self._waiting(queue):
            claim = self.claimed / f"{owner(os.getpid())}_{name}"
            try:
                (self.ready / name).rename(claim)
            except FileNotFoundError:
                continue  # Another worker was faster.
            try:
                message: dict[str, Any] = loads(  # type: ignore[no-untyped-call]
                    claim.read_text()
                )
                self._claims[message["properties"]["delivery_tag"]] = claim
            except (ValueError, KeyError, TypeError) as error:
                log.warning("Dropped a message that is none: %s (%s)", name, type(error).__name__)
                claim.unlink(missing_ok=True)
                continue
            return message
        raise Empty

    def release(self, delivery_tag: str) -> None:
        """Forget a claimed message."""
        claim = self._claims.pop(delivery_tag, None)
        if claim is not None:
            claim.unlink(missing_ok=True)

    def _restore(self, message: Any) -> None:
        claim = self._claims.pop(message.delivery_tag, None)
        if claim is None:
            super()._restore(message)  # type: ignore[no-untyped-call]
        else:
            self._give_back(claim)

    def _give_back(self, claim: Path) -> None:
        try:
            claim.rename(self.ready / claim.name.partition("_")[2])
        except FileNotFoundError:
            log.debug("Another worker gave %s back.", claim.name)

    def _recover(self) -> None:
        if time.monotonic() - self._recovered_at < RECOVERY_S:
            return
        self._recovered_at = time.monotonic()
        for claim in list(self.claimed.iterdir()):
            if not is_alive(claim.name.partition("_")[0]):
                self._give_back(claim)

    def _size(self, queue: str) -> int:
        return len(self._waiting(queue))

    def _purge(self, queue: str) -> int:
        names = self._waiting(queue)
        for name in names:
            (self.ready / name).unlink(missing_ok=True)
        return len(names)

    def _has_queue(self, queue: str, **_options: Any) -> bool:
        return True

    def _delete(self, queue: str, *args: Any, **options: Any) -> None:
        self._purge(queue)


class Transport(virtual.Transport):
    """kombu's door to the queue of files; URL `files://`."""

    Channel = Channel
    implements = virtual.Transport.implements.extend(
        asynchronous=False, exchange_type=frozenset(["direct"])
    )
    driver_type = "files"
    driver_name = "files"
    # State of bindings is per process and not needed.
    global_state = virtual.BrokerState()  # type: ignore[no-untyped-call]

    def __init__(self, client: Any, **options: Any) -> None:
        super().__init__(client, **options)  # type: ignore[no-untyped-call]
        self.state = self.global_state

    def driver_version(self) -> str:
        """Version of the format."""
        return "1"


TRANSPORT_ALIASES[NAME] = f"{__name__}:Transport"
