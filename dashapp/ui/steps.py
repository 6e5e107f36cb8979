"""What happens to an answer after the warehouse, step by step, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from dashapp.specs import QuerySpec
from dashapp.specs.post import (
    BoxPlot,
    Change,
    Compare,
    Complete,
    Contribution,
    Cumulative,
    Forecast,
    Histogram,
    Pivot,
    PostStep,
    Rank,
    Resample,
    Rolling,
)
from dashapp.ui.texts import t

Named = Callable[[str], str]


def sentences(spec: QuerySpec, named: Named) -> Iterator[str]:
    """Limits of a question and its steps after the query, each as a sentence.

    `named` says what people call a column of the answer.

    Columns are left out, renamed and sorted without changing a number, so nothing is said of that.
    """
    if spec.series is not None:
        names = _listed(spec.series.dimensions, named)
        most = spec.series.limit
        if spec.series.other:
            yield t(
                "The {count} largest of {names} are shown, the rest as “Other”.",
                count=most,
                names=names,
            )
        else:
            yield t("Only the {count} largest of {names} are shown.", count=most, names=names)
    if spec.limit is not None and spec.limit > 1:
        yield t("At most {count} rows.", count=f"{spec.limit:,}")
    for step in spec.post:
        found = _said(step, named)
        if found:
            yield found


def _said(step: PostStep, named: Named) -> str:
    """A step as a sentence; nothing for those that change no number."""
    match step:
        case Pivot():
            return t("Members of {names} become columns.", names=_listed(step.columns, named))
        case Cumulative():
            return _running(step, named)
        case Rolling():
            return t("{how} of {names} over {count} rows.", how=_how(step.how).capitalize(),
                     names=_listed(step.metrics, named), count=step.window)  # fmt: skip
        case Complete():
            return t("Times that a series lacks are added, empty.")
        case Resample():
            return t("Regular steps of time ({grain}); several values in a step: {how}.",
                     grain=step.grain, how=_how(step.how))  # fmt: skip
        case Compare() | Change():
            return t("{names} beside the period {offset} earlier ({show}).",
                     names=_listed(step.metrics, named), offset=step.offset, show=_show(step.show))  # fmt: skip
        case Contribution():
            return t("{names} as a share of the total.", names=_listed(step.metrics, named))
        case Rank():
            return t("Rank by {name}.", name=named(step.metric))
        case Forecast():
            return t("Forecast of {count} more steps of {names}: exponential smoothing of the values "
                     "so far, with a band for {share} of outcomes.", count=step.periods,
                     names=_listed(step.metrics, named), share=f"{step.interval:.0%}")  # fmt: skip
        case Histogram():
            return t(
                "Rows counted in {count} equal bins of {name}.", count=step.bins, name=step.column
            )
        case BoxPlot():
            return t("Quartiles, whiskers and mean of {names}.", names=_listed(step.metrics, named))
        case _:
            return ""


def _running(step: Cumulative, named: Named) -> str:
    hows = {
        "sum": t("Running sum of {names}.", names=_listed(step.metrics, named)),
        "prod": t("Running product of {names}.", names=_listed(step.metrics, named)),
        "min": t("Smallest so far of {names}.", names=_listed(step.metrics, named)),
        "max": t("Largest so far of {names}.", names=_listed(step.metrics, named)),
    }
    return hows[step.how]


def _how(name: str) -> str:
    words = {
        "mean": t("mean"), "sum": t("sum"), "std": t("standard deviation"), "min": t("smallest"),
        "max": t("largest"), "median": t("median"), "first": t("first"), "last": t("last"),
    }  # fmt: skip
    return words[name]


def _show(name: str) -> str:
    words = {
        "values": t("values"), "difference": t("difference"), "change": t("relative change"),
        "ratio": t("ratio"),
    }  # fmt: skip
    return words[name]


def _listed(names: Iterable[str], named: Named) -> str:
    return ", ".join(named(name) for name in names)
