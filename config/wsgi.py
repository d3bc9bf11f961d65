"""The web server's way in: `granian --interface wsgi config.wsgi:application`."""

import os
import sys

from django.core.checks import Error, Tags, run_checks
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = get_wsgi_application()

# manage.py runs the checks by itself, a WSGI server does not: refuse to start rather than fail at the first alert.
_errors = [message for message in run_checks(tags=[Tags.security]) if isinstance(message, Error)]
if _errors:
    sys.exit("\n".join(str(error) for error in _errors))
