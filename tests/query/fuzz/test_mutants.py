"""What must not be forgotten: each mutant of the engine makes a property fail.

Each story is told twice: as it is, all answers are the direct ones; with the mutant one is not.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dashapp import cache, warehouses
from dashapp.errors import AppError
from dashapp.query import (
    Context,
    atoms,
    derive,
    keys,
    lattice,
    passing,
    plan,
    rollup,
    shelf,
    subsume,
)
from dashapp.query import statistics as stats
from dashapp.query.measures import Stat
from dashapp.query.result import Result
from dashapp.query.run import run_many
from dashapp.settings import Settings, using
from dashapp.specs import (
    Dimension,
    Filter,
    Order,
    QuerySpec,
    RatioMetric,
    RowRule,
    SimpleMetric,
)
from tests.query.fuzz.data import DATASET, NOW, Land, sqlite_land
from tests.query.fuzz.oracle import differs
from tests.query.fuzz.questions import Action, Case
from tests.query.fuzz.test_answers import played

EU, US = (RowRule(clause="region = 'EU'"),), (RowRule(clause="region = 'US'"),)
Patch = Callable[[pytest.MonkeyPatch], None]


@pytest.fixture
def lite(chosen: Settings, tmp_path: Path) -> Iterator[Land]:
    """The table in a file of SQLite that a test may change, with a cold cache."""
    folder = tmp_path / "warehouses"
    folder.mkdir()
    with using(chosen.model_copy(update={"data_dir": tmp_path})):
        cache.reset()
        yield sqlite_land(folder)
        warehouses.dispose()
        cache.reset()


def asking(*names: str | Dimension, **more: Any) -> QuerySpec:
    """A question by some columns; totals of `revenue` if nothing else is said."""
    dimensions = tuple(n if isinstance(n, Dimension) else Dimension(column=n) for n in names)
    fields = {"dimensions": dimensions, "metrics": ("n", "revenue"), **more}
    return QuerySpec(dataset=DATASET, **fields)


def of(aggregate: str, column: str) -> SimpleMetric:
    """An aggregate of a column."""
    return SimpleMetric.model_validate(
        {"aggregate": aggregate, "column": column, "label": f"{aggregate} of {column}"}
    )


@dataclass(frozen=True)
class Mutant:
    """A story in which something matters, and what happens where it is forgotten.

    `asked` are pairs of the viewer's rules and the question, in order; `zones` their zones.
    """

    forgets: str
    patch: Patch
    asked: Sequence[tuple[tuple[RowRule, ...], QuerySpec]]
    zones: Sequence[str] = ()
    row_limits: Sequence[int | None] = ()

    def case(self) -> Case:
        """The story, one question after the other."""
        viewers = tuple(dict.fromkeys(rules for rules, _ in self.asked))
        zones = self.zones or ["UTC"] * len(self.asked)
        limits = self.row_limits or [None] * len(self.asked)
        actions = tuple(
            Action(viewers.index(rules), Context(zone=zone, now=NOW, row_limit=most), (spec,))
            for (rules, spec), zone, most in zip(self.asked, zones, limits, strict=True)
        )
        return Case({}, viewers, actions)


def without_fingerprint(patched: pytest.MonkeyPatch) -> None:
    patched.setattr(plan, "fingerprint", lambda _: "everybody")


def without_zone(patched: pytest.MonkeyPatch) -> None:
    made = keys.key
    patched.setattr(plan, "key", lambda *a, **how: made(*a, **{**how, "zone": "UTC"}))


def cut_off_is_whole(patched: pytest.MonkeyPatch) -> None:
    kept = shelf._kept

    def whole(need: Any, entry: Any) -> Any:
        return kept(need, replace(entry, truncated=False))

    class Forgetful:
        """Results that do not know that they were cut off."""

        def __init__(self) -> None:
            self.results = cache.results()

        def get(self, *asked: Any) -> Any:
            found = self.results.get(*asked)
            if found is None:
                return None
            return replace(found, entry=replace(found.entry, truncated=False))

        def __getattr__(self, name: str) -> Any:
            return getattr(self.results, name)

    class Caches:
        """A cache with such results."""

        results = Forgetful

    patched.setattr(shelf, "_kept", whole)
    patched.setattr(derive, "cache", Caches)


def limited_is_whole(patched: pytest.MonkeyPatch) -> None:
    patched.setattr(shelf, "is_whole", lambda *_: True)


def without_alignment(patched: pytest.MonkeyPatch) -> None:
    patched.setattr(subsume, "fits", lambda found, cut, _: found.column == cut.column)


def without_baked(patched: pytest.MonkeyPatch) -> None:
    patched.setattr(atoms, "implies", lambda *_: True)


def weeks_make_months(patched: pytest.MonkeyPatch) -> None:
    patched.setitem(lattice._ABOVE, "week", frozenset({"month"}))


def fractions_nest(patched: pytest.MonkeyPatch) -> None:
    patched.setattr(lattice, "_nests", lambda fine, coarse: coarse > fine)


def average_of_averages(patched: pytest.MonkeyPatch) -> None:
    def merged(self: Any, needs: Any, by: Any, rows: Any) -> Any:
        made = original(self, needs, by, rows)
        for stat in [s for s in made if s.kind == "sum"]:
            count = Stat("n", stat.column, stat.sql)
            if count in made:
                total, n = (self.stat(s).values for s in (stat, count))
                picked = slice(None) if rows is None else rows
                means = np.where(n > 0, total / np.maximum(n, 1), 0.0)[picked]
                cells = np.bincount(by.groups, n[picked] > 0, minlength=by.count)
                mean = by.added(means) / np.maximum(cells, 1)
                values = mean * made[count].values
                made[stat] = replace(made[stat], values=values)
        return made

    original = rollup.Rollup._merged
    patched.setattr(rollup.Rollup, "_merged", merged)


def nothing_is_zero(patched: pytest.MonkeyPatch) -> None:
    patched.setattr(stats, "_any", lambda *_: None)


def rules_are_forgotten(patched: pytest.MonkeyPatch) -> None:
    patched.setattr(derive, "rule_atoms", lambda *_: ())


def clocks_never_change(patched: pytest.MonkeyPatch) -> None:
    patched.setattr(atoms, "is_ambiguous", lambda *_: False)


def empty_always_passes(patched: pytest.MonkeyPatch) -> None:
    original = passing.passing

    def wrong(found: Any, cut: Any, members: Any, has_null: bool) -> Any:
        inside = original(found, cut, members, has_null)
        return np.append(inside[:-1], True) if has_null else inside

    patched.setattr(rollup, "passing", wrong)


def division_by_zero(patched: pytest.MonkeyPatch) -> None:
    def divided(top: Any, bottom: Any, scale: float) -> Any:
        made = original(top, bottom, scale)
        return replace(made, valid=None)

    original = stats._divided
    patched.setattr(stats, "_divided", divided)


QUARTERS = Dimension(column="ts", grain="15 minutes")
DAY, WEEK, MONTH = (Dimension(column="ts", grain=g) for g in ("day", "week", "month"))
MUTANTS = (
    Mutant(
        "whose rows they are (answers)",
        without_fingerprint,
        [(EU, asking("region")), (US, asking("region"))],
    ),
    Mutant(
        "whose rows they are (what is made of answers)",
        without_fingerprint,
        [(EU, asking("region", "sign")), (US, asking("sign"))],
    ),
    Mutant(
        "whose clock it is",
        without_zone,
        [((), asking(DAY, "sign")), ((), asking(DAY))],
        zones=["UTC", "America/New_York"],
    ),
    Mutant(
        "that an answer was cut off",
        cut_off_is_whole,
        [((), asking("region", "sign")), ((), asking("sign"))],
        row_limits=[5, None],
    ),
    Mutant(
        "that an answer has a limit",
        limited_is_whole,
        [((), asking("region", "sign", limit=4)), ((), asking("sign"))],
    ),
    Mutant(
        "where a span begins and ends",
        without_alignment,
        [
            ((), asking(MONTH, "sign")),
            ((), asking("sign", time_range="2013-03-12 : 2013-05-01")),
        ],
    ),
    Mutant(
        "what an answer leaves out",
        without_baked,
        [
            ((), asking("region", filters=(Filter(column="region", op="in", value=("EU", "US")),))),
            ((), asking("region", filters=(Filter(column="region", op="is not null"),))),
        ],
    ),
    Mutant("that weeks cross months", weeks_make_months, [((), asking(WEEK)), ((), asking(MONTH))]),
    Mutant(
        "that bins have to be made of whole bins",
        fractions_nest,
        [
            ((), asking(Dimension(column="price", bin=10))),
            ((), asking(Dimension(column="price", bin=25))),
        ],
    ),
    Mutant(
        "how many an average is of",
        average_of_averages,
        [
            ((), asking("name", "region", metrics=(of("sum", "price"), of("count", "price")))),
            ((), asking("region", metrics=(of("avg", "price"),))),
        ],
    ),
    Mutant(
        "that the sum of nothing is nothing",
        nothing_is_zero,
        [
            ((), asking("region", "sign", metrics=(of("sum", "part"),))),
            ((), asking("region", metrics=(of("sum", "part"),))),
        ],
    ),
    Mutant(
        "rules where all rows are kept",
        rules_are_forgotten,
        [((), asking("region", "sign")), (EU, asking("sign"))],
    ),
    Mutant(
        "that clocks are set back",
        clocks_never_change,
        [
            ((), asking(QUARTERS, "sign")),
            ((), asking("sign", filters=(Filter(column="ts", op="<", value="2013-10-27T02:45"),))),
        ],
        zones=["Europe/Berlin"] * 2,
    ),
    Mutant(
        "that empty cells pass no comparison",
        empty_always_passes,
        [
            ((), asking("region", "sign")),
            ((), asking("sign", filters=(Filter(column="region", op="!=", value="EU"),))),
        ],
    ),
    Mutant(
        "that a division by zero is empty",
        division_by_zero,
        [
            ((), asking("region", "sign", "part", metrics=("revenue", "units"))),
            ((), asking("region", "part", "sign", metrics=("per unit",))),
        ],
    ),
)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda m: m.forgets)
def test_the_answers_are_right_and_forgetting_makes_them_wrong(
    lite: Land, mutant: Mutant, monkeypatch: pytest.MonkeyPatch
) -> None:
    played(lite, mutant.case())
    mutant.patch(monkeypatch)
    with pytest.raises(AssertionError):
        played(lite, mutant.case())


def changed(lite: Land) -> None:
    """Ask, change the data and say so, and ask again: directly and for a part."""
    for version, spec in ((0, asking("region", "sign")), (1, asking("region", "sign")), (1, asking("sign"))):  # fmt: skip
        source = lite.source(data_version=version)
        context = Context(zone="UTC", now=NOW)
        found: Result | AppError = run_many([(source, spec, context)])[0]
        wrong = differs(source, spec, context, found)
        assert wrong is None, wrong
        if version == 0:
            with sqlite3.connect(lite.url.removeprefix("sqlite:///")) as connection:
                connection.execute("UPDATE land SET price = price + 1")
            connection.close()


def test_answers_are_of_the_newest_data_and_forgetting_the_version_makes_them_old(
    lite: Land, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed(lite)
    made = keys._identity
    monkeypatch.setattr(keys, "_identity", lambda source, _: {**made(source, ""), "data": ""})
    cache.reset()
    with pytest.raises(AssertionError):
        changed(lite)


def test_sorted_answers_serve_others(lite: Land) -> None:
    ordered = asking("region", "sign", order=(Order(by="n", descending=True),))
    context = Context(zone="UTC", now=NOW)
    source = lite.source()
    run_many([(source, ordered, context)])
    top = asking("sign", metrics=(RatioMetric(numerator="n", denominator="n", label="x"),))
    rungs = [run_many([(source, spec, context)])[0] for spec in (asking("sign"), top)]
    assert [r.rung for r in rungs if isinstance(r, Result)] == ["derived", "derived"]
