"""A chart of every type of Superset is imported, asked and drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from dashapp import cache, warehouses
from dashapp.charts.base import Drawing, Empty
from dashapp.charts.thumbnails import small
from dashapp.services import charts, dashboards, sources
from dashapp.services.charts import Want
from dashapp.services.dashboards import Opened
from dashapp.services.superset import importing
from dashapp.settings import Settings, using
from dashapp.viewer import Viewer
from tests.interop import bundled, moving
from tests.services.conftest import KEY
from tests.services.metadata import metadata, person, user


@pytest.fixture(scope="module", params=["sqlite", "duckdb", "postgresql"])
def moved(
    request: pytest.FixtureRequest,
    interop_files: Callable[[str], Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Viewer, importing.Report]]:
    """A server with the dashboard of every type, and the report of its import."""
    engine, folder = str(request.param), tmp_path_factory.mktemp("types")
    url = request.getfixturevalue("interop_postgres") if engine == "postgresql" else ""
    made = Settings(data_dir=folder, secret_key=SecretStr(KEY), private_hosts=("127.0.0.1",))
    with using(made), metadata(made.metadata_url):
        cache.reset()
        sources.forget()
        viewer = person(user("root", "admin").id, "admin")
        moving.connect(engine, moving.copied(engine, interop_files, folder, url))
        chosen = importing.Choices(databases={"examples": "moved"})
        yield viewer, importing.apply(viewer, bundled.bundle(), chosen)
        warehouses.dispose()
    cache.reset()


@pytest.fixture
def opened(moved: tuple[Viewer, importing.Report]) -> Opened:
    """The dashboard of every type."""
    return dashboards.open(moved[0], "every-type")


def test_every_type_is_translated_or_refused_with_its_reason(
    moved: tuple[Viewer, importing.Report],
) -> None:
    refused = {line.name: line.problems for line in moved[1].lines if line.problems}
    assert set(refused) <= {"cartodiagram"}, refused
    told = {line.name: line.notes for line in moved[1].lines if line.kind == "chart" and line.notes}
    lost = {n: t for n, t in told.items() if any("Not carried over" in one for one in t)}
    # Cells on maps have a scale of colours here, not shades of one.
    assert set(lost) == {"deck_grid", "deck_hex", "deck_screengrid"}, lost


def test_every_chart_of_every_type_draws_large_and_small(
    moved: tuple[Viewer, importing.Report], opened: Opened
) -> None:
    tiles = {tile.key: tile for _, tile in opened.layout.tiles()}
    answers = charts.answers(moved[0], opened, list(tiles), Want())
    wrong = {}
    for key, answer in answers.items():
        name = opened.chart(tiles[key]).name
        if answer.error is not None:
            wrong[name] = answer.error.message
        elif answer.drawing is None or isinstance(answer.drawing, Empty):
            wrong[name] = str(answer.drawing)
        else:
            drawn: Drawing = answer.drawing
            if not drawn.summary:
                wrong[name] = "It has no summary."
            small(drawn)
    assert wrong == {}
    assert len(tiles) >= 57
