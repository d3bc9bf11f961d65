"""Answers of people, and the ways they come in. `respond` is the one door for all of them."""

from alerts.responses.respond import Answer, respond

__all__ = ["Answer", "respond"]
