"""The files of a Superset bundle as shapes: lenient, everything unknown remembered and told."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Any, Final, TypeVar
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from dashapp.errors import Invalid
from dashapp.services import yamltext
from dashapp.services.superset.archive import shown

_NUMBER = re.compile(r"_(\d{1,9})\.ya?ml$")
MAX_PARAMS = 2_000_000  # characters of JSON inside a text


def opened(value: Any) -> Any:
    """What a JSON text says (older bundles keep parameters so); anything else as it is."""
    if not isinstance(value, str):
        return value
    if not value.strip():
        return {}
    if len(value) > MAX_PARAMS:
        raise ValueError("The text is too long.")
    try:
        return plain(json.loads(value))
    except (ValueError, RecursionError, Invalid):
        raise ValueError("The text should be JSON.") from None


def _empty(value: Any) -> Any:
    return {} if value is None else opened(value)


def _none(value: Any) -> Any:
    return () if value is None else value


Content = Annotated[dict[str, Any], BeforeValidator(_empty)]
Name = Annotated[str, Field(min_length=1, max_length=1000)]


class Document(BaseModel):
    """What all files share. Keys that are not known here stay in `model_extra`."""

    model_config = ConfigDict(extra="allow", frozen=True, coerce_numbers_to_str=True)

    def unknown(self) -> list[str]:
        """Keys that are not known here and say something."""
        found = self.model_extra or {}
        return sorted(k[:100] for k, v in found.items() if v not in (None, "", [], {}, False))


class Metadata(Document):
    """metadata.yaml: what was exported, from which version of the format."""

    version: str = "1.0.0"
    type: str | None = None
    timestamp: Any = None


class DatabaseDocument(Document):
    """databases/*.yaml: a connection; its password is masked."""

    uuid: UUID
    database_name: Name
    sqlalchemy_uri: str = Field(max_length=4000)
    cache_timeout: int | None = None
    extra: Content = Field(default_factory=dict)
    ssh_tunnel: Any = None
    masked_encrypted_extra: Any = None
    impersonate_user: bool | None = None
    # How the page of Superset treats it; says nothing about what is asked.
    version: Any = None
    expose_in_sqllab: Any = None
    allow_run_async: Any = None
    allow_ctas: Any = None
    allow_cvas: Any = None
    allow_dml: Any = None
    allow_csv_upload: Any = None
    allow_file_upload: Any = None
    configuration_method: Any = None
    driver: Any = None
    external_url: Any = None
    is_managed_externally: Any = None
    verbose_name: Any = None
    force_ctas_schema: Any = None
    server_cert: Any = None


class ColumnDocument(Document):
    """A column of a dataset, physical or calculated."""

    column_name: Name
    verbose_name: str | None = None
    is_dttm: bool | None = None
    type: str | None = None
    groupby: bool | None = None
    filterable: bool | None = None
    expression: str | None = None
    description: str | None = None
    python_date_format: str | None = None
    is_active: Any = None
    advanced_data_type: Any = None
    datetime_format: str | None = None
    extra: Any = None
    uuid: Any = None


class MetricDocument(Document):
    """A saved metric of a dataset."""

    metric_name: Name
    verbose_name: str | None = None
    metric_type: str | None = None
    expression: str
    description: str | None = None
    d3format: str | None = None
    currency: Any = None
    warning_text: str | None = None
    extra: Any = None
    uuid: Any = None


class DatasetDocument(Document):
    """datasets/<database>/*.yaml: a table or a query."""

    uuid: UUID
    table_name: Name
    database_uuid: UUID
    main_dttm_col: str | None = None
    description: str | None = None
    offset: int | None = None
    cache_timeout: int | None = None
    catalog: str | None = None
    schema_name: str | None = Field(None, alias="schema")
    sql: str | None = None
    fetch_values_predicate: str | None = None
    template_params: Any = None
    always_filter_main_dttm: bool | None = None
    currency_code_column: str | None = None
    filter_select_enabled: bool | None = None
    columns: Annotated[tuple[ColumnDocument, ...], BeforeValidator(_none)] = ()
    metrics: Annotated[tuple[MetricDocument, ...], BeforeValidator(_none)] = ()
    extra: Any = None
    # How the page of Superset treats it.
    version: Any = None
    folders: Any = None
    default_endpoint: Any = None
    normalize_columns: Any = None
    params: Any = None
    data: Any = None
    data_file: Any = None
    source_db_engine: Any = None
    is_managed_externally: Any = None
    external_url: Any = None


class ChartDocument(Document):
    """charts/*.yaml: a kind of chart and its parameters."""

    uuid: UUID
    slice_name: Name
    viz_type: Name
    params: Content = Field(default_factory=dict)
    dataset_uuid: UUID | None = None
    description: str | None = None
    certified_by: str | None = None
    certification_details: str | None = None
    cache_timeout: int | None = None
    query_context: Any = None
    tags: Annotated[tuple[str, ...], BeforeValidator(_none)] = ()
    version: Any = None
    is_managed_externally: Any = None
    external_url: Any = None


class DashboardDocument(Document):
    """dashboards/*.yaml: where everything stands, and its filters."""

    uuid: UUID
    dashboard_title: Name
    description: str | None = None
    slug: str | None = None
    css: str | None = None
    certified_by: str | None = None
    certification_details: str | None = None
    published: bool | None = None
    theme_uuid: UUID | None = None
    position: Content = Field(default_factory=dict)
    metadata: Content = Field(default_factory=dict)
    tags: Annotated[tuple[str, ...], BeforeValidator(_none)] = ()
    version: Any = None
    is_managed_externally: Any = None
    external_url: Any = None


class ThemeDocument(Document):
    """themes/*.yaml."""

    theme_name: Name
    uuid: UUID | None = None


class QueryDocument(Document):
    """queries/**/*.yaml: a saved query of SQL Lab."""

    label: str | None = None
    uuid: UUID | None = None


class TagDocument(Document):
    """One tag of tags.yaml."""

    tag_name: Name
    description: str | None = None


class Tags(Document):
    """tags.yaml."""

    tags: Annotated[tuple[TagDocument, ...], BeforeValidator(_none)] = ()


FOLDERS: Final[dict[str, type[Document]]] = {
    "databases": DatabaseDocument, "datasets": DatasetDocument, "charts": ChartDocument,
    "dashboards": DashboardDocument, "themes": ThemeDocument, "queries": QueryDocument,
}  # fmt: skip


@dataclass
class Documents:
    """A bundle's files by kind, and what is wrong with some of them (path → sentence)."""

    metadata: Metadata = field(default_factory=Metadata)
    databases: list[DatabaseDocument] = field(default_factory=list)
    datasets: list[DatasetDocument] = field(default_factory=list)
    charts: list[ChartDocument] = field(default_factory=list)
    dashboards: list[DashboardDocument] = field(default_factory=list)
    themes: list[ThemeDocument] = field(default_factory=list)
    queries: list[QueryDocument] = field(default_factory=list)
    tags: list[TagDocument] = field(default_factory=list)
    numbers: dict[int, UUID] = field(default_factory=dict)  # of charts, where they came from
    unknown: list[str] = field(default_factory=list)
    problems: dict[str, str] = field(default_factory=dict)


D = TypeVar("D", bound=Document)


def read(files: Mapping[str, str]) -> Documents:
    """The documents of a bundle. Files that are wrong are in `problems`, all of them."""
    found, budget = Documents(), yamltext.Budget()
    for path in sorted(files):
        folder = path.split("/", 1)[0] if "/" in path else ""
        name = shown(path)
        if folder not in FOLDERS and path not in ("metadata.yaml", "tags.yaml"):
            found.unknown.append(name)
            continue
        try:
            content = plain(yamltext.content(files[path], budget))
            _weigh(content, budget)
        except Invalid as error:
            found.problems[name] = error.message
            continue
        if path == "metadata.yaml":
            found.metadata = _read(Metadata, content, name, found) or found.metadata
        elif path == "tags.yaml":
            tags = _read(Tags, content, name, found)
            found.tags += tags.tags if tags else ()
        else:
            document = _read(FOLDERS[folder], content, name, found)
            if document is not None:
                getattr(found, folder).append(document)
            if isinstance(document, ChartDocument) and (number := _NUMBER.search(path)):
                found.numbers[int(number[1])] = document.uuid
    _check_uuids(found)
    return found


def _weigh(content: Any, budget: yamltext.Budget) -> None:
    """Count what the JSON texts of a file hold, before they are opened."""
    for text in content.values() if isinstance(content, dict) else ():
        if isinstance(text, str) and text.lstrip()[:1] in ("{", "["):
            budget.spend(sum(map(text.count, ",[{")))


def _read(model: type[D], content: Any, path: str, found: Documents) -> D | None:
    if not isinstance(content, dict):
        found.problems[path] = "It should be a mapping of keys to values."
        return None
    version = content.get("version", "1.0.0")
    if model is not Tags and str(version) != "1.0.0":
        found.problems[path] = f"Version {str(version)[:20]} of the format is not known here."
        return None
    try:
        return model.model_validate(content)
    except ValidationError as error:
        for one in error.errors(include_input=False, include_url=False):
            place = ".".join(str(part)[:100] for part in one["loc"])
            found.problems[f"{path}: {place}"] = one["msg"].removeprefix("Value error, ")
        return None


def _check_uuids(found: Documents) -> None:
    """Two documents of one kind with one UUID: nobody could tell which is meant."""
    for folder in ("databases", "datasets", "charts", "dashboards"):
        seen: set[UUID] = set()
        for document in getattr(found, folder):
            if document.uuid in seen:
                found.problems[f"{folder}: {document.uuid}"] = "Two files have this UUID."
            seen.add(document.uuid)


def plain(value: Any, depth: int = yamltext.MAX_DEPTH) -> Any:
    """The same as JSON has it: days and times as text, keys as text, no number beyond all bounds.

    Raises Invalid for bytes and for what is nested too deeply.
    """
    if depth < 0:
        raise Invalid("It is nested too deeply.")
    if isinstance(value, dict):
        return {_clean(str(key)): plain(inner, depth - 1) for key, inner in value.items()}
    if isinstance(value, list | tuple | set):
        return [plain(inner, depth - 1) for inner in value]
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, str):
        return _clean(value)
    if value is None or isinstance(value, int | float):
        return value
    raise Invalid(f"A value of type {type(value).__name__} does not belong there.")


def _clean(text: str) -> str:
    """Text that every database can keep: no NUL, no halves of characters."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()
