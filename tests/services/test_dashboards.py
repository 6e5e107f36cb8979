"""Dashboards: opened in few statements, found, kept, and saved over their versions."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from dashapp.errors import Conflict, Forbidden, Invalid, NotFound
from dashapp.services import dashboards
from dashapp.viewer import SYSTEM, Viewer
from models import Chart, Dashboard, DashboardGrant, DashboardVersion, Dataset, Tag, db
from tests.services.market import forget, open_market
from tests.services.metadata import add, dashboard, database, dataset, person, statements, user


@pytest.fixture
def market(app: Flask) -> Iterator[None]:
    open_market()
    yield
    forget()


@pytest.fixture
def ann(app: Flask) -> Viewer:
    return person(user("ann").id)


def many(tiles: int) -> Dashboard:
    """A published dashboard with so many tiles over ten datasets."""
    shop = database(f"shop {tiles}")
    sets: list[Dataset] = [dataset(shop, f"t{n}") for n in range(10)]
    charts = [Chart(name=f"c{n}", kind="bar", dataset=sets[n % 10]) for n in range(tiles)]
    add(*charts)
    return dashboard(f"tiles-{tiles}", *charts, is_published=True)


def test_statements_of_opening_do_not_grow_with_the_tiles(ann: Viewer) -> None:
    counts = []
    for tiles in (10, 200):
        slug = many(tiles).slug
        db.session.expunge_all()
        with statements() as cold:
            opened = dashboards.open(ann, slug)
        with statements() as warm:
            dashboards.open(ann, slug)
        assert (len(opened.charts), len(opened.sources)) == (tiles, 10)
        counts.append((len(cold), len(warm)))
    assert counts[0] == counts[1]
    assert counts[0][1] == 1  # Whether anything changed.


def test_statements_of_the_list_do_not_grow_with_the_dashboards(ann: Viewer) -> None:
    counts = []
    for first, last in ((0, 3), (3, 60)):
        for n in range(first, last):
            dashboard(f"d{n}", is_published=True, tags=[Tag(name=f"tag {n}")])
        db.session.expunge_all()
        with statements() as seen:
            assert len(dashboards.listed(ann)) == last
        counts.append(len(seen))
    assert counts[0] == counts[1] <= 3


def test_an_opened_dashboard_has_all_its_page_needs(ann: Viewer, market: None) -> None:
    opened = dashboards.open(ann, "market")
    assert (opened.title, opened.tags, opened.version) == ("Market", ("food", "trade"), 1)
    assert {s.dataset.name for s in opened.sources.values()} == {"Orders", "Stores"}
    tab, tile = opened.place("list")
    assert (tab, opened.chart(tile).name) == ("two", "List")
    assert set(opened.tile_datasets()) == {"total", "regions", "products", "days", "stores", "list"}
    assert not opened.may_edit
    with pytest.raises(NotFound, match="no longer"):
        opened.place("gone")


@pytest.mark.parametrize("slug", ["draft", "theirs", "missing"])
def test_what_one_may_not_see_does_not_exist(ann: Viewer, slug: str) -> None:
    ben = user("ben")
    dashboard("draft", owner_id=ben.id)
    dashboard("theirs", is_published=True, grants=[DashboardGrant(user_id=ben.id, level="view")])
    for verb in (
        lambda: dashboards.open(ann, slug),
        lambda: dashboards.set_favourite(ann, slug, True),
        lambda: dashboards.save(ann, slug, 1, {}),
    ):
        with pytest.raises(NotFound, match="no such dashboard, or you may not see it"):
            verb()
    assert dashboards.listed(ann) == []


def test_favourites_come_first_and_are_ones_own(ann: Viewer) -> None:
    for slug in ("a", "b", "c"):
        dashboard(slug, is_published=True)
    for _ in range(2):
        dashboards.set_favourite(ann, "c", True)
    assert [(d.slug, d.is_favourite) for d in dashboards.listed(ann)] == [
        ("c", True), ("a", False), ("b", False),
    ]  # fmt: skip
    assert dashboards.is_favourite(ann, dashboards.open(ann, "c"))
    ben = person(user("ben").id)
    assert [d.slug for d in dashboards.listed(ben)] == ["a", "b", "c"]
    dashboards.set_favourite(ann, "c", False)
    assert not dashboards.is_favourite(ann, dashboards.open(ann, "c"))
    with pytest.raises(Forbidden, match="an account"):
        dashboards.set_favourite(SYSTEM, "a", True)


def test_visits_are_remembered_once_with_the_latest_time(ann: Viewer) -> None:
    for slug in ("a", "b"):
        dashboard(slug, is_published=True)
        dashboards.visited(ann, dashboards.open(ann, slug))
    first = {d.slug: d.visited_at for d in dashboards.listed(ann)}
    dashboards.visited(ann, dashboards.open(ann, "a"))
    again = {d.slug: d.visited_at for d in dashboards.listed(ann)}
    assert first["a"] is not None
    assert again["a"] is not None
    assert again["a"] > first["a"]
    assert again["b"] == first["b"]
    dashboards.visited(SYSTEM, dashboards.open(SYSTEM, "a"))
    assert all(d.visited_at is None for d in dashboards.listed(person(user("ben").id)))


def test_search_looks_in_titles_descriptions_and_tags(ann: Viewer) -> None:
    food = Tag(name="food 100%")
    one = dashboard("one", is_published=True, description="What people buy", tags=[food])
    two = dashboard("two", is_published=True, tags=[food, Tag(name="north")])
    one.title, two.title = "Sales", "Stock_1"
    db.session.commit()

    def found(search: str, tag: str | None = None) -> list[str]:
        return [d.slug for d in dashboards.listed(ann, search, tag)]

    assert found("") == found("s") == found("FOOD") == found("", "food 100%") == ["one", "two"]
    assert found("people sal") == ["one"]
    assert found("north food") == ["two"]
    assert found("", "north") == ["two"]
    assert found("food 100%", "north") == ["two"]
    assert found("%") == ["one", "two"]
    assert found("_") == ["two"]
    assert found("' OR 1=1 --") == found("", "nor") == []


def test_tiles_are_counted_and_cut_off_at_the_limit(ann: Viewer, market: None) -> None:
    dashboard("other", is_published=True)
    assert [(d.slug, d.tiles) for d in dashboards.listed(ann)] == [("market", 7), ("other", 0)]
    assert [d.slug for d in dashboards.listed(ann, limit=1)] == ["market"]


def test_the_list_sketches_the_first_tiles(market: None, ann: Viewer) -> None:
    (found,) = dashboards.listed(ann)
    assert {s.kind for s in found.sketch} >= {"bar"}
    assert all(s.y < dashboards.SKETCHED and 0 < s.w <= 12 for s in found.sketch)


@pytest.fixture
def editor(app: Flask) -> Viewer:
    return person(user("eve", "editor").id, "editor")


def test_a_save_is_a_version(editor: Viewer) -> None:
    row = dashboard("mine", owner_id=editor.user_id)
    opened = dashboards.open(editor, "mine")
    assert opened.may_edit
    layout = opened.layout.model_dump(mode="json") | {"refresh_s": 60}
    number = dashboards.save(editor, "mine", opened.version, layout, "Refreshes")
    again = dashboards.open(editor, "mine")
    assert (again.version, again.layout.refresh_s) == (number, 60)
    kept = db.session.query(DashboardVersion).filter_by(dashboard_id=row.id).one()
    assert (kept.number, kept.message, kept.saved_by_id) == (number, "Refreshes", editor.user_id)
    assert kept.layout["refresh_s"] == 60


def test_a_stale_save_is_refused_and_changes_nothing(editor: Viewer) -> None:
    dashboard("mine", owner_id=editor.user_id)
    opened = dashboards.open(editor, "mine")
    layout = opened.layout.model_dump(mode="json")
    first = dashboards.save(editor, "mine", opened.version, layout | {"refresh_s": 60})
    with pytest.raises(Conflict, match="Reload") as caught:
        dashboards.save(editor, "mine", opened.version, layout | {"refresh_s": 600})
    assert caught.value.detail["version"] == first
    assert dashboards.open(editor, "mine").layout.refresh_s == 60
    assert db.session.query(DashboardVersion).count() == 1


def test_a_broken_layout_is_refused_with_every_fault(editor: Viewer) -> None:
    dashboard("mine", owner_id=editor.user_id)
    item = {"item": "header", "key": "h", "text": "x"}
    broken = {"tabs": [{"key": "t", "items": [item | {"x": 11, "w": 5}]}], "refresh_s": 1}
    with pytest.raises(Invalid) as caught:
        dashboards.save(editor, "mine", 1, broken)
    assert {"tabs.0.items.0.header", "refresh_s"} <= set(caught.value.fields)
    assert dashboards.open(editor, "mine").version == 1


def test_who_may_look_may_not_save(ann: Viewer, editor: Viewer) -> None:
    grants = [DashboardGrant(user_id=editor.user_id, level="view")]
    dashboard("shared", is_published=True, grants=grants)
    dashboard("open", is_published=True)
    for viewer, slug in ((ann, "open"), (editor, "open"), (editor, "shared")):
        assert not dashboards.open(viewer, slug).may_edit
        with pytest.raises(Forbidden):
            dashboards.save(viewer, slug, 1, {"tabs": [{"key": "t"}]})
    db.session.query(DashboardGrant).update({"level": "edit"})
    db.session.commit()
    assert dashboards.save(editor, "shared", 1, {"tabs": [{"key": "t"}]}) == 2
