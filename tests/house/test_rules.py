"""Every rule on code finds what breaks it, and lets pass what does not."""

from __future__ import annotations

import ast

import pytest

from tests.house import rules

BROKEN = [
    (rules.imports_inside, "def f():\n    import os"),
    (rules.imports_inside, "class A:\n    def f(self):\n        from os import path"),
    (rules.imports_inside, "def f():\n    importlib.import_module('os')"),
    (rules.pickles, "import pickle"),
    (rules.pickles, "from shelve import open"),
    (rules.pickles, "import cloudpickle as c"),
    (rules.pickles, "eval('1')"),
    (rules.pickles, "frame.to_pickle('x')"),
    (rules.pickles, "numpy.load(file, allow_pickle=True)"),
    (rules.pickles, "yaml.load(text)"),
    (rules.pickles, "yaml.load(text, yaml.Loader)"),
    (rules.pickles, "app.conf.task_serializer = 'pickle'"),
    (rules.prints, "print('x')"),
    (rules.literal_ids, "html.Div(id='x')"),
    (rules.literal_ids, "html.Div(id=f'x-{n}')"),
    (rules.literal_ids, "html.Div(id='x' + str(n))"),
    (rules.literal_ids, "html.Div(id={'kind': 'x'})"),
    (rules.literal_ids, "common = {'id': 'x'}"),
    (rules.literal_ids, "Input('x', 'value')"),
    (rules.literal_ids, "dash.Output({'kind': 'x'}, 'value')"),
    (rules.literal_ids, "State(component_id='x', component_property='value')"),
    (rules.bare_callbacks, "from dash import callback"),
    (rules.bare_callbacks, "@dash.callback()\ndef f(): ..."),
    (rules.bare_callbacks, "app.callback()(f)"),
    (rules.bare_callbacks, "app.clientside_callback('x')"),
    (rules.built_sql, "sa.text(f'select {x}')"),
    (rules.built_sql, "text('select %s' % x)"),
    (rules.built_sql, "connection.execute('select ' + x)"),
    (rules.built_sql, "cursor.execute('select {}'.format(x))"),
    (rules.built_sql, "cursor.execute(f'select {x}'.encode())"),
    (rules.built_sql, "def f(x):\n    sql = f'select {x}'\n    cursor.execute(sql)"),
    (rules.built_sql, "sa.literal_column(text=f'{x}')"),
    (rules.undocumented, "x = 1"),
    (rules.undocumented, '"""Doc."""\ndef f(): ...'),
    (rules.undocumented, '"""Doc."""\nclass A: ...'),
    (rules.unfinished, "def f():\n    raise NotImplementedError"),
]
KEPT = [
    (rules.imports_inside, "import os\nif TYPE_CHECKING:\n    import re"),
    (rules.pickles, "class L(yaml.SafeLoader): ...\nyaml.load(text, L)\nyaml.safe_load(text)"),
    (rules.literal_ids, "html.Div(id=ids.URL)\nInput(ids.tile('body', MATCH), 'children')"),
    (rules.bare_callbacks, "@wiring.callback()\ndef f(): ...\nwiring.clientside('x')"),
    (rules.built_sql, "sa.text('select 1')\ncursor.execute('select ?', [x])\nexecute(statement)"),
    (rules.undocumented, '"""Doc."""\ndef _f(): ...\ndef g():\n    """Doc."""'),
]


@pytest.mark.parametrize(("rule", "code"), BROKEN)
def test_rule_finds(rule: rules.Rule, code: str) -> None:
    assert list(rule(ast.parse(code)))


@pytest.mark.parametrize(("rule", "code"), KEPT)
def test_rule_lets_pass(rule: rules.Rule, code: str) -> None:
    assert not list(rule(ast.parse(code)))


def test_notes_for_later_are_found() -> None:
    note = "# TO" + "DO: more"
    assert list(rules.open_work(note))
    assert not list(rules.open_work("# What is to do here is done."))


def test_function_around_a_line_is_named() -> None:
    tree = ast.parse("def f():\n    def g():\n        x = 1\n    y = 2\nz = 3")
    assert [rules.function_at(tree, line) for line in (3, 4, 5)] == ["g", "f", ""]
