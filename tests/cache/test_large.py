"""Large answers are files that processes map; what is not exactly what was written is not there."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from dashapp.cache import large as module
from dashapp.cache.entry import Entry
from dashapp.cache.large import Large, is_pointer
from dashapp.cache.store import ResultStore, SharedDisk

SECRET, LIMIT = b"s" * 32, 10_000_000


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything over a thousand bytes counts as large."""
    monkeypatch.setattr("dashapp.cache.store.LEAST_BYTES", 1000)


def entry(rows: int = 1000) -> Entry:
    names = pa.array([f"n {n % 7}" for n in range(rows)]).dictionary_encode()
    table = pa.table({"name": names, "n": pa.array(range(rows))})
    return Entry(table, datetime.now(UTC), 0.1, "SELECT 1").living(60)


def store(folder: Path, secret: bytes = SECRET) -> ResultStore:
    """What a process has."""
    shared = SharedDisk(folder / "shared", LIMIT, LIMIT)
    return ResultStore(LIMIT, shared, SECRET, Large(folder / "large", LIMIT, secret))


def test_another_process_maps_the_file(tmp_path: Path) -> None:
    kept = entry()
    assert store(tmp_path).put("rollup:1", kept, 60)
    other = store(tmp_path)
    for rung in ("disk", "memory"):
        found = other.get("rollup:1")
        assert found is not None
        assert (found.rung, found.entry.table, found.entry.sql) == (rung, kept.table, "SELECT 1")
    before = pa.total_allocated_bytes()
    fresh = store(tmp_path).get("rollup:1")
    assert fresh is not None
    assert pa.total_allocated_bytes() - before < kept.table.nbytes / 2


def test_small_answers_are_not_files(tmp_path: Path) -> None:
    store(tmp_path).put("answer:1", entry(3), 60)
    assert not (tmp_path / "large").exists()


@pytest.mark.parametrize("harm", ["gone", "changed", "cut", "another secret", "another's file"])
def test_a_harmed_file_is_no_answer(tmp_path: Path, harm: str) -> None:
    kept = store(tmp_path)
    kept.put("rollup:1", entry(), 60)
    (path,) = (tmp_path / "large").iterdir()
    content = path.read_bytes()
    if harm == "gone":
        path.unlink()
    elif harm == "changed":
        path.write_bytes(content.replace(b"n 3", b"n 4"))
    elif harm == "cut":
        path.write_bytes(content[: len(content) // 2])
    elif harm == "another's file":
        kept.put("rollup:2", entry(999), 60)
        (second,) = (p for p in (tmp_path / "large").iterdir() if p != path)
        second.replace(path)
    secret = b"t" * 32 if harm == "another secret" else SECRET
    assert store(tmp_path, secret).get("rollup:1") is None


def test_what_cannot_be_written_is_not_shared(tmp_path: Path) -> None:
    (tmp_path / "large").write_text("in the way")
    assert not store(tmp_path).put("rollup:1", entry(), 60)
    assert Large(tmp_path / "other", 10, SECRET).write(entry(), 60) is None


def test_sweeping_deletes_what_expired_and_the_oldest_over_the_limit(tmp_path: Path) -> None:
    files = Large(tmp_path, LIMIT, SECRET)
    made = [p for ttl in (-1, 50, 60) if (p := files.write(entry(), ttl)) is not None]
    old, first, last = made
    assert all(is_pointer(p) for p in made)
    (tmp_path / "x.part").touch()
    files.sweep()
    assert [files.read(p) is not None for p in (old, first, last)] == [False, True, True]
    assert (tmp_path / "x.part").exists()  # Somebody may be writing it.
    Large(tmp_path, 20_000, SECRET).sweep()
    assert [files.read(p) is not None for p in (first, last)] == [False, True]
    assert time.time() < next(tmp_path.glob("[0-9a-f]*")).stat().st_mtime


def test_a_pointer_leads_nowhere_else(tmp_path: Path) -> None:
    files = Large(tmp_path / "large", LIMIT, SECRET)
    made = files.write(entry(), 60)
    assert made is not None
    mac = (made.table.schema.metadata or {})[module.MARK].decode().partition(":")[2]
    about = {module.MARK: f"../large/../../etc/passwd:{mac}".encode()}
    assert files.read(replace(made, table=made.table.replace_schema_metadata(about))) is None
