"""The round scale of a gauge: from values to angles, and its parts as Plotly traces."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np

from dashapp.charts import formats
from dashapp.charts.axes import CLEAR, GREY, Style
from dashapp.charts.colors import faded
from dashapp.charts.plotting import Floats, safe

_OUTER, _BAND = 0.93, 0.97  # Radii where rings end and where the ring of bands begins.
_TRACK: Final = faded(GREY, 0.2)


class Scaled(Protocol):
    """What options say about a scale."""

    @property
    def low(self) -> float | None: ...
    @property
    def high(self) -> float | None: ...
    @property
    def start_angle(self) -> float: ...
    @property
    def end_angle(self) -> float: ...
    @property
    def splits(self) -> int: ...
    @property
    def bands(self) -> Sequence[Any]: ...


@dataclass(frozen=True)
class Shade:
    """A stretch of the scale up to a value; the label is safe for Plotly."""

    to: float
    color: str
    label: str = ""


@dataclass(frozen=True)
class Dial:
    """A scale from `low` to `high` along an arc; angles in degrees, counter-clockwise."""

    low: float
    high: float
    start: float
    end: float
    splits: int

    @classmethod
    def of(cls, options: Scaled, values: Floats) -> Dial:
        """The scale as asked for; its open ends follow from the values and the bands."""
        known = [*values[np.isfinite(values)].tolist(), *(b.to for b in options.bands)]
        low = min(0.0, *known) if options.low is None else options.low
        if low < 0 and options.low is None:
            low = -_round(-low)
        high = options.high
        if high is None:
            banded = [b.to for b in options.bands]
            top = max(known)
            high = top if banded and top == max(banded) else _round(max(top, 0.0))
        if high <= low:
            high = low + 1.0
        return cls(low, high, options.start_angle, options.end_angle, options.splits)

    def angle(self, value: float) -> float:
        """Where a value lies; values beyond the scale lie at its ends."""
        share = (value - self.low) / (self.high - self.low)
        return self.start + (self.end - self.start) * min(1.0, max(0.0, share))

    def marks(self) -> list[float]:
        """Values at which the scale is cut, its ends among them."""
        return [float(v) for v in np.linspace(self.low, self.high, self.splits + 1)]

    def rings(
        self, values: Floats, colors: Sequence[str], names: Sequence[str]
    ) -> list[dict[str, Any]]:
        """One arc per value from the low end, the first one outside."""
        found = []
        for place, value in enumerate(values.tolist()):
            base, thick = self._lane(place, len(values))
            arc = self._arc(self.low, value if np.isfinite(value) else self.low)
            text = names[place]
            found.append(arc | {
                "type": "barpolar", "base": [base], "r": [thick], "name": text,
                "marker": {"color": colors[place], "line": {"width": 0}},
                "hovertemplate": f"{text}<extra></extra>", "showlegend": len(values) > 1,
            })  # fmt: skip
        return found

    def tracks(self, count: int) -> list[dict[str, Any]]:
        """The grey arcs under the rings."""
        arc = self._arc(self.low, self.high)
        lanes = [self._lane(place, count) for place in range(count)]
        return [
            arc | {
                "type": "barpolar", "base": [base], "r": [thick], "hoverinfo": "skip",
                "marker": {"color": _TRACK, "line": {"width": 0}}, "showlegend": False,
            }
            for base, thick in lanes
        ]  # fmt: skip

    def shades(self, shades: Sequence[Shade]) -> list[dict[str, Any]]:
        """The ring of bands outside."""
        found, low = [], self.low
        for shade in sorted(shades, key=lambda s: s.to):
            if shade.to <= low:
                continue
            arc = self._arc(low, min(shade.to, self.high))
            found.append(arc | {
                "type": "barpolar", "base": [_BAND], "r": [1.0 - _BAND],
                "marker": {"color": shade.color, "line": {"width": 0}}, "showlegend": False,
                "name": shade.label, "hovertemplate": f"{shade.label}<extra></extra>",
                **({} if shade.label else {"hoverinfo": "skip", "hovertemplate": ""}),
            })  # fmt: skip
            low = shade.to
        return found

    def needle(self, value: float) -> dict[str, Any]:
        """A pointer at a value that leaves the middle free."""
        at = self.angle(value)
        return {
            "type": "scatterpolar", "mode": "lines", "r": [0.5, 1.0], "theta": [at, at],
            "line": {"color": GREY, "width": 5}, "hoverinfo": "skip", "showlegend": False,
        }  # fmt: skip

    def middle(self, template: str, value: float, written: Style) -> dict[str, Any]:
        """The value in large type in the middle; as large as there is room."""
        before, _, after = template.partition("{value}")
        axis = formats.axis(written.format, written.currency, written.locale)
        is_arch = self._bottom() > -0.1
        y = [0.0, 0.45] if is_arch else [0.34, 0.66]
        return {
            "type": "indicator", "mode": "number", "value": value,
            "domain": {"x": [0.3, 0.7], "y": y},
            "number": {
                "valueformat": axis["tickformat"] or ".3~s",
                "prefix": safe(before) + axis["tickprefix"],
                "suffix": axis["ticksuffix"] + safe(after),
            },
        }  # fmt: skip

    def page(self, texts: Sequence[str] | None) -> dict[str, Any]:
        """The polar axes; `texts` stand at the marks."""
        angles = [self.angle(v) % 360 for v in self.marks()]
        if texts and abs(self.end - self.start) == 360:
            angles, texts = angles[:-1], texts[:-1]
        ticks: dict[str, Any] = {"showticklabels": False, "ticks": ""}
        if texts:
            ticks = {
                "tickmode": "array", "tickvals": angles, "ticktext": [safe(t) for t in texts],
                "ticks": "", "tickfont": {"size": 11},
            }  # fmt: skip
        return {
            "bgcolor": CLEAR,
            "sector": sorted((self.start, self.end)),
            "radialaxis": {"visible": False, "range": [0, 1]},
            "angularaxis": {"showline": False, "showgrid": False, "rotation": 0,
                            "direction": "counterclockwise", **ticks},
        }  # fmt: skip

    def _arc(self, low: float, high: float) -> dict[str, Any]:
        first, last = self.angle(low), self.angle(high)
        return {"theta": [(first + last) / 2], "width": [abs(last - first)]}

    def _lane(self, place: int, count: int) -> tuple[float, float]:
        """Inner radius and thickness of a ring."""
        inner = 0.72 if count == 1 else max(0.22, 0.62 - 0.05 * count)
        thick = (_OUTER - inner) / count
        return _OUTER - thick * (place + 1), thick * (0.82 if count > 1 else 1.0)

    def _bottom(self) -> float:
        """The lowest point of the arc, from -1 to 1."""
        angles = np.radians(np.linspace(self.start, self.end, 91))
        return float(np.sin(angles).min())


def _round(value: float) -> float:
    """A round number that is not less."""
    if value <= 0:
        return 0.0
    step = 10 ** math.floor(math.log10(value))
    return next(float(f * step) for f in (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10) if f * step >= value)
