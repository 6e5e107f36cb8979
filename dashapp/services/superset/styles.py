"""Superset's settings per column and its conditional formats in ours, and back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from dashapp.charts.colors import BAD, GOOD
from dashapp.charts.table_options import ColumnLook
from dashapp.charts.tones import ToneRule
from dashapp.services.superset import names
from dashapp.services.superset.params import Params
from dashapp.services.superset.values import number

_OPERATORS: Final[dict[str, dict[str, Any]]] = {
    "<": {"op": "<"},
    ">": {"op": ">"},
    "≤": {"op": "<="},
    "≥": {"op": ">="},
    "=": {"op": "="},
    "≠": {"op": "!="},
    "< x <": {"op": "between", "ends": "none"},
    "≤ x ≤": {"op": "between"},
    "≤ x <": {"op": "between", "ends": "low"},
    "< x ≤": {"op": "between", "ends": "high"},
    "None": {"op": "any"},
    "none": {"op": "any"},
    "begins with": {"op": "starts with"},
    "ends with": {"op": "ends with"},
    "containing": {"op": "contains"},
    "not containing": {"op": "not contains"},
    "is null": {"op": "is null"},
    "is not null": {"op": "is not null"},
    "is true": {"op": "is true"},
    "is false": {"op": "is false"},
}
_HEX: Final = re.compile(r"^#[0-9a-fA-F]{6}")
_SHORT_HEX: Final = re.compile(r"^#[0-9a-fA-F]{3}$")
_RGB: Final = re.compile(r"^rgba?\(\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})")
# What the words in the names of theme colours say.
_WORDS: Final = {"success": GOOD, "green": GOOD, "error": BAD, "red": BAD, "alert": "#fcc600",
                 "warning": "#fcc600", "yellow": "#fcc600"}  # fmt: skip
_OTHER: Final = "#1ea8cc"
_TEXTUAL: Final = frozenset({"starts with", "ends with", "contains", "not contains"})
_ALIGNED: Final = frozenset({"left", "center", "right"})


def color(told: Any) -> str:
    """A colour as #rrggbb, also of a short one, of rgb() and of the theme's colours by name."""
    text = str(told or "").strip()
    if _HEX.match(text):
        return text[:7].lower()
    if _SHORT_HEX.match(text):
        return "#" + "".join(c * 2 for c in text[1:]).lower()
    parts = _RGB.match(text)
    if parts:
        return "#" + "".join(f"{min(255, int(p)):02x}" for p in parts.groups())
    return next((found for word, found in _WORDS.items() if word in text.lower()), _OTHER)


def rules(p: Params, key: str = "conditional_formatting") -> dict[str, tuple[dict[str, Any], ...]]:
    """Conditional formats by column, the first that is met counting (in Superset the last)."""
    found: dict[str, list[dict[str, Any]]] = {}
    for entry in _entries(p.get(key, [])):
        column, rule = entry.get("column"), _rule(entry)
        if not isinstance(column, str) or not column:
            continue
        if rule is None:
            p.note(f"A conditional format of “{column[:60]}” is not known here.")
            continue
        other = entry.get("columnFormatting")
        if isinstance(other, str) and other not in ("", column) and "ROW" not in other:
            p.note(f"A condition on “{column[:60]}” colours its own column here, not {other[:60]}.")
        found.setdefault(column, []).insert(0, rule)
    return {column: tuple(made[:20]) for column, made in found.items()}


def _rule(entry: Mapping[str, Any]) -> dict[str, Any] | None:
    known = _OPERATORS.get(str(entry.get("operator")))
    if known is None:
        return None
    made: dict[str, Any] = {**known, "color": color(entry.get("colorScheme"))}
    target, op = entry.get("targetValue"), known["op"]
    if op == "between":
        made |= {
            "value": number(entry.get("targetValueLeft")),
            "high": number(entry.get("targetValueRight")),
        }
    elif op in _TEXTUAL:
        made["text"] = str(target)[:250] if target not in (None, "") else None
    elif op in ("=", "!=") and isinstance(target, str) and number(target) is None:
        made["text"] = target[:250]
    elif op in ("<", "<=", ">", ">=", "=", "!="):
        made["value"] = number(target)
    lost = made.get("value", 0) is None or made.get("high", 0) is None
    if lost or ("text" in made and not made["text"]):
        return None
    where = str(entry.get("objectFormatting") or "").upper()
    if entry.get("toAllRow") or "ROW" in where or entry.get("columnFormatting") == "ENTIRE_ROW":
        made["part"] = "row"
    elif entry.get("toTextColor") or "TEXT" in where:
        made["part"] = "text"
    by_size = op in ("<", "<=", ">", ">=", "!=", "between", "any") and "text" not in made
    if by_size and made.get("part") is None and entry.get("useGradient", True):
        made["gradient"] = True
    return made


def column(p: Params, name: str, told: Any) -> dict[str, Any]:
    """One column's settings (`column_config`) as a ColumnLook."""
    if not isinstance(told, Mapping):
        return {}
    found: dict[str, Any] = {}
    fmt = _text(told.get("d3NumberFormat")) or None
    found["format"] = names.number(fmt) or names.time(_text(told.get("d3TimeFormat")))
    found["small_format"] = names.number(_text(told.get("d3SmallNumberFormat")))
    money = names.currency(told.get("currencyFormat"))
    found["currency"] = money[0] if money else None
    width = number(told.get("columnWidth"))
    found["width"] = int(min(max(width, 40), 1000)) if width and width > 0 else None
    align = told.get("horizontalAlign")
    found["align"] = align if align in _ALIGNED else None
    found["title"] = _text(told.get("customColumnName"))
    if told.get("visible") is False:
        found["hidden"] = True
    if told.get("truncateLongCells") is False:
        found["wrap"] = True
    return {k: v for k, v in found.items() if v is not None} | _bars(told)


def _bars(told: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of bars, where the column has its own."""
    found: dict[str, Any] = {}
    if isinstance(told.get("showCellBars"), bool):
        found["bar"] = told["showCellBars"]
    if isinstance(told.get("colorPositiveNegative"), bool):
        found["by_sign"] = told["colorPositiveNegative"]
    if isinstance(told.get("alignPositiveNegative"), bool):
        found["bar_from"] = "left" if told["alignPositiveNegative"] else "zero"
    return found


def written_rules(column_name: str, made: Iterable[ToneRule]) -> list[dict[str, Any]]:
    """Rules of a column as Superset's conditional formats."""
    return [_written(column_name, rule) for rule in reversed(tuple(made))]


def _written(column_name: str, rule: ToneRule) -> dict[str, Any]:
    same = {"op": rule.op} if rule.ends == "both" else {"op": rule.op, "ends": rule.ends}
    operator = next(theirs for theirs, ours in _OPERATORS.items() if ours == same)
    found: dict[str, Any] = {
        "column": column_name,
        "operator": operator,
        "colorScheme": rule.color,
        "useGradient": rule.gradient,
    }
    if rule.op == "between":
        found |= {"targetValueLeft": rule.value, "targetValueRight": rule.high}
    elif rule.text is not None or rule.value is not None:
        found["targetValue"] = rule.text if rule.text is not None else rule.value
    if rule.part == "row":
        found["toAllRow"] = True
    if rule.part == "text":
        found["toTextColor"] = True
    return found


def written_column(look: ColumnLook, is_time: bool) -> dict[str, Any]:
    """A column's settings as Superset's `column_config`."""
    fmt = look.format if is_time else names.written_number(look.format)
    money = {"symbol": look.currency, "symbolPosition": "prefix"} if look.currency else None
    found: dict[str, Any] = {
        "d3TimeFormat" if is_time else "d3NumberFormat": fmt,
        "d3SmallNumberFormat": names.written_number(look.small_format),
        "currencyFormat": money,
        "columnWidth": look.width,
        "horizontalAlign": look.align,
        "customColumnName": look.title,
        "visible": False if look.hidden else None,
        "truncateLongCells": False if look.wrap else None,
        "showCellBars": look.bar,
        "colorPositiveNegative": look.by_sign,
        "alignPositiveNegative": look.bar_from == "left",
    }
    return {k: v for k, v in found.items() if v is not None}


def _entries(value: Any) -> list[Mapping[str, Any]]:
    items = value if isinstance(value, list) else []
    return [item for item in items if isinstance(item, Mapping)]


def _text(value: Any) -> str | None:
    return value.strip()[:250] or None if isinstance(value, str) else None
