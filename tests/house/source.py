"""The project's own source code, read once."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = ("dashapp", "pages", "callbacks", "worker", "models")
DOORS = ("pages", "callbacks", "dashapp/ui")


@dataclass(frozen=True)
class Module:
    """One Python file; `path` is relative to the repository."""

    path: str
    text: str
    tree: ast.Module

    @property
    def name(self) -> str:
        """Its dotted name."""
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


@cache
def module(path: str) -> Module:
    """The module at a path."""
    text = (ROOT / path).read_text("utf-8")
    return Module(path, text, ast.parse(text, path))


@cache
def modules(*folders: str) -> tuple[Module, ...]:
    """All modules below some folders, sorted; `app.py` belongs to the rooms."""
    found = sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return tuple(module(str(path.relative_to(ROOT))) for path in found)


def rooms() -> tuple[Module, ...]:
    """Everything that runs in production."""
    return (*modules(*ROOMS), module("app.py"))


def stems(folder: str) -> set[str]:
    """Names of the modules directly in a folder."""
    return {path.stem for path in (ROOT / folder).glob("*.py") if path.stem != "__init__"}


@cache
def tracked() -> tuple[str, ...]:
    """The files of the repository, those not committed yet too."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return tuple(path for path in listed.stdout.splitlines() if (ROOT / path).is_file())


def texts() -> Iterator[tuple[str, str]]:
    """Path and content of every tracked text file."""
    for path in tracked():
        content = (ROOT / path).read_bytes()
        if b"\0" not in content:
            yield path, content.decode("utf-8")
