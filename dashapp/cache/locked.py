"""Files that one open handle at a time owns, released by the system when its process dies."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path


def locked(path: Path) -> int | None:
    """A handle of `path` (made if missing) that nobody else holds; None when somebody does.

    The file is the one that has the name now: an owner may delete it before `release`.
    """
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_named(handle, path):
                return handle
        except BlockingIOError:
            os.close(handle)
            return None
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)


def is_locked(path: Path) -> bool:
    """Whether somebody holds `path`."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def release(handle: int) -> None:
    """Let others have the file; also when a forked child still has the handle open."""
    try:
        fcntl.flock(handle, fcntl.LOCK_UN)
    finally:
        os.close(handle)


def sweep(path: Path, is_old: Callable[[Path], bool]) -> None:
    """Delete a file that nobody holds and that is still old once we hold it."""
    with suppress(OSError):
        handle = locked(path) if is_old(path) else None
        if handle is None:
            return
        try:
            if is_old(path):
                path.unlink()
        finally:
            release(handle)


def _is_named(handle: int, path: Path) -> bool:
    try:
        there, here = os.stat(path), os.fstat(handle)
    except FileNotFoundError:
        return False
    return (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino)
