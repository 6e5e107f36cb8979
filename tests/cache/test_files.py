import os
import signal
import time

import pytest
import redis

from dashapp import cache
from dashapp.cache.files import CHUNK_BYTES
from dashapp.errors import NotFound
from tests.cache.factories import options, processes, serving

CONTENT = os.urandom(CHUNK_BYTES * 2 + 17)


def kept(name):
    return b"".join(cache.files().open(name))


def fail_after(content):
    before = cache.files().size("a")
    with cache.files().writer("a") as file:
        file.write(content)
        file.flush()
        assert cache.files().size("a") == before
        raise ZeroDivisionError


def left_over(chosen):
    return [path.name for path in (chosen.data_dir / "files").glob("*.part")]


def test_a_file_comes_back_in_chunks(chosen):
    with cache.files().writer("export.csv") as file:
        file.write(CONTENT)
    assert cache.files().size("export.csv") == len(CONTENT)
    assert kept("export.csv") == CONTENT
    assert len(list(cache.files().open("export.csv"))) == 3
    assert left_over(chosen) == []


def test_another_process_reads_it(chosen):
    with cache.files().writer("a") as file:
        file.write(b"1")
    cache.reset()
    assert kept("a") == b"1"


def test_an_empty_file_is_a_file(chosen):
    with cache.files().writer("empty"):
        pass
    assert cache.files().size("empty") == 0
    assert kept("empty") == b""


def test_a_writer_may_seek(chosen):
    with cache.files().writer("a") as file:
        file.write(b"xxxx")
        file.seek(0)
        file.write(b"ab")
    assert kept("a") == b"abxx"


def test_nothing_is_seen_before_the_end_and_after_a_failure(chosen):
    with pytest.raises(ZeroDivisionError):
        fail_after(CONTENT)
    assert cache.files().size("a") is None
    with pytest.raises(NotFound):
        cache.files().open("a")
    assert left_over(chosen) == []


def test_a_failed_rewrite_leaves_the_old_file(chosen):
    with cache.files().writer("a") as file:
        file.write(b"old")
    with pytest.raises(ZeroDivisionError):
        fail_after(b"new")
    assert kept("a") == b"old"


def test_a_deleted_file_is_gone(chosen):
    with cache.files().writer("a") as file:
        file.write(CONTENT)
    cache.files().delete("a")
    cache.files().delete("a")
    assert cache.files().size("a") is None


@pytest.mark.parametrize(
    "name", ["", "../up", "a/b", ".hidden", "a\0", "x" * 300, "a.part", "ü", "a\n"]
)
def test_strange_names_are_no_files(chosen, name):
    assert cache.files().size(name) is None
    cache.files().delete(name)
    with pytest.raises(NotFound):
        cache.files().open(name)
    with pytest.raises(NotFound), cache.files().writer(name):
        pass


def write_and_wait(settings, writing):
    with serving(*settings), cache.files().writer("a") as file:
        file.write(CONTENT)
        file.flush()
        writing.set()
        time.sleep(60)


def test_a_killed_writer_leaves_nothing_to_see_and_its_part_is_swept(chosen):
    writing = processes.Event()
    child = processes.Process(target=write_and_wait, args=(options(chosen), writing))
    child.start()
    assert writing.wait(30)
    cache.files().sweep()
    assert len(left_over(chosen)) == 1  # Its writer lives.
    os.kill(child.pid, signal.SIGKILL)
    child.join()
    assert cache.files().size("a") is None
    cache.files().sweep()
    assert left_over(chosen) == []


def test_old_files_are_gone_and_swept(on_disk):
    for name in ("old", "young"):
        with cache.files().writer(name) as file:
            file.write(b"1")
    os.utime(on_disk.data_dir / "files" / "old", (0, 0))
    assert cache.files().size("old") is None
    cache.files().sweep()
    assert [path.name for path in (on_disk.data_dir / "files").iterdir()] == ["young"]


def test_files_in_redis_end_by_themselves(on_redis):
    with cache.files().writer("a") as file:
        file.write(CONTENT)
    with redis.Redis.from_url(on_redis.redis_url.get_secret_value()) as client:
        lives = [client.pttl(key) for key in client.keys("*")]
    assert len(lives) == 4
    assert all(0 < life <= on_redis.export_ttl_s * 1000 for life in lives)


def test_a_file_that_lost_a_chunk_breaks_off_aloud(on_redis):
    with cache.files().writer("a") as file:
        file.write(CONTENT)
    with redis.Redis.from_url(on_redis.redis_url.get_secret_value()) as client:
        client.delete(*client.keys("dashapp:file:*:1"))
        with pytest.raises(cache.FileLost, match="broke off"):
            kept("a")
        client.set(client.keys("dashapp:file:*:0")[0], b"forged")
        with pytest.raises(cache.FileLost, match="broke off"):
            kept("a")
