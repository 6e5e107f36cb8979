"""The diagram in the documentation."""

from __future__ import annotations

from pathlib import Path

from models import Base
from models.erd import TARGET, diagram, document


def test_page_in_docs_is_what_the_models_say() -> None:
    page = Path(__file__).parents[2] / TARGET
    assert page.read_text() == document(), "Run: python -m models.erd"


def test_every_table_and_reference_is_drawn() -> None:
    text = diagram(Base.metadata)
    for table in Base.metadata.tables:
        assert f"    {table} {{\n" in text
    assert "databases ||--o{ datasets : database_id" in text
    assert "dashboards ||--o| embed_configs : dashboard_id" in text
    assert "users |o--o{ charts : owner_id" in text
