"""The reference app, for a WSGI server."""

from django.core.wsgi import get_wsgi_application

from bench.reference.celery import app as celery_app

application = get_wsgi_application()

__all__ = ["application", "celery_app"]
