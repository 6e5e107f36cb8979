"""Files of bundles as documents."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from dashapp.services import yamltext
from dashapp.services.superset import documents
from tests.services.superset import packs


def read(files: packs.Files) -> documents.Documents:
    texts = {
        path: text if isinstance(text, str) else yaml.safe_dump(text)
        for path, text in files.items()
    }
    return documents.read(texts)


def test_a_bundle_is_read_by_folders() -> None:
    found = read(packs.files() | {"tags.yaml": {"tags": [{"tag_name": "kpi"}]}})
    assert found.problems == {}
    assert [d.database_name for d in found.databases] == ["sales"]
    assert [d.table_name for d in found.datasets] == ["orders"]
    assert [d.dashboard_title for d in found.dashboards] == ["Sales"]
    assert [t.tag_name for t in found.tags] == ["kpi"]
    assert found.numbers == {1: found.charts[0].uuid}


def test_unknown_keys_and_files_are_remembered() -> None:
    files = packs.files(database=packs.database(colour="red", shape=None))
    found = read(files | {"widgets/x.yaml": "a: 1"})
    assert found.databases[0].unknown() == ["colour"]
    assert found.unknown == ["widgets/x.yaml"]
    assert found.problems == {}


@pytest.mark.parametrize(
    ("document", "place"),
    [
        (packs.dataset(columns="many"), "columns"),
        (packs.dataset(columns=[{"type": "INT"}]), "columns.0.column_name"),
        (packs.dataset(offset="later"), "offset"),
        (packs.dataset(uuid="x"), "uuid"),
        (packs.dataset(metrics=[{"metric_name": "x", "expression": None}]), "metrics.0.expression"),
        ("[1, 2]", ""),
        ("just text", ""),
        ("a: &x 1\nb: *x", ""),
        ("a: 1\na: 2", ""),
        ("a: [" * 100, ""),
        (packs.dataset(version="2.0.0"), ""),
        ("a: !!python/object:os.system {}", ""),
        ("a: !!binary aGVsbG8=", ""),
    ],
)
def test_wrong_files_are_problems_with_their_place(document: Any, place: str) -> None:
    found = read(packs.files(dataset=document))
    wanted = "datasets/sales/orders.yaml"
    assert list(found.problems) == [f"{wanted}: {place}" if place else wanted]
    assert len(found.charts) == 1


def test_every_problem_is_told() -> None:
    found = read(packs.files(dataset="x", chart="y", database="- 1"))
    assert len(found.problems) == 3


def test_one_uuid_for_two_charts_is_a_problem() -> None:
    found = read(packs.files() | {"charts/again_2.yaml": packs.chart()})
    assert list(found.problems.values()) == ["Two files have this UUID."]


def test_parameters_may_be_json_text() -> None:
    chart = packs.chart() | {"params": '{"metric": "count", "time": "2014-01-01"}'}
    found = read(packs.files(chart=chart))
    assert found.charts[0].params == {"metric": "count", "time": "2014-01-01"}
    assert "params" in str(read(packs.files(chart=chart | {"params": "{"})).problems)


def test_numbers_as_names_and_days_as_values_are_text() -> None:
    text = "slice_name: 2600\nviz_type: pie\nuuid: " + packs.uuid("x") + "\nparams: {a: 2014-01-02}"
    found = read(packs.files(chart=text))
    assert (found.charts[0].slice_name, found.charts[0].params) == ("2600", {"a": "2014-01-02"})


def test_text_that_no_database_keeps_is_mended() -> None:
    chart = packs.chart() | {"params": '{"a": "x\\u0000y\\ud800", "b": NaN, "c": 1e999}'}
    assert read(packs.files(chart=chart)).charts[0].params == {"a": "xy?", "b": None, "c": None}


def test_parameters_nested_too_deeply_are_a_problem() -> None:
    chart = packs.chart() | {"params": '{"a": ' + "[" * 5000 + "]" * 5000 + "}"}
    assert len(read(packs.files(chart=chart)).problems) == 1


def test_all_files_together_hold_no_more_than_can_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yamltext, "MAX_ALL_PARTS", 50)
    files = {f"charts/c_{i}.yaml": "a: [1, 2, 3, 4, 5]" for i in range(9)}
    told = documents.read(files).problems
    assert "more than can be read" in " ".join(told.values())


def test_lists_inside_texts_count_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yamltext, "MAX_ALL_PARTS", 50)
    told = documents.read({"charts/c_1.yaml": "params: '[" + "1," * 60 + "1]'"}).problems
    assert "more than can be read" in " ".join(told.values())
