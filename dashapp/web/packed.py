"""Compressed forms of static files: a quick one at once, the smallest as soon as it is made.

The smallest forms take seconds to make. They are made one after the other beside the serving of
requests, and kept in the data folder for the next start and for other processes.
"""

from __future__ import annotations

import hashlib
import logging
import os
import queue
import tempfile
import threading
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pyarrow as pa

from dashapp.settings import settings

log = logging.getLogger(__name__)
Encoding = Literal["br", "gzip", "zstd"]
QUICK: dict[Encoding, int] = {"br": 4, "gzip": 6, "zstd": 3}
SMALLEST: dict[Encoding, int] = {"br": 11, "gzip": 9}
NAMES: dict[Encoding, Literal["brotli", "gzip", "zstd"]] = {  # as Arrow has them
    "br": "brotli", "gzip": "gzip", "zstd": "zstd"
}  # fmt: skip
KEPT = 400  # Forms in memory.
NICE = 10  # Requests come first.


@dataclass(frozen=True)
class Form:
    """A file's content in one encoding; `name` tells contents apart."""

    name: str
    encoding: Encoding


def pack(plain: bytes, encoding: Encoding, level: int | None = None) -> bytes:
    """`plain` as "br", "gzip" or "zstd"; by default with little effort."""
    codec = pa.Codec(NAMES[encoding], compression_level=level or QUICK[encoding])
    return bytes(codec.compress(plain, asbytes=True))


class Shelf:
    """Forms of static files."""

    def __init__(self) -> None:
        self._forms: OrderedDict[Form, bytes] = OrderedDict()
        self._lock = threading.Lock()
        self._wanted: queue.SimpleQueue[tuple[Form, bytes, Path]] = queue.SimpleQueue()
        self._maker: threading.Thread | None = None

    def form(self, name: str, encoding: Encoding, plain: bytes) -> bytes:
        """The content of a file; `name` changes when the content does."""
        form = Form(name, encoding)
        with self._lock:
            if form in self._forms:
                self._forms.move_to_end(form)
                return self._forms[form]
        path = folder() / f"{hashlib.blake2b(plain, digest_size=16).hexdigest()}.{encoding}"
        try:
            made = path.read_bytes()
        except OSError:
            made = pack(plain, encoding)
            self._want(form, plain, path)
        self._keep(form, made)
        return made

    def _keep(self, form: Form, made: bytes) -> None:
        with self._lock:
            self._forms[form] = made
            self._forms.move_to_end(form)
            while len(self._forms) > KEPT:
                self._forms.popitem(last=False)

    def _want(self, form: Form, plain: bytes, path: Path) -> None:
        self._wanted.put((form, plain, path))
        with self._lock:
            if self._maker is None:
                self._maker = threading.Thread(target=self._make, name="packing", daemon=True)
                self._maker.start()

    def _make(self) -> None:
        with suppress(AttributeError, OSError):  # Where threads have no priority of their own.
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
        while True:
            form, plain, path = self._wanted.get()
            try:
                made = path.read_bytes()  # Another process was first.
            except OSError:
                made = pack(plain, form.encoding, SMALLEST[form.encoding])
                write(path, made)
            self._keep(form, made)


def folder() -> Path:
    """Where the smallest forms are kept."""
    return settings().data_dir / "static"


def write(path: Path, content: bytes) -> None:
    """Write a file as a whole; where that is not possible it is made again after the next start."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(name).replace(path)
    except OSError:
        log.warning("A compressed file cannot be kept in %s", path.parent)


SHELF = Shelf()
