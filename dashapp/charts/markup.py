"""Simple HTML as Markdown: what can be said in Markdown is kept, nothing is ever fetched.

Scripts, styles, frames and forms are left out. Pictures become links, because a page here loads
nothing from elsewhere. Text that is Markdown already stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import unescape
from typing import Final
from urllib.parse import quote, urlsplit

MOST: Final = 200_000  # Characters that are read; the rest is cut.
_DEEPEST: Final = 60
_CODE: Final = re.compile(r"(```.*?(?:```|\Z)|`[^`\n]+`)", re.DOTALL)
_AUTOLINK: Final = re.compile(r"<((?:https?://|mailto:)[^<>\s]+)>", re.IGNORECASE)
_PICTURE: Final = re.compile(
    r"!\[([^\[\]]{0,500})\]\(\s*<?([^\s()<>]{0,2000})>?(?:\s+\"[^\"]{0,500}\")?\s*\)"
)
_NAMED_PICTURE: Final = re.compile(r"!(\[[^\[\]]{0,500}\]\[)")
# Nothing in a tag but quoted values holds a `>`, and nothing a `<`: each search ends there.
_TAG: Final = re.compile(
    r"""<!--|<[!?][^<>]*>|<(?P<end>/?)(?P<name>[a-zA-Z][a-zA-Z0-9]*)"""
    r"""(?P<rest>(?:[\s/](?:[^<>"']|"[^"<]*"|'[^'<]*')*)?)>"""
)
_ATTRIBUTE: Final = re.compile(r"""([a-zA-Z][-\w:.]*)\s*=\s*("[^"]*"|'[^']*'|[^\s"'>]+)""")
_END: Final = {
    "!": re.compile("-->"),
    "script": re.compile(r"</script\s*>", re.IGNORECASE),
    "style": re.compile(r"</style\s*>", re.IGNORECASE),
}
_SPACE: Final = re.compile(r"[ \t\r\n\f]+")
_ESCAPED: Final = re.compile(r"\\([!-/:-@\[-`{-~])")

_GONE: Final = frozenset({
    "script", "style", "iframe", "object", "embed", "noscript", "svg", "math", "head", "template",
    "form", "input", "button", "select", "textarea", "video", "audio", "canvas", "frame",
    "frameset", "applet", "link", "meta", "base", "title",
})  # fmt: skip
_VOID: Final = frozenset({
    "area", "base", "br", "col", "embed", "frame", "hr", "img", "input", "link", "meta", "source",
    "track", "wbr",
})  # fmt: skip
_BLOCKS: Final = frozenset({
    "address", "article", "aside", "blockquote", "body", "center", "dd", "details", "div", "dl",
    "dt", "figcaption", "figure", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr",
    "html", "li", "main", "nav", "ol", "p", "pre", "section", "summary", "table", "tbody",
    "td", "tfoot", "th", "thead", "tr", "ul",
})  # fmt: skip
_AROUND: Final = {
    "b": "**", "strong": "**", "i": "*", "em": "*", "cite": "*", "dfn": "*", "s": "~~",
    "del": "~~", "strike": "~~",
}  # fmt: skip
_CLOSES: Final = {
    "li": {"li"}, "p": {"p"}, "tr": {"tr", "td", "th"}, "td": {"td", "th"}, "th": {"td", "th"},
    "dt": {"dt", "dd"}, "dd": {"dt", "dd"},
}  # fmt: skip


@dataclass
class Lost:
    """What Markdown has no words for."""

    pictures: int = 0
    dropped: int = 0  # Pictures that only the place they come from has.
    scripts: bool = False
    styles: bool = False


@dataclass
class _Element:
    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list[_Element | str] = field(default_factory=list)


def markdown(code: str) -> tuple[str, Lost]:
    """Markdown with simple HTML in it as Markdown alone, and what was lost."""
    lost = Lost()
    parts = _CODE.split(code[:MOST].replace("\0", ""))
    tree = _Tree(lost)
    for place, part in enumerate(parts):
        if place % 2:
            tree.text(part)
        else:
            tree.feed(_links(part, lost))
    text = "\n\n".join(b for b in _blocks(tree.root.children, lost, raw=True) if b.strip())
    return text.strip("\n"), lost


def _links(text: str, lost: Lost) -> str:
    """Bare links and pictures of Markdown as links that have a text."""

    def pictured(found: re.Match[str]) -> str:
        return _picture(found[1], found[2], lost)

    text = _AUTOLINK.sub(lambda m: f"[{m[1]}]({m[1]})", text)
    return _NAMED_PICTURE.sub(r"\1", _PICTURE.sub(pictured, text))


class _Tree:
    """HTML as a tree that is never deeper than `_DEEPEST`; each character is looked at once."""

    def __init__(self, lost: Lost) -> None:
        self.root = _Element("")
        self._open = [self.root]
        self._lost = lost
        self._skipped = ""  # The end of what is left out.

    def text(self, text: str) -> None:
        """Add text as it is."""
        if not self._skipped and text:
            self._open[-1].children.append(text)

    def feed(self, code: str) -> None:
        """Add text with tags in it."""
        at = 0
        while at < len(code):
            if self._skipped:
                end = _END[self._skipped].search(code, at)
                if end is None:
                    return
                at, self._skipped = end.end(), ""
                continue
            found = _TAG.search(code, at)
            self.text(code[at : found.start() if found else len(code)])
            if found is None:
                return
            at = found.end()
            if found[0] == "<!--":
                self._skipped = "!"
            elif found["name"]:
                self._tag(found["name"].lower(), found["rest"], bool(found["end"]))

    def _tag(self, tag: str, rest: str, is_end: bool) -> None:
        if is_end:
            if any(e.tag == tag for e in self._open[1:]):
                while self._open.pop().tag != tag:
                    pass
            return
        while len(self._open) > 1 and self._open[-1].tag in _CLOSES.get(tag, ()):
            self._open.pop()
        pairs = {m[1].lower(): unescape(m[2].strip("\"'")) for m in _ATTRIBUTE.finditer(rest)}
        if {"style", "class", "align", "color", "bgcolor"} & pairs.keys() or tag == "style":
            self._lost.styles = True
        if tag in _END:
            self._skipped = tag
            self._lost.scripts |= tag == "script"
            return
        found = _Element(tag, pairs)
        self._open[-1].children.append(found)
        if tag not in _VOID and not rest.endswith("/") and len(self._open) < _DEEPEST:
            self._open.append(found)


def _blocks(children: Sequence[_Element | str], lost: Lost, raw: bool = False) -> list[str]:
    """Paragraphs, headings, lists and tables; with `raw`, text keeps its lines."""
    found: list[str] = []
    line: list[_Element | str] = []

    def flush() -> None:
        text = _inline(line, lost, raw)
        line.clear()
        text = text.strip("\n") if raw else text.strip()
        if text.strip():
            found.append(text)

    for child in children:
        if isinstance(child, _Element) and child.tag in _BLOCKS:
            flush()
            found += _block(child, lost)
        elif isinstance(child, _Element) and _holds_block(child):
            flush()
            found += _blocks(child.children, lost)
        else:
            line.append(child)
    flush()
    return found


def _holds_block(element: _Element) -> bool:
    """Whether something that stands in a line holds paragraphs, such as a link around a heading."""
    if element.tag in _GONE:
        return False
    inside = [c for c in element.children if isinstance(c, _Element)]
    return any(c.tag in _BLOCKS or _holds_block(c) for c in inside)


def _block(element: _Element, lost: Lost) -> list[str]:
    tag = element.tag
    if tag == "hr":
        return ["---"]
    if tag in ("h1", "h2", "h3", "h4", "h5", "h6", "summary"):
        text = " ".join(" ".join(_blocks(element.children, lost)).split())
        level = int(tag[1]) if tag != "summary" else 4
        return [f"{'#' * level} {text}"] if text else []
    if tag in ("ul", "ol"):
        return [_list(element, lost)]
    if tag == "table":
        return _table(element, lost)
    if tag == "pre":
        text = unescape(_plain(element)).strip("\n")
        return [f"```\n{text}\n```"] if text.strip() else []
    inside = _blocks(element.children, lost)
    if tag == "blockquote":
        lines = "\n\n".join(inside).split("\n")
        return ["\n".join(f"> {line}".rstrip() for line in lines)] if inside else []
    if tag == "dt":
        return [f"**{text}**" for text in inside]
    return inside


def _list(element: _Element, lost: Lost) -> str:
    """A list; what is inside an entry is indented below it."""
    lines = []
    items = [c for c in element.children if isinstance(c, _Element)]
    for number, item in enumerate(items, 1):
        nested = item.tag in ("ul", "ol")  # A list that stands in a list, in no entry.
        inside = [_list(item, lost)] if nested else _blocks(item.children, lost)
        mark = f"{number}. " if element.tag == "ol" else "- "
        text = "\n".join(inside).replace("\n", "\n" + " " * len(mark))
        if text.strip():
            lines.append(mark + text)
    return "\n".join(lines)


def _table(element: _Element, lost: Lost) -> list[str]:
    rows = [[_cell(c, lost) for c in _cells(row)] for row in _rows(element)]
    rows = [row for row in rows if row]
    if not rows:
        return []
    width = max(len(row) for row in rows)
    lines = ["| " + " | ".join(row + [""] * (width - len(row))) + " |" for row in rows]
    lines.insert(1, "|" + " --- |" * width)
    return ["\n".join(lines)]


def _rows(element: _Element) -> list[_Element]:
    found = []
    for child in element.children:
        if isinstance(child, _Element):
            found += [child] if child.tag == "tr" else _rows(child)
    return found


def _cells(row: _Element) -> list[_Element]:
    return [c for c in row.children if isinstance(c, _Element) and c.tag in ("td", "th")]


def _cell(element: _Element, lost: Lost) -> str:
    text = " ".join(" ".join(_blocks(element.children, lost)).split())
    return re.sub(r"(?<!\\)\|", r"\\|", text)


def _inline(children: Sequence[_Element | str], lost: Lost, raw: bool = False) -> str:
    found = []
    for child in children:
        if isinstance(child, str):
            found.append(child if raw or child.startswith("`") else _SPACE.sub(" ", child))
        else:
            found.append(_span(child, lost))
    return "".join(found)


def _span(element: _Element, lost: Lost) -> str:
    tag = element.tag
    if tag in _GONE:
        lost.scripts |= tag not in ("meta", "title", "head", "base")
        return ""
    if tag == "br":
        return "  \n"
    if tag == "img":
        return _picture(element.attributes.get("alt", ""), element.attributes.get("src", ""), lost)
    if tag in ("code", "kbd", "samp", "tt"):
        text = unescape(_plain(element)).replace("`", "'").strip()
        return f"`{text}`" if text else ""
    text = _inline(element.children, lost)
    inside = text.strip()
    if not inside:
        return text
    before, after = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
    if tag == "a":
        address = link(element.attributes.get("href", ""))
        return f"{before}[{inside}]({address}){after}" if address else text
    mark = _AROUND.get(tag, "")
    return f"{before}{mark}{inside}{mark}{after}"


def _picture(alt: str, source: str, lost: Lost) -> str:
    """A picture's link with its text; nothing for those that only their old home has."""
    address = link(source)
    if not address.startswith(("http://", "https://")):
        lost.dropped += 1
        return alt.strip()
    lost.pictures += 1
    text = alt.strip() or urlsplit(address).path.rsplit("/", 1)[-1] or "Picture"
    return f"[{text.replace('[', '(').replace(']', ')')}]({address})"


def _plain(element: _Element) -> str:
    """All text of an element without any marks, for code."""
    parts = [c if isinstance(c, str) else _plain(c) for c in element.children]
    return _ESCAPED.sub(r"\1", "".join(parts))


def link(address: str) -> str:
    """An address that a link may have, safe inside Markdown's parentheses; else nothing."""
    text = _ESCAPED.sub(r"\1", address.strip())
    try:
        scheme = urlsplit(text).scheme.lower()
    except ValueError:
        return ""
    if scheme not in ("", "http", "https", "mailto") or (not scheme and text.startswith("//")):
        return ""
    if not scheme and not text.startswith(("/", "#", "?")):
        return ""
    return quote(text, safe="%/:=&?~#+!$,;'@[]*-._")
