"""The core: a Flask app with the metadata database and nothing else."""

from __future__ import annotations

from flask import Flask

from dashapp import logs
from dashapp.settings import settings
from dashapp.signing import mac
from dashapp.web.codec import Orjson
from models import db


def create_core() -> Flask:
    """A Flask app that has the metadata database and nothing to knock at.

    Its context is what services need in commands and workers. Migrations are not run here.
    """
    chosen = settings()
    logs.configure(chosen.log_level)
    app = Flask("dashapp", static_folder=None, template_folder="web/templates")
    app.json = Orjson(app)
    app.secret_key = mac("handles", "dash")  # Dash signs the handles of background jobs with it.
    app.config["SQLALCHEMY_DATABASE_URI"] = chosen.metadata_url
    app.config["SQLALCHEMY_RECORD_QUERIES"] = False
    if chosen.database_url is None:
        chosen.data_dir.mkdir(parents=True, exist_ok=True)
    db.init_app(app)
    return app
