"""The gallery: every chart of it draws, large and small."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from plotly.offline import get_plotlyjs_version

from benchmarks import figures
from dashapp import cache, warehouses
from dashapp.charts import KINDS
from dashapp.charts.base import CARTESIAN, Empty, Number, Plot
from dashapp.charts.thumbnails import small
from dashapp.errors import AppError, Forbidden, NotFound
from dashapp.services import charts, dashboards, examples, gallery, sources
from dashapp.services.charts import Want
from dashapp.settings import Settings, using
from dashapp.viewer import SYSTEM, Viewer
from dashapp.web import site, statics
from tests.charts.small import still
from tests.services.conftest import KEY
from tests.services.metadata import metadata, person, user

# Traces that Plotly draws with WebGL: the policy of our pages forbids the code that most of them
# make as they run, and browsers keep few pictures of that kind at once.
WEBGL = frozenset({
    "cone", "densitymap", "densitymapbox", "choroplethmap", "choroplethmapbox", "heatmapgl",
    "isosurface", "mesh3d", "parcoords", "pointcloud", "scatter3d", "scattergl", "scattermap",
    "scattermapbox", "scatterpolargl", "splom", "streamtube", "surface", "volume",
})  # fmt: skip


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """A server with the examples."""
    chosen = Settings.model_validate({"data_dir": tmp_path_factory.mktemp("ga"), "secret_key": KEY})
    with using(chosen):
        cache.reset()
        sources.forget()
        with metadata(chosen.metadata_url) as app:
            user("ada", "admin")
            user("vera")
            examples.load(SYSTEM)
            yield app
        warehouses.dispose()
        cache.reset()


@pytest.fixture
def ada(loaded: Flask) -> Viewer:
    """An administrator."""
    return person(1, "admin")


def test_every_chart_of_the_gallery_draws_large_and_small(ada: Viewer) -> None:
    opened = gallery.open_gallery(ada)
    keys = [tile.key for _, tile in opened.layout.tiles()]
    found = charts.answers(ada, opened, keys, Want())
    assert {key: str(a.error) for key, a in found.items() if a.error} == {}
    assert [key for key, a in found.items() if isinstance(a.drawing, Empty)] == []
    for answer in found.values():
        assert answer.drawing is not None
        still(small(answer.drawing))
        if isinstance(answer.drawing, Plot):
            assert answer.drawing.summary
            assert all(r.rows <= 10_000 for r in answer.results.values())


def test_no_kind_draws_with_webgl(ada: Viewer) -> None:
    opened = gallery.open_gallery(ada)
    places = [tile for _, tile in opened.layout.tiles()]
    assert {opened.charts[tile.chart].kind for tile in places} == KINDS.keys()
    found = charts.answers(ada, opened, [tile.key for tile in places], Want())
    types = {
        (key, trace.get("type", "scatter"))
        for key, answer in found.items()
        if isinstance(answer.drawing, Plot)
        for trace in answer.drawing.figure["data"]
    }
    assert {(key, kind) for key, kind in types if kind in WEBGL} == set()


def test_what_does_not_ask_for_all_of_plotly_is_drawn_by_the_small_one(ada: Viewer) -> None:
    opened = gallery.open_gallery(ada)
    places = {tile.key: opened.charts[tile.chart] for _, tile in opened.layout.tiles()}
    found = charts.answers(ada, opened, list(places), Want())
    beyond, asking = set(), set()
    for key, chart in places.items():
        drawing = found[key].drawing
        figure = drawing.figure if isinstance(drawing, Plot) else None
        figure = drawing.trend if isinstance(drawing, Number) else figure
        if any(t.get("type", "scatter") not in CARTESIAN for t in (figure or {"data": ()})["data"]):
            beyond.add((chart.kind, key))
        if KINDS[chart.kind].beyond_cartesian(chart.options):
            asking.add((chart.kind, key))
    assert beyond == asking


def test_the_small_plotly_is_of_the_same_version_and_has_what_we_say() -> None:
    text = (statics.FOLDER / site.CARTESIAN).read_text("utf-8")
    version = f"v{get_plotlyjs_version()}"
    assert version in text[:200]
    assert version.removeprefix("v") in site.CARTESIAN
    assert set(re.findall(r'moduleType:"trace",name:"([a-z0-9]+)"', text)) == CARTESIAN


def test_benchmarks_draw_every_kind_at_a_thousand_rows(loaded: Flask) -> None:
    found = {slug: case.drawing(figures.FEW)() for slug, case in figures.cases().items()}
    assert found.keys() == KINDS.keys()
    assert [slug for slug, drawing in found.items() if isinstance(drawing, Empty)] == []


def test_every_family_has_a_sheet_and_every_kind_a_picture(ada: Viewer) -> None:
    opened = gallery.open_gallery(ada)
    by_family = gallery.entries(opened)
    assert list(by_family) == [tab.key for tab in opened.layout.tabs]
    for family, entries in by_family.items():
        pictures = gallery.thumbnails(ada, family)
        assert [entry for entry, _ in pictures] == entries
        assert not [d for _, d in pictures if isinstance(d, AppError)]
        for entry in entries:
            assert opened.place(entry.tile)[0] == family
    assert gallery.thumbnails(ada, "no such family") == []


def test_the_gallery_is_for_administrators(loaded: Flask) -> None:
    vera = person(2)
    with pytest.raises(Forbidden):
        gallery.open_gallery(vera)
    with pytest.raises(Forbidden):
        gallery.thumbnails(vera, "numbers")
    with pytest.raises(NotFound):
        dashboards.open(vera, gallery.SLUG)
