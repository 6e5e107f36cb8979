"""Celery tasks: doors like pages are. Small arguments, one service, safe to run twice."""
