"""Time zones: zones by name, and the exact distance between two zones' clocks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from dashapp.errors import Invalid

FIRST_YEAR, LAST_YEAR = 1970, 2037  # Horizon of conversions without a known range.
# The ends of the calendar; data say 9999-12-31 for "for ever", so the last means: no end.
FIRST, LAST = datetime.min, datetime.max  # noqa: DTZ901 - as a naive clock shows them


@lru_cache(maxsize=1024)
def zone_of(name: str) -> ZoneInfo:
    """The zone of an IANA name such as "Europe/Berlin"; Invalid if there is none."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise Invalid(f"There is no time zone '{name}'.", {"zone": "unknown"}) from error


def wall(moment: datetime, zone: str) -> datetime:
    """What a clock in `zone` shows at `moment` (aware), as a naive time.

    Beyond the calendar's first and last moment it shows these.
    """
    try:
        return moment.astimezone(zone_of(zone)).replace(tzinfo=None)
    except OverflowError:
        return FIRST if moment.year < FIRST_YEAR else LAST


def moment(wall_time: datetime, zone: str) -> datetime:
    """The moment (aware) at which a clock in `zone` shows a naive time; the first if twice."""
    return wall_time.replace(tzinfo=zone_of(zone), fold=0)


def is_ambiguous(wall_time: datetime, zone: str) -> bool:
    """Whether clocks in `zone` show this naive time twice (clocks are set back)."""
    tz = zone_of(zone)
    first = wall_time.replace(tzinfo=tz, fold=0).utcoffset()
    second = wall_time.replace(tzinfo=tz, fold=1).utcoffset()
    return first is not None and second is not None and first > second


@lru_cache(maxsize=4096)
def shifts(
    data_zone: str, zone: str, first_year: int, last_year: int
) -> tuple[tuple[datetime | None, timedelta], ...]:
    """How far clocks in `zone` are ahead of clocks in `data_zone`, by the time the latter show.

    Pairs (from this naive time on, shift), the first from None; exact from the first to the
    last year, so that a database without time zones can convert with a CASE.
    """
    marks = {
        edge
        for name in (data_zone, zone)
        for year in range(first_year - 1, last_year + 2)
        for instant in _transitions(name, year)
        for edge in _edges(instant, data_zone)
    }
    steps: list[tuple[datetime | None, timedelta]] = [
        (None, _shift(datetime(first_year - 1, 1, 1), data_zone, zone))  # noqa: DTZ001
    ]
    for edge in sorted(marks):
        shift = _shift(edge, data_zone, zone)
        if shift != steps[-1][1]:
            steps.append((edge, shift))
    return tuple(steps)


def _shift(wall_time: datetime, data_zone: str, zone: str) -> timedelta:
    return wall(moment(wall_time, data_zone), zone) - wall_time


def _edges(instant: datetime, data_zone: str) -> tuple[datetime, datetime]:
    """What clocks show just when `instant` comes, by the old and by the new offset."""
    tz = zone_of(data_zone)
    before = (instant - timedelta(seconds=1)).astimezone(tz).utcoffset() or timedelta(0)
    naive = instant.replace(tzinfo=None)
    return naive + before, wall(instant, data_zone)


@lru_cache(maxsize=4096)
def _transitions(zone: str, year: int) -> tuple[datetime, ...]:
    """Moments (UTC) of a year at which the offset of a zone changes, to the second."""
    tz = zone_of(zone)
    if not 1 < year < 9998:
        return ()
    start = datetime(year, 1, 1, tzinfo=UTC)
    found = []
    for day in range(366):
        low, high = start + timedelta(days=day), start + timedelta(days=day + 1)
        old = low.astimezone(tz).utcoffset()
        if high.astimezone(tz).utcoffset() == old:
            continue
        while high - low > timedelta(seconds=1):
            middle = low + (high - low) // 2
            middle = middle.replace(microsecond=0)
            if middle.astimezone(tz).utcoffset() == old:
                low = middle
            else:
                high = middle
        found.append(high)
    return tuple(found)
