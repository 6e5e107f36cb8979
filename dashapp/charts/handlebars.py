"""Templates in the manner of Handlebars, read into a tree and written with values.

Nothing in a template runs: it names values and a few known words (`handlebars_words`). Templates,
steps and what is written have limits, so that no template keeps the server busy.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from dashapp.charts.handlebars_words import BLOCKS, INSTANT, WORDS, Telling, is_true, plain_text
from dashapp.errors import Invalid

MOST_STEPS: Final = 100_000
MOST_TEXT: Final = 200_000
_DEEPEST: Final = 30
_LONGEST: Final = 1_000  # Characters between two pairs of braces.

_TAG: Final = re.compile(
    r"\{\{(?P<left>~?)(?P<extra>\{?)(?P<inside>[^{}]*?)"
    r"(?P<more>\}?)(?P<right>~?)\}\}",
    re.DOTALL,
)
_PART: Final = re.compile(
    r"""\s*(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)'|(?P<open>\()|(?P<close>\))"""
    r"""|(?P<key>\w+)=|(?P<path>(?:[^\s()"'=\[\]]|\[[^\]]*\])+))"""
)
_STEP: Final = re.compile(r"\[([^\]]*)\]|([^./\[\]]+)")
# The name of a metric such as `SUM(sales)`, which Handlebars itself wants in square brackets.
_MEASURE: Final = re.compile(r"(?:this\.)?(\w+\([^()\"'=]*\))")
_NUMBER: Final = re.compile(r"-?\d+(\.\d+)?")
_FIXED: Final[dict[str, Any]] = {"true": True, "false": False, "null": None, "undefined": None}


@dataclass(frozen=True)
class Fixed:
    """A value written in the template."""

    value: Any


@dataclass(frozen=True)
class Path:
    """A value of the row or of what holds it: `name`, `../name`, `@index`, `data.0.name`."""

    up: int
    steps: tuple[str, ...]


@dataclass(frozen=True)
class Call:
    """A known word with what it is told."""

    word: str
    told: tuple[Expression, ...]
    named: Mapping[str, Expression] = field(default_factory=dict)


Expression = Fixed | Path | Call


@dataclass
class Block:
    """A part that is written once per entry, or only if something holds."""

    word: str
    told: tuple[Expression, ...]
    body: list[Node] = field(default_factory=list)
    other: list[Node] = field(default_factory=list)
    has_else: bool = False
    closing: str = ""  # The word that ends it; an `else if` ends with what it belongs to.


Node = str | Expression | Block


def parse(template: str) -> list[Node]:
    """A template's tree; Invalid, with a sentence, where it makes no sense."""
    root = Block("", ())
    open_blocks = [root]
    at, trim, template = 0, False, _without_remarks(template)
    for found in _TAG.finditer(template):
        text = template[at : found.start()]
        _add(open_blocks[-1], _trimmed(text, trim, found["left"] == "~"))
        at, trim = found.end(), found["right"] == "~"
        inside = found["inside"].strip()
        if inside and not inside.startswith("!"):
            _tag(inside, open_blocks)
    _add(open_blocks[-1], _trimmed(template[at:], trim, False))
    if len(open_blocks) > 1:
        raise Invalid(f"The template's {{{{#{open_blocks[-1].word}}}}} has no end.")
    return root.body


def has_else(nodes: Sequence[Node]) -> bool:
    """Whether a part says what to write instead."""
    blocks = [n for n in nodes if isinstance(n, Block)]
    return any(b.has_else or has_else(b.body) or has_else(b.other) for b in blocks)


def _without_remarks(template: str) -> str:
    """The template without `{{!-- … --}}`, which may hold tags."""
    parts, at = [], 0
    while (start := template.find("{{!--", at)) >= 0:
        end = template.find("--}}", start + 5)
        if end < 0:
            break
        parts.append(template[at:start])
        at = end + 4
    return "".join(parts) + template[at:]


def _trimmed(text: str, left: bool, right: bool) -> str:
    text = text.lstrip() if left else text
    return text.rstrip() if right else text


def _add(block: Block, node: Node) -> None:
    if node != "":
        (block.other if block.has_else else block.body).append(node)


def _tag(inside: str, blocks: list[Block]) -> None:
    if len(inside) > _LONGEST:
        raise Invalid("The template has a tag that is too long.")
    if inside.startswith("/"):
        _end(inside[1:].strip(), blocks)
    elif inside in ("else", "^") or inside.startswith("else "):
        _otherwise(inside[4:].strip() if inside.startswith("else") else "", blocks)
    elif inside.startswith(("#", "^")):
        _begin(inside[1:].strip(), blocks, negated=inside.startswith("^"))
    elif inside.startswith((">", "*")):
        raise Invalid(f"Templates have no parts of other templates: {inside[:60]}.")
    else:
        _add(blocks[-1], _expression(inside.lstrip("& ")))


def _begin(inside: str, blocks: list[Block], negated: bool = False) -> None:
    found = _expression(inside)
    word = found.word if isinstance(found, Call) else ".".join(getattr(found, "steps", ()))
    if isinstance(found, Call) and (word in BLOCKS or word in WORDS):
        block = Block(word, found.told, closing=word)
    elif isinstance(found, Path):  # A name alone: its entries, or whether it is there.
        block = Block("unless" if negated else "section", (found,), closing=inside.strip())
    else:
        raise Invalid(f"There is no “{word[:60]}” in templates here.")
    if len(blocks) > _DEEPEST:
        raise Invalid("The template is too deep.")
    _add(blocks[-1], block)
    blocks.append(block)


def _otherwise(inside: str, blocks: list[Block]) -> None:
    if len(blocks) == 1 or blocks[-1].has_else:
        raise Invalid("The template has an {{else}} that belongs to nothing.")
    blocks[-1].has_else = True
    if inside:
        closing = blocks[-1].closing
        _begin(inside, blocks)
        blocks[-1].closing = f"\0{closing}"


def _end(word: str, blocks: list[Block]) -> None:
    while len(blocks) > 1 and blocks[-1].closing.startswith("\0"):
        blocks.pop()
    if len(blocks) == 1 or blocks[-1].closing != word:
        raise Invalid(f"The template's {{{{/{word[:60]}}}}} ends nothing.")
    blocks.pop()


def _expression(text: str) -> Expression:
    measure = _MEASURE.fullmatch(text)
    if measure:
        return Path(0, (measure[1],))
    parts = []
    at = 0
    while at < len(text):
        found = _PART.match(text, at)
        if found is None:
            break
        parts.append(found)
        at = found.end()
    if not parts or text[at:].strip():
        raise Invalid(f"The template's {{{{{text[:60]}}}}} cannot be read.")
    expression, rest = _call(parts, 0, 0)
    if rest != len(parts):
        raise Invalid(f"The template's {{{{{text[:60]}}}}} has a bracket too many.")
    return expression


def _call(parts: list[re.Match[str]], at: int, depth: int) -> tuple[Expression, int]:
    """One word and what it is told, up to a closing bracket or the end."""
    if depth > _DEEPEST or at >= len(parts):
        raise Invalid("The template has brackets that cannot be read.")
    first = parts[at]
    head, at = _one(parts, at, depth)
    told: list[Expression] = []
    named: dict[str, Expression] = {}
    while at < len(parts) and not parts[at]["close"]:
        key = parts[at]["key"]
        value, at = _one(parts, at + 1 if key else at, depth)
        if key:
            named[key] = value
        else:
            told.append(value)
    word = first["path"] or ""
    if word in WORDS and (told or named):
        return Call(word, tuple(told), named), at
    if word in BLOCKS and told:
        return Call(word, tuple(told), named), at
    if told or named:
        raise Invalid(f"There is no “{word[:60]}” in templates here.")
    return head, at


def _one(parts: list[re.Match[str]], at: int, depth: int) -> tuple[Expression, int]:
    if at >= len(parts) or parts[at]["close"] or parts[at]["key"]:
        raise Invalid("The template has a value missing.")
    found = parts[at]
    if found["open"]:
        inner, at = _call(parts, at + 1, depth + 1)
        if at >= len(parts):
            raise Invalid("The template has a bracket without end.")
        return inner, at + 1
    if found["double"] is not None or found["single"] is not None:
        return Fixed(found["double"] if found["double"] is not None else found["single"]), at + 1
    text = found["path"]
    if text in _FIXED:
        return Fixed(_FIXED[text]), at + 1
    if _NUMBER.fullmatch(text):
        return Fixed(float(text) if "." in text else int(text)), at + 1
    return _path(text), at + 1


def _path(text: str) -> Path:
    up = 0
    while text.startswith("../"):
        up, text = up + 1, text[3:]
    if text == "..":
        return Path(up + 1, ())
    steps = tuple(a or b for a, b in _STEP.findall(text.removeprefix("./")))
    return Path(up, steps[1:] if steps[:1] == ("this",) else steps)


@dataclass
class Writing:
    """Writes a tree; `escaped` makes text of data harmless where it goes to."""

    escaped: Callable[[str], str]
    telling: Telling
    _steps: int = 0
    _size: int = 0

    def text(self, nodes: Sequence[Node], values: Mapping[str, Any]) -> str:
        """The template with its values; Invalid where it is too much."""
        parts: list[str] = []
        self._write(nodes, [(values, {"root": values})], parts)
        return "".join(parts)

    def _write(self, nodes: Sequence[Node], frames: list[Any], parts: list[str]) -> None:
        for node in nodes:
            self._step()
            if isinstance(node, Block):
                self._block(node, frames, parts)
                continue
            told = node
            if not isinstance(told, str):
                value = self._value(told, frames)
                self._step(weight(value))
                told = self.escaped(plain_text(value))
            self._size += len(told)
            parts.append(told)

    def _step(self, count: int = 1) -> None:
        self._steps += count
        if self._steps > MOST_STEPS or self._size > MOST_TEXT:
            raise Invalid("The template writes too much; ask for fewer rows.")

    def _block(self, block: Block, frames: list[Any], parts: list[str]) -> None:
        value = self._value(block.told[0], frames) if block.told else None
        is_many = block.word == "each" or (
            block.word == "section" and isinstance(value, list | tuple)
        )
        if is_many and isinstance(value, list | tuple | Mapping) and value:
            self._each(block, value, frames, parts)
        elif is_many:
            self._write(block.other, frames, parts)
        elif block.word in ("with", "section"):
            inside = [*frames, (value, frames[-1][1])] if is_true(value) else frames
            self._write(block.body if is_true(value) else block.other, inside, parts)
        else:
            if block.word in WORDS:
                value = self._value(Call(block.word, block.told), frames)
            holds = is_true(value) != (block.word == "unless")
            self._write(block.body if holds else block.other, frames, parts)

    def _each(self, block: Block, value: Any, frames: list[Any], parts: list[str]) -> None:
        pairs = list(value.items()) if isinstance(value, Mapping) else list(enumerate(value))
        for place, (key, entry) in enumerate(pairs):
            self._step()
            own = {
                **frames[-1][1], "index": place, "key": key, "first": place == 0,
                "last": place == len(pairs) - 1,
            }  # fmt: skip
            self._write(block.body, [*frames, (entry, own)], parts)

    def _value(self, expression: Expression, frames: list[Any]) -> Any:
        if isinstance(expression, Fixed):
            return expression.value
        if isinstance(expression, Call):
            told = [self._value(e, frames) for e in expression.told]
            named = {k: self._value(e, frames) for k, e in expression.named.items()}
            if expression.word not in INSTANT:  # The others go through all that they are told.
                self._step(sum(map(weight, told)))
            return WORDS[expression.word](self.telling, told, named)
        at = len(frames) - 1 - expression.up
        if at < 0:
            return None
        value, own = frames[at]
        for number, step in enumerate(expression.steps):
            if number == 0 and step.startswith("@"):
                value = own.get(step[1:])
            else:
                value = inside(value, step)
        return value


def weight(value: Any) -> int:
    """How much work it is to go through a value: its entries, or thousands of its characters."""
    if isinstance(value, Mapping):
        return len(value) + sum(len(v) for v in value.values() if isinstance(v, list | tuple))
    if isinstance(value, list | tuple):
        return len(value)
    return len(value) // 1_000 if isinstance(value, str) else 0


def inside(value: Any, step: str) -> Any:
    """A field of a row, an entry of a list or its length; nothing where there is none."""
    if isinstance(value, Mapping):
        return value.get(step)
    if isinstance(value, list | tuple):
        if step == "length":
            return len(value)
        return value[int(step)] if step.isdecimal() and int(step) < len(value) else None
    return len(value) if isinstance(value, str) and step == "length" else None
