"""The relay: hands due deliveries to Celery and recovers those whose worker died."""
