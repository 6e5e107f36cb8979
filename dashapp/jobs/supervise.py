"""Runs several programs as one: starts them, starts again what ends, stops all together."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import FrameType

TICK_S = 0.1
STOP_S = 30.0
LONGEST_WAIT_S = 30.0
# A program that stayed up this long is well again.
WELL_S = 60.0
# A program that ends this often in a row, never having been well, will not get better.
MOST_FAILURES = 6
PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Program:
    """A command line under a name that people understand ("the web server")."""

    name: str
    command: Sequence[str]


@dataclass
class Child:
    """A program, and the process that runs it now."""

    program: Program
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    due_at: float = 0.0
    failures: int = 0


def nothing() -> None:
    """What a supervisor does beside its programs, by default."""


@dataclass
class Supervisor:
    """Programs that run together until a signal, or until one of them cannot be kept up.

    `say` gets sentences for the terminal; `tick` is called several times a second. Each program
    is a process group of its own: Ctrl-C reaches the supervisor alone, and what a killed program
    leaves behind is ended with it.
    """

    programs: Sequence[Program]
    say: Callable[[str], None]
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    tick: Callable[[], None] = nothing
    stop_s: float = STOP_S

    def __post_init__(self) -> None:
        self.children = [Child(program) for program in self.programs]
        self._signals = 0
        self._woken = threading.Event()
        self._is_hopeless = False

    def run(self) -> int:
        """Run until stopped; the exit code for the shell."""
        before = {s: signal.signal(s, self._on_signal) for s in (signal.SIGINT, signal.SIGTERM)}
        try:
            while not (self._signals or self._is_hopeless):
                for child in self.children:
                    self._look_after(child)
                self.tick()
                self._woken.wait(TICK_S)
            self._stop()
        finally:
            for child in self.children:
                self._kill(child)
            for number, handler in before.items():
                signal.signal(number, handler)
        return 1 if self._is_hopeless else 0

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._signals += 1
        self._woken.set()

    def _look_after(self, child: Child) -> None:
        if child.process is None:
            if time.monotonic() >= child.due_at:
                self._start(child)
        elif has_ended(child.process):
            self._on_end(child, child.process)

    def _start(self, child: Child) -> None:
        child.started_at = time.monotonic()
        child.process = subprocess.Popen(  # noqa: S603  # Our own command lines.
            list(child.program.command),
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=end_with_parent,  # Safe: the supervisor has one thread.
        )

    def _on_end(self, child: Child, process: subprocess.Popen[bytes]) -> None:
        self._kill(child)
        if time.monotonic() - child.started_at > WELL_S:
            child.failures = 0
        child.failures += 1
        why = reason(process.returncode)
        if child.failures >= MOST_FAILURES:
            self._is_hopeless = True
            self.say(f"{child.program.name} {why} and does not stay up; everything is stopped.")
            return
        wait_s = min(LONGEST_WAIT_S, 2.0 ** (child.failures - 1))
        child.due_at = time.monotonic() + wait_s
        self.say(f"{child.program.name} {why} and is started again in {wait_s:g} s.")

    def _stop(self) -> None:
        """End all politely, in at most `stop_s` seconds; a second signal makes it at once."""
        asked, end = self._signals, time.monotonic() + self.stop_s
        running = [c for c in self.children if c.process and not has_ended(c.process)]
        if running and not self._is_hopeless:
            self.say("Stopping; work that is under way is finished first (Ctrl-C: at once).")
        for child in running:
            if child.process is not None:
                child.process.terminate()
        while running and time.monotonic() < end and self._signals <= asked:
            running = [c for c in running if c.process and not has_ended(c.process)]
            time.sleep(TICK_S / 2)
        for child in running:
            self.say(f"{child.program.name} did not stop in time and is killed.")

    def _kill(self, child: Child) -> None:
        """End what is left of a program, its own children too."""
        if child.process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(child.process.pid, signal.SIGKILL)
        child.process.wait()
        child.process = None


def has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Whether the process has ended; its number stays taken until somebody waits for it."""
    if process.returncode is not None:
        return True
    flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
    return os.waitid(os.P_PID, process.pid, flags) is not None


def reason(code: int) -> str:
    """How a process ended, as part of a sentence."""
    if code < 0:
        return f"was killed by {signal.Signals(-code).name}"
    return f"ended with code {code}"


def end_with_parent() -> None:
    """In a child: end when the supervisor is killed (Linux; elsewhere nothing)."""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "prctl"):
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
