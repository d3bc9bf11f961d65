"""The web server's way in: `granian --interface wsgi config.wsgi:application`."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.utils.module_loading import import_string

from config.checks import refuse_a_broken_configuration

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = get_wsgi_application()
refuse_a_broken_configuration()
for name in settings.WEB_SERVER_STARTS:
    import_string(name)()
