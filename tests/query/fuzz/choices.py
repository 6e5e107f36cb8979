"""What random questions are made of: members, ranges, rules, metrics of the land."""

from __future__ import annotations

from typing import Any, get_args

from dashapp.specs import RowRule
from dashapp.specs.query import Grain, Operator

GRAINS: tuple[Grain, ...] = get_args(Grain)
USUAL: tuple[Grain, ...] = (
    "hour",
    "6 hours",
    "day",
    "day",
    "week",
    "month",
    "month",
    "quarter",
    "year",
)
ZONES = ("UTC", "UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata")
TEXTS, NUMBERS, TIMES = ("region", "name", "sign"), ("qty", "price", "odd", "part", "twice", "big", "id"), ("ts", "moment", "day")  # fmt: skip
BINS = {
    "qty": (1, 2, 5, 10, 2.5), "price": (1, 5, 10, 20, 0.25, 0.5, 0.1), "odd": (1, 0.5, 0.1),
    "part": (1, 2), "twice": (2, 10), "big": (1000,), "id": (50, 100),
}  # fmt: skip
RULES: tuple[tuple[RowRule, ...], ...] = (
    (),
    (RowRule(clause="region = 'EU'"),),
    (RowRule(clause="region IN ('EU', 'US')"),),
    (RowRule(clause="region = 'US'", group="g"), RowRule(clause="qty > 5", group="g")),
    (RowRule(clause="region = 'EU'"), RowRule(clause="qty >= 2")),
    (RowRule(clause="length(name) > 3"),),
    (RowRule(clause="qty % 2 = 0"),),
    (RowRule(clause="region IS NULL"),),
    (RowRule(clause="NOT region IN ('EU')"),),
    (RowRule(clause="region <> 'EU' OR flag"),),
    (RowRule(clause="upper(region) = 'EU'"),),
    (RowRule(clause="sign = 'plus'"),),
    (RowRule(clause="1 = 0"),),
    (RowRule(clause="region = 'EU'", table="land"),),
    (RowRule(clause="price BETWEEN 0 AND 50"),),
    (RowRule(clause="region IN ('EU', NULL)"),),
)
RELATIONS: tuple[dict[str, Any], ...] = (
    {"table": "land"},
    {"table": "land"},
    {"table": None, "sql": "SELECT * FROM land"},
    {"table": None, "sql": "SELECT l.* FROM land AS l WHERE l.qty IS NULL OR l.qty > -6"},
    {"table": "barren"},
    {"table": "wild"},
)
RANGES = (
    "last 7 days", "last quarter", "current month", "previous year", "year to date", "2012",
    "2013-03", "2012-02-29", "2013-01-01 : 2013-04-01", "2012-12-31 : ", " : 2013-03-31T01:30",
    "last 36 hours", "2013-03-30T22:15 : 2013-04-02T07:00", "2013-10-27 : 2013-10-28",
    "start of week : today", "previous week", "2013-03-10 : 2013-03-11",
)  # fmt: skip
SQL_METRICS = (
    "SUM(qty)", "COUNT(*)", "SUM(price) / NULLIF(SUM(qty), 0)", "SUM(price) / SUM(qty)",
    "SUM(qty) / COUNT(*)", "100 * SUM(qty) / COUNT(*)", "SUM(CASE WHEN qty > 2 THEN price END)",
    "SUM(CASE WHEN region = 'EU' THEN 1 ELSE 0 END) * 1.0 / COUNT(*)", "COUNT(DISTINCT name)",
    "AVG(price)", "MAX(qty) - MIN(qty)", "MIN(name)", "MAX(ts)", "COUNT(part)", "SUM(qty * price)",
    "COALESCE(SUM(part), 0)", "SUM(price) + SUM(qty)", "SUM(twice)", "-SUM(qty)", "MAX(region)",
    "AVG(qty) * COUNT(*)", "CASE WHEN SUM(qty) > 10 THEN 1 ELSE 0 END", "SUM(price) * 100.0 / 3",
    "SUM(DISTINCT qty)", "1.5",
)  # fmt: skip
ADDITIVE = (
    "SUM(qty)", "COUNT(*)", "SUM(price) / NULLIF(SUM(qty), 0)", "AVG(price)", "COUNT(part)",
    "SUM(CASE WHEN qty > 2 THEN price END)", "SUM(CASE WHEN region = 'EU' THEN 1 ELSE 0 END)",
    "COUNT(DISTINCT name)", "SUM(qty * price)", "MAX(qty)", "SUM(twice)", "COUNT(DISTINCT region)",
)  # fmt: skip
WHERES = ("qty > 2", "region <> 'US' OR flag", "length(name) > 1", "price / 2 > 10", "twice > 6")
SAVED = ("n", "revenue", "units", "flagged", "flagged share", "per unit")
MEMBERS: dict[str, tuple[Any, ...]] = {
    "region": ("EU", "US", "eu", "ASIA", "", None, "nowhere"),
    "name": ("abc", "ABC", "Äbc", "abc ", "O'Hare", 'say "hi"', "🛫", "100%", "Other", None, "ﬀ"),
    "sign": ("plus", "Minus", None),
    "qty": (0, 1, 2, 3, 7, 10, -5, None, 2.5),
    "price": (0, 0.25, 10, 99.75, -20, None),
    "odd": (0.1, 0.3, 99.95, None, 1e6),
    "part": (-3, 0, 2, None),
    "twice": (0, 6, 20, None),
    "big": (2**53, 2**53 - 1, -3, None),
    "id": (0, 13, 350, 699),
    "flag": (True, False, None),
}
PATTERNS = ("a", "AB", "%", "_", "a_b", "ä", "", "O'", "🛫", " ", "A%", "%c", "a\\_b", "E_")
COMPARISONS: tuple[Operator, ...] = ("=", "!=", "<", "<=", ">", ">=")
LISTS: tuple[Operator, ...] = ("in", "not in")
SEARCHES: tuple[Operator, ...] = (
    "contains", "not contains", "starts with", "ends with", "like", "not like", "ilike", "not ilike",
)  # fmt: skip
