"""Answers of people, and the ways in which they come. All of them go through `respond`."""

from alerts.responses.respond import Answer, respond

__all__ = ["Answer", "respond"]
