"""What Superset answered, and whether an answer of ours says the same."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from dashapp.specs import QuerySpec, metric_name

NOW: Final = datetime(2026, 11, 22, 12, 59, 5, tzinfo=UTC)
TOLERANCE: Final = 1e-9
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Golden:
    """Superset's answers for one chart, or for the options of one filter."""

    bundle: str
    name: str
    viz_type: str
    uuid: str
    is_legacy: bool
    queries: tuple[Mapping[str, Any], ...]

    def __str__(self) -> str:
        return f"{self.bundle}: {self.name}"


def read(folder: Path) -> list[Golden]:
    """All charts with an answer; filters apart are left to `filters`."""
    found = []
    for file in sorted(folder.glob("*.golden.json")):
        for entry in json.loads(file.read_text()):
            chart = entry["chart"]
            if chart:
                found.append(
                    Golden(
                        file.name.removesuffix(".golden.json"),
                        chart["name"],
                        chart["viz_type"],
                        chart["uuid"],
                        entry["api"] == "explore_json",
                        tuple(entry["queries"]),
                    )  # fmt: skip
                )
    return found


def filters(folder: Path) -> list[tuple[str, Mapping[str, Any]]]:
    """Bundle and entry of every filter with an answer."""
    return [
        (file.name.removesuffix(".golden.json"), entry)
        for file in sorted(folder.glob("*.golden.json"))
        for entry in json.loads(file.read_text())
        if entry["filter"] and entry["queries"] and entry["queries"][0].get("columns")
    ]


def differences(golden: Golden, spec: QuerySpec, table: pa.Table) -> list[str]:
    """In which ways our answer to a chart's main question is not Superset's; none if equal."""
    theirs = golden.queries[0]
    if golden.is_legacy:
        return _LEGACY[golden.viz_type](theirs, spec, table)
    operations = [p["operation"] for p in theirs["request"].get("post_processing", []) if p]
    if "pivot" in operations:
        return _pivoted(theirs, spec, table)
    if "boxplot" in operations:
        return _boxes(theirs, table)
    return _plain(theirs, spec, table)


def _plain(theirs: Mapping[str, Any], spec: QuerySpec, table: pa.Table) -> list[str]:
    """Row by row: as many, the same ones, in the order that was asked for."""
    rows = [_cells(r) for r in table.to_pylist()]
    columns = [c for c in theirs["columns"] if c != "rank" or "rank" in table.column_names]
    rows = [_with_shares(r, columns, rows) for r in rows]
    found = _counted(theirs["rowcount"], len(rows))
    lost = [c for c in columns if c not in (rows[0] if rows else table.column_names)]
    if lost:
        return [*found, f"no column {lost} among {table.column_names}"]
    wanted = [_cells({c: r.get(c) for c in columns}) for r in theirs["rows"]]
    ours = [{c: r[c] for c in columns} for r in rows]
    found += _ordered(theirs["request"].get("orderby") or [], wanted, ours)
    there = Counter(_key(r) for r in ours)
    edge = _edge(theirs, wanted)
    for row in wanted:
        if edge and _alike(row[edge[0]], edge[1]):
            continue
        if there[_key(row)] <= 0 and not any(_same(row, o) for o in ours):
            found.append(f"no row like {row}")
        there[_key(row)] -= 1
    return found[:5]


def _with_shares(row: Row, columns: Sequence[str], rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Shares of the whole, which charts of parts work out when they draw."""
    more = {}
    for column in columns:
        metric = column.removesuffix("__contribution")
        if metric != column and column not in row and metric in row:
            whole = math.fsum(r[metric] or 0 for r in rows)
            more[column] = None if row[metric] is None else row[metric] / whole
    return {**row, **more}


def _ordered(orderby: list[Any], wanted: list[Any], ours: list[Any]) -> list[str]:
    for by, _ in orderby[:1]:
        name = by["label"] if isinstance(by, Mapping) else by
        if wanted and name in wanted[0]:
            asked = [r[name] for r in wanted]
            told = [r[name] for r in ours[: len(asked)]]
            if not all(_alike(a, b) for a, b in zip(asked, told, strict=False)):
                return [f"another order by {name}: {told[:3]} instead of {asked[:3]}"]
    return []


def _edge(theirs: Mapping[str, Any], wanted: list[Any]) -> tuple[str, Any] | None:
    """Where a limit cut: which of the rows that tie there are kept is chance, here and there."""
    asked = theirs["request"]
    by = next((o[0] for o in asked.get("orderby") or []), None)
    name = by["label"] if isinstance(by, Mapping) else by
    if name is None or len(wanted) != asked.get("row_limit"):
        return None
    return name, wanted[-1][name]


def _pivoted(theirs: Mapping[str, Any], spec: QuerySpec, table: pa.Table) -> list[str]:
    """Cell by cell: one row per place on the axis, one column per metric and member."""
    index, *labels = theirs["columns"]
    cells = _wide(spec, table)
    places = dict.fromkeys(place for place, _ in cells)
    found = _counted(theirs["rowcount"], len(places))
    drawn = {label for (_, label), value in cells.items() if value is not None}
    if drawn - set(labels):
        found.append(f"series that Superset has not: {sorted(drawn - set(labels))[:5]}")
    for row in theirs["rows"]:
        for label in labels:
            ours = cells.get((_cell(row[index]), label))
            if not _alike(_cell(row[label]), ours):
                found.append(f"{label} at {row[index]}: {ours} instead of {row[label]}")
    return found[:5]


def _wide(spec: QuerySpec, table: pa.Table) -> dict[tuple[Any, str], Any]:
    """Values by place on the axis and by the name that Superset's pivot gives to a series."""
    axis, *series = [d.name for d in spec.dimensions]
    metrics = [metric_name(m) for m in spec.metrics]
    cells = {}
    for row in table.to_pylist():
        members = [_spoken(row[s]) for s in series]
        for metric in metrics:
            heads = [metric, *members] if len(metrics) > 1 or not members else members
            cells[(_cell(row[axis]), ", ".join(heads))] = _cell(row[metric])
    return cells


def _boxes(theirs: Mapping[str, Any], table: pa.Table) -> list[str]:
    """Box by box: our rows name the metric, Superset's columns do."""
    found = _counted(theirs["rowcount"], len(table))
    by = [c for c in theirs["columns"] if "__" not in c or not c.rsplit("__", 1)[1].isalnum()]
    boxes = {(*[r[b] for b in by], r["metric"]): r for r in table.to_pylist()}
    for row in theirs["rows"]:
        for column in theirs["columns"]:
            metric, _, statistic = column.rpartition("__")
            ours = boxes.get((*[row[b] for b in by if b in row], metric))
            if column in by or not metric:
                continue
            value = ours and _cell(ours[statistic])
            if not _alike(_cell(row[column]), value):
                found.append(f"{column} of {row}: {value}")
    return found[:5]


def _horizon(theirs: Mapping[str, Any], spec: QuerySpec, table: pa.Table) -> list[str]:
    """Series of points; where one has no row, Superset has a point without a value."""
    cells = _wide(spec, table)
    found = _counted(theirs["rowcount"], table.num_rows)
    for series in theirs["rows"]:
        label = ", ".join(series["key"])
        for point in series["values"]:
            ours = cells.get((_cell(point["x"]), label))
            if not _alike(_cell(point["y"]), ours):
                found.append(f"{label} at {point['x']}: {ours} instead of {point['y']}")
    return found[:5]


def _world(theirs: Mapping[str, Any], spec: QuerySpec, table: pa.Table) -> list[str]:
    """Countries with two figures; those that Superset does not know come as "XXX"."""
    entity, *_ = [d.name for d in spec.dimensions]
    first, second = (metric_name(m) for m in spec.metrics)
    ours = {r[entity]: (r[first], r[second]) for r in table.to_pylist()}
    found = _counted(theirs["rowcount"], len(ours))
    for row in theirs["rows"]:
        figures = (row["m1"], row["m2"])
        told = ours.get(row["country"])
        known = told is not None and all(map(_alike, figures, told))
        if not known and not any(all(map(_alike, figures, v)) for v in ours.values()):
            found.append(f"{row['country']}: {told} instead of {figures}")
    return found[:5]


def _chord(theirs: Mapping[str, Any], spec: QuerySpec, table: pa.Table) -> list[str]:
    """A square of members; pairs without a row are nought."""
    source, target = [d.name for d in spec.dimensions]
    metric = metric_name(spec.metrics[0])
    ours = {(r[source], r[target]): r[metric] for r in table.to_pylist()}
    found = _counted(theirs["rowcount"], len(ours))
    nodes, matrix = theirs["rows"]["nodes"], theirs["rows"]["matrix"]
    for i, row in enumerate(matrix):
        for j, value in enumerate(row):
            told = ours.get((nodes[i], nodes[j]), ours.get((nodes[j], nodes[i]), 0))
            if not _alike(value, told):
                found.append(f"{nodes[i]} to {nodes[j]}: {told} instead of {value}")
    return found[:5]


_LEGACY: Final = {"horizon": _horizon, "world_map": _world, "chord": _chord}


def _counted(wanted: int, found: int) -> list[str]:
    return [] if wanted == found else [f"{found} rows instead of {wanted}"]


def _cells(row: Row) -> dict[str, Any]:
    return {name: _cell(value) for name, value in row.items()}


def _cell(value: Any) -> Any:
    """A cell as Superset's JSON has it: times as milliseconds since 1970."""
    if isinstance(value, datetime):
        at = value if value.tzinfo else value.replace(tzinfo=UTC)
        return at.timestamp() * 1000
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC).timestamp() * 1000
    if isinstance(value, float) and math.isnan(value):
        return None
    return value


def _spoken(value: Any) -> str:
    return "<NULL>" if value is None else str(value)


def _alike(a: Any, b: Any) -> bool:
    if isinstance(a, bool) or isinstance(b, bool) or a is None or b is None:
        return bool(a == b)
    if isinstance(a, int | float) and isinstance(b, int | float):
        return math.isclose(a, b, rel_tol=TOLERANCE, abs_tol=1e-12)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(_alike, a, b))
    return bool(a == b)


def _same(a: Row, b: Row) -> bool:
    return all(_alike(a[name], b[name]) for name in a)


def _key(row: Row) -> tuple[Any, ...]:
    """A row for counting; figures that are alike are equal."""
    return tuple(f"{v:.8e}" if isinstance(v, float | int) else v for v in row.values())


def told(results: Iterable[tuple[Golden, list[str]]]) -> str:
    """How many charts are equal, and what is wrong with each of the others."""
    listed = list(results)
    wrong = [(g, found) for g, found in listed if found]
    lines = [f"{len(listed) - len(wrong)} of {len(listed)} charts equal Superset's answers."]
    return "\n".join([*lines, *(f"- {g} ({g.viz_type}): {'; '.join(f)}" for g, f in wrong)])
