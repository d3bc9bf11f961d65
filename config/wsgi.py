"""The web server's way in: `granian --interface wsgi config.wsgi:application`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django = get_wsgi_application()

from alerts.api.transport import WithLength  # noqa: E402 - needs Django set up
from clients.usage import keep_writing  # noqa: E402
from config.checks import refuse_a_broken_configuration  # noqa: E402

refuse_a_broken_configuration()
keep_writing()
application = WithLength(django)
