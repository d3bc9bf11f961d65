"""Sends one delivery: checks whether its channel may be used now, calls the channel, and records the result."""
