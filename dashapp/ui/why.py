"""The dialog that explains a number: what it is, what narrows it, how it came, asked again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from dashapp.charts.base import Look
from dashapp.charts.cells import Cell
from dashapp.charts.explained import Again, Meaning, Rules, Why
from dashapp.charts.pinning import values_of
from dashapp.ui import ids
from dashapp.ui.attrs import HIDDEN, attrs
from dashapp.ui.cards import clock, duration, margin, rung
from dashapp.ui.reasons import definition, reason
from dashapp.ui.steps import sentences
from dashapp.ui.telling import cell_of, packed, question, shown, title
from dashapp.ui.texts import t

MOST = 200  # Rows to choose from that are listed at once; more are found by searching.


def dialog() -> Component:
    """The empty dialog."""
    return dbc.Modal(
        [
            dbc.ModalHeader(dbc.ModalTitle(id=ids.WHY_TITLE)),
            dbc.ModalBody(id=ids.WHY_BODY, class_name="why"),
        ],
        id=ids.WHY, is_open=False, size="lg", fullscreen="md-down", scrollable=True,
    )  # fmt: skip


def body(why: Why, look: Look, as_of: datetime | None = None) -> Component:
    """A number explained, or the numbers to choose from; `as_of` is the age of the tile's picture."""
    drawn = choice(why, look) if why.row is None else explained(why, look)
    if as_of is None or why.result.as_of - as_of < timedelta(seconds=1):
        return drawn
    older = t("The tile shows an older answer, of {time}.", time=clock(as_of, why.zone))
    return html.Div([html.P(older, className="why-differs"), drawn])


def refused(sentence: str) -> Component:
    """Why there is no explanation."""
    return html.P(sentence, className="why-refused", role="alert")


# ---- choosing ------------------------------------------------------------------------------------


def choice(why: Why, look: Look) -> Component:
    """The numbers of a tile, or those that a mark stands for, under a box that searches them."""
    box = html.Label(
        [
            html.Span(t("Search"), className="visually-hidden"),
            dcc.Input(
                id=ids.WHY_SEARCH, type="search", placeholder=t("Search"), debounce=0.3,
                className="grid-search",
            ),
        ],
        className="why-search",
    )  # fmt: skip
    return html.Div([_questions(why), box, html.Div(rows(why, look), id=ids.WHY_ROWS)])


def _questions(why: Why) -> Component:
    """Buttons for the questions of a tile that asks several; a row's name goes along."""
    if len(why.questions) < 2:
        return (
            html.P(t("Choose a number."), className="why-hint") if why.row is None else html.Div()
        )
    buttons = [
        html.Button(
            question(why, spec), type="button", className="chip" + (" is-on" if name == why.question else ""),
            **attrs({"data-why": packed({"question": name, "named": why.named})}),
        )
        for name, spec in why.questions.items()
    ]  # fmt: skip
    return html.Div(buttons, className="why-questions", role="group", **attrs(label=t("Answers")))


def rows(why: Why, look: Look) -> Component:
    """The rows as a table whose first cells are buttons."""
    names = [*(k.name for k in why.keys if k.name in why.rows.column_names), *why.measured]
    told = {name: cell_of(why, name) for name in names}
    head = html.Thead(html.Tr([html.Th(title(why, n), className=_side(why, n)) for n in names]))
    lines = [
        html.Tr(
            [_entry(why, row, name, told[name], look, at) for at, name in enumerate(names)],
            **attrs({"data-why": packed({"question": why.question, "named": values_of(row, why.keys, why.zone)})}),
        )
        for row in why.rows.slice(0, MOST).to_pylist()
    ]  # fmt: skip
    parts: list[Component] = [html.Table([head, html.Tbody(lines)], className="why-rows")]
    if not lines:
        parts = [html.P(t("No rows"), className="why-hint", role="status")]
    if why.rows.num_rows > MOST:
        count = f"{why.rows.num_rows:,}"
        parts.append(
            html.P(
                t("The first {most} of {count}: search for others.", most=MOST, count=count),
                className="why-hint",
            )
        )
    return html.Div(parts)


def _entry(
    why: Why, row: Mapping[str, Any], name: str, cell: Cell, look: Look, at: int
) -> Component:
    text = shown(row[name], cell, look, why.zone)
    inside: Component | str = html.Button(text, type="button") if at == 0 else text
    return html.Td(inside, className=_side(why, name))


def _side(why: Why, name: str) -> str:
    is_number = name in why.measured and cell_of(why, name).holds == "number"
    return "is-number" if is_number else ""


# ---- explaining ----------------------------------------------------------------------------------


def explained(why: Why, look: Look) -> Component:
    """All that is known of one number."""
    row = why.row or {}
    parts: list[Component] = []
    if why.result.rows > why.alike or len(why.questions) > 1:
        parts.append(
            html.Button(
                [html.I(className="bi bi-arrow-left me-1", **HIDDEN), t("All numbers of this tile")],
                type="button", className="why-back", **attrs({"data-why": packed({})}),
            )
        )  # fmt: skip
    parts += [
        _questions(why), dcc.Store(id=ids.WHY_SEEN, data=why.seen.model_dump(mode="json")),
        _names(why, row, look), _numbers(why, row, look),
    ]  # fmt: skip
    if why.alike > 1:
        parts.append(html.P(t("{count} rows are alike.", count=f"{why.alike:,}")))
    parts += [_again(why), *_narrowed(why, look), *_steps(why), *_origin(why), *_sql(why)]
    return html.Div(parts)


def _names(why: Why, row: Mapping[str, Any], look: Look) -> Component:
    """What the number is of: the members that its row stands for."""
    keys = [k.name for k in why.keys if k.name in why.rows.column_names]
    if not keys:
        return html.P(t("Of all rows together."), className="why-hint")
    return _facts((title(why, n), shown(row[n], cell_of(why, n), look, why.zone)) for n in keys)


def _facts(pairs: Iterable[tuple[str, Component | str]]) -> Component:
    found: list[Component] = []
    for name, value in pairs:
        found += [html.Dt(name), html.Dd(value)]
    return html.Dl(found, className="why-facts")


def _numbers(why: Why, row: Mapping[str, Any], look: Look) -> Component:
    """Each number of the row with what it means."""
    known = {meaning.name: meaning for meaning in why.meanings}
    parts = [
        html.Section(
            [
                html.H3(title(why, name)),
                html.Div(_value(why, name, row[name], look), className="why-value"),
                _meaning(known.get(name)),
            ]
        )
        for name in why.measured
    ]  # fmt: skip
    # Steps may leave no column of a metric's own: what they work on is told all the same.
    parts += [
        html.Section([html.H3(meaning.title), _meaning(meaning)])
        for name, meaning in known.items()
        if name not in why.measured
    ]
    return html.Div(parts, className="why-numbers")


def _value(why: Why, name: str, value: Any, look: Look) -> str:
    """A number as its column tells it, an approximate one with its error."""
    text, error = shown(value, cell_of(why, name), look, why.zone), why.result.errors.get(name)
    return f"≈ {text} {margin(error)}" if error else text


def _meaning(meaning: Meaning | None) -> Component:
    if meaning is None:
        return html.P(t("Made by the steps below."), className="why-hint")
    return html.Div(
        [*([html.P(meaning.description)] if meaning.description else []), definition(meaning)]
    )


def _again(why: Why) -> Component:
    words = t("Compute exactly") if why.result.errors else t("Run it again now")
    return html.Div(
        [
            html.Button(
                [
                    html.Span(className="spinner-border spinner-border-sm me-2", **HIDDEN),
                    html.I(className="bi bi-database-check me-2", **HIDDEN), words,
                ],
                id=ids.WHY_AGAIN, type="button", className="btn btn-primary btn-sm",
            ),
            html.Div(id=ids.WHY_VERDICT, role="status"),
        ],
        className="why-again",
    )  # fmt: skip


def _narrowed(why: Why, look: Look) -> list[Component]:
    lines = [reason(found, why.zone, look) for found in why.reasons]
    if not lines:
        lines = [html.Li(t("No filters: all rows that you may see."))]
    return [html.H3(t("Filters")), html.Ul([*lines, *_rules(why.rules)], className="why-reasons")]


def _rules(rules: Rules) -> list[Component]:
    if not rules.apply:
        return []
    if not rules.clauses:
        return [html.Li(t("A row-level rule applies."))]
    return [
        html.Li([t("Row-level rule"), " ", html.Code(clause)], className="why-rule")
        for clause in rules.clauses
    ]


def _steps(why: Why) -> list[Component]:
    lines = [html.Li(text) for text in sentences(why.spec, lambda name: title(why, name))]
    return [html.H3(t("After the query")), html.Ol(lines, className="why-steps")] if lines else []


def _origin(why: Why) -> list[Component]:
    """Who answered, how old that is, and of which version of the dataset."""
    result = why.result
    age = max(0, round((datetime.now(UTC) - result.as_of).total_seconds()))
    facts: list[tuple[str, Component | str]] = [
        (t("Answered by"), rung(result.rung)),
        (t("Read at"), f"{clock(result.as_of, why.zone)} {why.zone} ({_age(age)})"),
        (t("Database time"), duration(result.seconds)),
        (t("Rows of the answer"), f"{result.rows:,}" + (f" ({t('cut')})" if result.truncated else "")),
        (t("Dataset"), t("{name}, version {version}", name=why.dataset.name, version=why.dataset.version)),
    ]  # fmt: skip
    since = result.version.since
    if since is not None:
        changed = f"{since.astimezone(ZoneInfo(why.zone)):%Y-%m-%d %H:%M:%S}"
        facts.append((t("Data last changed"), changed))
    return [html.H3(t("How it came about")), _facts(facts)]


def _age(seconds: int) -> str:
    if seconds < 60:
        return t("{count} s ago", count=seconds)
    if seconds < 3600:
        return t("{count} min ago", count=seconds // 60)
    return t("{count} h ago", count=seconds // 3600)


def _sql(why: Why) -> list[Component]:
    if not why.sql:
        return []
    copy = dcc.Clipboard(content=why.sql, className="float-end p-2", title=t("Copy"))
    return [html.H3(t("SQL with values")), html.Div([copy, html.Pre(why.sql, className="sql")])]


# ---- asked again ---------------------------------------------------------------------------------


def verdict(found: Again, look: Look) -> Component:
    """Whether the warehouse says the same now, and what was asked."""
    asked = (
        t("Asked the database for this row alone.")
        if found.is_alone
        else t("Asked the whole question: this number depends on other rows.")
    )
    how = html.P(f"{asked} {duration(found.result.seconds)}", className="why-hint")
    since = clock(found.as_of, found.shown.zone)
    if found.now is None:
        text = t("There is no such row any more; the data changed since {time}.", time=since)
        return html.Div([html.P(text, className="why-differs"), how])
    if found.is_equal:
        icon = html.I(className="bi bi-check-circle me-1", **HIDDEN)
        return html.Div([html.P([icon, t("Equal.")], className="why-equal"), how])
    lines = [
        html.P(_change(found, name, since, look), className="why-differs") for name in found.changed
    ]
    return html.Div([*lines, how])


def _change(found: Again, name: str, since: str, look: Look) -> str:
    why, cell = found.shown, cell_of(found.shown, name)
    if name in why.result.errors:
        exact = shown((found.now or {}).get(name), cell, look, why.zone)
        about = _value(why, name, found.before[name], look)
        return t(
            "{name}: exactly {now} (shown {shown})", name=title(why, name), now=exact, shown=about
        )
    before, after = found.before[name], (found.now or {}).get(name)
    texts = [shown(v, cell, look, why.zone) for v in (after, before)]
    if texts[0] == texts[1]:  # They differ further behind the point than is shown.
        texts = [str(after), str(before)]
    return t("{name}: now {now} (shown {shown}, data changed since {time})",
             name=title(why, name), now=texts[0], shown=texts[1], time=since)  # fmt: skip
