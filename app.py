"""The whole server: `gunicorn app:server`, `celery -A app:celery worker`."""

from __future__ import annotations

import callbacks
import pages
import worker.tasks  # noqa: F401  # Its tasks belong to the Celery app.
from dashapp.factory import create_server
from dashapp.jobs import celery_app

celery = celery_app()
server = create_server(pages.PAGES, callbacks.WIRINGS, celery)
