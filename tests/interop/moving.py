"""A team moves in: its five dashboards over a copy of its data."""

from __future__ import annotations

from pathlib import Path

from dashapp.services.secrets import seal
from dashapp.services.superset import importing
from dashapp.viewer import Viewer
from models import Database, db
from tests.interop import copies

BUNDLES = (
    "sales_dashboard",
    "slack_dashboard",
    "usa_births_names",
    "video_game_sales",
    "world_health",
)


def copied(engine: str, examples: Path, folder: Path, postgres_url: str) -> str:
    """A copy of the data: its URL."""
    files = copies.tables(examples / "data")
    if engine == "postgresql":
        return copies.postgresql(files, postgres_url)
    place = folder / "warehouses"
    place.mkdir(exist_ok=True)
    if engine == "duckdb":
        return copies.duckdb_file(files, place / "moved.duckdb")
    return copies.sqlite(files, place / "moved.sqlite")


def connect(engine: str, url: str) -> None:
    """A database of that name in the metadata."""
    row = Database(name="moved", kind=engine, url_encrypted="")
    row.url_encrypted = seal(row, "url_encrypted", url)
    db.session.add(row)
    db.session.commit()


def move(viewer: Viewer, examples: Path) -> dict[str, importing.Report]:
    """Import all five bundles, with nothing said but where their database is now."""
    choices = importing.Choices(databases={"examples": "moved"})
    return {
        name: importing.apply(viewer, (examples / f"{name}.zip").read_bytes(), choices)
        for name in BUNDLES
    }
