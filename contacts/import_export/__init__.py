"""Clinicians from a file, and into a file."""
