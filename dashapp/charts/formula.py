"""Formulas in x, such as `0.5 * x^2 + sin(x)`: read by hand, computed by numpy, never run as code."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from dashapp.charts.plotting import Floats
from dashapp.errors import Invalid

LONGEST: Final = 500
_DEEPEST: Final = 40
_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)"
    r"|(?P<name>[A-Za-z_]\w*)|(?P<sign>\*\*|[-+*/%^(),]))"
)
_HEAD = re.compile(r"^\s*(?:y|f\s*\(\s*x\s*\))\s*=(?!=)\s*")
_CONSTANTS: Final[dict[str, float]] = {"pi": np.pi, "e": np.e, "tau": 2 * np.pi}
_FUNCTIONS: Final[dict[str, tuple[int, Callable[..., Any]]]] = {
    "sin": (1, np.sin), "cos": (1, np.cos), "tan": (1, np.tan),
    "asin": (1, np.arcsin), "acos": (1, np.arccos), "atan": (1, np.arctan),
    "sinh": (1, np.sinh), "cosh": (1, np.cosh), "tanh": (1, np.tanh),
    "sqrt": (1, np.sqrt), "cbrt": (1, np.cbrt), "exp": (1, np.exp), "log": (1, np.log),
    "ln": (1, np.log), "log10": (1, np.log10), "log2": (1, np.log2), "abs": (1, np.abs),
    "sign": (1, np.sign), "floor": (1, np.floor), "ceil": (1, np.ceil), "round": (1, np.round),
    "square": (1, np.square), "cube": (1, lambda v: v**3), "pow": (2, np.power),
    "mod": (2, np.mod), "min": (2, np.minimum), "max": (2, np.maximum), "atan2": (2, np.arctan2),
}  # fmt: skip
_BINARY: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide, "%": np.mod, "^": np.power,
}  # fmt: skip

Formula = Callable[[Floats], Any]


def evaluate(text: str, x: Floats) -> Floats:
    """The formula's value at each x; not-a-number where it has none. Invalid if it cannot be read.

    Knows numbers, x, pi, e, + - * / % ^ (or **), brackets, products without a sign (2x) and
    the usual functions. "y = …" may stand in front.
    """
    formula = parse(text)
    with np.errstate(all="ignore"):
        found = np.broadcast_to(np.asarray(formula(x), dtype=np.float64), x.shape).copy()
    found[~np.isfinite(found)] = np.nan
    return found


def parse(text: str) -> Formula:
    """A formula as a function of x. Raises Invalid, as a sentence, for what is none."""
    if len(text) > LONGEST:
        raise Invalid(f"A formula has at most {LONGEST} characters.")
    reader = _Reader(_tokens(_HEAD.sub("", text)), text)
    found = reader.sum()
    if reader.left():
        raise reader.wrong()
    return found


def _tokens(text: str) -> list[str]:
    found, at = [], 0
    text = text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise Invalid(f"“{text[at : at + 10]}” cannot stand in a formula.")
        sign = match["number"] or match["name"] or match["sign"]
        found.append("^" if sign == "**" else sign)
        at = match.end()
    return found


@dataclass
class _Reader:
    """Reads tokens by falling precedence: sums, products, signs, powers, single values."""

    tokens: list[str]
    text: str
    at: int = 0
    depth: int = 0

    def left(self) -> bool:
        return self.at < len(self.tokens)

    def next(self) -> str:
        return self.tokens[self.at] if self.left() else ""

    def wrong(self) -> Invalid:
        return Invalid(f"The formula “{self.text[:60]}” cannot be read; write it like 2 * x + 1.")

    def take(self, *signs: str) -> str:
        found = self.next()
        if found not in signs or not found:
            return ""
        self.at += 1
        return found

    def sum(self) -> Formula:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise Invalid("The formula has too many brackets.")
        found = self.product()
        while sign := self.take("+", "-"):
            found = _joined(_BINARY[sign], found, self.product())
        self.depth -= 1
        return found

    def product(self) -> Formula:
        found = self.signed()
        while True:
            sign = self.take("*", "/", "%")
            if not sign and not self._stands_beside():
                return found
            found = _joined(_BINARY[sign or "*"], found, self.signed())

    def _stands_beside(self) -> bool:
        """Whether a value follows without a sign between: 2x, 3(x + 1)."""
        word = self.next()
        return bool(word) and (word == "(" or word[0].isalnum() or word[0] in "._")

    def signed(self) -> Formula:
        turned = False
        while sign := self.take("+", "-"):
            turned ^= sign == "-"
        found = self.power()
        return (lambda x: -found(x)) if turned else found

    def power(self) -> Formula:
        base = self.value()
        if not self.take("^"):
            return base
        self.depth += 1
        if self.depth > _DEEPEST:
            raise Invalid("The formula has too many powers.")
        exponent = self.signed()
        self.depth -= 1
        return _joined(_BINARY["^"], base, exponent)

    def value(self) -> Formula:
        word = self.next()
        self.at += 1
        if word == "(":
            found = self.sum()
            if not self.take(")"):
                raise self.wrong()
            return found
        if word[:1].isdigit() or word[:1] == ".":
            number = float(word)
            return lambda x: number
        if word.lower() == "x":
            return lambda x: x
        if word in _FUNCTIONS:
            return self._called(word)
        if word.lower() in _CONSTANTS:
            constant = _CONSTANTS[word.lower()]
            return lambda x: constant
        if word[:1].isalpha():
            raise Invalid(f"“{word[:30]}” is unknown in formulas; the variable is x.")
        raise self.wrong()

    def _called(self, name: str) -> Formula:
        count, function = _FUNCTIONS[name]
        if not self.take("("):
            raise self.wrong()
        parts = [self.sum()]
        while self.take(","):
            parts.append(self.sum())
        if not self.take(")") or len(parts) != count:
            raise Invalid(f"{name} takes {count} value{'s' if count > 1 else ''} in brackets.")
        return lambda x: function(*(part(x) for part in parts))


def _joined(how: Callable[[Any, Any], Any], left: Formula, right: Formula) -> Formula:
    return lambda x: how(left(x), right(x))
