"""The WSGI application of the web server: `granian --interface wsgi config.wsgi:application`."""

import os
import signal
import threading

if threading.current_thread() is threading.main_thread():
    # Until it serves, a process of granian has its parent's handler of SIGTERM, which only sets a flag. So it would go
    # on to serve, and be killed in the middle of requests 20 seconds later.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver
from django.utils.module_loading import import_string

from config import tracing
from config.checks import refuse_a_broken_configuration

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
tracing.start()  # before the middleware is loaded, which it belongs to
application = get_wsgi_application()
refuse_a_broken_configuration()
get_resolver().url_patterns  # noqa: B018 - loads all views now, and not while the first alert waits
for name in settings.WEB_SERVER_STARTS:
    import_string(name)()
