"""Every callback passes one door."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import pytest
from dash import ALL, MATCH, Dash, Input, Output, State
from dash._callback_context import context_value
from dash._utils import AttributeDict
from dash.background_callback.managers import BaseBackgroundCallbackManager
from dash.exceptions import PreventUpdate
from pydantic import Field

from dashapp.errors import (
    AppError,
    Forbidden,
    Malformed,
    NotFound,
    QueryFailed,
    SignInRequired,
    Unexpected,
)
from dashapp.specs import FilterState
from dashapp.ui.wiring import Inputs, Wiring
from dashapp.viewer import Viewer

ANNA = Viewer(kind="user", name="Anna", user_id=1, permissions=frozenset({"dashboard.view"}))
GUEST = Viewer(kind="guest", name="Guest", dashboard=UUID(int=1))
INPUT = Input("in", "value")
OUTPUT = Output("out", "children")


def bound(wiring: Wiring, viewer: Viewer = ANNA) -> Dash:
    app = Dash("dashapp", server=False, add_log_handler=False)
    wiring.bind(app, lambda: viewer, request_id_of=lambda: "id-7")
    return app


def call(app: Dash, *values: Any, **args: str) -> Any:
    """Run the app's only callback as Dash does; its answer as JSON text."""
    ((name, entry),) = app.callback_map.items()
    context = AttributeDict(updated_props={}, args=args)
    outputs = {"id": name.split(".")[0], "property": "children"}
    return entry["callback"](*values, outputs_list=outputs, callback_context=context, app=app)


def test_body_gets_the_viewer_and_typed_inputs() -> None:
    wiring, seen = Wiring("test"), []

    @wiring.callback(OUTPUT, INPUT, State("state", "data"))
    def show(viewer: Viewer, number: int, filters: FilterState) -> str:
        seen.append((viewer, number, filters))
        return "done"

    assert "done" in call(bound(wiring), 3, {"values": {}})
    assert seen == [(ANNA, 3, FilterState())]


@pytest.mark.parametrize(
    "value", [{"$gt": 1}, ["1"], "one", None, [], 1.5, "9" * 5000, {"values": {"a": 1}}]
)
def test_wrong_type_never_reaches_the_body(value: Any) -> None:
    wiring = Wiring("test")

    @wiring.callback(OUTPUT, INPUT, on_error=lambda error: "shown")
    def show(viewer: Viewer, number: Annotated[int, Field(lt=100)]) -> str:
        raise AssertionError("reached")

    with pytest.raises(Malformed) as caught:
        call(bound(wiring), value)
    assert caught.value.status == 400
    assert "number" in next(iter(caught.value.fields))


def test_permission_is_checked_before_anything_else() -> None:
    wiring = Wiring("test")

    @wiring.callback(OUTPUT, INPUT, permission="user.manage", on_error=lambda error: "shown")
    def show(viewer: Viewer, number: int) -> str:
        raise AssertionError("reached")

    with pytest.raises(Forbidden):
        call(bound(wiring), "not even a number")


def test_guests_need_a_callback_that_names_a_permission() -> None:
    wiring = Wiring("test")

    @wiring.callback(OUTPUT, INPUT)
    def show(viewer: Viewer, number: int) -> str:
        raise AssertionError("reached")

    with pytest.raises(Forbidden):
        call(bound(wiring, GUEST), 1)


def test_refusals_become_the_outputs_of_on_error() -> None:
    wiring = Wiring("test")

    @wiring.callback(OUTPUT, INPUT, on_error=lambda error: f"{error.code}: {error.message}")
    def show(viewer: Viewer, number: int) -> str:
        raise QueryFailed("The column is gone.")

    assert "query_failed: The column is gone." in call(bound(wiring), 1)


def test_refusals_without_on_error_go_on() -> None:
    wiring = Wiring("test")

    @wiring.callback(OUTPUT, INPUT)
    def show(viewer: Viewer, number: int) -> str:
        raise NotFound("Nothing here.")

    with pytest.raises(NotFound):
        call(bound(wiring), 1)


def test_bugs_show_an_id_and_no_detail(caplog: pytest.LogCaptureFixture) -> None:
    wiring, shown = Wiring("test"), []

    def keep(error: AppError) -> str:
        shown.append(error)
        return error.message

    @wiring.callback(OUTPUT, INPUT, on_error=keep)
    def show(viewer: Viewer, number: int) -> str:
        raise RuntimeError("password is hunter2")

    answer = call(bound(wiring), 1)
    assert "id-7" in answer
    assert "hunter2" not in answer
    assert isinstance(shown[0], Unexpected)
    assert "hunter2" in caplog.text


def test_prevent_update_passes() -> None:
    wiring = Wiring("test")

    @wiring.callback(OUTPUT, INPUT, on_error=lambda error: "shown")
    def show(viewer: Viewer, number: int) -> str:
        raise PreventUpdate

    with pytest.raises(PreventUpdate):
        call(bound(wiring), 1)


def test_one_wiring_serves_two_apps_with_their_own_viewers() -> None:
    wiring = Wiring("test")

    @wiring.callback(OUTPUT, INPUT)
    def show(viewer: Viewer, number: int) -> str:
        return viewer.name

    ben = Viewer(kind="user", name="Ben", user_id=2)
    first, second = bound(wiring), bound(wiring, ben)
    assert "Anna" in call(first, 1)
    assert "Ben" in call(second, 1)


def test_inputs_without_a_type_are_refused_at_declaration() -> None:
    def untyped(viewer: Viewer, number) -> None: ...  # type: ignore[no-untyped-def]

    def gathered(viewer: Viewer, *numbers: int) -> None: ...

    for body in (untyped, gathered):
        with pytest.raises(TypeError):
            Inputs.of(body, skip=1)


def test_pattern_matching_and_clientside_are_declared() -> None:
    wiring = Wiring("test")
    wiring.clientside("(a) => a", Output("b", "children"), Input("a", "value"))
    wiring.clientside(("shell", "focus"), Output("c", "children"), Input("a", "value"))

    @wiring.callback(Output({"k": MATCH}, "children"), Input({"k": MATCH}, "n"), Input("x", "n"))
    def show(viewer: Viewer, own: int, other: list[int]) -> str:
        return ""

    app = bound(wiring)
    assert len(app._callback_list) == 3
    assert app._callback_list[1]["clientside_function"]["namespace"] == "shell"
    assert Input({"k": ALL}, "n")


def background(viewer: Viewer, ticket_viewer: Viewer | None = None) -> tuple[Dash, list[Any]]:
    """An app with one background callback, and the jobs that were started."""
    wiring, ran = Wiring("test"), []

    @wiring.background(OUTPUT, INPUT, permission="dashboard.view", progress=Output("p", "value"))
    def export(viewer: Viewer, set_progress: Any, number: int) -> str:
        set_progress(50)
        ran.append((viewer, number))
        return "done"

    def open_ticket(ticket: str) -> Viewer:
        if ticket_viewer is None or ticket != "signed":
            raise SignInRequired("No.")
        return ticket_viewer

    app = Dash("dashapp", server=False, add_log_handler=False)
    wiring.bind(app, lambda: viewer, viewer_of_ticket=open_ticket)
    return app, ran


def test_background_start_and_poll_check_the_right_and_the_types() -> None:
    app, _ = background(GUEST)
    with pytest.raises(Forbidden):
        call(app, 1)
    with pytest.raises(Forbidden):
        call(app, None, cacheKey="x", job="y")
    app, _ = background(ANNA)
    with pytest.raises(Malformed):
        call(app, "many")


def job_of(app: Dash) -> Any:
    return BaseBackgroundCallbackManager.functions[-1][1]


@pytest.mark.parametrize("ticket", ["signed", "forged"])
def test_job_works_for_the_viewer_of_its_ticket(ticket: str) -> None:
    app, ran = background(GUEST, ANNA)
    progress: list[int] = []
    token = context_value.set(AttributeDict(ticket=ticket))
    try:
        if ticket == "forged":
            with pytest.raises(SignInRequired):
                job_of(app)(progress.append, 4)
            return
        assert job_of(app)(progress.append, 4) == "done"
    finally:
        context_value.reset(token)
    assert (ran, progress) == ([(ANNA, 4)], [50])


def test_job_is_refused_when_the_right_is_gone() -> None:
    app, ran = background(ANNA, Viewer(kind="user", name="Anna", user_id=1))
    token = context_value.set(AttributeDict(ticket="signed"))
    with pytest.raises(Forbidden):
        job_of(app)(print, 4)
    context_value.reset(token)
    assert ran == []
