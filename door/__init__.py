"""The front door: buffers each request, refuses what cannot be answered soon, and passes the rest on.

A process of its own, without Django: whatever the services behind it do, it answers.
"""
