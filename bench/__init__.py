"""Measurements of the whole of Bleep as it runs in production, one command each; see README.md."""
