"""Markdown of Superset's dashboards, which may hold HTML, as Markdown alone."""

from __future__ import annotations

from dashapp.charts import markup


def to_markdown(code: object) -> tuple[str, list[str]]:
    """Markdown without HTML, and sentences on what was lost; nothing is fetched.

    Anything but text is no Markdown at all.
    """
    if not isinstance(code, str):
        return "", []
    text, lost = markup.markdown(code)
    notes = []
    if len(code) > markup.MOST:
        notes.append(f"Text beyond {markup.MOST:,} characters was left out.")
    if lost.pictures:
        notes.append("Pictures in its text are links now: pages here load nothing from elsewhere.")
    if lost.dropped:
        notes.append("Pictures that only its old server has were left out of its text.")
    if lost.scripts:
        notes.append("Scripts, forms and embedded pages in its text were left out.")
    if lost.styles:
        notes.append("Styles of its text (colours, sizes, alignment) were left out.")
    return text, notes
