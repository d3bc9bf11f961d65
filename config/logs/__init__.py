"""Logs: one line of JSON for each event.

A line must not contain an address, a message text or a patient reference. So a request is logged with its route instead
of its path, and an exception with its type and traceback instead of its message: database errors quote rows, and
provider errors quote phone numbers.
"""
