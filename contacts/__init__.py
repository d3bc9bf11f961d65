"""Clinicians, their addresses and preferences, and the route that results from them."""
