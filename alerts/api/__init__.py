"""The HTTP API for hospital systems."""
