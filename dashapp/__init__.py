"""Dashapp: a self-hosted, reactive dashboard server."""

__version__ = "0.1.0"
