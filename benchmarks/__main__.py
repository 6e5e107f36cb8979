"""`python -m benchmarks [callbacks|opening|compiling|figures ...]`."""

from __future__ import annotations

import platform
import sys
from pathlib import Path

import psutil

from benchmarks import callbacks, compiling, figures, opening
from benchmarks.stage import prepared
from dashapp.settings import Settings

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
HEAD = """# Benchmarks

Written by `make bench` on a machine with {cores} cores and {memory} GB of memory, Python {python}.
Times say something about that machine; ratios compare what ran in the same minute. No test asserts
any of them.
"""
TEXTS = {
    "callbacks": (
        "Round trip of one tile's callback",
        "One tile of each kind of the examples, asked through the whole server but its sockets: "
        "guard, session, dashboard, rights, key, answer, drawing, JSON. *Known*: the answer is in "
        "memory. *Asked again*: the warehouse answers (refresh). *The door* is a callback that "
        "does nothing.",
    ),
    "opening": (
        "Opening a dashboard",
        f"Chromium, {opening.SIZE['width']} by {opening.SIZE['height']} pixels, from the request "
        "until every tile of the first tab is drawn; medians of "
        f"{opening.RUNS}. *Cold*: the server has just started and knows no answer, the browser has "
        "no file. *Answers known*: the browser has no file. *Opened again*: the browser has the "
        "files too.",
    ),
    "compiling": (
        "From a question to SQL",
        "Building and compiling one statement, values bound; nothing is asked of a database.",
    ),
    "figures": (
        "Building figures",
        "The gallery's first chart of each kind, drawn from answers of its questions that were "
        f"grown to {figures.FEW:,} and {figures.MANY:,} rows each: later times, more members, other "
        "numbers. No question is asked and nothing is sent. *A column* is to read one column of as "
        "many numbers and to write it as figures have it. The size is that of the whole drawing: "
        "kinds draw no more than a screen can show.",
    ),
}


def measured(name: str, chosen: Settings) -> str:
    """The table of one benchmark; a sentence where it cannot run."""
    if name == "callbacks":
        return callbacks.run()
    if name == "compiling":
        return compiling.run()
    if name == "figures":
        return figures.run()
    try:
        return opening.run(chosen)
    except opening.NoBrowser as error:
        return f"{error}\n"


def main(names: list[str]) -> None:
    """Run benchmarks and print them; all of them are written into the documentation."""
    parts = [
        HEAD.format(
            cores=psutil.cpu_count(),
            memory=round(psutil.virtual_memory().total / 1024**3),
            python=".".join(platform.python_version_tuple()[:2]),
        )
    ]
    with prepared() as chosen:
        for name in names or TEXTS:
            title, text = TEXTS[name]
            parts.append(f"## {title}\n\n{text}\n\n{measured(name, chosen)}")
            print(parts[-1], flush=True)
    if not names:
        PAGE.write_text("\n".join(parts), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
