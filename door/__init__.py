"""The front door: buffers each request, refuses those that could not be answered soon, and passes the rest on.

It is a process of its own, without Django: it answers whatever happens to the services behind it.
"""
