"""The same endpoint as most people would write it, for comparison: Django, DRF and Celery as their tutorials show them.

A `ModelSerializer` checks the alert, a transaction stores it with its first delivery, and a task is queued on commit.
Connections to PostgreSQL persist. It does less than Bleep: it has no limit for a client, no line in the log, no answer
to a repeat. It has its own settings and database, and nothing of Bleep imports it.
"""
