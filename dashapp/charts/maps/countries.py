"""Countries by code or name. Codes and middles come with the package (see data/NOTICE)."""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Literal

from babel import Locale, UnknownLocaleError

Codes = Literal["auto", "iso2", "iso3", "olympic", "name"]


@dataclass(frozen=True)
class Country:
    """A country: ISO 3166-1 codes, the middle of its largest part in degrees, English name."""

    code3: str
    code2: str
    name: str
    lat: float
    lon: float


@dataclass(frozen=True)
class _Index:
    """Countries by what people may call them, each in normal form."""

    iso2: Mapping[str, Country]
    iso3: Mapping[str, Country]
    former: Mapping[str, Country]
    olympic: Mapping[str, Country]
    names: Mapping[str, Country]


def find(text: object, codes: Codes = "auto", locale: str = "en") -> Country | None:
    """The country that a cell names; None where it names none.

    "auto" takes ISO codes first, then codes of old, names in English and in `locale`, and
    Olympic codes last: some of these are ISO codes of other countries.
    """
    if not isinstance(text, str) or not text.strip():
        return None
    index, code = _index(), text.strip().upper()
    if codes == "iso2":
        return index.iso2.get(code)
    if codes == "iso3":
        return index.iso3.get(code) or index.former.get(code)
    if codes == "olympic":
        return index.olympic.get(code)
    name = plain(text)
    named = index.names.get(name) or _local(locale).get(name)
    if codes == "name":
        return named
    by_code = index.iso2.get(code) or index.iso3.get(code) or index.former.get(code)
    return by_code or named or index.olympic.get(code)


def title(country: Country, locale: str = "en") -> str:
    """The country's name in the viewer's language."""
    return _territories(locale).get(country.code2) or country.name


def plain(text: str) -> str:
    """A name in a form in which spellings agree: no case, accents, signs or doubled spaces."""
    split = unicodedata.normalize("NFKD", text.casefold().replace("&", " and "))
    kept = "".join(c if c.isalnum() else " " for c in split if not unicodedata.combining(c))
    return " ".join(kept.split())


@lru_cache(maxsize=1)
def _index() -> _Index:
    iso2 = dict[str, Country]()
    iso3 = dict[str, Country]()
    former = dict[str, Country]()
    olympic = dict[str, Country]()
    names = dict[str, Country]()
    file = resources.files("dashapp.charts.maps") / "data" / "countries.csv"
    with file.open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            spelled = row["names"].split(";")
            country = Country(
                row["code3"], row["code2"], spelled[0], float(row["lat"]), float(row["lon"])
            )
            iso2[country.code2] = iso3[country.code3] = country
            former |= dict.fromkeys(row["former"].split(), country)
            olympic |= dict.fromkeys(row["olympic"].split() or [country.code3], country)
            names |= {plain(name): country for name in spelled}
    return _Index(iso2, iso3, former, olympic, names)


@lru_cache(maxsize=16)
def _local(locale: str) -> Mapping[str, Country]:
    """Countries by their names in a language."""
    known = _index().iso2
    return {plain(n): known[c] for c, n in _territories(locale).items() if c in known}


@lru_cache(maxsize=16)
def _territories(locale: str) -> Mapping[str, str]:
    try:
        return dict(Locale.parse(locale.replace("-", "_")).territories)
    except (UnknownLocaleError, ValueError):
        return {}
