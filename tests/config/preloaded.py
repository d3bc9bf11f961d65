"""What the process that `server.run` forks from has in memory: the libraries, and all of Bleep, as on a server.

Only that process imports this. It has neither thread nor connection, and runs nothing itself.
"""

import gc
import importlib
import os

import django
from django.contrib import admin
from django.urls import get_resolver

from tests.config.forked import BEGINNING, ENVIRONMENT

LIBRARIES = (
    "boto3",
    "celery.apps.worker",
    "celery.bin.celery",
    "celery.worker",
    "django.core.handlers.wsgi",
    "django.core.management.commands.check",
    "django.core.management.commands.makemigrations",
    "django.template.backends.django",
    "django.test",
    "kombu.transport.redis",
    "limits.strategies",
)
"""What Bleep imports only where it needs it. The rest comes with its pages."""
URLS = ("config.urls.api", "config.urls.everything", "config.urls.probes")

os.environ.clear()
os.environ.update(BEGINNING | ENVIRONMENT)
for library in LIBRARIES:
    importlib.import_module(library)
django.setup()
admin.autodiscover()
for urls in URLS:
    importlib.import_module(urls)
    get_resolver(urls).url_patterns  # noqa: B018 - loads the views
# What is loaded stays: a fork that collected garbage would copy all of it.
gc.collect()
gc.freeze()
