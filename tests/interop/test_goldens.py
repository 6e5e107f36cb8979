"""Imported charts and filters say what Superset said, on every engine."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from dashapp import cache, query, warehouses
from dashapp.charts import KINDS
from dashapp.errors import AppError
from dashapp.services import dashboards, filters, sources
from dashapp.services.superset import importing
from dashapp.settings import Settings, using
from dashapp.specs import FilterState
from dashapp.viewer import Viewer
from models import Chart, Dashboard, db
from tests.interop import goldens, moving
from tests.interop.goldens import Golden
from tests.services.conftest import KEY
from tests.services.metadata import metadata, person, user

DOCUMENT = Path(__file__).parents[2] / "docs" / "superset.md"


@dataclass(frozen=True)
class Moved:
    """A server that the bundles moved to."""

    engine: str
    viewer: Viewer
    reports: dict[str, importing.Report]


@pytest.fixture(scope="module", params=["sqlite", "duckdb", "postgresql"])
def moved(
    request: pytest.FixtureRequest,
    examples: Path,
    interop_files: Callable[[str], Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Moved]:
    """The five bundles on an empty server, mapped onto a copy of their data."""
    engine, folder = str(request.param), tmp_path_factory.mktemp("moved")
    url = request.getfixturevalue("interop_postgres") if engine == "postgresql" else ""
    made = Settings(
        data_dir=folder, secret_key=SecretStr(KEY), private_hosts=("127.0.0.1",), row_limit=50_000
    )
    with using(made), metadata(made.metadata_url):
        cache.reset()
        sources.forget()
        viewer = person(user("root", "admin").id, "admin")
        moving.connect(engine, moving.copied(engine, interop_files, folder, url))
        yield Moved(engine, viewer, moving.move(viewer, examples))
        warehouses.dispose()
    cache.reset()


def compared(moved: Moved, golden: Golden) -> list[str]:
    """In which ways a chart's answer differs; asked on the day that Superset was asked."""
    chart = db.session.scalar(sa.select(Chart).where(Chart.uuid == UUID(golden.uuid)))
    if chart is None:
        return ["it was not imported"]
    assert chart.dataset is not None
    source = sources.load(moved.viewer, [chart.dataset.uuid])[chart.dataset.uuid]
    options = KINDS[chart.kind].Options.model_validate(chart.options)
    try:
        asked = KINDS[chart.kind].queries(options, source.dataset)["main"]
        answer = query.run(source, asked, query.Context(zone="UTC", now=goldens.NOW))
    except AppError as error:
        return [error.message]
    return goldens.differences(golden, asked, answer.table)


def test_every_object_is_imported_and_nothing_is_in_the_way(moved: Moved) -> None:
    for name, report in moved.reports.items():
        refused = [(line.name, line.problems) for line in report.lines if line.problems]
        assert not refused, (name, refused)
        assert not report.blocked


def test_charts_answer_what_superset_answered(
    moved: Moved, examples: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = [(golden, compared(moved, golden)) for golden in goldens.read(examples)]
    with capsys.disabled():
        sys.stdout.write(f"\n{moved.engine}: {goldens.told(found)}\n")
    unequal = {str(golden) for golden, differences in found if differences}
    assert unequal == documented(moved.engine)


def documented(engine: str) -> set[str]:
    """Charts of which the documentation says why they differ on this engine."""
    told = DOCUMENT.read_text("utf-8").partition("## Charts with other numbers")[2]
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \|", told.partition("\n## ")[0], re.MULTILINE)
    return {name for name, engines in rows if engine in engines}


def test_filters_offer_what_superset_offered(moved: Moved, examples: Path) -> None:
    checked = 0
    for bundle, entry in goldens.filters(examples):
        slug = moved.reports[bundle].slugs[0]
        opened = dashboards.open(moved.viewer, slug)
        answer = entry["queries"][0]
        column = answer["request"]["columns"] or [answer["request"]["metrics"][0]["column"]]
        name = column[0]["column_name"] if isinstance(column[0], dict) else column[0]
        (spec,) = (f for f in opened.layout.filters if f.column == name)
        if spec.kind == "range":
            row = answer["rows"][0]
            assert filters.bounds(moved.viewer, opened, spec.key) == (row["min"], row["max"])
        else:
            offered = filters.options(moved.viewer, opened, spec.key, "", FilterState())
            wanted = {r[name] for r in answer["rows"]}
            assert set(offered.values) == wanted or offered.more
        checked += 1
    assert checked == 5


def test_what_was_imported_is_equal_when_it_comes_again(moved: Moved, examples: Path) -> None:
    before = db.session.scalars(sa.select(Dashboard.version)).all()
    for name, report in moving.move(moved.viewer, examples).items():
        actions = {line.action for line in report.lines}
        assert actions == {"equal"}, (name, [x for x in report.lines if x.action != "equal"])
    assert db.session.scalars(sa.select(Dashboard.version)).all() == before
