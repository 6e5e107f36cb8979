"""Dash, serving our pages: one HTML by path that already holds its layout and callbacks."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

from dash import Dash, html
from dash._get_app import app_context
from dash.development.base_component import Component
from flask import Flask, Response, has_request_context, render_template, request
from markupsafe import Markup
from plotly.io.json import to_json_plotly

from dashapp.errors import NotFound
from dashapp.permissions import require
from dashapp.ui import page, texts
from dashapp.ui.page import Scripts, Visit
from dashapp.web import calls, headers, libraries, session, statics
from dashapp.web.compress import TILES
from dashapp.web.pages import Match, Pages

TITLE = "Dashapp"
THEMES = ("auto", "light", "dark")
SCRIPT = re.compile(r"^<script\b", re.MULTILINE)
# Parts of Dash's components that are asked for late; preloading saves the wait. By component.
PARTS = {
    "Markdown": "async-markdown", "Dropdown": "async-dropdown",
    "RangeSlider": "async-slider", "DatePickerRange": "async-datepicker",
}  # fmt: skip
CARTESIAN = "vendor/plotly-cartesian-4.1.1.min.js"
GRIDS = f'"namespace":"{libraries.GRID}"'


class Site(Dash):
    """The one Dash app of a server.

    `layout` is made for each visit by the page of its path. The browser gets it inside the HTML;
    `_dash-layout` answers the same for the path in Referer.
    """

    def __init__(self, server: Flask, pages: Pages, jobs: object | None = None) -> None:
        self.pages = pages
        self._scripts = self._without_grid = self._css = self._dependencies = self._settings = ""
        super().__init__(
            name="dashapp",
            server=server,  # type: ignore[arg-type]  # A Flask server is what it wants.
            title=TITLE,
            update_title=None,  # type: ignore[arg-type]  # The title stays while callbacks run.
            assets_folder=str(statics.FOLDER),
            assets_url_path="/assets",
            include_assets_files=False,
            use_pages=False,
            pages_folder="",
            include_pages_meta=False,
            serve_locally=True,
            compress=False,
            suppress_callback_exceptions=True,
            background_callback_manager=jobs,
            add_log_handler=False,
            enable_mcp=False,
        )
        self.libraries = libraries.Libraries(server, self.registered_paths)
        self.layout = self._layout_of_visit
        server.before_request(self._begin)
        server.after_request(self._end)

    def finish(self) -> None:
        """Set Dash up once, before the first requests race for it."""
        self._setup_server()  # type: ignore[no-untyped-call]
        tags = self._generate_scripts_html()
        self.libraries.finish()
        self._scripts = self.libraries.moved(tags)
        lines = self._scripts.splitlines()
        self._without_grid = "\n".join(s for s in lines if f"/{libraries.GRID}/" not in s)
        self._css = self._generate_css_dist_html()  # type: ignore[no-untyped-call]
        self._dependencies = safe_json(self._callback_list)

    def _begin(self) -> None:
        """Name this app to Dash, and hold a posted call against what was declared."""
        app_context.set(self)
        if request.endpoint == "/_dash-update-component" and request.method == "POST":
            calls.check(request.get_json(), self.callback_map)

    def _end(self, response: Response) -> Response:
        """Name the script that draws tables to pages that get their first one."""
        if request.path == TILES and GRIDS.encode() in response.get_data():
            response.headers["X-Library"] = self._grid
        return response

    @property
    def _grid(self) -> str:
        return self.libraries.url(libraries.GRID, "dash_ag_grid.min.js")

    def index(self, *_args: Any, **_kwargs: Any) -> Any:
        """The page of the request's path. NotFound where there is none."""
        match = self.pages.match(request.path)
        if match is None:
            raise NotFound("There is nothing here, or you may not see it.")
        visit = self._visit(match, request.path, request.args.to_dict())
        layout = self._lay_out(match, visit)
        return Response(self._page(match, visit, layout), mimetype="text/html")

    def _page(self, match: Match, visit: Visit, layout: Component) -> str:
        text = safe_json(layout)
        wants: Scripts = getattr(layout, page.SCRIPTS, Scripts())
        plotly = self._plotly(wants)
        return render_template(
            "page.html",
            title=_title(match, layout),
            theme=_theme(match, visit),
            links=self._links(text, wants),
            css=Markup(self._css),  # noqa: S704  # Dash's own tags.
            boot=Markup(safe_json(self._boot(match, plotly, wants.draws))),  # noqa: S704  # `<` is escaped.
            layout=Markup(text),  # noqa: S704
            dependencies=Markup(self._dependencies),  # noqa: S704
            config=_nonced(self._generate_config_html()),
            scripts=_nonced(self._scripts if GRIDS in text else self._without_grid),
            scripts_of_ours=own_scripts(),
            renderer=_nonced(self._generate_renderer()),
        )

    def _plotly(self, wants: Scripts) -> str:
        """The URL of the plotly.js that draws all that a page may want to draw."""
        if wants.plotly == "cartesian":
            return statics.url(CARTESIAN)
        return self.libraries.url("plotly", "package_data/plotly.min.js")

    def _links(self, layout: str, wants: Scripts) -> list[tuple[str, str]]:
        """Scripts that the page is to fetch early, by exactly the URLs that it asks for: "preload"
        for what it uses at once, "prefetch" for what the first answers are likely to want."""
        has_graphs, has_tables = '"type":"Graph"' in layout, GRIDS in layout
        found = []
        if has_graphs or wants.draws:
            found.append(("preload", self._plotly(wants)))
            rel = "preload" if has_graphs else "prefetch"
            found.append((rel, self.libraries.url("dash", "dcc/async-graph.js")))
        if wants.tables and not has_tables:
            found.append(("prefetch", self._grid))
        return found + [
            ("preload", self.libraries.url("dash", f"dcc/{part}.js"))
            for name, part in PARTS.items()
            if f'"type":"{name}"' in layout
        ]

    def _boot(self, match: Match, plotly: str, draws: bool) -> dict[str, Any]:
        """What boot.js and lazy.js need to know."""
        own = {"plotly": plotly, "draws": draws}
        guest = session.current_asker().guest
        if guest is None:
            return {"embedded": False, **own}
        ended = texts.t("Access has ended. Please reload the page.")
        return {
            **own, "embedded": True, "origins": guest.origins, "left_s": guest.left_s, "ended": ended
        }  # fmt: skip

    def _layout_of_visit(self) -> Component:
        """The layout for `_dash-layout`: of the page that the request came from."""
        if not has_request_context():
            return html.Div()  # Dash asks once at the start.
        referrer = urlsplit(request.headers.get("Referer", ""))
        match = self.pages.match(referrer.path)
        if match is None or referrer.netloc != request.host:
            raise NotFound("There is nothing here, or you may not see it.")
        query = {k: v[0] for k, v in parse_qs(referrer.query).items()}
        return self._lay_out(match, self._visit(match, referrer.path, query))

    def _visit(self, match: Match, path: str, query: dict[str, str]) -> Visit:
        query.pop(session.GUEST_PARAMETER, None)
        return Visit(session.current_viewer(), path, match.params, query)

    def _lay_out(self, match: Match, visit: Visit) -> Component:
        if visit.viewer.is_guest != match.page.embedded:
            raise NotFound("There is nothing here, or you may not see it.")
        if match.page.permission is not None:
            require(visit.viewer, match.page.permission)
        texts.use(visit.viewer.locale)
        return match.page.layout(visit)

    def _generate_config_html(self) -> str:
        """Dash's configuration, of which only the name of this page load is new each time."""
        config = self._config()
        load = safe_json(config.pop("end_id"))
        self._settings = self._settings or safe_json(config).removesuffix("}")
        text = f'{self._settings},"end_id":{load}}}'
        return f'<script id="_dash-config" type="application/json">{text}</script>'

    def _config(self) -> dict[str, Any]:
        """Dash's configuration for the browser, which need not know our Python."""
        config: dict[str, Any] = super()._config()  # type: ignore[no-untyped-call]
        config["python_version"] = ""
        config["disable_version_check"] = True  # The browser asks nobody but us.
        return config


def own_scripts() -> list[str]:
    """URLs of our own scripts; boot.js stands apart, at the top of the page."""
    names = sorted(path.name for path in statics.FOLDER.glob("*.js"))
    return statics.urls(*(name for name in names if name != "boot.js"))


def safe_json(value: object) -> str:
    """JSON that may stand inside a script element."""
    return str(to_json_plotly(value)).replace("<", "\\u003c")


def _nonced(tags: str) -> Markup:
    return Markup(SCRIPT.sub(f'<script nonce="{headers.nonce()}"', tags))  # noqa: S704


def _title(match: Match, layout: Component) -> str:
    """The layout's own title if it was `titled`, else the page's."""
    own = getattr(layout, page.TITLE, None)
    return f"{own or match.page.title} · {TITLE}"


def _theme(match: Match, visit: Visit) -> str:
    """The viewer's theme; a page around an embedded one may ask for its own."""
    asked = visit.query.get("theme", "")
    return asked if match.page.embedded and asked in THEMES else visit.viewer.theme
