import random
from concurrent.futures import ThreadPoolExecutor

from dashapp.cache.memory import Memory


def test_the_longest_unused_goes_first():
    memory = Memory(30)
    for key in "abc":
        memory.put(key, key, 10)
    memory.get("a")
    memory.put("d", "d", 10)
    assert [memory.get(key) for key in "abcd"] == ["a", None, "c", "d"]


def test_a_giant_does_not_push_out_the_others():
    memory = Memory(30)
    memory.put("a", "a", 10)
    memory.put("b", "b", 16)
    assert memory.get("a") == "a"
    assert memory.get("b") is None


def test_replacing_counts_once_and_a_giant_replaces_nothing_with_nothing():
    memory = Memory(30)
    memory.put("a", 1, 10)
    memory.put("a", 2, 12)
    assert (memory.get("a"), memory.size_bytes) == (2, 12)
    memory.put("a", 3, 31)
    assert (memory.get("a"), memory.size_bytes) == (None, 0)


def test_threads_leave_the_sum_right():
    memory = Memory(1000)

    def work(seed):
        dice = random.Random(seed)
        for _ in range(2000):
            key = str(dice.randrange(50))
            dice.choice([memory.get, memory.drop, lambda k: memory.put(k, k, len(k) * 20)])(key)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert memory.size_bytes == sum(len(k) * 20 for k in map(str, range(50)) if memory.get(k))
    assert memory.size_bytes <= 1000
