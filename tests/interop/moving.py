"""A team moves in: its five dashboards over a copy of its data."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from dashapp.services.secrets import seal
from dashapp.services.superset import importing
from dashapp.viewer import Viewer
from models import Database, db

BUNDLES = (
    "sales_dashboard",
    "slack_dashboard",
    "usa_births_names",
    "video_game_sales",
    "world_health",
)


def copied(engine: str, files: Callable[[str], Path], folder: Path, postgres_url: str) -> str:
    """The data where a server in `folder` may read it: its URL."""
    if engine == "postgresql":
        return postgres_url
    place = folder / "warehouses"
    place.mkdir(exist_ok=True)
    return f"{engine}:///{shutil.copy(files(engine), place)}"


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
