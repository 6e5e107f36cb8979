"""Puts the rooms together: the core for workers and commands, the server for browsers."""

from __future__ import annotations

from collections.abc import Sequence

from celery import Celery
from flask import Blueprint, Flask, g
from werkzeug.middleware.proxy_fix import ProxyFix

from dashapp.api import BLUEPRINTS
from dashapp.jobs.background import BackgroundJobs
from dashapp.settings import settings
from dashapp.ui import texts
from dashapp.ui.page import Page
from dashapp.ui.wiring import Wiring
from dashapp.web import compress, failures, guard, headers, session, statics, tickets
from dashapp.web.core import create_core as create_core
from dashapp.web.pages import Pages
from dashapp.web.signin import door
from dashapp.web.site import Site


def create_server(
    pages: Sequence[Page],
    wirings: Sequence[Wiring],
    celery: Celery | None = None,
    blueprints: Sequence[Blueprint] = (),
) -> Flask:
    """The WSGI server with these pages and callbacks.

    Without `celery` there are no background callbacks. `blueprints` are routes of your own; what
    `dashapp.web.routes` does not list needs a signed-in person.
    """
    app = create_core()
    if proxies := settings().proxies:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=proxies
        )
    found = Pages(pages)
    session.install(app)
    compress.install(app)
    guard.install(app, found)
    app.jinja_env.globals.update(
        t=texts.t, locale=texts.locale, nonce=headers.nonce, asset_urls=lambda *n: statics.urls(*n)
    )
    for blueprint in (door, *BLUEPRINTS, *blueprints):
        app.register_blueprint(blueprint)
    site = Site(app, found, _jobs(app, celery))
    for wiring in wirings:
        wiring.bind(
            site,
            session.current_viewer,
            request_id_of=request_id,
            viewer_of_ticket=tickets.admit,
        )
    site.finish()
    failures.install(app)
    return app


def _jobs(app: Flask, celery: Celery | None) -> BackgroundJobs | None:
    if celery is None:
        return None
    return BackgroundJobs(
        celery,
        ticket=lambda: tickets.make(session.current_asker()),
        subject=session.subject,
        context=app.app_context,
        request_id=request_id,
    )


def request_id() -> str:
    """Names the current request in logs."""
    return str(g.get("request_id", "-"))
