import os
import time

from dashapp.cache.disk import Disk

KB = 1024


def make_disk(folder, limit=1024 * KB):
    return Disk(folder, limit, 64 * 1024 * KB)


def files(folder):
    return [path for path in folder.rglob("*") if path.is_file() and path.name != "sweep.lock"]


def aged(folder, disk, key, used, end):
    before = set(files(folder))
    disk.write(key, b"x" * 200 * KB, 100)
    (path,) = set(files(folder)) - before
    os.utime(path, (time.time() + used, time.time() + end))


def test_another_process_reads_what_was_written(tmp_path):
    assert make_disk(tmp_path).write("k", b"value" * 20, 10)
    assert make_disk(tmp_path).read(["k", "other"]) == [b"value" * 20, None]
    assert make_disk(tmp_path).heads(["k"]) == [(b"value" * 20)[:40]]


def test_what_expired_is_not_there_and_is_swept(tmp_path):
    disk = make_disk(tmp_path)
    aged(tmp_path, disk, "old", used=0, end=-1)
    assert disk.read(["old"]) == [None]
    disk.sweep()
    assert files(tmp_path) == []


def test_the_longest_unused_goes_when_the_limit_is_reached(tmp_path):
    disk = make_disk(tmp_path)
    for number in range(5):
        aged(tmp_path, disk, str(number), used=-1000 + number, end=100)
    assert disk.read(["0"])[0]  # Now it is the latest used.
    disk.write("new", b"x" * 200 * KB, 100)
    disk.sweep()
    there = [value is not None for value in disk.read(["0", "1", "2", "3", "4", "new"])]
    assert there == [True, False, False, True, True, True]


def test_the_limit_holds_without_anybody_sweeping(tmp_path):
    disk = make_disk(tmp_path)
    for number in range(50):
        disk.write(str(number), b"x" * 100 * KB, 100)
    assert sum(path.stat().st_size for path in files(tmp_path)) <= 1200 * KB


def test_parts_of_dead_writers_are_swept_and_young_ones_are_left(tmp_path):
    disk = make_disk(tmp_path)
    disk.write("k", b"v", 100)
    folder = files(tmp_path)[0].parent
    (folder / "young.part").touch()
    (folder / "old.part").touch()
    os.utime(folder / "old.part", (0, 0))
    disk.sweep()
    assert sorted(p.name for p in folder.glob("*.part")) == ["young.part"]


def test_a_disk_that_fails_is_an_empty_one(tmp_path):
    (tmp_path / "file").write_text("in the way")
    disk = make_disk(tmp_path / "file" / "folder")
    assert disk.write("k", b"v", 10) is False
    assert disk.read(["k"]) == [None]
    disk.delete("k")
    disk.sweep()


def test_nothing_is_kept_without_room_or_life(tmp_path):
    assert Disk(tmp_path, 0, 1000).write("k", b"v", 10) is False
    assert make_disk(tmp_path).write("k", b"v", 0) is False
    assert make_disk(tmp_path).write("k", b"v" * 300 * KB, 10) is False


def test_others_cannot_read_the_files(tmp_path):
    make_disk(tmp_path / "cache").write("k", b"v", 10)
    assert {path.stat().st_mode & 0o077 for path in (tmp_path / "cache").rglob("*")} == {0}
