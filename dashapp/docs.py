"""The pages of docs/ that are made from code; `dashapp docs` writes them, a test compares them."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import click
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from dashapp.settings import Settings
from dashapp.web import routes
from models import erd

CONFIGURATION = """# Configuration

Made from `dashapp/settings.py` by `dashapp docs`.

Settings are environment variables, read once when a process starts. Lists are written as JSON, such
as `DASHAPP_ALLOWED_HOSTS='["bi.example.com"]'`. A value out of bounds stops the program with one
line that names the variable. What administrators change while the server runs is kept in the
metadata database instead. [operations.md](operations.md) says which settings go together.

| variable | values | default | what |
|---|---|---|---|
"""
COMMANDS = """# Commands

Made from `dashapp/cli.py` by `dashapp docs`. Settings come from the environment, see
[configuration.md](configuration.md). Every command ends with 0, or with 1 and a sentence on standard
error.
"""
WORDS: dict[Any, str] = {int: "whole number", str: "text", bool: "true, false", Path: "path"}
SECRET = "text, secret"  # noqa: S105  # A word of the table.


def pages(commands: click.Group) -> dict[str, str]:
    """Every made page by its file name."""
    return {
        "configuration.md": configuration(),
        "commands.md": reference(commands),
        "routes.md": routes.document(),
        "erd.md": erd.document(),
    }


def write(folder: Path, commands: click.Group) -> list[Path]:
    """Write the pages that changed into `folder`; which."""
    changed = []
    for name, text in pages(commands).items():
        path = folder / name
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
            changed.append(path)
    return changed


def configuration() -> str:
    """The page of settings."""
    prefix = str(Settings.model_config["env_prefix"])
    rows = [
        (f"`{prefix}{name.upper()}`", values(field), default(field), field.description or "")
        for name, field in Settings.model_fields.items()
    ]
    return CONFIGURATION + "".join(
        f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |\n" for row in rows
    )


def values(field: FieldInfo) -> str:
    """What a setting may be: its type in words, and its bounds."""
    words = " or ".join(dict.fromkeys(_words(field.annotation)))
    bounds = {type(m).__name__: getattr(m, type(m).__name__.lower(), None) for m in field.metadata}
    low, high = bounds.get("Ge"), bounds.get("Le")
    if low is not None and high is not None:
        return f"{words}, {low} to {high}"
    return words if low is None else f"{words}, at least {low}"


def default(field: FieldInfo) -> str:
    """The default as one would write it; empty for none."""
    value = field.default
    if value is None or value == ():
        return ""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _words(annotation: Any) -> Iterator[str]:
    origin = typing.get_origin(annotation)
    arguments = [a for a in typing.get_args(annotation) if a not in (type(None), Ellipsis)]
    if origin is Literal:
        yield ", ".join(f"`{a}`" for a in arguments)
    elif origin is tuple:
        inner = SECRET if arguments[0] is SecretStr else WORDS[arguments[0]]
        yield f"list of {inner}"
    elif origin in (typing.Union, types.UnionType):
        for argument in arguments:
            yield from _words(argument)
    else:
        yield SECRET if annotation is SecretStr else WORDS[annotation]


def reference(commands: click.Group) -> str:
    """The page of commands."""
    parts = [COMMANDS]
    for path, command in every(commands, "dashapp"):
        context = click.Context(command, info_name=path)
        options = [p for p in command.params if isinstance(p, click.Option)]
        arguments = [p for p in command.params if isinstance(p, click.Argument)]
        usage = [path, *(["[OPTIONS]"] if options else [])]
        usage += [piece for a in arguments for piece in a.get_usage_pieces(context)]
        parts.append(f"## `{path}`\n\n    {' '.join(usage)}\n\n{command.help}\n")
        records = [record for o in options if (record := o.get_help_record(context))]
        if records:
            parts.append("".join(f"- `{name}`: {text}\n" for name, text in records))
    return "\n".join(parts)


def every(group: click.Group, path: str) -> Iterator[tuple[str, click.Command]]:
    """All commands that do something, with their words."""
    for name, command in sorted(group.commands.items()):
        words = f"{path} {name}"
        if isinstance(command, click.Group):
            yield from every(command, words)
        else:
            yield words, command
