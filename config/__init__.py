"""How the rooms are wired together: settings, URLs, Celery, logs."""
