"""Dashboards that come from Superset, and go there: its bundles, read and written."""
