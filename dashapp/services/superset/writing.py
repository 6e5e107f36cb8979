"""Export as a bundle that Superset 6 imports."""

from __future__ import annotations

import io
import logging
import re
import zipfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
import yaml
from pydantic import ValidationError

from dashapp.errors import Invalid
from dashapp.services import gathering
from dashapp.services.superset import filters_out, kinds, names, placing
from dashapp.services.superset.connections import MASK
from dashapp.services.superset.datasets_out import dataset_document
from dashapp.services.superset.placing import Shown
from dashapp.services.superset.translating import STUMBLES, as_spec
from dashapp.specs import DatasetSpec
from dashapp.specs.bundle import Bundle, BundleChart, BundleDashboard, BundleDatabase
from dashapp.viewer import Viewer

logger = logging.getLogger(__name__)
VERSION: Final = "1.0.0"
ENGINES: Final = {"postgresql": "postgresql", "mysql": "mysql", "sqlite": "sqlite"}
MADE_AT: Final = (2020, 1, 1, 0, 0, 0)  # Of every file: equal content, equal archive.
_ODD = re.compile(r"[^A-Za-z0-9_.-]+")


@dataclass
class Written:
    """An archive, and what could not be written: sentences by object."""

    data: bytes = b""
    notes: list[str] = field(default_factory=list)

    def note(self, what: str, sentence: str) -> None:
        """Tell people what is not in the archive."""
        text = f"{what}: {sentence}"
        if text not in self.notes:
            self.notes.append(text)


def export(
    viewer: Viewer,
    slugs: list[str] | None = None,
    charts: Collection[UUID] = (),
    datasets: Collection[UUID] = (),
) -> Written:
    """A zip archive of these objects with what they lean on, as Superset's own exports are.

    Charts of kinds that Superset lacks are left out and told of in `notes`; a text stands in
    their place. Passwords are masked.
    """
    bundle = gathering.gathered(viewer, slugs, charts, datasets)
    return write(bundle)


def write(bundle: Bundle) -> Written:
    """The archive of a bundle of ours."""
    done = Written()
    files: dict[str, Any] = {}
    folders = {d.uuid: _name(d.name) for d in bundle.databases}
    for database in bundle.databases:
        files[f"databases/{folders[database.uuid]}.yaml"] = _database(database)
    specs = {d.uuid: as_spec(d) for d in bundle.datasets}
    for number, dataset in enumerate(bundle.datasets, 1):
        folder = folders.get(dataset.database, "database")
        kind = next((d.kind for d in bundle.databases if d.uuid == dataset.database), "")
        path = f"datasets/{folder}/{_name(dataset.name)}_{number}.yaml"
        files[path], notes = dataset_document(dataset, kind)
        for note in notes:
            done.note(dataset.name, note)
    shown = {}
    for number, chart in enumerate(bundle.charts, 1):
        shown[chart.uuid], document = _chart(chart, number, specs, done)
        if document is not None:
            files[f"charts/{_name(chart.name)}_{number}.yaml"] = document
    for number, dashboard in enumerate(bundle.dashboards, 1):
        files[f"dashboards/{_name(dashboard.title)}_{number}.yaml"] = _dashboard(
            dashboard, shown, specs, done
        )
    worn = [d.tags for d in bundle.dashboards] + [c.tags for c in bundle.charts]
    tags = sorted({tag for one in worn for tag in one})
    if tags:
        files["tags.yaml"] = {"tags": [{"tag_name": tag, "description": None} for tag in tags]}
    done.data = _packed(files, _type(bundle))
    return done


def _type(bundle: Bundle) -> str:
    if bundle.dashboards:
        return "Dashboard"
    return "Slice" if bundle.charts else "SqlaTable" if bundle.datasets else "Database"


def _packed(files: Mapping[str, Any], kind: str) -> bytes:
    """A zip archive with all files under one folder."""
    head = {"version": VERSION, "type": kind, "timestamp": datetime.now(UTC).isoformat()}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in {"metadata.yaml": head, **files}.items():
            text = yaml.dump(
                content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100
            )
            info = zipfile.ZipInfo(f"{kind.lower()}_export/{path}", MADE_AT)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, text)
    return packed.getvalue()


class _Dumper(yaml.SafeDumper):
    """YAML without aliases, which importers refuse."""

    def ignore_aliases(self, data: Any) -> bool:
        """Write everything out, however often it is there."""
        return True


def _name(text: str) -> str:
    """A name of a file made of an object's name."""
    return _ODD.sub("_", text).strip("._")[:80] or "unnamed"


def _database(database: BundleDatabase) -> dict[str, Any]:
    """A connection; files by their names alone, passwords masked."""
    return {
        "database_name": database.name, "sqlalchemy_uri": _uri(database),
        "cache_timeout": database.ttl_s, "expose_in_sqllab": True, "allow_run_async": False,
        "allow_ctas": False, "allow_cvas": False, "allow_dml": False, "allow_csv_upload": False,
        "extra": {"allows_virtual_table_explore": True}, "impersonate_user": False,
        "configuration_method": "sqlalchemy_form", "uuid": str(database.uuid),
        "version": VERSION,
    }  # fmt: skip


def _uri(database: BundleDatabase) -> str:
    url = sa.make_url(database.url)
    url = url.set(drivername=ENGINES.get(database.kind, database.kind))
    if not url.host:
        return f"{url.drivername}:///{PurePosixPath(url.database or '').name}"
    if url.password is not None:
        url = url.set(password=MASK)
    return url.render_as_string(hide_password=False)


def _chart(
    chart: BundleChart, number: int, specs: Mapping[UUID, DatasetSpec], done: Written
) -> tuple[Shown, dict[str, Any] | None]:
    """How layouts name a chart, and its document unless Superset has no kind like it."""
    dataset = specs.get(chart.dataset) if chart.dataset else None
    if dataset is None:
        text = chart.options.get("text")
        if isinstance(text, str):
            return Shown(number, chart.name, text), None
        return _left_out(chart, number, "It leans on no dataset.", done), None
    try:
        viz_type, params, notes = kinds.written(chart.kind, chart.options, dataset)
    except (Invalid, ValidationError) as error:
        reason = error.message if isinstance(error, Invalid) else "Its options are not valid."
        return _left_out(chart, number, reason, done), None
    except STUMBLES as error:
        logger.warning("The chart %s cannot be written: %r", chart.uuid, error)
        return _left_out(chart, number, "It cannot be written.", done), None
    for note in notes:
        done.note(chart.name, note)
    own = {"datasource": f"{number}__table", "slice_id": number}
    return Shown(number, chart.name), {
        "slice_name": chart.name, "description": chart.description, "certified_by": None,
        "certification_details": None, "viz_type": viz_type, "params": own | params,
        "query_context": None, "cache_timeout": chart.ttl_s, "uuid": str(chart.uuid),
        "version": VERSION, "dataset_uuid": str(chart.dataset),
        **({"tags": list(chart.tags)} if chart.tags else {}),
    }  # fmt: skip


def _left_out(chart: BundleChart, number: int, reason: str, done: Written) -> Shown:
    done.note(chart.name, f"It is left out. {reason}")
    return Shown(number, chart.name, f"**{chart.name}**\n\n{reason}")


def _dashboard(
    dashboard: BundleDashboard, shown: Mapping[UUID, Shown], specs: Mapping[UUID, DatasetSpec],
    done: Written,
) -> dict[str, Any]:  # fmt: skip
    layout = dashboard.layout
    tree = placing.tree(layout, dashboard.title, shown)
    for note in tree.notes:
        done.note(dashboard.title, note)
    written = filters_out.Filters(tree, specs)
    metadata = {
        "native_filter_configuration": written.configuration(layout),
        "chart_configuration": written.clicks(layout),
        "global_chart_configuration": {
            "scope": {"rootPath": ["ROOT_ID"], "excluded": []},
            "chartsInScope": sorted(set(tree.numbers.values())),
        },
        "cross_filters_enabled": layout.cross_filters,
        "color_scheme": names.written_palette(layout.palette) or "",
        "label_colors": dict(sorted(layout.colors.items())), "shared_label_colors": [],
        "refresh_frequency": layout.refresh_s or 0, "timed_refresh_immune_slices": [],
        "expanded_slices": {}, "default_filters": "{}",
    }  # fmt: skip
    for note in written.notes:
        done.note(dashboard.title, note)
    found = {
        "dashboard_title": dashboard.title, "description": dashboard.description, "css": "",
        "slug": dashboard.slug, "certified_by": None, "certification_details": None,
        "published": dashboard.is_published, "uuid": str(dashboard.uuid), "theme_uuid": None,
        "position": tree.nodes, "metadata": metadata, "version": VERSION,
    }  # fmt: skip
    return found | ({"tags": list(dashboard.tags)} if dashboard.tags else {})
