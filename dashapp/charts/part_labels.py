"""What is written on the parts of a whole: slices of a pie, stages of a funnel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

from dashapp.charts.asks import LOOK
from dashapp.charts.plotting import safe

Labels = Literal[
    "share", "name", "name and share", "value", "name and value", "value and share",
    "name, value and share", "template", "none",
]  # fmt: skip
TEMPLATE: Final = "{name}: {value} ({share})"
TEMPLATE_FIELD: Final[dict[str, Any]] = {
    "max_length": 500,
    "title": "Label template",
    "description": "Text with {name}, {value} and {share} in it, for labels by a template.",
    "json_schema_extra": LOOK,
}
_FORMS: Final[dict[str, str]] = {
    "share": "{share}",
    "name": "{name}",
    "name and share": "{name}<br>{share}",
    "value": "{value}",
    "name and value": "{name}<br>{value}",
    "value and share": "{value} · {share}",
    "name, value and share": "{name}<br>{value} · {share}",
    "none": "",
}


def written(labels: Labels, template: str, words: Mapping[str, str]) -> str:
    """A label for Plotly; `words` says what stands for name, value and share."""
    form = _FORMS.get(labels)
    if form is None:  # The author's own: text, with a new line where there is one.
        form = "<br>".join(safe(line) for line in template.replace("\\n", "\n").split("\n"))
    for name, text in words.items():
        form = form.replace(f"{{{name}}}", text)
    return form
