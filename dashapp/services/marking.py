"""A picture in which every mark knows which cell of a cube it shows, so that a browser can redraw it.

The kind draws the answer twice: as it is, and with every value replaced by one that tells its
cell. Where a mark's value is found again as it was put in, the browser may write the cell's value
there. The picture so made is compared with what the kind draws for a few parts of the brushed
column; wherever anything differs, the tile is drawn on the server.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dashapp.charts.base import Drawing, Plot
from dashapp.query.measures import Measure, Stat
from dashapp.services.cubes import ROWS, Cube, Floats, Ints, Unfit, finished

Draw = Callable[[dict[str, pa.Table]], Drawing]
MOST_BYTES: Final = 2_000_000
CLOSE: Final = 1e-9


@dataclass(frozen=True)
class Values:
    """One array of values in a figure: which cell each of its entries shows (-1: none)."""

    trace: int
    field: str
    question: str
    metric: str
    cells: Ints
    fill: float  # What stands where a cell has no row: nothing, or zero in a stack.


@dataclass(frozen=True)
class Marked:
    """Cubes and their picture: `plot` shows everything, `values` say what to write where."""

    cubes: Mapping[str, Cube]
    plot: Plot
    values: tuple[Values, ...]

    @property
    def data(self) -> list[dict[str, Any]]:
        """The traces of the picture."""
        return list(self.plot.figure["data"])


def marked(cubes: Mapping[str, Cube], everything: Drawing, draw: Draw) -> Marked:
    """The picture of a tile's cubes. Raises Unfit with the reason where there is none."""
    if not isinstance(everything, Plot):
        raise Unfit("it is no plot")
    if sum(len(c.at) * (12 + 8 * len(c.stats)) for c in cubes.values()) > MOST_BYTES:
        raise Unfit("it is too large for the browser")
    wholes = {name: cube.table(-np.inf, np.inf) for name, cube in cubes.items()}
    tags = _tags(cubes, wholes)
    full = draw({n: _with(t, _filled(cubes[n], t)) for n, t in wholes.items()})
    told = draw({n: _with(t, tags[n]) for n, t in wholes.items()})
    if not isinstance(full, Plot) or not isinstance(told, Plot):
        raise Unfit("it is no plot")
    for part in ("annotations", "shapes"):
        if full.figure["layout"].get(part) != told.figure["layout"].get(part):
            raise Unfit("values are written in the plot")
    cells = _cells_of(cubes, wholes, tags)
    found = Marked(cubes, full, _found(full.figure, told.figure, cells, cubes))
    for low, high in _samples(cubes.values()):
        fresh = draw({name: cube.table(low, high) for name, cube in cubes.items()})
        compare(found, fresh, low, high)
    return found


def _filled(cube: Cube, table: pa.Table) -> dict[str, Floats]:
    """Its metrics with zeros where they are empty, so that every cell has a mark."""
    return {name: np.nan_to_num(_values(table, name)) for name in cube.form.measures}


def _values(table: pa.Table, name: str) -> Floats:
    return np.asarray(table.column(name).to_numpy(), dtype=np.float64)


def _with(table: pa.Table, columns: Mapping[str, Floats]) -> pa.Table:
    for name, values in columns.items():
        at = table.column_names.index(name)
        table = table.set_column(at, name, pa.array(values, pa.float64()))
    return table


def _order(cube: Cube, whole: pa.Table) -> Ints:
    """The cell of each row of the whole answer, which comes in the question's own order."""
    if not cube.names:
        return np.zeros(whole.num_rows, dtype=np.int64)
    numbered = cube.keys.select(cube.names).append_column("cell", pa.array(np.arange(cube.size)))
    places: dict[tuple[Any, ...], int] = {
        tuple(row[:-1]): int(row[-1])
        for row in zip(*(numbered.column(i).to_pylist() for i in range(numbered.num_columns)),
                       strict=True)
    }  # fmt: skip
    rows = zip(*(whole.column(n).to_pylist() for n in cube.names), strict=True)
    return np.array([places[row] for row in rows], dtype=np.int64)


def _tags(
    cubes: Mapping[str, Cube], wholes: Mapping[str, pa.Table]
) -> dict[str, dict[str, Floats]]:
    """Values in the same order as the real ones, each different from all others of the tile."""
    count = sum(t.num_rows * len(cubes[n].form.measures) for n, t in wholes.items())
    room, taken = 10.0 ** np.ceil(np.log10(count + 2)), 1.0
    found: dict[str, dict[str, Floats]] = {}
    for question, table in wholes.items():
        if table.num_rows != cubes[question].size:
            raise Unfit("not all groups are shown")
        for name, values in _filled(cubes[question], table).items():
            step = taken + np.arange(table.num_rows)
            taken += table.num_rows
            most = float(np.abs(values).max(initial=0))
            is_whole = bool((values == np.round(values)).all()) and most * room < 2**52
            tagged = values * room + step if is_whole else values + step * (most or 1.0) * 1e-9
            found.setdefault(question, {})[name] = tagged
    everything = np.concatenate([v for named in found.values() for v in named.values()])
    if len(np.unique(everything)) != count:
        raise Unfit("values cannot be told apart")
    return found


Cell = tuple[str, str, int]


def _cells_of(
    cubes: Mapping[str, Cube], wholes: Mapping[str, pa.Table],
    tags: Mapping[str, Mapping[str, Floats]],
) -> dict[float, Cell]:  # fmt: skip
    """The question, metric and cell that each tag stands for."""
    found: dict[float, Cell] = {}
    for question, named in tags.items():
        order = _order(cubes[question], wholes[question]).tolist()
        for name, values in named.items():
            found |= {
                value: (question, name, cell)
                for value, cell in zip(values.tolist(), order, strict=True)
            }
    return found


def _found(
    full: dict[str, Any],
    told: dict[str, Any],
    cell_of: Mapping[float, Cell],
    cubes: Mapping[str, Cube],
) -> tuple[Values, ...]:
    """Where each value was put."""
    if len(full["data"]) != len(told["data"]):
        raise Unfit("its traces follow from the values")
    found: list[Values] = []
    for number, (real, trace) in enumerate(zip(full["data"], told["data"], strict=True)):
        found += _of_trace(number, real, trace, cell_of)
    drawn = {(v.question, v.metric, cell) for v in found for cell in v.cells.tolist()}
    for question, metric, cell in set(cell_of.values()) - drawn:
        keys = cubes[question].keys.slice(cell, 1)
        if not any(column.null_count for column in keys.columns):  # What has no time is not drawn.
            raise Unfit(f"not every value of {metric} is drawn as it is")
    return tuple(found)


def _of_trace(
    number: int, real: dict[str, Any], trace: dict[str, Any],
    cell_of: Mapping[float, Cell],
) -> list[Values]:  # fmt: skip
    field, place = _fields(trace)
    if _written(trace, field):
        raise Unfit("values are written at its marks")
    values, own = array(trace.get(field)), array(real.get(field))
    if values.shape != own.shape or _texts(trace.get(place)) != _texts(real.get(place)):
        raise Unfit("its marks follow from the values")
    flat = values.ravel().tolist()
    hits = [cell_of.get(v) for v in flat]
    if not any(hits):
        if not np.array_equal(values, own, equal_nan=True):
            raise Unfit("values are worked on before they are drawn")
        return []
    if any(h is None and np.isfinite(v) for h, v in zip(hits, flat, strict=True)):
        raise Unfit("values are worked on before they are drawn")
    metrics = {h[:2] for h in hits if h}
    if len(metrics) != 1:
        raise Unfit("a trace shows several metrics")
    cells = np.array([h[2] if h else -1 for h in hits], dtype=np.int64)
    fill = 0.0 if trace.get("stackgroup") else np.nan
    return [Values(number, field, *metrics.pop(), cells, fill)]


def _fields(trace: Mapping[str, Any]) -> tuple[str, str]:
    """Where a trace has its values, and where their places. Raises Unfit for other traces."""
    kind = trace.get("type", "scatter")
    if kind == "bar":
        return ("x", "y") if trace.get("orientation") == "h" else ("y", "x")
    if kind == "scatter":
        return "y", "x"
    if kind == "heatmap":
        return "z", "x"
    if kind == "pie":
        return "values", "labels"
    raise Unfit(f"{kind} is drawn on the server")


def _written(trace: Mapping[str, Any], field: str) -> bool:
    """Whether texts at the marks tell values that the browser would not know."""
    kind, template = trace.get("type", "scatter"), trace.get("texttemplate")
    if kind == "pie":
        return trace.get("textinfo") != "none" and "%{text}" in str(template)
    if kind == "scatter":
        return "text" in trace.get("mode", "lines")
    if kind == "bar" and trace.get("textposition", "none") == "none":
        return False
    if template is None:
        return kind == "bar" and trace.get("text") is not None
    return f"%{{{field}" not in str(template) or isinstance(template, list)


def array(values: Any) -> Floats:
    """An array of a figure, typed or not, as numbers."""
    if isinstance(values, dict):
        flat: npt.NDArray[Any] = np.frombuffer(base64.b64decode(values["bdata"]), dtype="<f8")
        shape = values.get("shape")
        return flat.reshape([int(n) for n in shape.split(",")]) if shape else flat
    return np.array(values if values is not None else [], dtype=np.float64)


def _texts(values: Any) -> list[Any]:
    return array(values).tolist() if isinstance(values, dict) else list(values or [])


def _samples(cubes: Iterable[Cube]) -> list[tuple[float, float]]:
    """A few parts of the brushed column: the middle half, the first place, the last third."""
    places = np.unique(np.concatenate([cube.at for cube in cubes]))
    if not len(places):
        return []
    count = len(places)
    ends = [(count // 4, max(count // 4 + 1, 3 * count // 4)), (0, 1), (2 * count // 3, count)]
    edges = [*places.tolist(), np.inf]
    return [(edges[a], edges[b]) for a, b in ends]


Seen = dict[tuple[Any, ...], float]


def compare(found: Marked, fresh: Drawing, low: float, high: float) -> None:
    """Raise Unfit unless the picture with other values is what the kind draws."""
    patched = patch(found, low, high)
    ours = _seen(found.data, {(v.trace, v.field): a for v, a in patched})
    theirs = _seen(fresh.figure["data"], {}) if isinstance(fresh, Plot) else {}
    mapped = {found.data[v.trace].get("name") for v in found.values}
    ours = {k: v for k, v in ours.items() if k[0] in mapped}
    theirs = {k: v for k, v in theirs.items() if k[0] in mapped}
    if ours.keys() != theirs.keys():
        raise Unfit("its marks follow from the values")
    for key, value in ours.items():
        if abs(value - theirs[key]) > CLOSE * max(1.0, abs(value)):
            raise Unfit("values are worked on before they are drawn")


def patch(found: Marked, low: float, high: float) -> list[tuple[Values, Floats]]:
    """What the browser writes for a part of the brushed column: each array's new values."""
    known: dict[str, tuple[dict[Stat, Floats], npt.NDArray[np.bool_]]] = {}
    for question, cube in found.cubes.items():
        start, stop = np.searchsorted(cube.at, [low, high], side="left")
        stats = cube.summed(int(start), int(stop))
        known[question] = stats, (stats[ROWS] > 0) | cube.is_single
    written = []
    for values in found.values:
        stats, is_there = known[values.question]
        made = found.cubes[values.question].form.measures[values.metric]
        cells = np.where(is_there, finished(made, stats), np.nan)
        shown = np.where(values.cells < 0, np.nan, cells[np.maximum(values.cells, 0)])
        written.append((values, np.where(np.isnan(shown), values.fill, shown)))
    return written


def _seen(data: list[dict[str, Any]], patched: Mapping[tuple[int, str], Floats]) -> Seen:
    """All marks of a figure by trace and place; those without a value, and zeros, left out."""
    found: Seen = {}
    for number, trace in enumerate(data):
        field, place = _fields(trace)
        values = patched.get((number, field), array(trace.get(field)).ravel())
        places = _texts(trace.get(place))
        if field == "z":
            rows = _texts(trace.get("y"))
            keys: list[tuple[Any, ...]] = [(trace.get("name"), r, p) for r in rows for p in places]
        else:
            keys = [(trace.get("name"), p) for p in places]
        for key, value in zip(keys, values.tolist(), strict=True):
            if np.isfinite(value) and value != 0:
                if key in found:
                    raise Unfit("two marks have one name and place")
                found[key] = value
    return found


def tree(made: Measure, cube: Cube) -> dict[str, Any]:
    """How a metric is finished, with the numbers of its statistics in the cube."""
    at = {stat: number for number, stat in enumerate(cube.form.stats)}
    return {
        "how": made.how, "stats": [at[s] for s in made.stats],
        "parts": [tree(part, cube) for part in made.parts], "scale": made.scale,
    }  # fmt: skip


def payload(found: Marked) -> dict[str, Any]:
    """All that the browser needs but the picture, typed arrays in base64 (little endian)."""
    return {
        "cubes": {name: _cube(cube) for name, cube in found.cubes.items()},
        "values": [
            {"trace": v.trace, "field": v.field, "cube": v.question, "metric": v.metric,
             "cells": _packed(v.cells, "<i4"), "fill": None if np.isnan(v.fill) else v.fill,
             "scale": _scale(found.data[v.trace])}
            for v in found.values
        ],
    }  # fmt: skip


def _cube(cube: Cube) -> dict[str, Any]:
    places, first = np.unique(cube.at, return_index=True)
    return {
        "places": _packed(places, "<f8"), "offsets": _packed(np.append(first, len(cube.at)), "<u4"),
        "cells": _packed(cube.cells, "<u4"), "size": cube.size, "single": cube.is_single,
        "stats": [
            {"kind": s.kind, "values": _packed(cube.stats[s], "<f8")} for s in cube.form.stats
        ],
        "metrics": {name: tree(made, cube) for name, made in cube.form.measures.items()},
    }  # fmt: skip


def _scale(trace: Mapping[str, Any]) -> str | None:
    """Whether a heat map's colours span its values ("range"), evenly around zero, or neither."""
    if trace.get("type") != "heatmap":
        return None
    z = array(trace["z"])
    low, high = float(np.nanmin(z)), float(np.nanmax(z))
    if (trace.get("zmin"), trace.get("zmax")) == (low, high):
        return "range"
    end = max(-low, high)
    return "even" if (trace.get("zmin"), trace.get("zmax")) == (-end, end) else None


def _packed(values: npt.ArrayLike, kind: str) -> str:
    return base64.b64encode(np.ascontiguousarray(values, dtype=kind).tobytes()).decode()
