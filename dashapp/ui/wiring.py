"""The only way to register a callback.

A `Wiring` declares callbacks without an app; `bind` puts them into one. Every call passes the same
door: viewer from the session or token (never from the browser), permission, inputs checked
against the annotations of the function, errors turned into a sentence.

    wiring = Wiring("dashboard")

    @wiring.callback(
        Output(ids.chart("body", MATCH), "children"),
        Input(ids.chart("spec", MATCH), "data"),
        permission="dashboard.view",
        on_error=cards.failed,
    )
    def draw_chart(viewer: Viewer, spec: TileSpec) -> list[Component]: ...

`dash.ctx.triggered_id` comes from the browser too: look it up, never trust it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import wraps
from inspect import Parameter, signature
from typing import Any, TypeVar, get_type_hints

from dash import ClientsideFunction, Dash, Input, Output, State
from dash.exceptions import PreventUpdate
from pydantic import TypeAdapter, ValidationError

from dashapp.errors import AppError, Forbidden, Malformed, SignInRequired, Unexpected
from dashapp.jobs.background import ticket
from dashapp.permissions import discreet, require
from dashapp.ui import texts
from dashapp.viewer import Viewer

logger = logging.getLogger(__name__)

# One set of callbacks serves all pages; most pages lack most of the components.
OPTIONAL: dict[str, Any] = {"optional": True}

Body = TypeVar("Body", bound=Callable[..., Any])
Dependency = Output | Input | State
Dependencies = Dependency | Sequence[Dependency]
OnError = Callable[[AppError], Any]
SetProgress = Callable[[Any], None]


def _no_request() -> str:
    return "-"


def _no_ticket(_ticket: str) -> Viewer:
    raise SignInRequired("This app was bound without tickets; it has no background jobs.")


@dataclass(frozen=True)
class Doors:
    """What callbacks need to know of the request they run in.

    `viewer_of` raises SignInRequired where nobody is signed in, `viewer_of_ticket` where the
    ticket of a background job is forged, old, or of somebody who is gone.
    """

    viewer_of: Callable[[], Viewer]
    request_id_of: Callable[[], str]
    viewer_of_ticket: Callable[[str], Viewer]


@dataclass(frozen=True)
class Inputs:
    """The types of a callback's inputs, read once from the annotations of its function."""

    names: tuple[str, ...]
    types: tuple[TypeAdapter[Any], ...]

    @classmethod
    def of(cls, body: Callable[..., Any], skip: int) -> Inputs:
        """The inputs of `body` after its first `skip` parameters. TypeError without types."""
        hints = get_type_hints(body, include_extras=True)
        parameters = list(signature(body).parameters.values())[skip:]
        for parameter in parameters:
            if parameter.kind is not Parameter.POSITIONAL_OR_KEYWORD:
                raise TypeError(f"{body.__qualname__}: {parameter.name} must be a plain parameter.")
            if parameter.name not in hints:
                raise TypeError(f"{body.__qualname__}: {parameter.name} needs a type.")
        names = tuple(p.name for p in parameters)
        return cls(names, tuple(TypeAdapter(hints[name]) for name in names))

    def parse(self, values: Sequence[Any]) -> list[Any]:
        """The values in their declared types. Malformed if one has another type."""
        if len(values) != len(self.types):
            raise Malformed("The page sent other inputs than expected.")
        parsed = []
        for name, kind, value in zip(self.names, self.types, values, strict=True):
            try:
                parsed.append(kind.validate_python(value))
            except ValidationError as error:
                fields = {_path(name, e["loc"]): e["msg"] for e in error.errors()}
                raise Malformed("The page sent a value of the wrong type.", fields) from error
        return parsed


@dataclass(frozen=True)
class Callback:
    """One declared callback."""

    body: Callable[..., Any]
    inputs: Inputs
    dependencies: tuple[Dependencies, ...]
    options: dict[str, Any]
    permission: str | None = None
    on_error: OnError | None = None
    is_background: bool = False

    def admit(self, viewer: Viewer) -> None:
        """Forbidden unless `viewer` may call this. Guests need a permission to be named."""
        if self.permission is not None:
            require(viewer, self.permission)
        elif viewer.is_guest:
            raise Forbidden("Guests may not do this.")

    def run(self, request_id: str, viewer: Viewer, *arguments: Any) -> Any:
        """What the body answers; its refusals and bugs as `on_error` shows them."""
        try:
            return self.body(viewer, *arguments)
        except PreventUpdate:
            raise
        except AppError as error:
            return self.refuse(discreet(viewer, error))
        except Exception:
            logger.exception("Callback %s failed, id %s", self.body.__qualname__, request_id)
            return self.refuse(Unexpected(request_id))

    def refuse(self, error: AppError) -> Any:
        """The outputs that show `error`; without `on_error` it goes on to the page's notice."""
        if self.on_error is None:
            raise error
        return self.on_error(error)


@dataclass(frozen=True)
class Clientside:
    """One declared callback that runs in the browser."""

    source: str | ClientsideFunction
    dependencies: tuple[Dependencies, ...]
    options: dict[str, Any]


@dataclass
class Wiring:
    """A set of callbacks, declared without an app and bound to one or more."""

    name: str
    callbacks: list[Callback | Clientside] = field(default_factory=list)

    def callback(
        self,
        *dependencies: Dependencies,
        permission: str | None = None,
        on_error: OnError | None = None,
        **options: Any,
    ) -> Callable[[Body], Body]:
        """Declare `f(viewer, *inputs)`; inputs come in the order of Input and State.

        `on_error(error)` gives the outputs for an AppError; without it the page shows a notice.
        `options` are Dash's: prevent_initial_call, running, optional, hidden.
        """

        def declare(body: Body) -> Body:
            inputs = Inputs.of(body, skip=1)
            self.callbacks.append(
                Callback(body, inputs, dependencies, OPTIONAL | options, permission, on_error)
            )
            return body

        return declare

    def background(
        self,
        *dependencies: Dependencies,
        permission: str | None = None,
        on_error: OnError | None = None,
        interval: int = 250,
        **options: Any,
    ) -> Callable[[Body], Body]:
        """Declare `f(viewer, set_progress, *inputs)` that runs in a Celery worker.

        `interval` is the time between polls in ms. `options` are Dash's: progress, cancel, running,
        prevent_initial_call. The right is checked when it starts, at every poll, and in the worker.
        """

        def declare(body: Body) -> Body:
            inputs = Inputs.of(body, skip=2)
            chosen = OPTIONAL | {"background": True, "interval": interval, **options}
            self.callbacks.append(
                Callback(body, inputs, dependencies, chosen, permission, on_error, True)
            )
            return body

        return declare

    def clientside(
        self, source: str | tuple[str, str], *dependencies: Dependencies, **options: Any
    ) -> None:
        """Declare a callback in JavaScript: its source, or (namespace, name) of an asset."""
        function = source if isinstance(source, str) else ClientsideFunction(*source)
        self.callbacks.append(Clientside(function, dependencies, OPTIONAL | options))

    def bind(
        self,
        app: Dash,
        viewer_of: Callable[[], Viewer],
        *,
        request_id_of: Callable[[], str] = _no_request,
        viewer_of_ticket: Callable[[str], Viewer] = _no_ticket,
    ) -> None:
        """Put every callback into `app`; see `Doors` for the functions."""
        doors = Doors(viewer_of, request_id_of, viewer_of_ticket)
        for declared in self.callbacks:
            if isinstance(declared, Clientside):
                app.clientside_callback(  # type: ignore[no-untyped-call]
                    declared.source, *declared.dependencies, **declared.options
                )
            elif declared.is_background:
                _bind_background(app, declared, doors)
            else:
                app.callback(*declared.dependencies, **declared.options)(_call(declared, doors))


def _call(declared: Callback, doors: Doors) -> Callable[..., Any]:
    """The body behind its door."""

    @wraps(declared.body)
    def call(*values: Any) -> Any:
        viewer = doors.viewer_of()
        declared.admit(viewer)
        texts.use(viewer.locale)
        return declared.run(doors.request_id_of(), viewer, *declared.inputs.parse(values))

    return call


def _bind_background(app: Dash, declared: Callback, doors: Doors) -> None:
    """Register the job, and put the door before starting and polling it.

    Dash runs the registered function in the worker only, so the request has a door of its own.
    """
    options = dict(declared.options)
    options["on_error"] = lambda error: _failed(declared, doors, error)
    app.callback(*declared.dependencies, **options)(_job(declared, doors))
    entry = app.callback_map[app._callback_list[-1]["output"]]
    entry["callback"] = _door(declared, doors, entry["callback"], entry["inputs_state_indices"])


def _door(
    declared: Callback, doors: Doors, inner: Callable[..., Any], order: int | Sequence[int]
) -> Callable[..., Any]:
    @wraps(inner)
    def door(*values: Any, **context: Any) -> Any:
        declared.admit(doors.viewer_of())
        if not context["callback_context"].args.get("cacheKey"):  # A poll carries no values.
            positions = [order] if isinstance(order, int) else order
            declared.inputs.parse([values[at] for at in positions if at < len(values)])
        return inner(*values, **context)

    return door


def _job(declared: Callback, doors: Doors) -> Callable[..., Any]:
    """What the worker runs: the viewer is rebuilt from the job's signed ticket.

    Errors are raised; the job's store carries their sentence to the page's next poll.
    """
    has_progress = bool(declared.options.get("progress"))

    @wraps(declared.body)
    def job(*values: Any) -> Any:
        set_progress: SetProgress = values[0] if has_progress else _no_progress
        inputs = declared.inputs.parse(values[1 if has_progress else 0 :])
        viewer = doors.viewer_of_ticket(ticket())
        declared.admit(viewer)
        try:
            return declared.body(viewer, set_progress, *inputs)
        except AppError as error:
            raise discreet(viewer, error) from error

    return job


def _failed(declared: Callback, doors: Doors, error: Exception) -> Any:
    """The outputs for a job that could not start or ended without an answer."""
    if isinstance(error, AppError):
        return declared.refuse(error)
    request_id = doors.request_id_of()
    logger.error("Job %s failed, id %s: %s", declared.body.__qualname__, request_id, error)
    return declared.refuse(Unexpected(request_id))


def _no_progress(_value: Any) -> None:
    """Stands for set_progress where a job declared no progress."""


def _path(name: str, location: tuple[int | str, ...]) -> str:
    return ".".join([name, *map(str, location)])
