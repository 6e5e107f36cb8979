import os
import time
from concurrent.futures import ThreadPoolExecutor

from dashapp import cache
from tests.cache.factories import options, processes, serving


def test_a_flag_is_up_until_its_end(chosen):
    assert not cache.flags().has("f")
    cache.flags().set("f", 0.2)
    assert cache.flags().has("f")
    time.sleep(0.25)
    assert not cache.flags().has("f")


def test_a_flag_carries_a_text_to_other_processes(chosen):
    cache.flags().set("f", 60, "first")
    cache.flags().set("f", 60, "2")
    cache.reset()
    assert cache.flags().get("f") == "2"
    cache.flags().clear("f")
    assert cache.flags().get("f") is None


def test_a_count_starts_anew_after_its_window_or_when_cleared(chosen):
    assert [cache.flags().increment("c", 0.3) for _ in range(3)] == [1, 2, 3]
    time.sleep(0.35)
    assert [cache.flags().increment("c", 60) for _ in range(2)] == [1, 2]
    cache.flags().clear("c")
    assert cache.flags().increment("c", 60) == 1


def test_a_window_does_not_move_with_each_count(chosen):
    ends = time.monotonic() + 0.5
    last = 0
    while time.monotonic() < ends + 0.2:
        count = cache.flags().increment("c", 0.5)
        if count < last:
            break
        last = count
        time.sleep(0.02)
    assert count == 1


def count_many(settings, times):
    with serving(*settings), ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: cache.flags().increment("c", 60), range(times)))


def test_processes_and_threads_count_together(chosen):
    wish = (options(chosen), 100)
    children = [processes.Process(target=count_many, args=wish) for _ in range(3)]
    for child in children:
        child.start()
    for child in children:
        child.join()
    assert cache.flags().increment("c", 60) == 301


def test_old_flags_are_swept_and_young_ones_stay(on_disk):
    flags = cache.flags()
    flags.set("old", 60)
    flags.set("young", 60)
    folder = on_disk.data_dir / "cache" / "flags"
    os.utime(flags._path("old"), (0, 0))
    flags.sweep()
    assert list(folder.iterdir()) == [flags._path("young")]


def test_without_a_disk_a_process_counts_alone(tmp_path):
    (tmp_path / "cache").write_text("in the way")
    with serving(tmp_path):
        assert [cache.flags().increment("c", 60) for _ in range(3)] == [1, 2, 3]
        cache.flags().set("f", 60)
        assert cache.flags().has("f")


def test_the_first_claim_stays_until_its_end(chosen):
    assert cache.flags().claim("c", 0.3, "first") == "first"
    cache.reset()
    assert cache.flags().claim("c", 60, "second") == "first"
    time.sleep(0.35)
    assert cache.flags().claim("c", 60, "third") == "third"
    assert cache.flags().get("c") == "third"


def claim_many(settings, name, found):
    with serving(*settings), ThreadPoolExecutor(4) as pool:
        claims = pool.map(lambda n: cache.flags().claim("c", 60, f"{name}-{n}"), range(20))
        found.put(set(claims))


def test_processes_and_threads_that_claim_together_get_one_text(chosen):
    found = processes.Queue()
    wishes = [(options(chosen), name, found) for name in "abc"]
    children = [processes.Process(target=claim_many, args=wish) for wish in wishes]
    for child in children:
        child.start()
    texts = set().union(*(found.get(timeout=60) for _ in children))
    for child in children:
        child.join()
    assert len(texts) == 1
    assert texts == {cache.flags().get("c")}
