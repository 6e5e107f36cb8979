"""The dashboard of twelve tiles over flights, and what people choose on it."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from string import Template
from typing import Final
from uuid import UUID

from dashapp import query
from dashapp.services import bundles, dashboards
from dashapp.services.asking import Want, ask
from dashapp.services.dashboards import Opened
from dashapp.specs import Click, FilterState, FilterValue
from dashapp.specs.bundle import named
from dashapp.viewer import SYSTEM

TEMPLATE: Final = Path(__file__).with_name("twelve.yaml")
ORIGINS: Final = ("JFK", "EWR", "LGA")
CARRIERS: Final = ("UA", "B6", "EV", "DL", "AA", "MQ", "US", "9E", "WN", "VX")
DESTINATIONS: Final = ("ORD", "ATL", "LAX", "BOS", "MCO", "CLT", "SFO", "FLL", "MIA", "DCA")
FIRST: Final = date(2013, 1, 1)
YEAR: Final = FilterValue(range="2013-01-01 : 2014-01-01")


@dataclass(frozen=True)
class Board:
    """A dashboard of twelve tiles on one database."""

    name: str
    slug: str
    dataset: UUID

    def opened(self) -> Opened:
        """As the system opens it. Needs an application context."""
        return dashboards.open(SYSTEM, self.slug)

    def click(
        self, source: str, column: str, *values: str | int, bin: float | None = None
    ) -> Click:
        """A cross-filter picked in the tile `source`."""
        return Click(source=source, dataset=self.dataset, column=column, values=values, bin=bin)

    def states(self) -> dict[str, FilterState]:
        """What the pages of the first table are narrowed to, by what it is called."""
        airports, airlines = FilterValue(values=ORIGINS[:2]), FilterValue(values=CARRIERS[:4])
        many = {"when": YEAR, "origin": airports, "carrier": airlines}
        clicks = (self.click("carriers", "carrier", "UA"), self.click("origins", "origin", "JFK"))
        return {
            "nothing": FilterState(),
            "one year": FilterState(values={"when": YEAR}),
            "a year, two airports, four airlines": FilterState(values=many),
            "clicks on an airline and an airport": FilterState(clicks=clicks),
            "the year, and the clicks": FilterState(values={"when": YEAR}, clicks=clicks),
        }

    def wanderings(self, count: int, seed: int, *, clicks: bool) -> list[FilterState]:
        """That many different states one after the other: people change one thing at a time.

        Times, airports and airlines in the bar; with `clicks` members in tiles as well.
        """
        chance = random.Random(seed)
        state, found = FilterState(), list[FilterState]()
        while len(found) < count:
            state = self._next(state, chance, clicks)
            if state not in found:
                found.append(state)
        return found

    def _next(self, state: FilterState, chance: random.Random, clicks: bool) -> FilterState:
        what = chance.choice(["when", "origin", "carrier"] + ["tile"] * (3 * clicks))
        if what == "tile":
            return state.model_copy(update={"clicks": self._clicked(state, chance)})
        values = {**state.values}
        if what in values and chance.random() < 0.3:
            del values[what]
        elif what == "when":
            start = FIRST + timedelta(days=chance.randrange(300))
            end = start + timedelta(days=chance.choice((7, 14, 31, 60, 120, 365)))
            values["when"] = FilterValue(range=f"{start} : {end}")
        else:
            members = ORIGINS if what == "origin" else CARRIERS
            chosen = chance.sample(members, chance.randint(1, len(members) // 2))
            values[what] = FilterValue(values=tuple(sorted(chosen)))
        return state.model_copy(update={"values": values})

    def _clicked(self, state: FilterState, chance: random.Random) -> tuple[Click, ...]:
        made = chance.choice([
            self.click("carriers", "carrier", chance.choice(CARRIERS)),
            self.click("origins", "origin", chance.choice(ORIGINS)),
            self.click("destinations", "dest", chance.choice(DESTINATIONS)),
            self.click("delays", "dep_delay", chance.randrange(-10, 60, 10), bin=10),
        ])  # fmt: skip
        others = tuple(c for c in state.clicks if c.source != made.source)
        return (
            others if len(others) < len(state.clicks) and chance.random() < 0.4 else (*others, made)
        )


def made(name: str, kind: str, url: str) -> Board:
    """The dashboard over the flights of a database, imported. Needs an application context."""
    text = Template(TEMPLATE.read_text("utf-8")).substitute(name=name, kind=kind, url=url)
    bundles.apply(SYSTEM, bundles.parse(text))
    return Board(name, f"bench-twelve-{name}", named(f"bench flights {name}"))


def questions(opened: Opened, state: FilterState) -> list[query.Question]:
    """What the tiles ask, in reading order."""
    found: list[query.Question] = []
    for _, tile in opened.layout.tiles():
        asked = ask(SYSTEM, opened, tile.key, Want(state))
        if asked.source is not None:
            found += [(asked.source, spec, asked.context) for spec in asked.specs.values()]
    return found
