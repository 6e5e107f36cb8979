"""Text on a dashboard."""

from __future__ import annotations

import re
from html import unescape

from pydantic import Field

from dashapp.charts.asks import DATA
from dashapp.charts.base import ChartKind, Drawing, Empty, Look, Tables, Text
from dashapp.specs import DatasetSpec, QuerySpec

_MARKS = re.compile(r"(?<!\\)[#*_`>\[\]|]+|(?<!\\)\(https?://[^)]*\)")
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")


class Markdown(ChartKind):
    """Headings, paragraphs, lists and links."""

    slug, title, family, icon = "markdown", "Text", "text", "markdown"
    description = "Text with headings, lists and links, written in Markdown."
    uses_dataset = False

    class Options(ChartKind.Options):
        """The text."""

        text: str = Field(
            "",
            max_length=50_000,
            title="Text",
            description="Written in Markdown; HTML is shown as text.",
            json_schema_extra=DATA | {"widget": "markdown"},
        )

    @classmethod
    def queries(cls, options: Options, dataset: DatasetSpec) -> dict[str, QuerySpec]:
        """Nothing is asked."""
        return {}

    @classmethod
    def figure(cls, options: Options, tables: Tables, dataset: DatasetSpec, look: Look) -> Drawing:
        """The text, or where to write it."""
        if not options.text.strip():
            return Empty("not_configured", "There is no text yet.", "No text")
        return Text(options.text, told(options.text))


def told(markdown: str) -> str:
    """The beginning of a text, without marks."""
    plain = _ESCAPED.sub(r"\1", _MARKS.sub(" ", markdown[:2_000]))
    words = " ".join(unescape(plain).split())
    return words if len(words) <= 200 else words[:199].rstrip() + "…"
