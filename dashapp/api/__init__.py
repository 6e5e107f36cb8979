"""The REST API."""

from dashapp.api.datasets import datasets_api
from dashapp.api.embed import embed_api
from dashapp.api.exports import exports_api
from dashapp.api.health import health_api
from dashapp.api.pages import pages_api

BLUEPRINTS = (health_api, datasets_api, embed_api, exports_api, pages_api)
