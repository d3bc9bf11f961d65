"""Wiring: settings, URLs, Celery, logs. It imports no app."""
