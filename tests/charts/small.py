"""What holds for every thumbnail."""

from __future__ import annotations

import json
import re

from dashapp.charts.base import Drawing, Grid, Number, Plot, Text
from dashapp.charts.thumbnails import CHARACTERS, COLUMNS, ROWS


def still(drawing: Drawing) -> None:
    """Nothing reacts, and there are no words but a few ticks."""
    if isinstance(drawing, Plot):
        layout = drawing.figure["layout"]
        assert layout["showlegend"] is False
        assert layout["hovermode"] is False
        assert drawing.clicks == ()
        assert not layout.keys() & {"title", "annotations", "legend", "sliders", "updatemenus"}
        for name, axis in layout.items():
            if re.fullmatch(r"[xy]axis\d*", name):
                assert "title" not in axis
                assert len(axis.get("tickvals", ())) <= axis["nticks"]
        text = json.dumps(drawing.figure)
        assert "hovertemplate" not in text
        assert "colorbar" not in text
    if isinstance(drawing, Grid):
        assert len(drawing.columns) <= COLUMNS
        assert len(drawing.rows) <= ROWS
    if isinstance(drawing, Number):
        assert (drawing.label, drawing.change, drawing.note) == ("", "", "")
    if isinstance(drawing, Text):
        assert len(drawing.markdown) <= CHARACTERS + 1
