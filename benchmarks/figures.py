"""Building the figure of each chart kind from answers of 1,000 and 100,000 rows."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final
from uuid import UUID

import numpy as np
import pyarrow as pa

from benchmarks.measure import Times, ms, ratio, repeat, table
from benchmarks.rows import grown
from dashapp.charts import KINDS
from dashapp.charts.base import Drawing, Empty, Grid, Number, Plot, Text
from dashapp.charts.colors import dressed
from dashapp.charts.plotting import floats, typed
from dashapp.services import charts, gallery
from dashapp.services.asking import Asked, Want, ask, look_of
from dashapp.services.dashboards import Opened
from dashapp.specs import DatasetSpec
from dashapp.specs.bundle import BundleChart
from dashapp.viewer import SYSTEM
from dashapp.web.core import create_core

FEW, MANY = 1_000, 100_000
TIMES_FEW, TIMES_MANY = 7, 3
HEAD = (
    "kind", "questions", "1,000 rows, median ms", "100,000 rows, median ms", "to 1,000",
    "to a column", "JSON of 100,000 rows, kB",
)  # fmt: skip
NO_DATASET: Final = DatasetSpec(uuid=UUID(int=0), name="none", database=UUID(int=0), table="none")


@dataclass(frozen=True)
class Case:
    """A kind's chart of the gallery, and what its questions were answered."""

    asked: Asked
    answers: Mapping[str, pa.Table]
    opened: Opened

    def drawing(self, count: int) -> Callable[[], Drawing]:
        """What draws the chart from answers of so many rows."""
        found = self.asked
        rename = found.kind.family != "maps"  # Texts of maps name places and shapes.
        tables = {
            name: grown(answer, found.specs[name], count, rename=rename)
            for name, answer in self.answers.items()
        }
        dataset = found.source.dataset if found.source else NO_DATASET
        look = dressed(look_of(SYSTEM, self.opened), found.options)
        return lambda: found.kind.figure(found.options, tables, dataset, look)


def samples() -> dict[str, BundleChart]:
    """The gallery's first chart of each kind."""
    found: dict[str, BundleChart] = {}
    for chart in gallery.bundle().charts:
        found.setdefault(chart.kind, chart)
    return {slug: found[slug] for slug in KINDS if slug in found}


def cases() -> dict[str, Case]:
    """The samples, asked of the example data. Needs an application context."""
    opened = gallery.open_gallery(SYSTEM)
    tiles = {tile.chart: tile.key for _, tile in opened.layout.tiles()}
    found: dict[str, Case] = {}
    for slug, chart in samples().items():
        key = tiles[chart.uuid]
        answer = charts.answers(SYSTEM, opened, [key], Want())[key]
        if answer.error is not None:
            raise RuntimeError(f"{slug}: {answer.error}")
        tables = {name: result.table for name, result in answer.results.items()}
        found[slug] = Case(ask(SYSTEM, opened, key, Want()), tables, opened)
    return found


def run() -> str:
    """A row per kind."""
    few, many = column(FEW), column(MANY)
    rows = [("one column, nothing drawn", "", ms(few.median), ms(many.median),
             ratio(many.median, few.median), "1.0×", size(typed(np.zeros(MANY))))]  # fmt: skip
    with create_core().app_context():
        for slug, case in cases().items():
            small = repeat(case.drawing(FEW), TIMES_FEW, warm_up=1)
            draw = case.drawing(MANY)
            large = repeat(draw, TIMES_MANY, warm_up=1)
            rows.append(
                (slug, str(len(case.answers)), ms(small.median), ms(large.median),
                 ratio(large.median, small.median), ratio(large.median, many.median),
                 size(draw()))
            )  # fmt: skip
    return table(HEAD, rows)


def column(count: int) -> Times:
    """How long it takes to read a column of numbers and to write it as a figure has it."""
    numbers = pa.table({"value": pa.array(np.arange(count) * 0.5)})
    return repeat(lambda: typed(floats(numbers, "value")), 30)


def size(drawing: Any) -> str:
    """How large something is as JSON, in kB; a word where nothing is drawn of so many rows."""
    if isinstance(drawing, Empty):
        return "refused"
    if isinstance(drawing, Plot | Grid | Number | Text):
        drawing = asdict(drawing)
    return f"{len(json.dumps(drawing, default=str)) / 1000:,.0f}"
